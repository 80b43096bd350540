"""The parts that cups and heads are made of, in their own coordinates (mm)."""

import math
from dataclasses import dataclass

import numpy as np

from simulation.geometry.mesh import Mesh, Vector, arc, lofted, revolved, torus
from simulation.people.skeleton import FemurFrame


@dataclass(frozen=True, slots=True)
class Shell:
    """A cup that opens along +z about the centre of its sphere."""

    mesh: Mesh
    rim_height: float  # z of the rim's outer edge
    rim_radius: float


def shell(radius: float, wall: float, cover_rad: float, *, collar_mm: float = 0.0, flare_mm: float = 0.0) -> Shell:
    """A spherical shell up to ``cover_rad`` from its pole, with a cylinder or a flare at its rim."""
    outer = arc(radius, cover_rad)
    bore = radius - wall
    edge = outer[-1] + [flare_mm, collar_mm]
    height = float(edge[1])
    inner = arc(bore, math.acos(np.clip(-outer[-1, 1] / bore, -1, 1)) if abs(outer[-1, 1]) < bore else cover_rad)
    lip = [edge] if collar_mm or flare_mm else []
    step = [[inner[-1, 0], height]] if collar_mm else []
    profile = np.vstack([outer, *[np.atleast_2d(row) for row in (*lip, *step)], inner[::-1]])
    return Shell(revolved(profile), height, float(edge[0]))


def roughened(mesh: Mesh, rng: np.random.Generator, amount_mm: float, bore: float) -> Mesh:
    """A porous back: every vertex outside the bore moved outwards or inwards."""
    reach = np.linalg.norm(mesh.vertices, axis=1)
    push = rng.uniform(-0.4, 1.0, len(reach)) * amount_mm * (reach > bore + 1)
    return Mesh(mesh.vertices * (1 + push / np.maximum(reach, 1))[:, None], mesh.faces)


def liner(bore: float, cover_rad: float, head_radius: float, rim_height: float) -> Mesh:
    """A polyethylene liner inside a shell's bore, open for the head."""
    outside = arc(bore, cover_rad)
    inside = arc(head_radius + 0.3, math.pi / 2 - 0.02)
    flange = [[bore * 0.995, rim_height], [head_radius + 0.3, rim_height]]
    return revolved(np.r_[outside, flange, inside[::-1]])


def hollow_ball(radius: float, head_radius: float) -> Mesh:
    """The mobile polyethylene head of a dual mobility cup, open below for the neck."""
    outside, inside = arc(radius, 2.15, 40), arc(head_radius + 0.2, 2.05, 30)
    return revolved(np.r_[outside, inside[::-1]])


def head(radius: float) -> Mesh:
    """A femoral head, flat where it takes the neck; pole at -z."""
    opening = 2.45
    return revolved(np.r_[[[0, -radius]], arc(radius, opening, 40)[1:], [[0, -radius * math.cos(opening)]]])


def cap(radius: float, wall: float, cover_rad: float) -> Mesh:
    """A resurfacing cap over a reshaped head; pole at -z."""
    return revolved(np.r_[arc(radius, cover_rad, 30), arc(radius - wall, cover_rad, 30)[::-1]])


def marker_wire(radius: float, thick_mm: float = 0.8) -> Mesh:
    """The wire that marks the rim of an all-polyethylene cup, in the plane z = 0."""
    return torus(radius, thick_mm)


def plate(
    frame: FemurFrame, lateral_mm: float, span_mm: tuple[float, float], thick_mm: float = 2.8, wide_mm: float = 9.0
) -> Mesh:
    """A side plate along the lateral cortex."""
    across, deep = np.array([-1, 1, 1, -1]) * thick_mm, np.array([-1, -1, 1, 1]) * wide_mm
    sections = [
        frame.at(along, -lateral_mm) + np.outer(across, frame.medial) + np.outer(deep, frame.posterior)
        for along in np.linspace(*span_mm, 3)
    ]
    return lofted(sections)


def cup_axis(inclination_deg: float, anteversion_deg: float) -> Vector:
    """Opening of a left cup from its radiographic angles (Murray 1993), in the patient frame."""
    inclination, anteversion = math.radians(inclination_deg), math.radians(anteversion_deg)
    return np.array(
        [
            math.sin(inclination) * math.cos(anteversion),
            -math.sin(anteversion),
            -math.cos(inclination) * math.cos(anteversion),
        ]
    )
