"""What somebody pasted on a film with a drawing tool: blocks of text, tables, angles, templates, rulers, block arrows.

Only films of the "shifted" mixture carry these. The overlays of training are thin, few and seldom on the bone; these
are filled, thick, with outlines, and drawn where the hip is.
"""

import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from simulation.geometry.camera import Raster

Points = NDArray[np.float64]  # (n, 2) film pixels
Corners = tuple[NDArray[np.float64], NDArray[np.float64]]  # low and high, (2,) each
_Draw = Callable[[np.random.Generator, Raster, Points], None]
_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_TRIPLEX, cv2.FONT_ITALIC)
_LINES = (
    "Fig. 2", "Fig. 4a", "case 7", "pre-op", "post-op 6 wk", "12 months", "ASIA", "HU 41", "templated", "size 52",
    "offset 41.5", "LLD 6.2 mm", "NSA 131", "v 2.1", "draft", "poster 118", "follow-up", "grade II", "stem 11",
)  # fmt: skip
_LANDMARK_MM = 22.0  # round a landmark
_MOST_COVERED = 0.2  # of what lies round a landmark
_SHIFT = 4  # fractional bits of drawn coordinates


def paste(
    rng: np.random.Generator, shown: Raster, near: Points, letters: Sequence[Corners], spacing_mm: float
) -> Raster:
    """Two to five things pasted on a film, (H, W) from 0 to 1.

    Args:
        rng: random numbers.
        shown: the film.
        near: landmarks, (n, 2) pixels, round which things are drawn and of which most stays to be seen.
        letters: corners of the side letters' boxes, which stay as they are.
        spacing_mm: of a pixel.
    """
    out = shown
    for index in rng.choice(len(_PASTED), int(rng.integers(2, 6)), replace=False):
        for _attempt in range(8):
            drawn = out.copy()
            _PASTED[int(index)](rng, drawn, near)
            if _leaves(drawn != shown, near, letters, _LANDMARK_MM / spacing_mm):
                out = drawn
                break
    return np.clip(out, 0, 1)


def _leaves(changed: NDArray[np.bool_], near: Points, letters: Sequence[Corners], radius_px: float) -> bool:
    """Whether the letters are as they were and no landmark is covered."""
    size = np.array(changed.shape[::-1])
    for low, high in letters:
        (x0, y0), (x1, y1) = (np.clip(np.round(v), 0, size).astype(int) for v in (low, high))
        if changed[y0:y1, x0:x1].any():
            return False
    for point in near:
        (x0, y0), (x1, y1) = (np.clip(np.round(point + v), 0, size).astype(int) for v in (-radius_px, radius_px))
        if changed[y0:y1, x0:x1].size and changed[y0:y1, x0:x1].mean() > _MOST_COVERED:
            return False
    return True


def _block(rng: np.random.Generator, out: Raster, _near: Points) -> None:
    """A filled box with lines of text in a corner or along an edge."""
    size, font = np.array(out.shape[::-1]), int(rng.choice(_FONTS))
    scale, rows = max(out.shape) / 768 * rng.uniform(0.5, 0.9), int(rng.integers(1, 5))
    texts = [str(rng.choice(_LINES)) for _ in range(rows)]
    wide = max(cv2.getTextSize(text, font, scale, 1)[0][0] for text in texts) + 14 * scale
    box = np.array([wide, 30 * scale * rows + 8 * scale])
    corner = np.clip(rng.choice([0.0, 0.5, 1.0], 2) * (size - box), 0, None)
    paper = float(rng.choice([0.0, 1.0, 0.75]))
    _filled(out, corner + np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * box, paper)
    for row, text in enumerate(texts):
        place = corner + np.array([7, 30 * (row + 0.8)]) * scale
        cv2.putText(out, text, _at(place), font, scale, 1 - paper, max(1, round(1.6 * scale)), cv2.LINE_AA)


def _angle(rng: np.random.Generator, out: Raster, near: Points) -> None:
    """An angle between two rays with its arc and its number."""
    reach = max(out.shape) * rng.uniform(0.15, 0.4)
    vertex = near[rng.integers(len(near))] + rng.normal(0, 0.08, 2) * max(out.shape)
    start, opening = rng.uniform(0, 360), rng.uniform(15, 140)
    thick, grey = _pen(rng, out), float(rng.choice([1.0, 0.9, 0.0]))
    for turn in (start, start + opening):
        _line(out, vertex, vertex + reach * _way(turn), grey, thick)
    sweep = np.linspace(start, start + opening, 30)
    _path(out, np.array([vertex + 0.35 * reach * _way(turn) for turn in sweep]), grey, thick)
    _number(rng, out, vertex + 0.45 * reach * _way(start + opening / 2), opening)


def _baseline(rng: np.random.Generator, out: Raster, near: Points) -> None:
    """A line right across the film with a square foot at either end and a perpendicular."""
    middle = near.mean(0) + rng.normal(0, 0.1, 2) * max(out.shape)
    along, thick = _way(rng.normal(0, 12) + (90 if rng.random() < 0.3 else 0)), _pen(rng, out)
    across = np.array([-along[1], along[0]])
    first, last = middle - along * out.shape[1], middle + along * out.shape[1]
    if rng.random() < 0.5:
        _line(out, first, last, 1.0, thick)
    else:
        _dashed(out, first, last, thick)
    _line(out, middle, middle + across * rng.uniform(-0.3, 0.3) * max(out.shape), 1.0, thick)


def _template(rng: np.random.Generator, out: Raster, near: Points) -> None:
    """Circles with cross-hairs, as for templating a cup or finding a head's centre."""
    grey, thick = float(rng.choice([1.0, 0.85, 0.0])), _pen(rng, out)
    for _ in range(int(rng.integers(1, 4))):
        centre = near[rng.integers(len(near))] + rng.normal(0, 0.05, 2) * max(out.shape)
        radius = max(out.shape) * rng.uniform(0.04, 0.14)
        _path(out, np.array([centre + radius * _way(turn) for turn in np.linspace(0, 360, 73)]), grey, thick)
        for turn in (0, 90):
            _line(out, centre - 0.3 * radius * _way(turn), centre + 0.3 * radius * _way(turn), grey, thick)


def _bar(rng: np.random.Generator, out: Raster, _near: Points) -> None:
    """A filled ruler with dark graduations, laid askew over the film."""
    size, turn = np.array(out.shape[::-1]), rng.choice([0, 90]) + rng.normal(0, 14)
    length, wide = rng.uniform(0.4, 0.9) * max(out.shape), rng.uniform(0.02, 0.05) * max(out.shape)
    along, across = _way(turn), _way(turn + 90)
    start = rng.uniform(0.1, 0.9, 2) * size - along * length / 2
    grey = rng.uniform(0.7, 1.0)
    _filled(out, [start, start + along * length, start + along * length + across * wide, start + across * wide], grey)
    count = int(rng.integers(10, 41))
    for k in range(count + 1):
        foot = start + along * length * k / count
        _line(out, foot, foot + across * wide * (0.7 if k % 5 == 0 else 0.4), 0.05, 1)


def _block_arrow(rng: np.random.Generator, out: Raster, near: Points) -> None:
    """Filled arrows with an outline of the other colour that point at the bone."""
    grey = float(rng.choice([1.0, 0.0, 0.6]))
    for _ in range(int(rng.integers(1, 5))):
        tip = near[rng.integers(len(near))] + rng.normal(0, 0.12, 2) * max(out.shape)
        along, long = _way(rng.uniform(0, 360)), max(out.shape) * rng.uniform(0.05, 0.12)
        across, wide = np.array([-along[1], along[0]]), long * rng.uniform(0.12, 0.3)
        shape = [(0, 0), (0.4, 1.6), (0.4, 0.6), (1, 0.6), (1, -0.6), (0.4, -0.6), (0.4, -1.6)]
        outline = np.array([tip - along * long * a + across * wide * b for a, b in shape])
        _filled(out, outline, grey)
        _path(out, np.vstack([outline, outline[:1]]), 1 - grey, 1)


def _table(rng: np.random.Generator, out: Raster, _near: Points) -> None:
    """A small table of numbers on an opaque ground."""
    scale, rows, columns = (
        max(out.shape) / 768 * rng.uniform(0.4, 0.6),
        int(rng.integers(2, 6)),
        int(rng.integers(2, 4)),
    )
    cell = np.array([76, 26]) * scale
    corner = rng.uniform(0, 1, 2) * np.maximum(out.shape[::-1] - cell * [columns, rows], 0)
    ground = float(rng.choice([0.0, 1.0]))
    for row in range(rows):
        for column in range(columns):
            low = corner + cell * [column, row]
            outline = low + np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * cell
            _filled(out, outline, ground)
            _path(out, np.vstack([outline, outline[:1]]), 1 - ground, 1)
            note = f"{rng.uniform(1, 140):.1f}" if column else str(rng.choice(["I", "A", "mm", "n", "d"]))
            cv2.putText(out, note, _at(low + np.array([5, 19]) * scale), _FONTS[0], scale, 1 - ground, 1, cv2.LINE_AA)


_PASTED: tuple[_Draw, ...] = (_block, _angle, _baseline, _template, _bar, _block_arrow, _table)


def _number(rng: np.random.Generator, out: Raster, place: Points, value: float) -> None:
    """A number with a degree sign, outlined so that it reads on any ground."""
    scale = max(max(out.shape) / 768 * rng.uniform(0.55, 1.0), 0.3)
    text, thick = f"{value:.1f}", max(1, round(1.5 * scale))
    wide = cv2.getTextSize(text, _FONTS[1], scale, thick)[0][0]
    for grey, stroke in ((0.0, thick + 2 * max(1, round(1.5 * scale))), (1.0, thick)):
        cv2.putText(out, text, _at(place), _FONTS[1], scale, grey, stroke, cv2.LINE_AA)
        ring = place + np.array([wide + 5 * scale, -18 * scale])
        _path(out, np.array([ring + 3 * scale * _way(turn) for turn in range(0, 361, 30)]), grey, stroke)


def _dashed(out: Raster, first: Points, last: Points, thick: int) -> None:
    cuts = np.linspace(0, 1, 2 * int(np.linalg.norm(last - first) / max(out.shape) * 30) + 1)
    for low, high in zip(cuts[::2], cuts[1::2], strict=False):
        _line(out, first + (last - first) * low, first + (last - first) * high, 1.0, thick)


def _line(out: Raster, first: Points, last: Points, grey: float, thick: int) -> None:
    _path(out, np.stack([first, last]), grey, thick)


def _path(out: Raster, points: Points, grey: float, thick: int) -> None:
    fixed = np.round(points * 2**_SHIFT).astype(np.int32)
    cv2.polylines(out, [fixed], isClosed=False, color=grey, thickness=thick, lineType=cv2.LINE_AA, shift=_SHIFT)


def _filled(out: Raster, outline: object, grey: float) -> None:
    fixed = np.round(np.asarray(outline, float) * 2**_SHIFT).astype(np.int32)
    cv2.fillPoly(out, [fixed], grey, cv2.LINE_AA, _SHIFT)


def _pen(rng: np.random.Generator, out: Raster) -> int:
    return max(1, round(max(out.shape) / 768 * float(rng.choice([1, 2, 3, 4]))))


def _way(turn_deg: float) -> Points:
    return np.array([math.cos(math.radians(turn_deg)), math.sin(math.radians(turn_deg))])


def _at(place: Points) -> tuple[int, int]:
    return round(float(place[0])), round(float(place[1]))
