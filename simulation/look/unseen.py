"""Looks outside the families of training: another table of greys, another grain, another border."""

from dataclasses import replace

import cv2
import numpy as np

from simulation.beam.exposure import Exposed
from simulation.geometry.camera import Raster
from simulation.look.display import PLAIN, Look, develop
from simulation.views.picture import Picture

# What the tables below work on: the logarithm of the signal on a straight line, nothing sharpened, little taken away.
_BASE: Look = replace(
    PLAIN,
    curve="linear",
    equalised=0.25,
    fine_edge=0.0,
    coarse_edge=0.0,
    midpoint=0.0,
    headroom=1.9,
    levels=(2.0, 99.7),
)


def develop_unseen(rng: np.random.Generator, raw: Exposed, spacing_mm: float) -> Raster:
    """Display values from 0 to 1, bone bright, of a look that training does not have."""
    return toned(rng, develop(raw, _BASE, spacing_mm))


def toned(rng: np.random.Generator, shown: Raster) -> Raster:
    """A film, (H, W) from 0 to 1, as a detector of no family of training shows it."""
    table = (_adaptive, _normalised, _relief)[int(rng.choice(3, p=[0.5, 0.3, 0.2]))]
    out = np.clip(table(rng, np.clip(shown, 0, 1)), 0, 1)
    return np.clip(_grained(rng, out), 0, 1).astype(np.float32)


def _adaptive(rng: np.random.Generator, shown: Raster) -> Raster:
    """Histogram equalisation in tiles with a limit on contrast, then a sigmoid."""
    tiles, limit = int(rng.integers(4, 13)), rng.uniform(1.5, 4.5)
    levels = np.round(shown * 4095).astype(np.uint16)
    equal = cv2.createCLAHE(limit, (tiles, tiles)).apply(levels).astype(np.float32) / np.float32(4095)
    equal /= np.float32(max(float(np.percentile(equal[::3, ::3], 99.9)), 1e-3))
    steep, middle = rng.uniform(4, 8), rng.uniform(0.35, 0.6)
    curve = 1 / (1 + np.exp(-np.float32(steep) * (np.minimum(equal, 1.2) - np.float32(middle))))
    low, high = (1 / (1 + np.exp(-steep * (v - middle))) for v in (0.0, 1.0))
    return (curve - np.float32(low)) / np.float32(high - low)


def _normalised(rng: np.random.Generator, shown: Raster) -> Raster:
    """Every neighbourhood brought to the same mean and spread: flat, every edge as strong as any other."""
    wide = max(shown.shape) * rng.uniform(0.03, 0.08)
    mean = cv2.GaussianBlur(shown, (0, 0), wide)
    spread = np.sqrt(np.maximum(cv2.GaussianBlur(shown * shown, (0, 0), wide) - mean * mean, 1e-5))
    flat = 0.5 + (shown - mean) / (spread + np.float32(0.05)) * np.float32(rng.uniform(0.12, 0.2))
    return np.float32(0.75) * flat + np.float32(0.25) * shown


def _relief(rng: np.random.Generator, shown: Raster) -> Raster:
    """Lit from one side, as early digital processing offered, over a compressed film."""
    turn = rng.uniform(0, 2 * np.pi)
    soft = cv2.GaussianBlur(shown, (0, 0), max(shown.shape) / 500)
    slope = np.cos(turn) * cv2.Sobel(soft, cv2.CV_32F, 1, 0) + np.sin(turn) * cv2.Sobel(soft, cv2.CV_32F, 0, 1)
    return np.sqrt(shown) * np.float32(0.8) + np.float32(rng.uniform(0.3, 0.7)) * slope


def _grained(rng: np.random.Generator, shown: Raster) -> Raster:
    """Grain that no detector of training has: rows, clots, dots of a printer, specks."""
    kind, noise = str(rng.choice(["rows", "clots", "dots", "specks"])), rng.standard_normal(shown.shape, np.float32)
    if kind == "rows":
        rows = cv2.GaussianBlur(noise[:, :1], (1, 1), 0) * np.float32(rng.uniform(0.008, 0.03))
        return shown + rows + noise * np.float32(0.01)
    if kind == "clots":
        clots = cv2.GaussianBlur(noise, (0, 0), max(shown.shape) / rng.uniform(150, 350))
        return shown * (1 + clots / clots.std() * np.float32(rng.uniform(0.03, 0.08)))
    if kind == "dots":
        y, x = np.mgrid[: shown.shape[0], : shown.shape[1]].astype(np.float32)
        pitch = np.float32(2 * np.pi / rng.uniform(3.2, 6))
        screen = np.sin((x + y) * pitch) * np.sin((x - y) * pitch)
        return shown + screen * np.float32(rng.uniform(0.03, 0.08)) * (1 - np.abs(2 * shown - 1))
    specks = (rng.random(shown.shape, np.float32) < rng.uniform(0.0005, 0.004)).astype(np.float32)
    return np.where(specks > 0, np.where(noise > 0, np.float32(1), np.float32(0)), shown)


def framed(rng: np.random.Generator, shown: Raster, picture: Picture) -> tuple[Raster, Picture]:
    """A border that no film of training has, a few hundredths of the film wide; the field ends where it begins."""
    height, width = shown.shape
    inset = round(rng.uniform(0.008, 0.035) * max(height, width))
    frame = np.zeros(shown.shape, np.float32)
    radius = inset * rng.uniform(1, 4) if rng.random() < 0.6 else 0.0
    _rounded(frame, inset, radius)
    ground = np.float32(rng.choice([1.0, 0.0, 0.55]))
    if rng.random() < 0.4:  # the graduated edge of a printed film
        ramp = np.linspace(0, 1, height, dtype=np.float32)[:, None]
        ground = np.broadcast_to(np.round(ramp * 11) / np.float32(11), shown.shape)
    out = shown * frame + ground * (1 - frame)
    if rng.random() < 0.5:
        cv2.rectangle(out, (inset // 2, inset // 2), (width - 1 - inset // 2, height - 1 - inset // 2), 0.8, 1)
    return out.astype(np.float32), picture.inset(float(inset))


def _rounded(frame: Raster, inset: int, radius: float) -> None:
    """One inside a rectangle with round corners."""
    height, width = frame.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    dx = np.abs(x - np.float32((width - 1) / 2)) - np.float32((width - 1) / 2 - inset - radius)
    dy = np.abs(y - np.float32((height - 1) / 2)) - np.float32((height - 1) / 2 - inset - radius)
    outside = np.hypot(np.maximum(dx, 0), np.maximum(dy, 0)) + np.minimum(np.maximum(dx, dy), 0)
    frame[:] = np.clip(radius + 0.5 - outside, 0, 1)
