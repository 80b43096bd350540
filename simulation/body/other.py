"""Films that show no hip: other body parts, phantoms, blank exposures, pages and screens."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import cast

import cv2
import numpy as np
from numpy.random import Generator

from simulation.beam.collimation import ExposedField, random_field
from simulation.beam.exposure import expose
from simulation.beam.projection import Lengths
from simulation.beam.texture import band_noise, strands
from simulation.body import artificial, captures, chest, lower_limb, skull, spine, upper_limb
from simulation.body.broken import RUINS
from simulation.body.stage import Map, Stage
from simulation.geometry.camera import Camera
from simulation.look.display import PLAIN, develop, random_look
from simulation.look.markers import Mark, faint, legible, side_mark
from simulation.look.overlays import overlays
from simulation.look.reproduction import reproduced
from simulation.look.shifts import Subject, names, shifted
from simulation.look.unseen import develop_unseen, toned
from simulation.spec import FilmSpec
from simulation.truth import Film, FilmTruth
from simulation.views.picture import Picture

Builder = Callable[[Generator, int], Stage | Map]

# How often an archive of orthopaedic and trauma departments holds each, as shares; those of captures pass no beam.
SHARES: Mapping[Builder, float] = {
    chest.chest: 0.13,
    chest.lateral_chest: 0.04,
    spine.abdomen: 0.08,
    spine.spine: 0.11,
    skull.skull: 0.05,
    upper_limb.hand: 0.08,
    upper_limb.forearm: 0.04,
    upper_limb.elbow: 0.05,
    upper_limb.humerus: 0.04,
    upper_limb.shoulder: 0.08,
    lower_limb.foot: 0.08,
    lower_limb.ankle: 0.06,
    lower_limb.leg: 0.05,
    lower_limb.knee: 0.06,
    artificial.phantom: 0.03,
    artificial.blank: 0.03,
    artificial.page: 0.025,
    artificial.screen: 0.02,
    artificial.photograph: 0.015,
    captures.slice_image: 0.03,
    captures.ultrasound: 0.01,
    captures.mammogram: 0.01,
    captures.graph: 0.01,
    captures.garbage: 0.015,
}
_EMPTY: tuple[Builder, ...] = (artificial.blank, captures.garbage)
_WHITE = 4095
_PICTURE_SPACING_MM = 0.2


def simulate_other(spec: FilmSpec) -> Film:
    """A film of anything but a hip, always the same for a seed; ``spec.size`` pixels along its long edge."""
    rng = spec.stream("other")
    builders, shares = list(SHARES), np.array(list(SHARES.values()))
    return render_other(builders[rng.choice(len(builders), p=shares / shares.sum())], rng, spec)


def simulate_broken(spec: FilmSpec) -> Film:
    """A file that shows nothing: a blank or broken exposure, or a film of another part that was ruined."""
    rng = spec.stream("broken")
    kind = int(rng.integers(len(_EMPTY) + len(RUINS)))
    if kind < len(_EMPTY):
        return render_other(_EMPTY[kind], rng, spec)
    name, ruin = list(RUINS.items())[kind - len(_EMPTY)]
    film = simulate_other(spec)
    pixels = np.round(ruin(rng, film.pixels.astype(np.float32) / np.float32(_WHITE)) * _WHITE).astype(np.uint16)
    height, width = pixels.shape
    return Film(pixels, replace(film.truth, markers=(), width=width, height=height, shows=(*film.truth.shows, name)))


def render_other(builder: Builder, rng: Generator, spec: FilmSpec) -> Film:
    """The film of one builder of ``SHARES``."""
    built = builder(rng, spec.size)
    marks: tuple[Mark, ...] = ()
    shows: tuple[str, ...] = (builder.__name__,)
    if isinstance(built, Stage):
        display, marks, picture = _film(built, rng, spec)
        for mark in marks:
            if mark.digital:
                display = np.maximum(display, mark.mask)
        display, drawn = overlays(rng, display, picture.camera.spacing_mm)
        display, picture, copied = reproduced(spec, display, picture)
        shows += drawn + copied
    else:
        display = np.clip(built, 0, 1)
        height, width = display.shape
        picture = Picture.plate(_camera(width, height, _PICTURE_SPACING_MM), ExposedField.whole(width, height))
        if "look" in spec.shifts:
            display = toned(spec.stream("look"), display)
    if spec.shifts:
        middle = np.array([[picture.camera.width, picture.camera.height]]) / 2
        display, picture = shifted(spec, display, picture, Subject(middle, middle, marks))
    pixels = np.round(np.clip(display, 0, 1) * _WHITE).astype(np.uint16)
    truth = FilmTruth(
        seed=spec.seed,
        person=spec.person,
        view="other",
        side="unknown",
        hips=(),
        markers=legible(pixels, marks, picture),
        faint_markers=faint(pixels, marks, picture),
        ischium_right=None,
        ischium_left=None,
        spacing_mm=round(picture.spacing_mm, 5),
        width=picture.width,
        height=picture.height,
        turned_deg=picture.turned_deg,
        mirrored=picture.mirrored,
        shows=shows + names(spec),
    )
    return Film(pixels, truth)


def _film(stage: Stage, rng: Generator, spec: FilmSpec) -> tuple[Map, tuple[Mark, ...], Picture]:
    """Display values of an exposed stage, 0 to 1, bone bright, with the letters on it."""
    height, width = stage.soft.shape
    camera = _camera(width, height, 1 / stage.px_per_mm)
    field = random_field(spec, camera, "other")
    marks: tuple[Mark, ...] = ()
    if rng.random() < 0.75:
        side, at_left = str(rng.choice(["left", "right"])), bool(rng.random() < 0.5)
        mark = side_mark(rng, (height, width), field, camera.spacing_mm, side, at_left=at_left)
        marks = () if mark is None else (mark,)
    lead = [mark.mask for mark in marks if not mark.digital]
    raw = expose(rng, camera, _lengths(stage, rng), field, lead, trabecular_fraction=0.3)
    look = PLAIN if "looks" in spec.without else random_look(rng, lateral=False)
    unseen = "look" in spec.shifts
    shown = develop_unseen(rng, raw, camera.spacing_mm) if unseen else develop(raw, look, camera.spacing_mm)
    return cast("Map", shown), marks, Picture.plate(camera, field)


def _lengths(stage: Stage, rng: Generator) -> Lengths:
    """The stage as tissue: bent a little, muscle with its strands under fat, bone with its trabeculae."""
    px, shape = stage.px_per_mm, stage.soft.shape
    bend = _bend(rng, shape, px)
    soft, bone, metal = (bend(np.maximum(layer, 0)) for layer in (stage.soft, stage.bone, stage.metal))
    grain = 0.6 * band_noise(rng, shape, max(0.35 * px, 0.7), max(0.9 * px, 1.5))
    for _ in range(2):
        grain += 0.4 * strands(rng, shape, rng.uniform(0, np.pi), max(1.5, 1.8 * px), max(0.5, 0.25 * px))
    bone = cv2.GaussianBlur(bone, (0, 0), max(0.4, 0.25 * px)) * np.maximum(1 + rng.uniform(0.03, 0.11) * grain, 0.3)
    fibres = 1 + rng.uniform(0.003, 0.012) * band_noise(rng, shape, 3 * px, 14 * px)
    fat, none = np.float32(rng.uniform(2, 14)), np.zeros(shape, np.float32)
    return Lengths(
        body=soft + bone * np.float32(0.4),
        muscle=np.maximum((soft - fat) * np.float32(rng.uniform(0.75, 0.95)) * fibres, 0),
        gas=none,
        cortex=bone.astype(np.float32),
        trabecular=none,
        parts={str(rng.choice(["titanium", "steel", "cobalt_chrome"])): metal} if metal.any() else {},
    )


def _bend(rng: Generator, shape: tuple[int, int], px: float) -> Callable[[Map], Map]:
    """A smooth displacement of some millimetres and a stretch, the same for every layer: no two bodies are alike."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    stretch, middle = rng.normal(1, 0.05, 2), np.array(shape[::-1]) / 2
    maps = []
    for axis, grid in enumerate((x, y)):
        coarse = rng.normal(0, rng.uniform(0.5, 4.5) * px, (4, 4)).astype(np.float32)
        wave = cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)
        maps.append(((grid - middle[axis]) * stretch[axis] + middle[axis] + wave).astype(np.float32))
    return lambda layer: cv2.remap(layer, *maps, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)


def _camera(width: int, height: int, spacing_mm: float) -> Camera:
    """A camera for a stage, whose solids are already projected: only its size matters."""
    ahead, down = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, -1.0])
    return Camera.aimed(
        np.zeros(3),
        ahead,
        down,
        source_to_detector_mm=1150,
        source_to_object_mm=1050,
        spacing_mm=spacing_mm,
        width=width,
        height=height,
    )
