"""Hardware that holds a fracture of the proximal femur."""

import numpy as np

from simulation.geometry.mesh import Mesh, Vector, cylinder, screw, unit
from simulation.people.skeleton import FemurFrame
from simulation.surgery import solids
from simulation.surgery.choice import Choice, Implant, Solid
from simulation.surgery.site import Site


def fixation(choice: Choice, site: Site) -> Implant:
    """Hardware for a fracture of the proximal femur; the joint is the patient's own."""
    frame = site.frame
    entry = frame.at(72, -16)
    tip = unit(-entry) * 12
    ahead = unit(tip - entry)
    build = {"sliding_screw": _sliding_screw, "nail": _nail, "screws": _neck_screws}[choice.fixation]
    fit = site.femoral(np.zeros(3))
    parts = tuple(Solid(material, fit(mesh)) for material, mesh in build(frame, entry, tip, ahead))
    return Implant(choice, parts, np.zeros(3), None, None)


def _sliding_screw(frame: FemurFrame, entry: Vector, tip: Vector, ahead: Vector) -> list[tuple[str, Mesh]]:
    meshes = [
        screw(entry + ahead * 30, tip, 5.5),
        cylinder(entry - ahead * 2, entry + ahead * 42, 6.2, 6.2),
        solids.plate(frame, 19, 62, 150),
        *(screw(frame.at(along, -22), frame.at(along, 17), 2.2) for along in (88, 104, 120, 136)),
    ]
    return [("steel", mesh) for mesh in meshes]


def _nail(frame: FemurFrame, entry: Vector, tip: Vector, ahead: Vector) -> list[tuple[str, Mesh]]:
    meshes = [
        cylinder(frame.at(2, -4), frame.at(60), 8, 7),
        cylinder(frame.at(60), frame.at(210), 5.8, 5.3),
        screw(entry - ahead * 2, tip, 5.2),
        screw(frame.at(180, -18), frame.at(180, 18), 2.4),
    ]
    return [("titanium", mesh) for mesh in meshes]


def _neck_screws(frame: FemurFrame, entry: Vector, tip: Vector, _ahead: Vector) -> list[tuple[str, Mesh]]:
    meshes = []
    for across, down in ((-7, -6), (7, -6), (0, 8)):
        offset = frame.posterior * across - frame.axis * down
        meshes.append(screw(entry + offset, tip * 0.9 + offset * 0.8, 3.4))
    return [("titanium", mesh) for mesh in meshes]
