"""What a surgeon has put into a hip: the choice of parts, and what is in place afterwards."""

import math
from dataclasses import dataclass, replace

import numpy as np

from simulation.geometry.mesh import Mesh, Vector
from simulation.people.skeleton import SIDES
from simulation.spec import HipState

KINDS = ("none", "tha", "hemi", "resurfacing", "fixation")


@dataclass(frozen=True, slots=True)
class Choice:
    """The model and size of implant that a person has on one side, and how it was put in."""

    kind: str
    stem_material: str
    cemented_stem: bool
    cemented_cup: bool  # all polyethylene with a wire
    fixation: str  # nail, sliding_screw, screws
    cup_oversize_mm: float  # over the native head's radius
    cup_wall_mm: float
    cup_cover_rad: float
    cup_holes: int
    cup_screws: int
    head_radius_mm: float
    ceramic_head: bool
    inclination_deg: float  # radiographic, Murray 1993
    anteversion_deg: float
    medialised_mm: float
    raised_mm: float
    stem_size: float
    stem_length_mm: float
    collar: bool
    varus_deg: float
    neck_mm: float
    unipolar: bool  # a partial replacement's head is one ball


@dataclass(frozen=True, slots=True)
class Plane:
    """A plane; ``outward`` points to the side that is cut away."""

    point: Vector
    outward: Vector


@dataclass(frozen=True, slots=True)
class Solid:
    """A part in the patient frame."""

    material: str
    mesh: Mesh
    weight: float = 1.0  # -1 for a hole or for what another part displaces
    above: Plane | None = None  # cut away beyond this plane


@dataclass(frozen=True, slots=True)
class Rim:
    """The opening circle of a cup in the patient frame."""

    centre: Vector
    normal: Vector  # towards the opening
    radius: float
    pole: Vector  # outermost point of the dome


@dataclass(frozen=True, slots=True)
class Cup:
    """A cup in the patient frame."""

    solids: tuple[Solid, ...]
    rim: Rim
    centre: Vector  # of the new joint
    reamed_radius: float  # of the ball that replaces acetabular bone
    head_radius: float  # of the head that fits


@dataclass(frozen=True, slots=True)
class Implant:
    """A hip after surgery, in the patient frame."""

    choice: Choice
    solids: tuple[Solid, ...]  # the cup's too
    femur_shift: Vector  # of the femur, relative to its native place
    resection: tuple[Plane, Plane] | None  # bone beyond both planes is gone
    cup: Cup | None


def choose(person: int, side: str, state: HipState) -> Choice:
    """This person's implant on this side, the same on every film until it is revised."""
    kind = state.implant
    rng = np.random.default_rng([person, 2, list(SIDES).index(side), KINDS.index(kind), state.operation])
    inclination = float(np.clip(rng.normal(42, 8), 20, 65))
    anteversion = float(np.clip(rng.normal(17, 10), -10, 45))
    stem = rng.choice(["titanium", "cobalt_chrome", "cemented"], p=[0.5, 0.25, 0.25])
    stem_material = "cobalt_chrome" if stem == "cemented" and rng.random() < 0.5 else "steel"
    choice = Choice(
        kind=kind,
        stem_material=stem_material if stem == "cemented" else str(stem),
        cemented_stem=bool(stem == "cemented"),
        cemented_cup=bool(rng.random() < 0.12),
        fixation=str(rng.choice(["nail", "sliding_screw", "screws"])),
        cup_oversize_mm=rng.uniform(2.0, 5.5),
        cup_wall_mm=rng.uniform(3, 5),
        cup_cover_rad=math.radians(rng.uniform(80, 90)),
        cup_holes=int(rng.choice([0, 0, 3, 5, 8])),
        cup_screws=int(rng.choice([0, 0, 1, 2, 3])),
        head_radius_mm=float(rng.choice([11, 14, 16, 18, 20], p=[0.08, 0.25, 0.32, 0.3, 0.05])),
        ceramic_head=bool(rng.random() < 0.35),
        inclination_deg=inclination,
        anteversion_deg=anteversion,
        medialised_mm=rng.uniform(-2, 6),
        raised_mm=rng.normal(2, 3.5),
        stem_size=rng.uniform(0.86, 1.14),
        stem_length_mm=float(
            rng.choice([rng.uniform(85, 115), rng.uniform(115, 165), rng.uniform(165, 230)], p=[0.2, 0.65, 0.15])
        ),
        collar=bool(rng.random() < 0.25),
        varus_deg=rng.normal(0, 1.5),
        neck_mm=rng.uniform(-3, 6),
        unipolar=bool(rng.random() < 0.5),
    )
    if state.cup is not None:
        choice = replace(choice, inclination_deg=state.cup[0], anteversion_deg=state.cup[1])
    return choice
