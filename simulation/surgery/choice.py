"""What a surgeon has put into a hip: the choice of parts, and what is in place afterwards."""

import math
from dataclasses import dataclass, replace

import numpy as np

from simulation.geometry.mesh import Mesh, Vector
from simulation.people.skeleton import SIDES
from simulation.spec import HipState

KINDS = ("none", "tha", "hemi", "resurfacing", "fixation")
CUPS = {  # how often each is seen in a first replacement, and in a revision
    "hemispherical": (0.52, 0.30), "flared": (0.13, 0.08), "finned": (0.05, 0.03), "monoblock": (0.05, 0.02),
    "dual_mobility": (0.09, 0.22), "cemented": (0.14, 0.10), "jumbo": (0.02, 0.13), "caged": (0.0, 0.12),
}  # fmt: skip
STEMS = {
    "wedge": (0.24, 0.05), "fit_and_fill": (0.15, 0.05), "rectangular": (0.12, 0.06), "short": (0.08, 0.01),
    "sleeved": (0.03, 0.06), "fluted": (0.01, 0.34), "cylindrical": (0.05, 0.18), "polished": (0.18, 0.10),
    "collared": (0.14, 0.15),
}  # fmt: skip
CEMENTED_STEMS = frozenset({"polished", "collared"})
FIXATIONS = ("nail", "long_nail", "sliding_screw", "screws", "blade_plate", "locking_plate")
_SAME_MAKER = 0.7  # of people with both hips replaced: the same families on both sides


@dataclass(frozen=True, slots=True)
class CupChoice:
    """A cup and what lies in it; lengths in mm, angles radiographic (Murray 1993)."""

    family: str  # a key of CUPS
    material: str
    oversize_mm: float  # over the native head's radius
    wall_mm: float
    cover_rad: float  # from the pole to the rim
    rough_mm: float  # of a porous back
    holes: int
    screws: tuple[float, ...]  # lengths
    lip_deg: float  # of an elevated liner
    locked: bool  # a ring holds the head in
    wires: int  # of a cemented cup
    augment: bool
    inclination_deg: float
    anteversion_deg: float
    medialised_mm: float
    raised_mm: float


@dataclass(frozen=True, slots=True)
class StemChoice:
    """A stem; lengths in mm."""

    family: str  # a key of STEMS
    material: str
    size: float
    fit: float  # of the canal that it fills
    length_mm: float
    collar: bool
    varus_deg: float
    neck_mm: float  # head centre beyond the native one, along the neck
    offset_mm: float
    head_radius_mm: float
    head_material: str
    unipolar: bool  # a partial replacement's head is one ball
    plug: str  # of cement: none, ball, lucent
    wires: int  # of cerclage
    wired_trochanter: bool
    plated: bool


@dataclass(frozen=True, slots=True)
class Choice:
    """Everything chosen for one side of a person."""

    kind: str
    cup: CupChoice
    stem: StemChoice
    fixation: str  # of FIXATIONS
    seed: tuple[int, ...]  # of details

    def stream(self, part: int) -> np.random.Generator:
        """Random numbers for the details of a part."""
        return np.random.default_rng([*self.seed, part])


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
    lucent: tuple[Mesh, ...] = ()  # where loosening has taken trabecular bone

    @property
    def parts(self) -> tuple[str, ...]:
        """Families of what is in place, for the truth."""
        choice = self.choice
        if choice.kind == "fixation":
            return (f"fixation:{choice.fixation}",)
        names = [f"cup:{choice.cup.family}"] if self.cup is not None else []
        if choice.kind == "resurfacing":
            return ("cup:resurfacing", "head:resurfacing")
        head = "unipolar" if choice.stem.unipolar else "bipolar"
        names += [f"stem:{choice.stem.family}", f"head:{choice.stem.head_material if self.cup is not None else head}"]
        return tuple(names)


def choose(person: int, side: str, state: HipState, *, basic: bool = False) -> Choice:
    """This person's implant on this side, the same on every film until it is revised.

    Args:
        person: number.
        side: left or right.
        state: its kind and operation decide; its cup's angles override the surgeon's.
        basic: parts of a first replacement only.
    """
    index = list(SIDES).index(side)
    seed = (person, 2, index, KINDS.index(state.implant), state.operation)
    rng = np.random.default_rng(seed)
    shared = np.random.default_rng([person, 2, 9, state.operation])
    maker = shared if shared.random() < _SAME_MAKER else rng
    revised = int(state.operation > 0 and not basic)
    families = [str(maker.choice(list(pool), p=_shares(pool, revised))) for pool in (CUPS, STEMS)]
    cup, stem = _cup(rng, families[0], revised), _stem(rng, families[1], revised)
    if state.cup is not None:
        cup = replace(cup, inclination_deg=state.cup[0], anteversion_deg=state.cup[1])
    cup = replace(
        cup,
        medialised_mm=cup.medialised_mm + state.cup_moved_mm[0],
        raised_mm=cup.raised_mm + state.cup_moved_mm[1],
    )
    return Choice(state.implant, cup, stem, str(rng.choice(FIXATIONS, p=[0.24, 0.12, 0.26, 0.26, 0.05, 0.07])), seed)


def _shares(pool: dict[str, tuple[float, float]], revised: int) -> list[float]:
    shares = np.array([pair[revised] for pair in pool.values()])
    return list(shares / shares.sum())


def _cup(rng: np.random.Generator, family: str, revised: int) -> CupChoice:
    screws = int(rng.choice([0, 1, 2, 3, 5], p=[[0.55, 0.14, 0.2, 0.11, 0], [0.1, 0.15, 0.25, 0.3, 0.2]][revised]))
    metals, shares = ["titanium", "tantalum", "cobalt_chrome"], [0.88, 0.07, 0.05]
    if family in ("dual_mobility", "monoblock"):
        shares = [0.25, 0.05, 0.70]
    return CupChoice(
        family=family,
        material=str(rng.choice(metals, p=shares)),
        oversize_mm=rng.uniform(2.0, 5.5) + (rng.uniform(3, 7) if family in ("jumbo", "caged") else 1.5 * revised),
        wall_mm=rng.uniform(2.6, 5.2),
        cover_rad=math.radians(rng.uniform(78, 92)),
        rough_mm=rng.uniform(0.0, 0.5) if rng.random() < 0.7 else 0.0,
        holes=int(rng.choice([0, 0, 1, 3, 5, 8, 12])),
        screws=tuple(float(v) for v in rng.uniform(15, 55, screws)) if family not in ("cemented", "monoblock") else (),
        lip_deg=rng.uniform(8, 20) if rng.random() < 0.25 else 0.0,
        locked=bool(rng.random() < (0.02, 0.12)[revised]),
        wires=int(rng.choice([1, 1, 2, 3])),
        augment=bool(revised and rng.random() < 0.15),
        inclination_deg=float(np.clip(rng.normal(42, 8), 20, 65)),
        anteversion_deg=float(np.clip(rng.normal(17, 10), -10, 50)),
        medialised_mm=rng.uniform(-2, 6),
        raised_mm=rng.normal(2, 3.5) + (rng.uniform(0, 12) if revised else 0.0),
    )


def _stem(rng: np.random.Generator, family: str, revised: int) -> StemChoice:
    low, high = {
        "short": (75, 105), "fluted": (180, 300), "cylindrical": (150, 250), "sleeved": (130, 190),
    }.get(family, (118, 165))  # fmt: skip
    if family in CEMENTED_STEMS:
        material = str(rng.choice(["steel", "cobalt_chrome"], p=[0.6, 0.4]))
    else:
        material = str(
            rng.choice(["titanium", "cobalt_chrome"], p=[0.85, 0.15] if family != "cylindrical" else [0.3, 0.7])
        )
    return StemChoice(
        family=family,
        material=material,
        size=rng.uniform(0.88, 1.14),
        fit=rng.uniform(0.55, 0.8) if family in CEMENTED_STEMS else rng.uniform(0.78, 0.98),
        length_mm=float(rng.uniform(low, high)),
        collar=bool(family == "collared" or rng.random() < 0.18),
        varus_deg=float(rng.normal(0, 1.7)),
        neck_mm=rng.uniform(-4, 7),
        offset_mm=float(rng.normal(0, 2.5)),
        head_radius_mm=float(rng.choice([11, 14, 16, 18, 20], p=[0.1, 0.27, 0.33, 0.26, 0.04])),
        head_material=str(rng.choice(["cobalt_chrome", "steel", "ceramic", "zirconia"], p=[0.48, 0.15, 0.32, 0.05])),
        unipolar=bool(rng.random() < 0.5),
        plug=str(rng.choice(["none", "ball", "lucent"], p=[0.45, 0.2, 0.35])),
        wires=int(rng.integers(1, 5)) if rng.random() < (0.05, 0.4)[revised] else 0,
        wired_trochanter=bool(rng.random() < (0.03, 0.12)[revised]),
        plated=bool(rng.random() < (0.005, 0.06)[revised]),
    )
