"""Fitting the atlas to one person: seated joints, a patient frame, a joint space of its own on either side."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.geometry.mesh import Matrix, Vector, Vertices, rigid_fit, sphere_through, unit, vertex_normals
from simulation.people.atlas import LEG_BONES, Atlas

SIDES: Mapping[str, float] = {"right": -1.0, "left": 1.0}  # sign of x on that side of the patient
_MIRROR = np.array([-1.0, 1.0, 1.0])
_SHAPE_SPREAD = 1.0  # standard deviation of the mode weights
_EMINENCE_MM = 4.0  # by which the tibia's eminence stands between the femur's condyles
_SOCKET_RELIEF = 0.3  # of what a joint surface departs from a sphere is kept


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


def random_shape(atlas: Atlas, rng: np.random.Generator) -> tuple[NDArray[np.float64], Vertices, Vector]:
    """Mode weights, nodes and the left socket's centre."""
    weights = np.clip(rng.normal(0, _SHAPE_SPREAD, len(atlas.deviations)), -2.2, 2.2)
    nodes = atlas.nodes(weights)
    centre, _ = sphere_through(atlas.shape("hip_left", nodes)[atlas.landmarks["articular"]])
    return weights, nodes, centre


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
    """A hip joint: pelvic bone and centre in the patient frame, a left leg's bones about its head."""

    side: str
    hip: Vertices
    leg: Mapping[str, Vertices]
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


def articular(atlas: Atlas, side: str) -> NDArray[np.int32]:
    """Vertices of the socket's joint surface."""
    left = atlas.landmarks["articular"]
    return left if side == "left" else atlas.landmarks["mirror"][left]


def seated(atlas: Atlas, joint: Joint, gap_mm: float) -> Joint:
    """The leg sized and placed into the socket, ``gap_mm`` between bone and bone.

    The atlas varies the pose of the joint too, so that its own heads lie up to 20 mm beside their sockets. The head is
    put into the middle of the sphere through the joint surface, and the surface made as round as the head.
    """
    centre, socket_radius = sphere_through(joint.hip[articular(atlas, joint.side)])
    _, head_radius = sphere_through(joint.leg["femur"][atlas.landmarks["head"]])
    growth = float(np.clip((socket_radius - gap_mm) / head_radius, 0.9, 1.1))
    wanted = head_radius * growth + gap_mm
    bone = atlas.bones[f"hip_{joint.side}"]
    normals = vertex_normals(joint.hip, bone.faces)
    offset = joint.hip - centre
    reach = np.linalg.norm(offset, axis=1)
    facing = -(normals * offset).sum(1) / reach
    near = np.clip((socket_radius + 11 - reach) / 4, 0, 1) * np.clip((facing - 0.25) / 0.3, 0, 1)
    change = near * (wanted + _SOCKET_RELIEF * np.clip(reach - socket_radius, -6, 6) - reach)
    change = np.clip(change, -4.0, 0.45 * bone.thickness_mm)
    hip = joint.hip + offset / reach[:, None] * change[:, None]
    return Joint(joint.side, hip, {name: part * growth for name, part in joint.leg.items()}, centre)


def cleared(atlas: Atlas, side: str, hip: Vertices, centre: Vector, radius: float) -> Vertices:
    """A hip bone whose joint surface leaves room for a ball."""
    normals = vertex_normals(hip, atlas.bones[f"hip_{side}"].faces)
    offset = hip - centre
    reach = np.linalg.norm(offset, axis=1)
    facing = -(normals * offset).sum(1) / reach
    push = np.clip((facing + 0.1) / 0.3, 0, 1) * np.clip(radius - reach, 0, 14)
    return hip + offset / reach[:, None] * push[:, None]


def reshaped_leg(atlas: Atlas, leg: Mapping[str, Vertices], version_deg: float, neck_deg: float) -> dict[str, Vertices]:
    """A leg whose femoral neck is turned about the shaft and bent in its own plane; about the new head centre."""
    femur = leg["femur"]
    frame = femur_frame(atlas, femur)
    along, medial = (femur - frame.origin) @ frame.axis, (femur - frame.origin) @ frame.medial
    twist = np.clip((130 - along) / 100, 0, 1)  # spread over the upper shaft
    turned = _about(femur, frame.origin, frame.axis, version_deg * twist)
    bend = np.clip((medial - 2) / 26, 0, 1) * np.clip((75 - along) / 30, 0, 1)
    bent = _about(turned, frame.at(42, 6), frame.posterior, neck_deg * bend)
    head, _ = sphere_through(bent[atlas.landmarks["head"]])
    return {name: bone - head for name, bone in _kneed({**leg, "femur": bent}).items()}


def _kneed(leg: Mapping[str, Vertices]) -> dict[str, Vertices]:
    """The shank brought to the femur: the atlas varies the pose of the knee too, by centimetres along the leg."""
    step = np.array([0, 0, leg["femur"][:, 2].min() + _EMINENCE_MM - leg["tibia"][:, 2].max()])
    return {name: bone + step if name in ("tibia", "fibula") else bone for name, bone in leg.items()}


def _about(points: Vertices, pivot: Vector, axis: Vector, angles_deg: NDArray[np.float64]) -> Vertices:
    """Each point turned by its own angle about an axis through the pivot (Rodrigues)."""
    offset, angle = points - pivot, np.radians(angles_deg)[:, None]
    along = (offset @ axis)[:, None] * axis
    return pivot + offset * np.cos(angle) + np.cross(axis, offset) * np.sin(angle) + along * (1 - np.cos(angle))
