"""One simulated film from its specification."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from simulation.beam.collimation import ExposedField, random_field
from simulation.beam.exposure import Exposed, expose
from simulation.beam.projection import project
from simulation.beam.texture import roughened
from simulation.body.other import simulate_broken, simulate_other
from simulation.clutter.clutter import Cluttered, cluttered
from simulation.clutter.skin import air_in_folds
from simulation.geometry.camera import Raster
from simulation.look.contrasts import WHITE, with_contrasts
from simulation.look.display import PLAIN, develop, random_look
from simulation.look.markers import Mark, faint, legible, side_marks
from simulation.look.overlays import overlays
from simulation.look.reproduction import reproduced
from simulation.look.shifts import Subject, names, shifted
from simulation.look.unseen import develop_unseen
from simulation.people.atlas import OTHER, OWN
from simulation.people.habitus import AVERAGE
from simulation.people.person import make_person
from simulation.people.skeleton import SIDES
from simulation.people.soft_tissue import SoftTissue, around_leg, around_pelvis
from simulation.scene import Scene
from simulation.spec import HIP_VIEWS, FilmSpec, HipState
from simulation.surgery.choice import Choice, choose
from simulation.surgery.operation import implanted
from simulation.surgery.unusual import unusual
from simulation.truth import Film, FilmTruth, MarkerTruth
from simulation.views import labels
from simulation.views.pelvic_landmarks import PelvicPosition
from simulation.views.picture import Picture
from simulation.views.positioning import OTHER_VIEWS, Aim, aim, camera, pelvis_turn_deg, pose, turned

cv2.setNumThreads(1)

_OWN_OTHER_SHARE = 0.4  # of "other" films, those with a leg or a spine of the same people
_TURNED_VIEWS = frozenset({"ap_pelvis", "ap_hip", "frog_leg_lateral", "oblique_hip"})  # from before or behind
_ONE_LEG_VIEWS = frozenset({"knee_ap", "knee_lateral", "femoral_shaft", "tibia_ap", "tibia_lateral"})


class UnshownHipError(ValueError):
    """A hip view came out with no hip on it; take another seed."""


def simulate(spec: FilmSpec) -> Film:
    """The film of a specification, always the same.

    Raises:
        UnshownHipError: the draw left no hip on a hip view.
        EmptyFieldError: the draw left nothing exposed.
    """
    view = spec.view
    if spec.broken:
        return simulate_broken(spec)
    if view == "other":
        rng = spec.stream("subject")
        if rng.random() >= _OWN_OTHER_SHARE:
            return simulate_other(spec)
        view = str(rng.choice(OTHER_VIEWS))
    scene, aimed = staged(spec, view)
    exposed = random_field(spec, scene.camera, view)
    marks = side_marks(spec, scene, exposed, aimed)
    plate = _plate(spec, scene, exposed, marks, view)
    aimed_at = scene.camera.project(scene.on_table(scene.hip(spec.side)))
    shown, picture, copied = reproduced(spec, plate.shown, Picture.plate(scene.camera, exposed), aimed_at)
    shown, picture = shifted(spec, shown, picture, Subject(aimed_at, labels.landmarks(scene), marks))
    pixels = np.round(np.clip(shown, 0, 1) * WHITE).astype(np.uint16)
    truth = replace(
        _truth(spec, scene, picture, legible(pixels, marks, picture)),
        faint_markers=faint(pixels, marks, picture),
        shows=plate.shows + copied + names(spec),
        signal_to_noise=plate.signal_to_noise,
        pelvis_turn_deg=round(pelvis_turn_deg(aimed, scene.pose), 3) if view in _TURNED_VIEWS else None,
    )
    return with_contrasts(Film(pixels, truth))


def _truth(spec: FilmSpec, scene: Scene, picture: Picture, letters: tuple[MarkerTruth, ...]) -> FilmTruth:
    view = labels.shown_view(scene, picture, spec.view)
    hips, cut_hips = labels.hip_truths(scene, picture, view) if view in HIP_VIEWS else ((), ())
    if view in HIP_VIEWS and not hips:
        raise UnshownHipError(f"seed {spec.seed}: no hip on {view}; take another seed")
    ischia, teardrops = labels.ischium_points(scene, picture, view), labels.teardrop_points(scene, picture, view)
    position = PelvicPosition.of(scene)
    side = labels.film_side(hips, view, letters, mirrored=picture.mirrored) if hips else "unknown"
    return FilmTruth(
        seed=spec.seed,
        person=spec.person,
        view=view,
        side=side,
        hips=hips,
        markers=letters,
        ischium_right=ischia["right"],
        ischium_left=ischia["left"],
        teardrop_right=teardrops["right"],
        teardrop_left=teardrops["left"],
        pelvic_tilt_deg=position.tilt_deg,
        pelvic_rotation_deg=position.rotation_deg,
        pelvic_obliquity_deg=position.obliquity_deg,
        spacing_mm=round(picture.spacing_mm, 5),
        width=picture.width,
        height=picture.height,
        turned_deg=picture.turned_deg,
        mirrored=picture.mirrored,
        fat_mm=round(scene.person.habitus.fat_mm, 2),
        cut_hips=cut_hips,
    )


def conditions(spec: FilmSpec) -> tuple[tuple[str, str], ...]:
    """What the states say about the hips' diseases; hardware that holds a fracture holds it in place."""
    asked = []
    for side in SIDES:
        state = spec.hips.get(side, HipState())
        if state.condition is not None:
            asked.append((side, state.condition))
        elif "disease" in spec.without or state.implant == "resurfacing":  # which needs a sound neck
            asked.append((side, "normal"))
        elif state.implant == "fixation":
            broken = choose(spec.person, side, state).fixation
            asked.append((side, "neck_fracture:0" if broken == "screws" else "trochanteric_fracture:0"))
    return tuple(asked)


def staged(spec: FilmSpec, view: str) -> tuple[Scene, Aim]:
    """The person, posed and operated on, before the camera."""
    person = make_person(spec.person, conditions(spec), OTHER if "bones" in spec.shifts else OWN)
    if "habitus" in spec.without:
        person = replace(person, habitus=AVERAGE)
    rng = spec.stream("pose")
    posed = pose(rng, person, view, spec.side)
    aimed = aim(rng, person, posed, view, spec.side)
    if spec.pelvis_turn_deg is not None:
        aimed = turned(aimed, posed, spec.pelvis_turn_deg)
    pelvis = view not in _ONE_LEG_VIEWS
    implants = {
        side: implanted(_chosen(spec, side, state), person, side, posed.legs[side], state)
        for side, state in spec.hips.items()
        if state.implant != "none" and (pelvis or side == spec.side)
    }
    return Scene(
        person, posed, camera(rng, aimed, spec.size, person.habitus.fat_mm), spec.side, implants, pelvis, spec.hips
    ), aimed


def _chosen(spec: FilmSpec, side: str, state: HipState) -> Choice:
    """The surgeon's choice, or one that training never makes."""
    choice = choose(spec.person, side, state, basic="revision" in spec.without)
    return unusual(choice) if "implants" in spec.shifts else choice


@dataclass(frozen=True, slots=True)
class _Plate:
    """A developed plate."""

    shown: Raster  # (H, W), 0 to 1, bone bright
    signal_to_noise: float
    shows: tuple[str, ...]


def _plate(spec: FilmSpec, scene: Scene, exposed: ExposedField, marks: Sequence[Mark], view: str) -> _Plate:
    """Expose and develop."""
    lateral = view == "cross_table_lateral"
    busy = _in_the_beam(spec, scene, folds=not lateral)
    raw = expose(
        spec.stream("exposure"),
        scene.camera,
        busy.lengths,
        exposed,
        [mark.mask for mark in marks if not mark.digital],
        trabecular_fraction=scene.person.trabecular_fraction,
        grid=not lateral,
    )
    shown = _developed(spec, raw, scene.camera.spacing_mm, lateral=lateral)
    for mark in marks:
        if mark.digital:
            shown = np.maximum(shown, mark.mask)
    if "markers" in spec.without:
        return _Plate(shown, raw.signal_to_noise, busy.shows)
    shown, drawn = overlays(spec.stream("overlays"), shown, scene.camera.spacing_mm)
    return _Plate(shown, raw.signal_to_noise, busy.shows + drawn)


def _developed(spec: FilmSpec, raw: Exposed, spacing_mm: float, *, lateral: bool) -> Raster:
    """The plate as its department shows it."""
    if "look" in spec.shifts:
        return develop_unseen(spec.stream("look"), raw, spacing_mm)
    look = PLAIN if "looks" in spec.without else random_look(spec.stream("look"), lateral=lateral)
    return develop(raw, look, spacing_mm)


def _in_the_beam(spec: FilmSpec, scene: Scene, *, folds: bool) -> Cluttered:
    """Body, implants and what else lies between tube and detector."""
    lengths = roughened(spec.stream("texture"), scene, project(scene, _tissue(spec, scene)))
    if scene.pelvis and folds:
        air = air_in_folds(spec.stream("folds"), scene)
        lengths = replace(lengths, muscle=np.maximum(lengths.muscle - air, 0), body=np.maximum(lengths.body - air, 0))
    if "clutter" in spec.without:
        return Cluttered(lengths, ())
    return cluttered(spec.stream("clutter"), scene, lengths)


def _tissue(spec: FilmSpec, scene: Scene) -> SoftTissue:
    if scene.pelvis:
        return around_pelvis(scene.person, scene.pose.legs, spec.stream("tissue"))
    return around_leg(scene.person, scene.side, scene.pose.legs[scene.side])
