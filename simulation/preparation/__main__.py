"""Write bones.npz, lumbar.npz and other_bones.npz: ``python -m simulation.preparation --out simulation/data``."""

import pickle
from importlib.util import find_spec
from pathlib import Path

import click
import numpy as np
import trimesh
from numpy.typing import NDArray

from simulation.geometry.mesh import Mesh
from simulation.people.atlas import load_atlas
from simulation.preparation.bones import prepare_bones
from simulation.preparation.landmarks import cortex, landmarks
from simulation.preparation.other_bones import other_bones

_MODES = 12  # of 26; the rest is noise of 26 people


@click.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False, exists=True), required=True, help="Folder.")
def main(out: Path) -> None:
    """Make the simulation's data from the installed wheels."""
    meshes = _wheel("myo_sim") / "models" / "meshes"
    np.savez_compressed(out / "bones.npz", **_bones(_wheel("musculoskeletal.models")))
    np.savez_compressed(out / "lumbar.npz", **_vertebrae(meshes))
    np.savez_compressed(out / "other_bones.npz", **other_bones(meshes, load_atlas()))


def _wheel(module: str) -> Path:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise click.ClickException(f"{module} is missing: see the docstring of simulation.preparation")
    return Path(spec.origin).parent


def _bones(wheel: Path) -> dict[str, NDArray[np.generic]]:
    with (wheel / "shape_models" / "LLP26_rigid.pc").open("rb") as file:
        model = pickle.load(file, encoding="latin1")  # noqa: S301 (a published wheel, read once by hand)
    mean = np.real(model["mean"]).reshape(3, -1).T.copy()
    modes = np.real(model["modes"]).T.reshape(-1, 3, len(mean)).transpose(0, 2, 1)
    bones = prepare_bones(wheel, mean)
    shapes = {name: bone.basis @ mean for name, bone in bones.items()}
    marks = landmarks(shapes, bones)
    thickness = cortex(shapes, bones, marks["head_centre"])
    out: dict[str, NDArray[np.generic]] = {
        "mean": mean.astype(np.float32),
        "modes": modes[:_MODES].astype(np.float32),
        "sd": np.sqrt(np.abs(np.real(model["weights"])))[:_MODES],
        **marks,
    }
    for name, bone in bones.items():
        out[f"{name}_weights"] = bone.basis.data
        out[f"{name}_columns"] = bone.basis.indices.astype(np.int32)
        out[f"{name}_rows"] = bone.basis.indptr.astype(np.int32)
        out[f"{name}_faces"] = bone.faces
        out[f"{name}_thickness"] = bone.thickness_mm
        out[f"{name}_cortex"] = thickness[name]
    return out


def _vertebrae(folder: Path) -> dict[str, NDArray[np.generic]]:
    """L1 to L5, smoothed, in millimetres: x left, y posterior, z superior."""
    out: dict[str, NDArray[np.generic]] = {}
    for level in range(1, 6):
        surface = trimesh.load(folder / f"lumbar{level}.stl")
        surface.merge_vertices()
        surface = surface.subdivide().subdivide()
        trimesh.smoothing.filter_taubin(surface, 0.5, 0.53, 8)
        x, y, z = np.asarray(surface.vertices).T * 1000
        mesh = Mesh.outward(np.stack([-z, -x, y], axis=1), np.asarray(surface.faces, np.int32))
        out[f"l{level}_vertices"], out[f"l{level}_faces"] = mesh.vertices.astype(np.float32), mesh.faces
    return out


if __name__ == "__main__":
    main()
