"""The parts that hip implants are made of, in their own coordinates (mm)."""

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


def shell(radius: float, wall: float, cover_rad: float) -> Shell:
    """A spherical shell up to ``cover_rad`` from its pole."""
    outer = arc(radius, cover_rad)
    bore = radius - wall
    height = float(outer[-1, 1])
    inner = arc(bore, math.acos(np.clip(-height / bore, -1, 1)) if abs(height) < bore else cover_rad)
    return Shell(revolved(np.r_[outer, inner[::-1]]), height, float(outer[-1, 0]))


def liner(bore: float, cover_rad: float, head_radius: float, rim_height: float) -> Mesh:
    """A polyethylene liner inside a shell's bore, open for the head."""
    outside = arc(bore, cover_rad)
    inside = arc(head_radius + 0.3, math.pi / 2 - 0.02)
    flange = [[bore * 0.995, rim_height], [head_radius + 0.3, rim_height]]
    return revolved(np.r_[outside, flange, inside[::-1]])


def head(radius: float) -> Mesh:
    """A femoral head, flat where it takes the neck; pole at -z."""
    opening = 2.45
    return revolved(np.r_[[[0, -radius]], arc(radius, opening, 40)[1:], [[0, -radius * math.cos(opening)]]])


def cap(radius: float, wall: float, cover_rad: float) -> Mesh:
    """A resurfacing cap over a reshaped head; pole at -z."""
    return revolved(np.r_[arc(radius, cover_rad, 30), arc(radius - wall, cover_rad, 30)[::-1]])


def marker_wire(radius: float) -> Mesh:
    """The wire that marks the rim of an all-polyethylene cup, in the plane z = 0."""
    return torus(radius, 0.8)


def stem(frame: FemurFrame, size: float, length_mm: float, *, cemented: bool) -> Mesh:
    """A stem along the shaft of a femur; cemented stems are slimmer and rounder."""
    distal = length_mm / 150.0
    along = [9, 13, 20, 30, 42, 58, 58 + 22 * distal, 58 + 45 * distal, 58 + 66 * distal]
    along = np.array([*along, length_mm - 8, length_mm - 2, length_mm]) + 3.0
    calcar = 17 if cemented else 20
    lateral = np.array([5, 8.5, 10, 11, 10.8, 9.8, 8.3, 7.2, 6.3, 5.0, 3.6, 1.2]) * size
    medial = np.array([3, 8, 13, 18, calcar, 15, 10.5, 8, 6.6, 5.0, 3.6, 1.2]) * size
    depth = np.array([4, 6, 6.8, 7.2, 7.4, 7.2, 6.8, 6.3, 5.8, 4.8, 3.4, 1.2]) * size * (0.85 if cemented else 1.0)
    angle = np.arange(40) * 2 * np.pi / 40
    power = 0.85 if cemented else 0.7
    x = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** power
    y = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** power
    sections = [
        frame.at(along[k])
        + np.outer((medial[k] - lateral[k]) / 2 + (medial[k] + lateral[k]) / 2 * x, frame.medial)
        + np.outer(depth[k] * y, frame.posterior)
        for k in range(len(along))
    ]
    return lofted(sections)


def plate(frame: FemurFrame, lateral_mm: float, start_mm: float, end_mm: float) -> Mesh:
    """A side plate along the lateral cortex."""
    across, deep = np.array([-1, 1, 1, -1]) * 2.8, np.array([-1, -1, 1, 1]) * 9.0
    sections = [
        frame.at(along, -lateral_mm) + np.outer(across, frame.medial) + np.outer(deep, frame.posterior)
        for along in np.linspace(start_mm, end_mm, 3)
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
