"""Hip bones, sacrum and femur of another source on the atlas's vertices: the surfaces of the wheel myo_sim."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import trimesh
from numpy.typing import NDArray

from simulation.geometry.mesh import Mesh, Vertices, sphere_through
from simulation.people.atlas import LEG_BONES, PELVIC_BONES, Atlas
from simulation.preparation.bones import PreparedBone, thickness
from simulation.preparation.fitting import fitted, laid_onto
from simulation.preparation.landmarks import cortex

# mesh file in the wheel, subdivisions, rounds of smoothing; the hip bones have no more than 244 triangles
_FILES = {
    "hip_left": ("l_pelvis", 3, 12),
    "hip_right": ("r_pelvis", 3, 12),
    "sacrum": ("sacrum", 2, 6),
    "femur": ("l_femur", 2, 6),
}
_SUPPLE, _STIFF = 1.5, 60.0
_KNEE_MM = 25.0  # of the femur's lower end, which takes the shank with it


def other_bones(folder: Path, atlas: Atlas) -> dict[str, NDArray[np.generic]]:
    """By bone: what leads from the mean of the atlas to the other source, (n, 3), thickness and cortex, (n,), mm."""
    mean = {name: atlas.shape(name, atlas.mean) for name in PELVIC_BONES + LEG_BONES}
    surfaces = {name: _surface(folder / f"{file}.stl", *rest) for name, (file, *rest) in _FILES.items()}
    shapes = dict(mean)
    for group in (PELVIC_BONES, ("femur",)):
        together = np.vstack([surfaces[name].vertices for name in group])
        scale, turn, shift = laid_onto(together, np.vstack([mean[name] for name in group]))
        for name in group:
            target = surfaces[name].moved(scale * turn, shift)
            start, least = mean[name], _SUPPLE
            if name == "sacrum":  # whose curve and place differ more than its outline
                size, own_turn, own_shift = laid_onto(start, target.vertices)
                start, least = size * start @ own_turn.T + own_shift, _STIFF
            shapes[name] = fitted(atlas.bones[name], start, target, least)
    lower = mean["femur"][:, 2] < mean["femur"][:, 2].min() + _KNEE_MM
    step = (shapes["femur"] - mean["femur"])[lower].mean(0)
    shapes |= {name: mean[name] + step for name in LEG_BONES if name != "femur"}
    return _measured(atlas, mean, shapes)


def _measured(
    atlas: Atlas, mean: Mapping[str, Vertices], shapes: Mapping[str, Vertices]
) -> dict[str, NDArray[np.generic]]:
    bones = {}
    for name, template in atlas.bones.items():
        wall = template.thickness_mm
        if name in _FILES:
            wall = thickness(trimesh.Trimesh(shapes[name], template.faces, process=False))
        bones[name] = PreparedBone(template.basis, template.faces, wall)
    head, _ = sphere_through(shapes["femur"][atlas.landmarks["head"]])
    socket, _ = sphere_through(shapes["hip_left"][atlas.landmarks["articular"]])
    pelvis = {name: shape + (head - socket if name in PELVIC_BONES else 0) for name, shape in shapes.items()}
    walls = cortex(pelvis, bones, head)
    out: dict[str, NDArray[np.generic]] = {}
    for name, bone in bones.items():
        out[f"{name}_offset"] = (shapes[name] - mean[name]).astype(np.float32)
        out[f"{name}_thickness"] = bone.thickness_mm
        out[f"{name}_cortex"] = walls[name]
    return out


def _surface(path: Path, subdivisions: int, rounds: int) -> Mesh:
    """A surface of the wheel, rounded, in millimetres: x left, y posterior, z superior."""
    surface = trimesh.load(path)
    surface.merge_vertices(digits_vertex=5)
    surface = max(surface.split(only_watertight=False), key=lambda piece: len(piece.faces))
    trimesh.repair.fix_normals(surface)
    for _ in range(subdivisions):
        surface = surface.subdivide()
    trimesh.smoothing.filter_taubin(surface, 0.5, 0.53, rounds)
    x, y, z = np.asarray(surface.vertices).T * 1000
    return Mesh.outward(np.stack([-z, -x, y], axis=1), np.asarray(surface.faces, np.int32))
