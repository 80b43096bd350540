"""Crops of side letters, and of what is none, as the reader of letters learns from them."""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from simulation.truth import FilmTruth
from training.films import REFILTERED_SHARE, LabelledFilm, change_look, refiltered
from training.more_letters import with_letters

CROP = 96  # pixels
MARGIN = 1.3  # of the crop over the longer side of its box
LEAST_SIDE = 12.0  # of a box, in canvas pixels
# Even is right, odd is left; the second two stand the wrong way round.
READINGS = ("right", "left", "right_mirrored", "left_mirrored", "none")
NONE = READINGS.index("none")
PROPOSED_SHARE = 0.4  # of examples: as the detector boxed it; the others as it is
ANYWHERE_SHARE = 0.2  # of the others: a square of the film where no letter is
TILTED_SHARE = 0.25  # of examples: as the marker was stuck on, in any direction but upside down
NEAR = 0.4  # of a letter's longer side: a box whose middle is nearer to the letter's is of that letter

Box = tuple[float, float, float, float]


def reading(truth: FilmTruth, box: Sequence[float]) -> int | None:
    """Which of ``READINGS`` a box (x0, y0, x1, y1) in canvas pixels holds; None where nobody has to know.

    That is where it holds a part of a letter, or one that is faint or cut, which may be read or not.
    """
    middle, low, high = _middle(box), np.array(box[:2]), np.array(box[2:])
    touched = any(_touches(low, high, faint.box) for faint in truth.faint_markers)
    for marker in truth.markers:
        long = max(marker.box[2] - marker.box[0], marker.box[3] - marker.box[1])
        if np.abs(middle - _middle(marker.box)).max() < NEAR * long and 0.4 < (high - low).max() / long < 2.5:
            return READINGS.index(f"{marker.side}_mirrored" if marker.mirrored else marker.side)
        touched |= _touches(low, high, marker.box)
    return None if touched else NONE


def _touches(low: NDArray[np.float64], high: NDArray[np.float64], box: Box) -> bool:
    return bool((low < box[2:]).all() and (high > box[:2]).all())


def crop(
    canvas: NDArray[np.uint8], box: Sequence[float], turn_deg: float = 0.0, margin: float = MARGIN
) -> NDArray[np.float32]:
    """(96, 96) in [0, 1] around a box in canvas pixels, sampled at twice that and averaged, as the graph does."""
    side, double = crop_side(box, margin), 2 * CROP
    (x, y), middle = _middle(box), (double - 1) / 2
    matrix = cv2.getRotationMatrix2D((x, y), turn_deg, double / side)
    matrix[:, 2] += middle - np.array([x, y])
    return cv2.resize(cv2.warpAffine(canvas, matrix, (double, double)), (CROP, CROP), interpolation=cv2.INTER_AREA) / (
        np.float32(255)
    )


def crop_side(box: Sequence[float], margin: float = MARGIN) -> float:
    """Of the square around a box, in canvas pixels."""
    return margin * max(box[2] - box[0], box[3] - box[1], LEAST_SIDE)


def example(
    film: LabelledFilm, boxes: Sequence[Box], rng: np.random.Generator, *, plain: bool = False
) -> tuple[NDArray[np.float32], int]:
    """One augmented crop (96, 96) and what it reads; mirrored in half of all cases. ``plain``: of no other look."""
    while True:
        if rng.random() < PROPOSED_SHARE:
            shown, box = film, boxes[rng.integers(0, len(boxes))]
        else:
            shown = with_letters(film, rng)
            box = _anywhere(shown, rng)
        box = _jittered(box, rng)
        label = reading(shown.truth, box)
        if label is not None:
            break
    image = crop(shown.canvas, box, rng.uniform(-100, 100) if rng.random() < TILTED_SHARE else rng.normal(0, 4))
    if rng.random() < 0.5:
        image, label = image[:, ::-1], label if label == NONE else (label + 2) % 4
    image = np.ascontiguousarray(image)
    if plain:
        return image, label
    look = change_look(image, rng)
    return (refiltered(look, rng) if rng.random() < REFILTERED_SHARE else look), label


def _anywhere(film: LabelledFilm, rng: np.random.Generator) -> Box:
    """The box of one of the film's letters, or a square as large as a letter."""
    if film.truth.markers and rng.random() >= ANYWHERE_SHARE:
        return film.truth.markers[rng.integers(0, len(film.truth.markers))].box
    side = float(np.exp(rng.uniform(*np.log((14, 110)))))
    x, y = rng.uniform(0, len(film.canvas) - side, 2)
    return x, y, x + side, y + side


def _jittered(box: Box, rng: np.random.Generator) -> Box:
    """About as far off as the detector's boxes are, and as much closer or wider as the graph looks."""
    long, (x, y) = max(box[2] - box[0], box[3] - box[1]), _middle(box)
    x, y = np.array([x, y]) + rng.normal(0, 0.07, 2) * long
    w, h = np.array([box[2] - box[0], box[3] - box[1]]) * np.exp(rng.normal(0, 0.12, 2) + rng.normal(0, 0.17)) / 2
    return float(x - w), float(y - h), float(x + w), float(y + h)


def _middle(box: Sequence[float]) -> NDArray[np.float64]:
    return np.array([(box[0] + box[2]) / 2, (box[1] + box[3]) / 2])
