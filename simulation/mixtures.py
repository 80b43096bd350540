"""What a set of films is drawn from.

The mixture of training, that of an archive, one never trained on; without hips, of cups, of sides, of pelves turned
a little too far or very far, and of cups that look far forwards.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from simulation.people.skeleton import SIDES
from simulation.spec import MIXTURE_NAMES, SHIFTS, FilmSpec, HipState, random_spec, random_state

Draw = Callable[[np.random.Generator, int, int, int], FilmSpec]  # generator, person, seed, pixels along the long edge

# Files of each kind among the 846,988 of Wyles et al. 2022; the paper does not split its laterals, we do by 60 to 40.
PAPER_FILES: Mapping[str, float] = {
    "ap_pelvis": 168_551,
    "ap_hip": 176_890,
    "cross_table_lateral": 0.6 * 174_637,
    "frog_leg_lateral": 0.4 * 174_637,
    "oblique_hip": 117_578,
    "other": 209_332,
}
BROKEN_SHARE = 1 / 8  # of the others: exposures that show nothing
_SHIFT_COUNTS = (0.67, 0.22, 0.11)  # of shifted films with one, two and three shifts
_SHIFTS_OF_HIPS = frozenset({"bones", "implants"})
# Of the mixture "cups": views on which a cup is measured, and what hides a rim's ends or its minor axis the most.
_CUP_VIEWS = {"ap_pelvis": 0.5, "ap_hip": 0.25, "cross_table_lateral": 0.25}
_RESURFACED_SHARE = 0.25
_REVISED_SHARE = 0.7  # of the others
# Of the mixture "anteverted": cups whose rim is nearly a circle, which are rare and read worst.
_INCLINATION_DEG, _INCLINATIONS_DEG = (42.0, 9.0), (15.0, 70.0)  # mean and spread, and how far at most
_ANTEVERSIONS_DEG = (22.0, 52.0)
_WITH_STEM = frozenset({"tha", "hemi"})
# Of the mixture "sides": obliques, on which a second hip is easily missed, what they are taken for, and the view on
# which a letter alone tells the side.
_SIDE_VIEWS = {"oblique_hip": 0.45, "ap_hip": 0.3, "cross_table_lateral": 0.25}
# Of the mixture "turned": how far AP films are turned that patients lie badly for, and how little obliques are.
_TURNED_VIEWS = {"ap_pelvis": 0.25, "ap_hip": 0.3, "oblique_hip": 0.45}
_TURNS_DEG = {"ap_pelvis": (8.0, 21.0), "ap_hip": (8.0, 21.0), "oblique_hip": (24.0, 36.0)}
_STEEP_TURNS_DEG = (50.0, 77.0)  # of the mixture "steep"


def paper_spec(rng: np.random.Generator, person: int, seed: int, size: int = 768) -> FilmSpec:
    """A film of the archive of Wyles et al. 2022: a quarter of it shows no hip, or nothing at all.

    The shares are of what is drawn. An AP pelvis that is then cropped to one hip comes out as an AP hip.
    """
    files = np.array(list(PAPER_FILES.values()))
    return _of_archive(str(rng.choice(list(PAPER_FILES), p=files / files.sum())), rng, person, seed, size)


def no_hip_spec(rng: np.random.Generator, person: int, seed: int, size: int = 768) -> FilmSpec:
    """A file of the paper's archive that shows no hip: what is not a hip is more various than what is one."""
    return _of_archive("other", rng, person, seed, size)


def _of_archive(view: str, rng: np.random.Generator, person: int, seed: int, size: int) -> FilmSpec:
    return FilmSpec(
        seed=seed,
        person=person,
        view=view,
        side=str(rng.choice(list(SIDES))),
        hips={side: random_state(rng) for side in SIDES},
        size=size,
        broken=bool(rng.random() < BROKEN_SHARE) and view == "other",
    )


def shifted_spec(rng: np.random.Generator, person: int, seed: int, size: int = 768) -> FilmSpec:
    """A film of the paper's kinds that differs in kind from every film of training: a test of robustness.

    Training never draws these shifts, and no film of this mixture may be trained on or a threshold be chosen by it.
    """
    spec = paper_spec(rng, person, seed, size)
    count = int(rng.choice([1, 2, 3], p=_SHIFT_COUNTS))
    possible = [name for name in SHIFTS if spec.view != "other" or name not in _SHIFTS_OF_HIPS]
    drawn = {str(name) for name in rng.choice(possible, count, replace=False)}
    if "implants" in drawn and spec.hips[spec.side].implant not in _WITH_STEM:
        spec = replace(spec, hips={**spec.hips, spec.side: HipState("tha")})
    return replace(spec, shifts=tuple(name for name in SHIFTS if name in drawn))


def cups_spec(rng: np.random.Generator, person: int, seed: int, size: int = 768) -> FilmSpec:
    """A film of two cups, on a view on which they are measured: most revised, many resurfaced."""
    return FilmSpec(
        seed=seed,
        person=person,
        view=str(rng.choice(list(_CUP_VIEWS), p=list(_CUP_VIEWS.values()))),
        side=str(rng.choice(list(SIDES))),
        hips={side: _with_cup(rng) for side in SIDES},
        size=size,
    )


def sides_spec(rng: np.random.Generator, person: int, seed: int, size: int = 768) -> FilmSpec:
    """A film of the archive, on a view whose side is easily told wrongly."""
    return _of_archive(str(rng.choice(list(_SIDE_VIEWS), p=list(_SIDE_VIEWS.values()))), rng, person, seed, size)


def turned_spec(rng: np.random.Generator, person: int, seed: int, size: int = 768) -> FilmSpec:
    """A film of the archive between AP and oblique, where one is easily taken for the other."""
    view = str(rng.choice(list(_TURNED_VIEWS), p=list(_TURNED_VIEWS.values())))
    turn_deg = float(rng.uniform(*_TURNS_DEG[view]))
    return replace(_of_archive(view, rng, person, seed, size), pelvis_turn_deg=turn_deg)


def steep_spec(rng: np.random.Generator, person: int, seed: int, size: int = 768) -> FilmSpec:
    """An oblique of the archive turned so far that one hip lies over the other, or off the film."""
    turn_deg = float(rng.uniform(*_STEEP_TURNS_DEG))
    return replace(_of_archive("oblique_hip", rng, person, seed, size), pelvis_turn_deg=turn_deg)


def anteverted_spec(rng: np.random.Generator, person: int, seed: int, size: int = 768) -> FilmSpec:
    """A film of two cups of much anteversion, on a view on which they are measured."""
    spec = cups_spec(rng, person, seed, size)
    return replace(spec, hips={side: _much_anteverted(state, rng) for side, state in spec.hips.items()})


def _much_anteverted(state: HipState, rng: np.random.Generator) -> HipState:
    inclination = float(np.clip(rng.normal(*_INCLINATION_DEG), *_INCLINATIONS_DEG))
    return replace(state, cup=(inclination, float(rng.uniform(*_ANTEVERSIONS_DEG))))


def _with_cup(rng: np.random.Generator) -> HipState:
    state, resurfaced, revised = random_state(rng), *rng.random(2)
    if resurfaced < _RESURFACED_SHARE:
        return replace(state, implant="resurfacing", operation=0)
    return replace(state, implant="tha", operation=int(rng.integers(1, 3)) if revised < _REVISED_SHARE else 0)


MIXTURES: Mapping[str, Draw] = dict(
    zip(
        MIXTURE_NAMES,
        (
            random_spec,
            paper_spec,
            shifted_spec,
            no_hip_spec,
            cups_spec,
            sides_spec,
            turned_spec,
            steep_spec,
            anteverted_spec,
        ),
        strict=True,
    )
)
