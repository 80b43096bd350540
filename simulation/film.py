"""One simulated film from its specification."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from simulation import labels
from simulation.anatomy import make_person
from simulation.camera import Camera
from simulation.clutter import cluttered
from simulation.collimation import ExposedField
from simulation.display import develop, random_look
from simulation.exposure import expose
from simulation.implants import choose
from simulation.markers import Mark, burned_in_text, legible, side_mark
from simulation.other import simulate_other
from simulation.positioning import OTHER_VIEWS, Aim, aim, camera, pose
from simulation.projection import project
from simulation.scene import Scene
from simulation.skeleton import SIDES
from simulation.soft_tissue import SoftTissue, around_leg, around_pelvis
from simulation.surgery import implanted
from simulation.texture import roughened
from simulation.truth import Film, FilmTruth, HipTruth, MarkerTruth

cv2.setNumThreads(1)

# Share of each view in a training set.
VIEW_SHARES: Mapping[str, float] = {
    "ap_pelvis": 0.26,
    "ap_hip": 0.18,
    "cross_table_lateral": 0.18,
    "frog_leg_lateral": 0.12,
    "oblique_hip": 0.14,
    "other": 0.12,
}
_NATIVE_SHARE = 0.45
_IMPLANT_SHARES = {"tha": 0.75, "hemi": 0.10, "resurfacing": 0.06, "fixation": 0.09}
_OWN_OTHER_SHARE = 0.4  # of "other" films, those with a leg or a spine of the same people
_ONE_LEG_VIEWS = frozenset({"knee_ap", "knee_lateral", "femoral_shaft"})
_MARKED_SHARE, _ANNOTATED_SHARE = 0.9, 0.2  # of films: a side letter, technique notes
_TWELVE_BITS = 4095


class UnshownHipError(ValueError):
    """A hip view came out with no hip on it; take another seed."""


@dataclass(frozen=True, slots=True)
class FilmSpec:
    """What to simulate. The person decides anatomy, habitus and implant models; the seed all else."""

    seed: int
    person: int
    view: str
    side: str  # left, right: the hip the view is aimed at
    implants: Mapping[str, str] = field(default_factory=dict)  # side -> none, tha, hemi, resurfacing, fixation
    size: int = 768  # pixels along the long edge
    cup: Mapping[str, tuple[float, float]] = field(default_factory=dict)  # side -> (inclination, anteversion)
    marker: bool | None = None  # None: as it comes; True: a correct marker; False: none


def random_spec(rng: np.random.Generator, person: int, seed: int, size: int = 768) -> FilmSpec:
    """A film of the training mixture."""
    kinds = ["none", *_IMPLANT_SHARES]
    shares = [_NATIVE_SHARE, *(share * (1 - _NATIVE_SHARE) for share in _IMPLANT_SHARES.values())]
    return FilmSpec(
        seed=seed,
        person=person,
        view=str(rng.choice(list(VIEW_SHARES), p=list(VIEW_SHARES.values()))),
        side=str(rng.choice(list(SIDES))),
        implants={side: str(rng.choice(kinds, p=shares)) for side in SIDES},
        size=size,
    )


def simulate(spec: FilmSpec) -> Film:
    """The film of a specification, always the same.

    Raises:
        UnshownHipError: the draw left no hip on a hip view.
    """
    rng = np.random.default_rng([spec.seed, 3])
    view = spec.view
    if view == "other":
        if rng.random() >= _OWN_OTHER_SHARE:
            film = simulate_other(spec.seed, spec.size)
            return Film(film.pixels, replace(film.truth, person=spec.person))
        view = str(rng.choice(OTHER_VIEWS))
    scene, aimed = _scene(rng, spec, view)
    exposed = _collimated(rng, scene.camera, view)
    hips = labels.hip_truths(scene, exposed, view) if view in VIEW_SHARES else ()
    if view in VIEW_SHARES and not hips:
        raise UnshownHipError(f"seed {spec.seed}: no hip on {view}; take another seed")
    marks = ()
    if spec.marker or (spec.marker is None and rng.random() <= _MARKED_SHARE):
        marks = _marks(rng, scene, exposed, aimed, anywhere=view == "cross_table_lateral" or view not in VIEW_SHARES)
    pixels = _pixels(rng, scene, exposed, marks, lateral=view == "cross_table_lateral")
    return Film(pixels, _truth(spec, scene, exposed, hips, legible(pixels, marks)))


def _truth(
    spec: FilmSpec,
    scene: Scene,
    exposed: ExposedField,
    hips: tuple[HipTruth, ...],
    letters: tuple[MarkerTruth, ...],
) -> FilmTruth:
    ischia = labels.ischium_points(scene, exposed, spec.view)
    return FilmTruth(
        seed=spec.seed,
        person=spec.person,
        view=spec.view,
        side=labels.film_side(hips, spec.view, marked=bool(letters)) if hips else "unknown",
        hips=hips,
        markers=letters,
        ischium_right=ischia["right"],
        ischium_left=ischia["left"],
        spacing_mm=round(scene.camera.spacing_mm, 5),
        width=scene.camera.width,
        height=scene.camera.height,
    )


def _scene(rng: np.random.Generator, spec: FilmSpec, view: str) -> tuple[Scene, Aim]:
    """The person, posed and operated on, before the camera."""
    person = make_person(spec.person)
    posed = pose(rng, person, view, spec.side)
    aimed = aim(rng, person, posed, view, spec.side)
    pelvis = view not in _ONE_LEG_VIEWS
    implants = {
        side: implanted(choose(spec.person, side, kind, spec.cup.get(side)), person, side, posed.legs[side])
        for side, kind in spec.implants.items()
        if kind != "none" and (pelvis or side == spec.side)
    }
    return Scene(person, posed, camera(rng, aimed, spec.size), spec.side, implants, pelvis), aimed


def _collimated(rng: np.random.Generator, taken_by: Camera, view: str) -> ExposedField:
    """Tight on single hips, often open on the pelvis."""
    if rng.random() > (0.45 if view == "ap_pelvis" else 0.75):
        return ExposedField.whole(taken_by.width, taken_by.height)
    return ExposedField.random(rng, taken_by.width, taken_by.height, float(rng.choice([0.07, 0.14], p=[0.7, 0.3])))


def _marks(
    rng: np.random.Generator, scene: Scene, exposed: ExposedField, aimed: Aim, *, anywhere: bool
) -> tuple[Mark, ...]:
    """Correct letters: beside the hip they name; on films of both sides near its edge."""
    sides = [scene.side]
    if aimed.bilateral:
        sides = [str(rng.choice(list(SIDES)))] if rng.random() < 0.85 else list(SIDES)
    marks = []
    for side in sides:
        at_left = bool(rng.random() < 0.5) if anywhere and not aimed.bilateral else side == "right"
        mark = side_mark(rng, scene.camera.shape, exposed, scene.camera.spacing_mm, side, at_left=at_left)
        if mark is not None:
            marks.append(mark)
    return tuple(marks)


def _pixels(
    rng: np.random.Generator, scene: Scene, exposed: ExposedField, marks: Sequence[Mark], *, lateral: bool
) -> NDArray[np.uint16]:
    """Expose and develop: (H, W) up to 4095."""
    lengths = cluttered(rng, scene, roughened(rng, scene, project(scene, _tissue(rng, scene))))
    lead = [mark.mask for mark in marks if not mark.digital]
    fraction = scene.person.trabecular_fraction
    raw = expose(rng, scene.camera, lengths, exposed, lead, trabecular_fraction=fraction, grid=not lateral)
    shown = develop(raw, random_look(rng, lateral=lateral), scene.camera.spacing_mm)
    for mark in marks:
        if mark.digital:
            shown = np.maximum(shown, mark.mask)
    if rng.random() < _ANNOTATED_SHARE:
        shown = np.maximum(shown, burned_in_text(rng, shown.shape))
    return np.round(np.clip(shown, 0, 1) * _TWELVE_BITS).astype(np.uint16)


def _tissue(rng: np.random.Generator, scene: Scene) -> SoftTissue:
    if scene.pelvis:
        return around_pelvis(scene.person, scene.pose.legs, rng)
    return around_leg(scene.person, scene.side, scene.pose.legs[scene.side])
