"""From the detector's reading to the film that is stored: the looks of many vendors and departments."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import cv2
import numpy as np

from simulation.beam.exposure import Exposed
from simulation.geometry.camera import Raster

_DOWN = 8


@dataclass(frozen=True, slots=True)
class Look:
    """How a department processes its films."""

    curve: str  # a key of CURVES
    equalised: float  # share of the slow background that is taken away
    fine_edge: float
    coarse_edge: float
    halo: float  # wide unsharp mask of early storage phosphors: dark rims round metal
    levels: tuple[float, float]  # percentiles of thick tissue that become the foot and the shoulder of the curve
    fooled: bool  # the histogram took in air and metal, so tissue is flat
    steepness: float
    midpoint: float
    headroom: float  # in tissue contrast, kept for metal before it is white
    gamma: float
    black: float
    white: float
    border: float | None  # grey of what the beam did not reach; None: as bright as it was read


PLAIN = Look(
    "sigmoid", 0.6, 0.4, 0.15, 0.0, (3.0, 99.6), False, 3.8, 0.48, 1.6, 1.0, 0.0, 1.0, 0.0,
)  # fmt: skip


def random_look(rng: np.random.Generator, *, lateral: bool) -> Look:
    """Any department's look; horizontal beams need more equalisation."""
    drawn = _FAMILIES[str(rng.choice(list(_FAMILIES), p=_FAMILY_SHARES))](rng)
    border = rng.choice([0.0, rng.uniform(0, 0.35), 1.0, np.nan], p=[0.62, 0.04, 0.05, 0.29])
    return replace(
        drawn,
        equalised=min(0.92, drawn.equalised + (0.15 if lateral else 0.0)),
        levels=(rng.uniform(0.5, 9.0), rng.uniform(97.0, 99.9)),
        fooled=bool(rng.random() < 0.05),
        gamma=drawn.gamma * math.exp(rng.normal(0, 0.18)),
        black=float(np.clip(rng.normal(0.0, 0.05), 0.0, 0.2)),
        white=float(np.clip(rng.normal(1.0, 0.08), 0.7, 1.0)),
        border=None if np.isnan(border) else float(border),
    )


def _multi_scale(rng: np.random.Generator) -> Look:
    """Direct radiography with multi-scale processing: flat, crisp, metal nearly white."""
    return replace(
        PLAIN,
        equalised=rng.uniform(0.45, 0.85),
        fine_edge=rng.uniform(0.2, 1.1),
        coarse_edge=rng.uniform(0.05, 0.4),
        steepness=rng.uniform(2.8, 5.2),
        midpoint=rng.uniform(0.36, 0.60),
        headroom=rng.uniform(1.3, 2.4),
    )


def _phosphor(rng: np.random.Generator) -> Look:
    """Storage phosphor with an unsharp mask, wide in its early years."""
    return replace(
        PLAIN,
        equalised=rng.uniform(0.2, 0.6),
        fine_edge=rng.uniform(0.0, 0.8),
        coarse_edge=rng.uniform(0.0, 0.5),
        halo=rng.uniform(0.2, 0.9) if rng.random() < 0.45 else 0.0,
        steepness=rng.uniform(2.6, 4.6),
        midpoint=rng.uniform(0.38, 0.62),
        headroom=rng.uniform(1.2, 2.0),
    )


def _film_screen(rng: np.random.Generator) -> Look:
    """Film and screen: no processing, a long toe, a short shoulder."""
    return replace(
        PLAIN,
        curve="film",
        equalised=rng.uniform(0.0, 0.15),
        fine_edge=rng.uniform(0.0, 0.15),
        coarse_edge=0.0,
        steepness=rng.uniform(2.6, 5.5),
        midpoint=rng.uniform(0.40, 0.68),
        headroom=rng.uniform(1.1, 1.6),
    )


def _linear(rng: np.random.Generator) -> Look:
    """A straight line through the logarithm of the signal, as when a film is stored for processing."""
    return replace(
        PLAIN,
        curve="linear",
        equalised=rng.uniform(0.0, 0.3),
        fine_edge=rng.uniform(0.0, 0.3),
        coarse_edge=rng.uniform(0.0, 0.1),
        midpoint=rng.uniform(-0.2, 0.15),
        headroom=rng.uniform(1.2, 2.6),
        gamma=math.exp(rng.normal(0, 0.25)),
    )


def _harsh(rng: np.random.Generator) -> Look:
    """Windowed narrowly by somebody: soft tissue black, bone and metal white."""
    return replace(
        PLAIN,
        equalised=rng.uniform(0.1, 0.7),
        fine_edge=rng.uniform(0.0, 1.3),
        coarse_edge=rng.uniform(0.0, 0.6),
        steepness=rng.uniform(5.0, 8.5),
        midpoint=rng.uniform(0.3, 0.75),
        headroom=rng.uniform(1.0, 1.3),
    )


_FAMILIES: Mapping[str, Callable[[np.random.Generator], Look]] = {
    "multi_scale": _multi_scale,
    "phosphor": _phosphor,
    "film_screen": _film_screen,
    "linear": _linear,
    "harsh": _harsh,
}
_FAMILY_SHARES = (0.42, 0.26, 0.12, 0.12, 0.08)


def develop(raw: Exposed, look: Look, spacing_mm: float) -> Raster:
    """Display values from 0 to 1, bone bright."""
    x = raw.density
    usable = (raw.exposed > 0.98) & (raw.tissue > 15) & (raw.marks < 0.01)
    plain = usable & (raw.metal < 0.3)
    if plain.sum() < 1000:
        plain = usable if usable.sum() >= 1000 else np.ones_like(usable)
        usable = plain
    y = x - look.equalised * _background(x, plain, usable, spacing_mm) if look.equalised else x.copy()
    for amount, radius_mm in ((look.fine_edge, 0.9), (look.coarse_edge, 4.0), (look.halo, 11.0)):
        if amount:
            y += np.float32(amount) * (x - _smoothed(x, radius_mm / spacing_mm))
    low, high = _range(y, raw, plain, usable, look)
    toned = CURVES[look.curve]((y - np.float32(low)) / np.float32(max(high - low, 1e-3)), look)
    film = look.black + (look.white - look.black) * np.clip(toned, 0, 1) ** np.float32(look.gamma)
    if look.border is None:
        return film
    inside = np.clip(raw.exposed * 1.2 - 0.1, 0, 1)
    return film * inside + np.float32(look.border) * (1 - inside)


def _range(y: Raster, raw: Exposed, plain: Raster, usable: Raster, look: Look) -> tuple[float, float]:
    """What becomes dark grey and what bright: the spread of thick tissue, unless the histogram was fooled."""
    if look.fooled:
        low, high = np.percentile(y[::4, ::4][(raw.exposed > 0.98)[::4, ::4]], [2, 99.5])
        return float(low), float(low + (high - low) / 1.3)
    thick = plain & (raw.tissue >= 0.45 * np.percentile(raw.tissue[usable][::7], 90))
    low, high = np.percentile(y[thick][::7], look.levels)
    return float(low), float(high)


def _smoothed(x: Raster, sigma_px: float) -> Raster:
    """A Gaussian blur; wide ones are made small first, narrow ones by the exact kernel."""
    factor = int(sigma_px / 2.5)
    if factor < 2:
        return cv2.GaussianBlur(x, (0, 0), sigma_px)
    small = cv2.resize(x, (x.shape[1] // factor, x.shape[0] // factor), interpolation=cv2.INTER_AREA)
    return cv2.resize(cv2.GaussianBlur(small, (0, 0), sigma_px / factor), x.shape[::-1], interpolation=cv2.INTER_LINEAR)


def _background(x: Raster, plain: Raster, usable: Raster, spacing_mm: float) -> Raster:
    """The slow part of the film, without its mean."""
    limits = np.percentile(x[plain][::17], [4, 97])
    size = (x.shape[1] // _DOWN, x.shape[0] // _DOWN)
    small = cv2.resize(np.clip(x, *limits), size, interpolation=cv2.INTER_AREA)
    slow = cv2.GaussianBlur(small, (0, 0), 30 / spacing_mm / _DOWN)
    full = cv2.resize(slow, x.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return full - np.float32(full[usable].mean())


def _sigmoid(y: Raster, look: Look) -> Raster:
    """A logistic curve that reaches white at the headroom."""
    toned = 1 / (1 + np.exp(np.clip(np.float32(-look.steepness) * (y - np.float32(look.midpoint)), -60, 60)))
    bottom, top = (1 / (1 + math.exp(-look.steepness * (v - look.midpoint))) for v in (-0.25, look.headroom))
    return (toned - np.float32(bottom)) / np.float32(top - bottom)


def _characteristic(y: Raster, look: Look) -> Raster:
    """Hurter and Driffield's curve: a Gompertz function, slow to leave black and quick to reach white."""
    steep = np.float32(look.steepness * 0.7)
    toned = 1 - np.exp(-np.exp(np.minimum(steep * (y - np.float32(look.midpoint)), np.float32(20))))
    bottom, top = (1 - math.exp(-math.exp(look.steepness * 0.7 * (v - look.midpoint))) for v in (-0.4, look.headroom))
    return (toned - np.float32(bottom)) / np.float32(top - bottom)


def _straight(y: Raster, look: Look) -> Raster:
    return (y - np.float32(look.midpoint - 0.25)) / np.float32(look.headroom - look.midpoint + 0.25)


CURVES: Mapping[str, Callable[[Raster, Look], Raster]] = {
    "sigmoid": _sigmoid,
    "film": _characteristic,
    "linear": _straight,
}
