"""Fitting the atlas to one person: seated joints, a patient frame, a joint space of its own on either side."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.geometry.mesh import Matrix, Vector, Vertices, rigid_fit, sphere_through, unit, vertex_normals
from simulation.people.atlas import LEG_BONES, Atlas

SIDES: Mapping[str, float] = {"right": -1.0, "left": 1.0}  # sign of x on that side of the patient
_MIRROR = np.array([-1.0, 1.0, 1.0])
_SHAPE_SPREAD = 0.9  # standard deviation of the mode weights


@dataclass(frozen=True, slots=True)
class FemurFrame:
    """Axes of a left femur about its head centre."""

    head_radius: float
    axis: Vector  # along the shaft, distal
    origin: Vector  # on the shaft axis, level with the head
    medial: Vector  # from the shaft axis towards the head
    posterior: Vector  # completes the frame: axis x medial

    def at(self, along: float, medial: float = 0.0, across: float = 0.0) -> Vector:
        """A point in millimetres along the shaft, towards the head, and across."""
        return self.origin + self.axis * along + self.medial * medial + self.posterior * across


@dataclass(frozen=True, slots=True)
class Registration:
    """Atlas coordinates to the patient frame."""

    origin: Vector
    axes: Matrix  # rows: left, posterior, superior
    scale: float

    def __call__(self, points: Vertices) -> Vertices:
        """The points, (n, 3), in the patient frame (mm)."""
        return ((points - self.origin) @ self.axes.T) * self.scale


def seated_shape(atlas: Atlas, rng: np.random.Generator) -> tuple[NDArray[np.float64], Vertices, Vector]:
    """Mode weights, nodes and the socket's centre; the model varies joint pose too, so misfits are drawn again."""
    articular = atlas.landmarks["articular"]
    mean_socket = atlas.shape("hip_left", atlas.mean)[articular]
    for _attempt in range(6):
        weights = np.clip(rng.normal(0, _SHAPE_SPREAD, len(atlas.deviations)), -2, 2)
        nodes = atlas.nodes(weights)
        hip = atlas.shape("hip_left", nodes)
        socket = hip[articular]
        turn, _ = rigid_fit(mean_socket, socket)
        growth = np.linalg.norm(socket - socket.mean(0)) / np.linalg.norm(mean_socket - mean_socket.mean(0))
        head = socket.mean(0) + growth * (turn @ (atlas.head_centre - mean_socket.mean(0)))
        _, radius = sphere_through(atlas.shape("femur", nodes)[atlas.landmarks["head"]])
        if 0.2 < _socket_radius(atlas, "hip_left", hip, head) - radius < 5.5:
            break
    return weights, nodes, head


def _socket_radius(atlas: Atlas, name: str, hip: Vertices, head: Vector) -> float:
    """Median distance of the joint surface that faces the head."""
    normals = vertex_normals(hip, atlas.bones[name].faces)
    distance, facing = _towards(hip, normals, head)
    near = (distance < 36) & (facing > 0.8)
    return float(np.median(distance[near])) if near.any() else 0.0


def _towards(vertices: Vertices, normals: Vertices, centre: Vector) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance of each vertex from a centre and the cosine with which its surface faces it."""
    offset = vertices - centre
    distance = np.linalg.norm(offset, axis=1)
    return distance, -(normals * offset).sum(1) / distance


def registered(atlas: Atlas, nodes: Vertices, head: Vector, scale: float) -> tuple[Registration, Vector]:
    """The patient frame from the plane of symmetry of both hip bones, and the right head centre in the atlas."""
    left, right = atlas.shape("hip_left", nodes), atlas.shape("hip_right", nodes)
    turn, shift = rigid_fit(left * _MIRROR, right[atlas.landmarks["mirror"]])
    right_head = turn @ (head * _MIRROR) + shift
    mirrored = (left * _MIRROR) @ turn.T + shift
    leftwards = unit((left - mirrored).sum(0))
    upwards = unit(np.array([0, 0, 1]) - leftwards * leftwards[2])
    axes = np.stack([leftwards, np.cross(upwards, leftwards), upwards])
    return Registration((head + right_head) / 2, axes, scale), right_head


@dataclass(frozen=True, slots=True)
class Joint:
    """A hip joint: pelvic bone and centre in the patient frame, femur as a left femur about its head."""

    side: str
    hip: Vertices
    femur: Vertices
    centre: Vector


def leg_shape(atlas: Atlas, nodes: Vertices, register: Registration) -> dict[str, Vertices]:
    """The bones of a leg about its head centre, turned as the pelvis was."""
    head, _ = sphere_through(atlas.shape("femur", nodes)[atlas.landmarks["head"]])
    centre = register(head[None])[0]
    return {name: register(atlas.shape(name, nodes)) - centre for name in LEG_BONES}


def femur_frame(atlas: Atlas, femur: Vertices) -> FemurFrame:
    """The axes of a femur."""
    head, radius = sphere_through(femur[atlas.landmarks["head"]])
    upper, lower = (femur[atlas.landmarks[name]].mean(0) for name in ("shaft_upper", "shaft_lower"))
    axis = unit(lower - upper)
    origin = upper + axis * ((head - upper) @ axis)
    medial = unit(head - origin)
    return FemurFrame(radius, axis, origin, medial, np.cross(axis, medial))


def opened(atlas: Atlas, joint: Joint, rng: np.random.Generator) -> Joint:
    """Widen the joint space from the model's 1 mm to 3-5 mm (or narrow it, as in arthritis), half on either bone."""
    name = f"hip_{joint.side}"
    radius = femur_frame(atlas, joint.femur).head_radius
    gap = _socket_radius(atlas, name, joint.hip, joint.centre) - radius
    arthritic = rng.random() < 0.25
    wanted = rng.uniform(0.8, 2.2) if arthritic else rng.uniform(3.0, 5.0)
    change = float(np.clip(wanted - gap, 0, 3.5))
    centre = joint.centre + np.array([0, 0, rng.uniform(0.2, 0.6) * wanted if arthritic else 0.0])

    distance = np.linalg.norm(joint.femur, axis=1, keepdims=True)
    fade = np.clip((1.5 - distance / radius) / 0.35, 0, 1)
    femur = joint.femur * (1 - 0.55 * change * fade / np.maximum(distance, 1))

    normals = vertex_normals(joint.hip, atlas.bones[name].faces)
    reach, facing = _towards(joint.hip, normals, centre)
    fade = np.clip((radius + 14 - reach) / 8, 0, 1) * np.clip((facing - 0.2) / 0.3, 0, 1)
    push = np.minimum(0.45 * change * fade, 0.3 * atlas.bones[name].thickness_mm)
    hip = joint.hip + (joint.hip - centre) / reach[:, None] * push[:, None]
    return Joint(joint.side, hip, femur, centre)
