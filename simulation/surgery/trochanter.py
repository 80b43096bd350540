"""Wires, cables and plates round a femur that has a stem."""

import numpy as np

from simulation.geometry.mesh import Mesh, cylinder, placed, screw, torus, unit
from simulation.people.skeleton import FemurFrame
from simulation.surgery import solids
from simulation.surgery.choice import StemChoice

Part = tuple[str, Mesh]


def cerclage(choice: StemChoice, frame: FemurFrame, rng: np.random.Generator) -> list[Part]:
    """Rings of wire or cable round the shaft, with their crimps."""
    parts: list[Part] = []
    thick = float(rng.choice([0.5, 0.9]))
    for _ in range(choice.wires):
        along = rng.uniform(48, max(60.0, min(choice.length_mm, 190.0)))
        axis = unit(frame.axis + rng.normal(0, 0.13, 3))
        radius = float(np.interp(along, [45, 75, 120], [21, 16.5, 14.8]))
        parts.append(("steel", placed(torus(radius, thick, 64, 6), axis, frame.at(along))))
        knot = frame.at(along) + unit(np.cross(axis, rng.normal(size=3))) * radius
        parts.append(("steel", cylinder(knot, knot + rng.normal(0, 2.5, 3), 1.4, 1.0, 12)))
    return parts


def wired_trochanter(frame: FemurFrame, rng: np.random.Generator) -> list[Part]:
    """A greater trochanter that was taken off and wired, or held by a claw."""
    tip, low = frame.at(2, -14), frame.at(58, -18)
    if rng.random() < 0.4:
        body = [("steel", cylinder(tip, low, 2.4, 2.4, 12))]
        for offset in (-6, 6):
            prong, foot = tip + frame.posterior * offset, low + frame.posterior * offset * 0.3
            body.append(("steel", cylinder(prong - frame.axis * 6, prong + frame.medial * 6, 1.4, 0.7, 10)))
            body.append(("steel", cylinder(prong - frame.axis * 6, foot, 1.2, 1.2, 10)))
        return body
    parts: list[Part] = []
    for _ in range(int(rng.integers(2, 5))):
        points = [tip + rng.normal(0, 4, 3), low + rng.normal(0, 5, 3), frame.at(rng.uniform(40, 62), 16)]
        for start, end in zip(points, [*points[1:], points[0]], strict=True):
            parts.append(("steel", cylinder(start, end, 0.5, 0.5, 8)))
    return parts


def long_plate(choice: StemChoice, frame: FemurFrame, rng: np.random.Generator) -> list[Part]:
    """A plate past the tip of a stem, with screws below it."""
    start, end = choice.length_mm - 50, choice.length_mm + rng.uniform(60, 110)
    parts: list[Part] = [("steel", solids.plate(frame, 17, (start, end)))]
    below = np.arange(choice.length_mm + 18, end - 5, 16)
    parts += [("steel", screw(frame.at(along, -20), frame.at(along, 15), 2.2)) for along in below]
    return parts
