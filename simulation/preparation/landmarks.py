"""Landmark vertices and cortical thickness on the mean shape; correspondence carries them to every person."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from simulation.geometry.mesh import Vector, Vertices, rigid_fit, sphere_through, unit, vertex_normals
from simulation.preparation.bones import PreparedBone

Ids = NDArray[np.int64]


def femoral_head(femur: Vertices) -> tuple[Vector, Ids]:
    """Centre of the head and the vertices on it (random sample consensus, then refined)."""
    top = femur[femur[:, 2] > femur[:, 2].max() - 65]
    rng = np.random.default_rng(1)
    best, centre, radius = 0, top.mean(0), 22.0
    for _ in range(3000):
        candidate, size = sphere_through(top[rng.choice(len(top), 4, replace=False)])
        if not 18 < size < 28:
            continue
        agreeing = int((np.abs(np.linalg.norm(top - candidate, axis=1) - size) < 0.8).sum())
        if agreeing > best:
            best, centre, radius = agreeing, candidate, size
    for _ in range(8):
        on_head = np.abs(np.linalg.norm(femur - centre, axis=1) - radius) < 1.0
        centre, radius = sphere_through(femur[on_head])
    return centre, np.flatnonzero(on_head)


def landmarks(shapes: Mapping[str, Vertices], bones: Mapping[str, PreparedBone]) -> dict[str, NDArray[np.generic]]:
    """Vertex numbers by landmark, and the head centre."""
    femur = shapes["femur"]
    head, on_head = femoral_head(femur)
    found: dict[str, NDArray[np.generic]] = {
        "head": on_head,
        "shaft_upper": np.flatnonzero(np.abs(femur[:, 2] - (head[2] - 120)) < 8),
        "shaft_lower": np.flatnonzero(np.abs(femur[:, 2] - (head[2] - 240)) < 10),
        "proximal_femur": np.flatnonzero(_along_shaft(femur, head) < 75),
    }
    middle = midline(shapes)
    for side in ("left", "right"):
        hip = shapes[f"hip_{side}"]
        offset = hip - head_centre(head, middle, side)
        found[f"socket_{side}"] = np.flatnonzero(np.linalg.norm(offset, axis=1) < 38)
    distance, facing = towards(shapes["hip_left"], bones["hip_left"].faces, head)
    found["articular"] = np.flatnonzero((distance < 36) & (facing > 0.5))
    found["mirror"] = mirrored_correspondence(shapes["hip_left"], shapes["hip_right"])
    return {name: ids.astype(np.int32) for name, ids in found.items()} | {"head_centre": head}


def midline(shapes: Mapping[str, Vertices]) -> float:
    """The x of the plane between both hip bones."""
    return float((shapes["hip_left"].mean(0)[0] + shapes["hip_right"].mean(0)[0]) / 2)


def head_centre(left_head: Vector, middle: float, side: str) -> Vector:
    """The head centre of a side, the right one mirrored."""
    return left_head if side == "left" else np.array([2 * middle - left_head[0], *left_head[1:]])


def towards(
    vertices: Vertices, faces: NDArray[np.int32], centre: Vector
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance from a centre, and the cosine with which the surface faces it."""
    offset = vertices - centre
    distance = np.linalg.norm(offset, axis=1)
    return distance, -(vertex_normals(vertices, faces) * offset).sum(1) / distance


def mirrored_correspondence(left: Vertices, right: Vertices) -> Ids:
    """For every left vertex the right one that it meets when mirrored (iterated closest points)."""
    mirrored = left * [-1, 1, 1]
    turn, shift = np.eye(3), right.mean(0) - mirrored.mean(0)
    tree = cKDTree(right)
    for _ in range(60):
        _, nearest = tree.query(mirrored @ turn.T + shift)
        turn, shift = rigid_fit(mirrored, right[nearest])
    return nearest


def cortex(
    shapes: Mapping[str, Vertices], bones: Mapping[str, PreparedBone], head: Vector
) -> dict[str, NDArray[np.float32]]:
    """Cortical thickness in millimetres for every vertex, at most a third of the bone."""
    limit = {name: bone.thickness_mm for name, bone in bones.items()}
    tibia = shapes["tibia"]
    depth = tibia[:, 2].max() - tibia[:, 2]
    thickness = {
        "femur": np.minimum(_femoral_cortex(shapes["femur"], head), limit["femur"] * 0.36),
        "sacrum": np.minimum(0.9, limit["sacrum"] * 0.3),
        "patella": np.minimum(1.5, limit["patella"] * 0.3),
        "fibula": np.minimum(2.2, limit["fibula"] * 0.3),
        "tibia": np.minimum(np.interp(depth, [0, 20, 60, 120, 300], [1.2, 1.3, 2.5, 5, 5]), limit["tibia"] * 0.33),
    }
    middle = midline(shapes)
    for side in ("left", "right"):
        name = f"hip_{side}"
        centre = head_centre(head, middle, side)
        thickness[name] = np.minimum(_pelvic_cortex(shapes[name], bones[name].faces, centre), limit[name] * 0.33)
    return {name: values.astype(np.float32) for name, values in thickness.items()}


def _along_shaft(femur: Vertices, head: Vector) -> NDArray[np.float64]:
    return (femur - head) @ _shaft_axis(femur, head)


def _shaft_axis(femur: Vertices, head: Vector) -> Vector:
    upper = femur[np.abs(femur[:, 2] - (head[2] - 120)) < 8].mean(0)
    lower = femur[np.abs(femur[:, 2] - (head[2] - 240)) < 10].mean(0)
    return unit(lower - upper)


def _femoral_cortex(femur: Vertices, head: Vector) -> NDArray[np.float64]:
    """Thin at the head, thick along the shaft, with the calcar."""
    axis = _shaft_axis(femur, head)
    along = (femur - head) @ axis
    upper = femur[np.abs(femur[:, 2] - (head[2] - 120)) < 8].mean(0)
    origin = upper + axis * ((head - upper) @ axis)
    medial = (femur - origin) @ unit(head - origin)
    stations = [-30, 20, 45, 75, 110, 170, 250, 300, 340, 400]
    shaft = np.interp(along, stations, [1.0, 1.3, 2.2, 4.2, 5.6, 6.3, 6.0, 4.5, 2.2, 1.2])
    return shaft + np.exp(-(((along - 42) / 18) ** 2)) * np.clip(medial / 15, 0, 1) * 3.0


def _pelvic_cortex(hip: Vertices, faces: NDArray[np.int32], centre: Vector) -> NDArray[np.float64]:
    """Thicker round the socket, thickest at the sourcil."""
    distance, facing = towards(hip, faces, centre)
    thickness = np.full(len(hip), 1.25)
    thickness[distance < 45] = 1.6
    thickness[(distance < 34) & (facing > 0.55)] = 1.9
    height = (hip - centre)[:, 2]
    return thickness + np.exp(-(((distance - 28) / 6) ** 2)) * (facing > 0.5) * np.clip(height / 25, 0, 1) * 2.2
