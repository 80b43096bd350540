"""What stations and readers burn into the image: technique notes, rulers, lines with angles. None names a person."""

from collections.abc import Callable

import cv2
import numpy as np

from simulation.geometry.camera import Raster

_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_PLAIN)
_NOTES = (
    "PORTABLE", "SUPINE", "ERECT", "75 kVp", "70 KV 20 MAS", "12.5 mAs", "EI 412", "S 233", "DI -0.6", "CR 35x43",
    "GRID", "AEC", "100%", "ROOM 2", "40 IN", "W 4095", "EXP 3", "FOR REVIEW", "OUT-PT", "IP 7", "C 2048 W 4096",
    "12-03-2011 10:42", "2016/08/25", "Zoom 37%", "Se:1 Im:2", "PELVIS AP", "HIP LAT", "SID 115", "NOT FOR DIAGNOSIS",
)  # fmt: skip


def overlays(rng: np.random.Generator, shown: Raster, spacing_mm: float) -> tuple[Raster, tuple[str, ...]]:
    """The film, (H, W) from 0 to 1, with what was burned into it, and what that is."""
    drawn: list[str] = []
    for share, draw in _OVERLAYS:
        if rng.random() < share:
            mask, grey = draw(rng, shown.shape, spacing_mm)
            shown = shown * (1 - mask) + mask * np.float32(grey)
            drawn.append(draw.__name__.strip("_"))
    return shown, tuple(drawn)


def burned_in_text(rng: np.random.Generator, shape: tuple[int, int]) -> Raster:
    """Technique notes that say nothing about the view, in some corner; the text's mask, (H, W) from 0 to 1."""
    mask = np.zeros(shape, np.float32)
    scale = rng.uniform(0.35, 0.7) * max(shape) / 768
    font = int(rng.choice(_FONTS))
    left, top = int(shape[1] * rng.choice([0.02, 0.68])), int(shape[0] * rng.choice([0.05, 0.82]))
    for row in range(rng.integers(1, 6)):
        note = str(rng.choice(_NOTES))
        cv2.putText(mask, note, (left, top + int(row * 34 * scale)), font, scale, 1.0, 1, cv2.LINE_AA)
    return mask


def _text(rng: np.random.Generator, shape: tuple[int, int], _spacing_mm: float) -> tuple[Raster, float]:
    return burned_in_text(rng, shape), float(rng.choice([1.0, 0.75]))


def _ruler(rng: np.random.Generator, shape: tuple[int, int], spacing_mm: float) -> tuple[Raster, float]:
    """A scale of centimetres along an edge."""
    mask = np.zeros(shape, np.float32)
    step, count = 10 / spacing_mm, int(rng.integers(5, 21))
    upright = rng.random() < 0.7
    along, across = (shape[0], shape[1]) if upright else (shape[1], shape[0])
    place = int(across * rng.choice([0.02, 0.97]))
    start = (along - count * step) * rng.uniform(0.3, 0.7)
    inward = -1 if place > across / 2 else 1
    for k in range(count + 1):
        at, reach = round(start + k * step), round((9 if k % 5 == 0 else 5) * max(shape) / 768)
        ends = ((place, at), (place + inward * reach, at))
        cv2.line(mask, *(ends if upright else [p[::-1] for p in ends]), 1.0, 1)
    ends = ((place, round(start)), (place, round(start + count * step)))
    cv2.line(mask, *(ends if upright else [p[::-1] for p in ends]), 1.0, 1)
    return mask, 1.0


def _measurement(rng: np.random.Generator, shape: tuple[int, int], _spacing_mm: float) -> tuple[Raster, float]:
    """Lines that a reader drew, with a number beside them."""
    mask = np.zeros(shape, np.float32)
    size = np.array(shape[::-1])
    thick = int(rng.integers(1, 3))
    for _ in range(rng.integers(1, 4)):
        first, last = (rng.uniform(0.15, 0.85, 2) * size for _ in range(2))
        ends = [tuple(int(v) for v in point) for point in (first, last)]
        cv2.line(mask, *ends, 1.0, thick, cv2.LINE_AA)
        if rng.random() < 0.6:
            note = str(rng.choice([f"{rng.uniform(5, 130):.1f} mm", f"{rng.uniform(2, 70):.1f}", "A", "1"]))
            cv2.putText(mask, note, ends[1], _FONTS[0], 0.5 * max(shape) / 768, 1.0, 1, cv2.LINE_AA)
    return mask, float(rng.choice([1.0, 0.85]))


def _arrow(rng: np.random.Generator, shape: tuple[int, int], _spacing_mm: float) -> tuple[Raster, float]:
    mask = np.zeros(shape, np.float32)
    tip = rng.uniform(0.2, 0.8, 2) * shape[::-1]
    tail = tip + rng.normal(0, 0.08, 2) * max(shape)
    ends = [tuple(int(v) for v in point) for point in (tail, tip)]
    cv2.arrowedLine(mask, *ends, 1.0, int(rng.integers(1, 4)), cv2.LINE_AA, 0, 0.25)
    return mask, 1.0


def _covered(rng: np.random.Generator, shape: tuple[int, int], _spacing_mm: float) -> tuple[Raster, float]:
    """A box over what once was a name."""
    mask = np.zeros(shape, np.float32)
    size = np.array(shape[::-1])
    corner = np.array([rng.choice([0.0, 0.6]), rng.choice([0.0, 0.9])]) * size
    far = corner + rng.uniform([0.15, 0.03], [0.4, 0.1]) * size
    cv2.rectangle(mask, tuple(int(v) for v in corner), tuple(int(v) for v in far), 1.0, -1)
    return mask, float(rng.choice([0.0, 1.0, 0.4], p=[0.7, 0.2, 0.1]))


_Overlay = Callable[[np.random.Generator, tuple[int, int], float], tuple[Raster, float]]
_OVERLAYS: tuple[tuple[float, _Overlay], ...] = (
    (0.20, _text), (0.04, _ruler), (0.03, _measurement), (0.01, _arrow), (0.02, _covered),
)  # fmt: skip
