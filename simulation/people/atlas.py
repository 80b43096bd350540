"""The bone atlas: a statistical shape model with its landmarks, and the lumbar vertebrae (see data/NOTICE)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import as_file, files

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from simulation.geometry.mesh import Faces, Mesh, Vector, Vertices, vertex_normals

PELVIC_BONES = ("hip_left", "hip_right", "sacrum")
LEG_BONES = ("femur", "patella", "tibia", "fibula")  # of the left leg
OWN, OTHER = "own", "other"  # the shape model that training knows, and bones of another source on its vertices
_LUMBAR = (5, 4, 3, 2, 1)
_ENDOSTEUM_MM = 3.5  # how far the dense trabecular layer reaches inside the cortex


@dataclass(frozen=True, slots=True)
class BoneTemplate:
    """One bone of the atlas: its vertices are ``basis @ nodes``."""

    basis: sp.csr_matrix  # (n, nodes)
    faces: Faces
    thickness_mm: NDArray[np.float32]  # (n,) to the opposite surface
    cortex_mm: NDArray[np.float32]  # (n,)
    neighbours: sp.csr_matrix  # (n, n) row-normalised adjacency: one step of smoothing
    patterns: NDArray[np.float64]  # (n, 12) smooth patterns by which the cortex varies

    def shells(self, outer: Vertices, cortex_scale: NDArray[np.float64]) -> tuple[Mesh, Mesh, Mesh]:
        """Outer surface, inner side of the cortex, inner side of the dense trabecular bone."""
        normals = vertex_normals(outer, self.faces)
        cortex = self.cortex_mm * cortex_scale
        inner = self._smoothed(outer - normals * cortex[:, None])
        depth = np.minimum(cortex + _ENDOSTEUM_MM, self.thickness_mm * 0.40)
        core = self._smoothed(self._smoothed(outer - normals * depth[:, None]))
        return Mesh(outer, self.faces), Mesh(inner, self.faces), Mesh(core, self.faces)

    def _smoothed(self, vertices: Vertices) -> Vertices:
        return 0.5 * vertices + 0.5 * (self.neighbours @ vertices)


@dataclass(frozen=True, slots=True)
class Atlas:
    """All bones, the modes by which people differ, and landmark vertices that correspond from person to person."""

    mean: Vertices  # (nodes, 3)
    modes: NDArray[np.float64]  # (k, nodes, 3)
    deviations: NDArray[np.float64]  # (k,)
    bones: Mapping[str, BoneTemplate]
    landmarks: Mapping[str, NDArray[np.int32]]
    head_centre: Vector  # of the mean left femur
    vertebrae: tuple[Mesh, ...]  # L5 upwards
    offsets: Mapping[str, Vertices] = field(default_factory=dict)  # from these bones to another source's, (n, 3)

    def nodes(self, weights: NDArray[np.float64]) -> Vertices:
        """The atlas nodes of a person with these mode weights (in standard deviations)."""
        return self.mean + np.tensordot(weights * self.deviations, self.modes, 1)

    def shape(self, bone: str, nodes: Vertices) -> Vertices:
        """A bone's vertices for these nodes."""
        vertices = self.bones[bone].basis @ nodes
        return vertices + self.offsets[bone] if bone in self.offsets else vertices


@cache
def load_atlas(source: str = OWN) -> Atlas:
    """Read the atlas that ships with the package; of ``OTHER``, its people vary about the bones of another source.

    Vertices correspond, so that every landmark is the same vertices in either.
    """
    if source == OTHER:
        return _about_others(load_atlas())
    data = _read("bones.npz")
    landmark_names = (
        "head", "shaft_upper", "shaft_lower", "proximal_femur", "socket_left", "socket_right", "articular", "mirror",
    )  # fmt: skip
    rng = np.random.default_rng(5)
    lumbar = _read("lumbar.npz")
    return Atlas(
        mean=data["mean"].astype(float),
        modes=data["modes"].astype(float),
        deviations=data["sd"],
        bones={name: _bone(data, name, rng) for name in PELVIC_BONES + LEG_BONES},
        landmarks={name: data[name] for name in landmark_names},
        head_centre=data["head_centre"],
        vertebrae=tuple(Mesh(lumbar[f"l{k}_vertices"].astype(float), lumbar[f"l{k}_faces"]) for k in _LUMBAR),
    )


def _about_others(own: Atlas) -> Atlas:
    data = _read("other_bones.npz")
    bones = {
        name: replace(bone, thickness_mm=data[f"{name}_thickness"], cortex_mm=data[f"{name}_cortex"])
        for name, bone in own.bones.items()
    }
    return replace(own, bones=bones, offsets={name: data[f"{name}_offset"].astype(float) for name in bones})


def _bone(data: Mapping[str, NDArray[np.generic]], name: str, rng: np.random.Generator) -> BoneTemplate:
    weights, columns, rows = (data[f"{name}_{part}"] for part in ("weights", "columns", "rows"))
    count = len(rows) - 1
    basis = sp.csr_matrix((weights, columns, rows), shape=(count, len(data["mean"])))
    neighbours = _neighbours(data[f"{name}_faces"], count)
    patterns = rng.standard_normal((count, 12))
    for _ in range(14):
        patterns = neighbours @ patterns
    return BoneTemplate(
        basis,
        np.ascontiguousarray(data[f"{name}_faces"]),
        data[f"{name}_thickness"],
        data[f"{name}_cortex"],
        neighbours,
        patterns / patterns.std(0),
    )


def _neighbours(faces: Faces, count: int) -> sp.csr_matrix:
    start = np.r_[faces[:, 0], faces[:, 1], faces[:, 2]]
    end = np.r_[faces[:, 1], faces[:, 2], faces[:, 0]]
    touching = sp.csr_matrix((np.ones(len(start)), (start, end)), (count, count))
    touching = ((touching + touching.T) > 0).astype(float)
    return (sp.diags(1 / np.asarray(touching.sum(1)).ravel()) @ touching).tocsr()


def _read(name: str) -> dict[str, NDArray[np.generic]]:
    with as_file(files("simulation") / "data" / name) as path, np.load(path, allow_pickle=False) as archive:
        return {key: archive[key] for key in archive.files}
