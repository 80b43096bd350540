"""Films that show no hip: other body parts, phantoms, blank exposures, pages and screens."""

from collections.abc import Callable, Mapping
from typing import cast

import cv2
import numpy as np
from numpy.random import Generator

from simulation.beam.collimation import ExposedField
from simulation.beam.exposure import Exposed
from simulation.beam.texture import band_noise
from simulation.body import artificial, chest, lower_limb, skull, spine, upper_limb
from simulation.body.stage import Map, Stage
from simulation.look.display import develop, random_look
from simulation.look.markers import Mark, legible, side_mark
from simulation.look.overlays import burned_in_text
from simulation.truth import Film, FilmTruth

Builder = Callable[[Generator, int], Stage | Map]

# How often an archive holds each, as shares; the last three are pictures and pass no beam.
SHARES: Mapping[Builder, float] = {
    chest.chest: 0.16,
    spine.abdomen: 0.09,
    spine.spine: 0.11,
    skull.skull: 0.07,
    upper_limb.hand: 0.09,
    lower_limb.foot: 0.09,
    lower_limb.ankle: 0.07,
    upper_limb.shoulder: 0.09,
    upper_limb.elbow: 0.06,
    upper_limb.forearm: 0.04,
    lower_limb.knee: 0.07,
    artificial.phantom: 0.04,
    artificial.blank: 0.04,
    artificial.page: 0.03,
    artificial.screen: 0.02,
    artificial.photograph: 0.01,
}
# Attenuation per mm at the effective energy of a 70-80 kV beam; bone in excess of the soft tissue it displaces.
MU_SOFT, MU_BONE, MU_METAL, MU_LEAD = 0.020, 0.052, 0.5, 3.0
_LEAK = 0.003  # of the beam, through the collimator
_WHITE = 4095
_PICTURE_SPACING_MM = 0.2


def simulate_other(seed: int, size: int) -> Film:
    """A film of anything but a hip, always the same for a ``seed``; ``size`` pixels along its long edge."""
    rng = np.random.default_rng([seed, 5])
    builders, shares = list(SHARES), np.array(list(SHARES.values()))
    return render_other(builders[rng.choice(len(builders), p=shares / shares.sum())], rng, seed, size)


def render_other(builder: Builder, rng: Generator, seed: int, size: int) -> Film:
    """The film of one builder of ``SHARES``; ``seed`` only goes into its truth."""
    built = builder(rng, size)
    marks: tuple[Mark, ...] = ()
    spacing_mm = _PICTURE_SPACING_MM
    if isinstance(built, Stage):
        spacing_mm = 1 / built.px_per_mm
        display, marks = _film(built, rng)
    else:
        display = np.clip(built, 0, 1)
    for mark in marks:
        if mark.digital:
            display = np.maximum(display, mark.mask)
    if rng.random() < 0.25:
        display = np.maximum(display, burned_in_text(rng, display.shape))
    pixels = np.round(np.clip(display, 0, 1) * _WHITE).astype(np.uint16)
    height, width = pixels.shape
    truth = FilmTruth(
        seed=seed,
        person=seed,
        view="other",
        side="unknown",
        hips=(),
        markers=legible(pixels, marks),
        ischium_right=None,
        ischium_left=None,
        spacing_mm=round(spacing_mm, 5),
        width=width,
        height=height,
    )
    return Film(pixels, truth)


def _film(stage: Stage, rng: Generator) -> tuple[Map, tuple[Mark, ...]]:
    """Display values of an exposed stage, 0 to 1, bone bright, with the letters on it."""
    height, width = stage.soft.shape
    field = ExposedField.whole(width, height)
    if rng.random() < 0.6:
        insets = rng.uniform(0, float(rng.choice([0.07, 0.14])), 4) * [width, height, width, height]
        field = ExposedField.rectangle((width, height), insets, rng.normal(0, 1.5))
    spacing_mm = 1 / stage.px_per_mm
    marks: tuple[Mark, ...] = ()
    if rng.random() < 0.75:
        side, at_left = str(rng.choice(["left", "right"])), bool(rng.random() < 0.5)
        mark = side_mark(rng, (height, width), field, spacing_mm, side, at_left=at_left)
        marks = () if mark is None else (mark,)
    raw = _exposed(stage, field, [mark.mask for mark in marks if not mark.digital], rng)
    return cast("Map", develop(raw, random_look(rng, lateral=False), spacing_mm)), marks


def _exposed(stage: Stage, field: ExposedField, letters: list[Map], rng: Generator) -> Exposed:
    """What the detector reads: one effective energy, scatter, collimation, noise."""
    px, shape = stage.px_per_mm, stage.soft.shape
    lead = np.maximum.reduce([np.zeros(shape, np.float32), *letters])
    grain = band_noise(rng, shape, max(0.4 * px, 0.7), max(1.4 * px, 1.5))
    bone = np.maximum(stage.bone, 0) * np.maximum(1 + rng.uniform(0.08, 0.2) * grain, 0.3)
    soft = np.maximum(stage.soft, 0) * (1 + rng.uniform(0.004, 0.016) * band_noise(rng, shape, 3 * px, 14 * px))
    signal = np.exp(-(MU_SOFT * soft + MU_BONE * bone + MU_METAL * stage.metal + MU_LEAD * lead))
    in_body = stage.soft > 5
    typical = float(np.median(signal[in_body])) if in_body.any() else 1.0
    signal += rng.uniform(0.1, 0.4) * _blurred(np.minimum(signal, 2.5 * typical) * (soft / (soft + 60)), 40 * px)
    exposed = field.mask(shape, rng.uniform(0.5, 2) * px)
    signal *= _LEAK + (1 - _LEAK) * exposed
    photons = np.exp(rng.uniform(np.log(1500), np.log(12000))) * (0.4 * px) ** -2 / typical
    signal += np.sqrt(np.maximum(signal, 1e-9) / np.float32(photons)) * rng.standard_normal(shape, np.float32)
    signal = cv2.GaussianBlur(np.maximum(signal, 1e-7), (0, 0), rng.uniform(0.4, 0.9))
    # one millimetre of table top: a film of nothing is developed by what there is
    return Exposed(-np.log(np.maximum(signal, 1e-7)), exposed, stage.soft + 1, stage.metal, lead)


def _blurred(image: Map, sigma_px: float) -> Map:
    """Wide Gaussian blur, computed at an eighth of the resolution."""
    height, width = image.shape
    small = cv2.resize(image, (width // 8, height // 8), interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.GaussianBlur(small, (0, 0), sigma_px / 8), (width, height), interpolation=cv2.INTER_LINEAR)
