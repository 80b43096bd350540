"""What to simulate: one film's specification, and the draw of a training set (others: simulation.mixtures)."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from simulation.people.skeleton import SIDES

# Share of each view in a training set.
VIEW_SHARES: Mapping[str, float] = {
    "ap_pelvis": 0.26,
    "ap_hip": 0.18,
    "cross_table_lateral": 0.18,
    "frog_leg_lateral": 0.12,
    "oblique_hip": 0.14,
    "other": 0.12,
}
HIP_VIEWS = tuple(view for view in VIEW_SHARES if view != "other")
_NATIVE_SHARE = 0.45
_IMPLANT_SHARES = {"tha": 0.75, "hemi": 0.10, "resurfacing": 0.06, "fixation": 0.09}
_REVISED_SHARE = 0.15  # of total replacements
_LOOSE_SHARE = 0.12  # of replacements
_ODD_CUP_SHARE = 0.25  # of cups: anywhere in the range that is ever seen, so that none is a surprise
# Families of variation that a training set can be made without, to learn what each is worth.
IMPLANTS = ("none", *_IMPLANT_SHARES)
LEAST_SIZE = 96
# What simulation.mixtures draws.
MIXTURE_NAMES = ("training", "paper", "shifted", "no_hip", "cups", "sides", "turned", "steep", "anteverted")
# Ways in which a film of the "shifted" mixture differs in kind from every film of training.
SHIFTS = ("bones", "implants", "look", "square_crop", "squeezed", "jpeg", "pasted")
VARIATIONS = ("disease", "revision", "clutter", "habitus", "looks", "collimation", "markers", "reproduction")


@dataclass(frozen=True, slots=True)
class HipState:
    """What has happened to one hip by the day of the film."""

    implant: str = "none"  # none, tha, hemi, resurfacing, fixation
    condition: str | None = None  # a key of people.disease.CONDITIONS; None: as the person has it
    operation: int = 0  # 0 the first, n the n-th revision: another choice of parts
    cup: tuple[float, float] | None = None  # radiographic inclination, anteversion (deg); None: the surgeon's
    cup_moved_mm: tuple[float, float] = (0.0, 0.0)  # since the operation, medially and upwards
    subsidence_mm: float = 0.0  # of the stem
    loosening: float = 0.0  # 0 to 1: how wide and how complete the lucent lines are
    heterotopic: int = 0  # Brooker grade of bone in the soft tissue, 0 to 4


@dataclass(frozen=True, slots=True)
class FilmSpec:
    """What to simulate. The person and the hips' states decide what is there; the seed decides all else."""

    seed: int
    person: int
    view: str
    side: str  # left, right: the hip the view is aimed at
    hips: Mapping[str, HipState] = field(default_factory=dict)  # a side left out is native
    size: int = 768  # pixels along the long edge
    marker: bool | None = None  # None: as it comes; True: a correct marker; False: none
    without: frozenset[str] = frozenset()  # VARIATIONS to leave out
    broken: bool = False  # an "other" film that shows nothing: blank, noise, cut off, scrambled
    shifts: tuple[str, ...] = ()  # of SHIFTS, in their order
    pelvis_turn_deg: float | None = None  # under the beam, about its long axis, to either side; None: as it comes

    def __post_init__(self) -> None:
        for name, value, known in (
            ("view", self.view, VIEW_SHARES),
            ("side", self.side, SIDES),
            *(("side", side, SIDES) for side in self.hips),
            *(("implant", state.implant, IMPLANTS) for state in self.hips.values()),
            *(("variation", name, VARIATIONS) for name in sorted(self.without)),
            *(("shift", name, SHIFTS) for name in self.shifts),
        ):
            if value not in known:
                raise ValueError(f"{value!r} is no {name}: take one of {', '.join(known)}")
        if self.pelvis_turn_deg is not None and self.view in {"cross_table_lateral", "other"}:
            raise ValueError(
                f"how far a pelvis is turned under the beam cannot be said of a film of view {self.view!r}"
            )
        if self.size < LEAST_SIZE:
            raise ValueError(f"a film of {self.size} pixels is too small to simulate: take {LEAST_SIZE} or more")

    def stream(self, name: str) -> np.random.Generator:
        """Random numbers of one stage, so that a change of one stage leaves the others' draws alone."""
        return np.random.default_rng([self.seed, zlib.crc32(name.encode())])


def random_spec(rng: np.random.Generator, person: int, seed: int, size: int = 768) -> FilmSpec:
    """A film of the training mixture."""
    return FilmSpec(
        seed=seed,
        person=person,
        view=str(rng.choice(list(VIEW_SHARES), p=list(VIEW_SHARES.values()))),
        side=str(rng.choice(list(SIDES))),
        hips={side: random_state(rng) for side in SIDES},
        size=size,
    )


def random_state(rng: np.random.Generator) -> HipState:
    """Any state of a hip."""
    kinds = ["none", *_IMPLANT_SHARES]
    shares = [_NATIVE_SHARE, *(share * (1 - _NATIVE_SHARE) for share in _IMPLANT_SHARES.values())]
    implant = str(rng.choice(kinds, p=shares))
    replaced = implant in ("tha", "hemi", "resurfacing")
    revised, loose, bony, odd = rng.random(4)
    anywhere = (float(rng.uniform(20, 65)), float(rng.uniform(-10, 50)))
    return HipState(
        implant=implant,
        cup=anywhere if implant in ("tha", "resurfacing") and odd < _ODD_CUP_SHARE else None,
        operation=int(rng.integers(1, 3)) if implant == "tha" and revised < _REVISED_SHARE else 0,
        subsidence_mm=float(rng.uniform(2, 12)) if replaced and loose < _LOOSE_SHARE / 2 else 0.0,
        loosening=float(rng.uniform(0.2, 1)) if replaced and loose < _LOOSE_SHARE else 0.0,
        heterotopic=int(rng.choice([1, 2, 3, 4], p=[0.45, 0.3, 0.18, 0.07])) if replaced and bony < 0.2 else 0,
    )
