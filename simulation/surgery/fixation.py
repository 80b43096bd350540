"""Hardware that holds a fracture of the proximal femur."""

import numpy as np

from simulation.geometry.mesh import Mesh, Vector, cylinder, lofted, screw, unit
from simulation.people.skeleton import FemurFrame
from simulation.surgery import solids
from simulation.surgery.choice import Choice, Implant, Solid
from simulation.surgery.site import Site

Part = tuple[str, Mesh]


def fixation(choice: Choice, site: Site) -> Implant:
    """Hardware for a fracture of the proximal femur; the joint is the patient's own."""
    frame, rng = site.frame, choice.stream(1)
    entry = frame.at(72 + rng.normal(0, 5), -16)
    tip = unit(-entry) * rng.uniform(6, 16) + rng.normal(0, 2.5, 3)
    build = {
        "sliding_screw": _sliding_screw,
        "nail": _nail,
        "long_nail": _nail,
        "screws": _neck_screws,
        "blade_plate": _blade_plate,
        "locking_plate": _locking_plate,
    }[choice.fixation]
    fit = site.femoral(np.zeros(3))
    parts = (
        build(frame, entry, tip, rng) if choice.fixation != "long_nail" else _nail(frame, entry, tip, rng, long=True)
    )
    return Implant(choice, tuple(Solid(material, fit(mesh)) for material, mesh in parts), np.zeros(3), None, None)


def _sliding_screw(frame: FemurFrame, entry: Vector, tip: Vector, rng: np.random.Generator) -> list[Part]:
    ahead, holes = unit(tip - entry), int(rng.integers(2, 7))
    meshes = [
        screw(entry + ahead * 30, tip, 5.5),
        cylinder(entry - ahead * 2, entry + ahead * rng.uniform(32, 46), 6.2, 6.2),
        solids.plate(frame, 19, (62, 82 + 17 * holes)),
        *(screw(frame.at(88 + 16 * k, -22), frame.at(88 + 16 * k, 17), 2.2) for k in range(holes)),
    ]
    if rng.random() < 0.25:  # a second screw against turning
        meshes.append(screw(entry - frame.axis * 16 + ahead * 4, tip - frame.axis * 12, 3.2))
    return [("steel", mesh) for mesh in meshes]


def _nail(frame: FemurFrame, entry: Vector, tip: Vector, rng: np.random.Generator, *, long: bool = False) -> list[Part]:
    ahead, end = unit(tip - entry), rng.uniform(300, 380) if long else rng.uniform(170, 240)
    meshes = [
        cylinder(frame.at(2, -4), frame.at(60), 8, 7),
        cylinder(frame.at(60), frame.at(end), 5.8, 5.0),
        screw(frame.at(end - 25, -18), frame.at(end - 25, 18), 2.4),
    ]
    if rng.random() < 0.35:  # a blade
        meshes.append(cylinder(entry - ahead * 2, tip, 5.0, 5.4, 12))
    else:
        meshes.append(screw(entry - ahead * 2, tip, rng.uniform(4.6, 5.6)))
    if rng.random() < 0.3:
        meshes.append(screw(entry - frame.axis * 14 - ahead * 2, tip - frame.axis * 11 - ahead * 12, 2.8))
    return [("titanium", mesh) for mesh in meshes]


def _neck_screws(frame: FemurFrame, entry: Vector, tip: Vector, rng: np.random.Generator) -> list[Part]:
    meshes, places = [], [(-7, -6), (7, -6), (0, 8), (0, -14)][: int(rng.choice([2, 3, 3, 3, 4]))]
    for across, down in places:
        offset = frame.posterior * across - frame.axis * down + rng.normal(0, 1.2, 3)
        start = entry + offset
        meshes.append(screw(start, tip * 0.9 + offset * 0.8, rng.uniform(2.9, 3.6)))
        if rng.random() < 0.3:
            ahead = unit(tip - entry)
            meshes.append(cylinder(start - ahead, start - ahead * 0.2, 6, 6, 20))
    material = str(rng.choice(["titanium", "steel"]))
    return [(material, mesh) for mesh in meshes]


def _blade_plate(frame: FemurFrame, entry: Vector, tip: Vector, rng: np.random.Generator) -> list[Part]:
    across, deep = frame.posterior * 8.0, unit(np.cross(frame.posterior, tip - entry)) * 2.0
    corners = np.stack([-across - deep, across - deep, across + deep, -across + deep])
    holes = int(rng.integers(3, 7))
    meshes = [lofted([entry + corners, tip * 0.8 + corners * 0.9]), solids.plate(frame, 18, (60, 82 + 17 * holes))]
    meshes += [screw(frame.at(90 + 16 * k, -21), frame.at(90 + 16 * k, 17), 2.2) for k in range(holes)]
    return [("steel", mesh) for mesh in meshes]


def _locking_plate(frame: FemurFrame, entry: Vector, tip: Vector, rng: np.random.Generator) -> list[Part]:
    holes = int(rng.integers(3, 8))
    meshes = [solids.plate(frame, 19, (18, 80 + 17 * holes), 2.4, 8.0)]
    for k in range(3):
        start = entry - frame.axis * (14 - 14 * k) - frame.medial * 3
        meshes.append(screw(start, tip + frame.axis * (8 * k - 8) + frame.posterior * (5 * k - 5), 3.3))
    meshes += [screw(frame.at(92 + 16 * k, -21), frame.at(92 + 16 * k, 16), 2.2) for k in range(holes) if k != 1]
    return [("titanium", mesh) for mesh in meshes]
