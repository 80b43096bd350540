"""Lead letters and burned-in text."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from simulation.beam.collimation import Box, ExposedField
from simulation.geometry.camera import Raster
from simulation.people.skeleton import SIDES
from simulation.scene import Scene
from simulation.spec import HIP_VIEWS, FilmSpec
from simulation.truth import MarkerTruth
from simulation.views.picture import Picture
from simulation.views.positioning import Aim

_FONTS = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX)
_NOTES = (
    "PORTABLE", "SUPINE", "ERECT", "75 kVp", "70 KV 20 MAS", "12.5 mAs", "EI 412", "S 233", "DI -0.6", "CR 35x43",
    "GRID", "AEC", "100%", "ROOM 2", "40 IN", "W 4095", "EXP 3", "FOR REVIEW", "OUT-PT", "IP 7",
)  # fmt: skip


_MARKED_SHARE = 0.9  # of films
LEGIBLE = 0.16  # of the display's range within the letter's box; chosen by eye on eight films, no reader was asked


@dataclass(frozen=True, slots=True)
class Mark:
    """A letter on the film."""

    mask: Raster  # (H, W), 0 to 1
    digital: bool  # drawn into the image; else lead in the beam
    truth: MarkerTruth


def contrast(pixels: NDArray[np.generic], box: tuple[float, float, float, float]) -> float:
    """Between the dark and the bright twentieth of a box (x0, y0, x1, y1), in the units of ``pixels`` (H, W)."""
    x0, y0, x1, y1 = (round(v) for v in box)
    dark, bright = np.percentile(pixels[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1], [5, 95])
    return float(bright - dark)


def legible(
    pixels: NDArray[np.uint16], marks: Sequence[Mark], picture: Picture | None = None
) -> tuple[MarkerTruth, ...]:
    """The marks that can be read on a film of 12 bits; lead over the bright end of a lateral drowns.

    ``picture`` says how the plate of the marks became the film.
    """
    truths = [mark.truth if picture is None else _carried(mark.truth, picture) for mark in marks]
    return tuple(truth for truth in truths if truth and contrast(pixels, truth.box) >= LEGIBLE * 4095)


def _carried(truth: MarkerTruth, picture: Picture) -> MarkerTruth | None:
    """A mark in the film's pixels; None where less than all of it is on the film."""
    x0, y0, x1, y1 = truth.box
    corners = picture.carry([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
    if not picture.field.contains(corners).all():
        return None
    low, high = corners.min(0), corners.max(0)
    box = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
    return replace(truth, box=box, mirrored=truth.mirrored != picture.mirrored)


def side_marks(spec: FilmSpec, scene: Scene, exposed: ExposedField, aimed: Aim) -> tuple[Mark, ...]:
    """Correct letters: beside the hip they name; on films of both sides near its edge."""
    rng = spec.stream("markers")
    if not (spec.marker or (spec.marker is None and rng.random() <= _MARKED_SHARE)):
        return ()
    anywhere = spec.view not in HIP_VIEWS or spec.view == "cross_table_lateral"
    sides = [spec.side]
    if aimed.bilateral:
        sides = [str(rng.choice(list(SIDES)))] if rng.random() < 0.85 else list(SIDES)
    marks = []
    for side in sides:
        at_left = bool(rng.random() < 0.5) if anywhere and not aimed.bilateral else side == "right"
        mark = side_mark(rng, scene.camera.shape, exposed, scene.camera.spacing_mm, side, at_left=at_left)
        if mark is not None:
            marks.append(mark)
    return tuple(marks)


def side_mark(
    rng: np.random.Generator,
    shape: tuple[int, int],
    exposed: ExposedField,
    spacing_mm: float,
    side: str,
    *,
    at_left: bool,
) -> Mark | None:
    """A letter for the side near one edge of the exposed field; None where no place was found."""
    letter = "R" if side == "right" else "L"
    text = rng.choice([letter, letter, letter, letter + "T", "RIGHT" if letter == "R" else "LEFT"])
    stamp = _stamp(rng, str(text), rng.uniform(9, 20) / spacing_mm * (0.6 if len(text) > 2 else 1.0))
    low, high = exposed.corners.min(0), exposed.corners.max(0)
    size = np.array(stamp.shape[::-1])
    for _attempt in range(12):
        inset = rng.uniform(0.02, 0.10) * (high[0] - low[0])
        x = low[0] + inset if at_left else high[0] - inset - size[0]
        y = low[1] + rng.beta(0.3, 0.3) * max(high[1] - low[1] - size[1], 1)
        corner = np.round([x, y]).astype(int)
        outline = corner + np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * size
        if exposed.contains(outline).all():
            mask = _laid(stamp, corner, shape)
            return Mark(mask, bool(rng.random() < 0.3), MarkerTruth(side, _bounds(mask)))
    return None


def burned_in_text(rng: np.random.Generator, shape: tuple[int, int]) -> Raster:
    """Technique notes that say nothing about the view, in some corner; the text's mask."""
    mask = np.zeros(shape, np.float32)
    scale = rng.uniform(0.35, 0.7) * max(shape) / 768
    font = int(rng.choice(_FONTS))
    left = int(shape[1] * rng.choice([0.02, 0.68]))
    top = int(shape[0] * rng.choice([0.05, 0.82]))
    for row in range(rng.integers(1, 5)):
        note = str(rng.choice(_NOTES))
        cv2.putText(mask, note, (left, top + int(row * 34 * scale)), font, scale, 1.0, 1, cv2.LINE_AA)
    return mask


def _stamp(rng: np.random.Generator, text: str, height_px: float) -> NDArray[np.float32]:
    """The letter with its frame, turned a little, cropped to what is drawn."""
    font = int(rng.choice(_FONTS))
    thickness = max(1, round(height_px * rng.uniform(0.07, 0.18)))
    (_, tall), _ = cv2.getTextSize(text, font, 1.0, 1)
    scale = height_px / tall
    (wide, tall), _ = cv2.getTextSize(text, font, scale, thickness)
    pad = int(height_px * 0.7) + 4
    canvas = np.zeros((tall + 2 * pad, wide + 2 * pad), np.float32)
    style = rng.choice(["plain", "plain", "box", "circle", "plate"])
    middle = (canvas.shape[1] // 2, canvas.shape[0] // 2)
    if style == "plate":
        gap = int(height_px * 0.3)
        cv2.rectangle(canvas, (pad - gap, pad - gap), (pad + wide + gap, pad + tall + gap), 1.0, -1)
    cv2.putText(canvas, text, (pad, pad + tall), font, scale, 0.0 if style == "plate" else 1.0, thickness, cv2.LINE_AA)
    line = max(1, thickness // 2)
    if style == "box":
        gap = int(height_px * 0.4)
        cv2.rectangle(canvas, (pad - gap, pad - gap), (pad + wide + gap, pad + tall + gap), 1.0, line, cv2.LINE_AA)
    if style == "circle":
        cv2.circle(canvas, middle, int(max(wide, tall) * 0.5 + height_px * 0.4), 1.0, line, cv2.LINE_AA)
    angle = float(np.clip(rng.normal(0, 7), -25, 25))
    side = int(np.hypot(*canvas.shape)) + 4
    turn = cv2.getRotationMatrix2D(middle, angle, 1.0)
    turn[:, 2] += np.array([side / 2, side / 2]) - middle
    turned = cv2.warpAffine(canvas, turn, (side, side))
    rows, columns = np.nonzero(turned > 0.3)
    return turned[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def _laid(stamp: NDArray[np.float32], corner: NDArray[np.int64], shape: tuple[int, int]) -> Raster:
    mask = np.zeros(shape, np.float32)
    x, y = corner
    mask[y : y + stamp.shape[0], x : x + stamp.shape[1]] = stamp[: shape[0] - y, : shape[1] - x]
    return mask


def _bounds(mask: Raster) -> Box:
    rows, columns = np.nonzero(mask > 0.3)
    return float(columns.min()), float(rows.min()), float(columns.max()), float(rows.max())
