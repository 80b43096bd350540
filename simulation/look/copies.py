"""What copying does to a film's grey values; none of it moves anything. Films are (H, W) from 0 to 1."""

import cv2
import numpy as np

from simulation.geometry.camera import Raster


def resampled(rng: np.random.Generator, shown: Raster) -> Raster:
    """Made small by somebody and enlarged again."""
    factor = rng.uniform(1.3, 4)
    size = (max(16, round(shown.shape[1] / factor)), max(16, round(shown.shape[0] / factor)))
    small = cv2.resize(shown, size, interpolation=cv2.INTER_AREA)
    way = int(rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC]))
    return np.clip(cv2.resize(small, shown.shape[::-1], interpolation=way), 0, 1)


def compressed(rng: np.random.Generator, shown: Raster) -> Raster:
    """Eight bits through JPEG."""
    stored = np.round(np.clip(shown, 0, 1) * 255).astype(np.uint8)
    _, code = cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(15, 85))])
    return cv2.imdecode(code, cv2.IMREAD_GRAYSCALE).astype(np.float32) / np.float32(255)


def posterised(rng: np.random.Generator, shown: Raster) -> Raster:
    """A few dozen grey levels."""
    levels = np.float32(rng.integers(16, 65))
    return np.round(np.clip(shown, 0, 1) * levels) / levels


def digitised(rng: np.random.Generator, shown: Raster) -> Raster:
    """Film grain, dust, hairs and scratches, a lamp that is not even, perhaps a label."""
    out = shown ** np.float32(rng.uniform(0.8, 1.5))
    out *= _lamp(rng, shown.shape, 0.18)
    grain = cv2.GaussianBlur(rng.standard_normal(shown.shape, np.float32), (0, 0), rng.uniform(0.5, 1.0))
    out += np.float32(rng.uniform(0.01, 0.04)) * grain
    for _ in range(rng.integers(0, 25)):
        _hair(rng, out)
    if rng.random() < 0.3:
        size = np.array(shown.shape[::-1])
        corner = rng.choice([0.02, 0.72], 2) * size
        far = corner + rng.uniform([0.12, 0.05], [0.26, 0.12]) * size
        cv2.rectangle(out, tuple(corner.astype(int).tolist()), tuple(far.astype(int).tolist()), rng.uniform(0, 1), -1)
    floor, ceiling = rng.uniform(0, 0.12), rng.uniform(0.85, 1.0)
    return np.clip(floor + (ceiling - floor) * out, 0, 1)


def photographed(rng: np.random.Generator, shown: Raster) -> Raster:
    """The screen's dots against the camera's, a reflection, dark corners, a camera's curve and noise."""
    height, width = shown.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    out = shown * _lamp(rng, shown.shape, 0.35)
    if rng.random() < 0.7:
        waves = np.float32(rng.uniform(0.01, 0.06))
        for _ in range(2):
            along = rng.normal(0, 0.5, 2).astype(np.float32)
            out *= 1 + waves * np.sin(x * along[0] + y * along[1])
    if rng.random() < 0.5:
        place, reach = rng.uniform(0, 1, 2) * [width, height], rng.uniform(0.05, 0.3) * width
        distance = ((x - np.float32(place[0])) ** 2 + (y - np.float32(place[1])) ** 2) / np.float32(2 * reach**2)
        out += np.float32(rng.uniform(0.05, 0.35)) * np.exp(-distance)
    out = cv2.GaussianBlur(out, (0, 0), rng.uniform(0.5, 1.3))
    out += np.float32(rng.uniform(0.005, 0.03)) * rng.standard_normal(shown.shape, np.float32)
    return np.clip(out, 0, 1) ** np.float32(rng.uniform(0.7, 1.3))


def _lamp(rng: np.random.Generator, shape: tuple[int, int], strength: float) -> Raster:
    """Uneven light about one."""
    coarse = rng.uniform(1 - strength, 1.0, (3, 3)).astype(np.float32)
    return cv2.resize(coarse, shape[::-1], interpolation=cv2.INTER_CUBIC)


def _hair(rng: np.random.Generator, out: Raster) -> None:
    """A hair, a scratch or a speck of dust."""
    size = np.array(out.shape[::-1])
    start, steps = rng.uniform(0, 1, 2) * size, int(rng.integers(1, 16))
    turns = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, 0.35, steps))
    path = start + np.cumsum(np.stack([np.cos(turns), np.sin(turns)], 1), 0) * rng.uniform(1, 6)
    grey = float(rng.choice([0.0, 1.0]))
    cv2.polylines(out, [np.round(path * 8).astype(np.int32)], isClosed=False, color=grey, thickness=1,
                  lineType=cv2.LINE_AA, shift=3)  # fmt: skip
