"""From the detector's reading to the film that is stored: the looks of many vendors and departments."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from simulation.beam.exposure import Exposed
from simulation.geometry.camera import Raster

_DOWN = 8


@dataclass(frozen=True, slots=True)
class Look:
    """How a department processes its films."""

    equalised: float  # share of the slow background that is taken away
    fine_edge: float
    coarse_edge: float
    steepness: float
    midpoint: float
    headroom: float  # in tissue contrast, kept for metal before it is white
    gamma: float
    black: float
    white: float
    shuttered: bool  # unexposed borders are black; else as bright as they were read


def random_look(rng: np.random.Generator, *, lateral: bool) -> Look:
    """Any department's look; horizontal beams need more equalisation."""
    plain = rng.random() < 0.15  # like film and screen
    equalised = rng.uniform(0.0, 0.35) if plain else rng.uniform(0.4, 0.85)
    return Look(
        equalised=min(0.92, equalised + (0.15 if lateral else 0.0)),
        fine_edge=rng.uniform(0.0, 0.3) if plain else rng.uniform(0.1, 1.1),
        coarse_edge=rng.uniform(0.0, 0.35),
        steepness=rng.uniform(2.6, 5.4),
        midpoint=rng.uniform(0.36, 0.60),
        headroom=rng.uniform(1.9, 3.2) if rng.random() < 0.3 else rng.uniform(1.25, 1.9),
        gamma=math.exp(rng.normal(0, 0.22)),
        black=max(0.0, rng.normal(0.0, 0.04)),
        white=min(1.0, rng.normal(1.0, 0.08)),
        shuttered=bool(rng.random() < 0.85),
    )


def develop(raw: Exposed, look: Look, spacing_mm: float) -> Raster:
    """Display values from 0 to 1, bone bright."""
    x = raw.density
    usable = (raw.exposed > 0.98) & (raw.tissue > 15) & (raw.marks < 0.01)
    plain = usable & (raw.metal < 0.3)
    if plain.sum() < 1000:
        plain = usable if usable.sum() >= 1000 else np.ones_like(usable)
        usable = plain
    y = x - look.equalised * _background(x, plain, usable, spacing_mm)
    y += look.fine_edge * (x - cv2.GaussianBlur(x, (0, 0), 0.9 / spacing_mm))
    y += look.coarse_edge * (x - cv2.GaussianBlur(x, (0, 0), 4 / spacing_mm))
    thick = plain & (raw.tissue > 0.45 * np.percentile(raw.tissue[usable][::7], 90))
    low, high = np.percentile(y[thick][::7], [3, 99.6])
    toned = _sigmoid((y - low) / (high - low), look)
    film = look.black + (look.white - look.black) * np.clip(toned, 0, 1) ** look.gamma
    return film * np.clip(raw.exposed * 1.2 - 0.1, 0, 1) if look.shuttered else film


def _background(x: Raster, plain: Raster, usable: Raster, spacing_mm: float) -> Raster:
    """The slow part of the film, without its mean."""
    limits = np.percentile(x[plain][::17], [4, 97])
    size = (x.shape[1] // _DOWN, x.shape[0] // _DOWN)
    small = cv2.resize(np.clip(x, *limits), size, interpolation=cv2.INTER_AREA)
    slow = cv2.GaussianBlur(small, (0, 0), 30 / spacing_mm / _DOWN)
    full = cv2.resize(slow, x.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return full - np.float32(full[usable].mean())


def _sigmoid(y: Raster, look: Look) -> Raster:
    def curve(value: float) -> float:
        return 1 / (1 + math.exp(-look.steepness * (value - look.midpoint)))

    bottom, top = curve(-0.25), curve(look.headroom)
    toned = 1 / (1 + np.exp(-np.float32(look.steepness) * (y - np.float32(look.midpoint))))
    return (toned - np.float32(bottom)) / np.float32(top - bottom)
