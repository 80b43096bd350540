"""What the landmark networks learn from: crops of films with their landmarks in the crop's pixels."""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from ingest.records import CANVAS_SIZE, CUP_LANDMARKS, View
from simulation.truth import CupTruth, HipTruth
from training.films import LabelledFilm, change_look, jitter

CROP = 192  # pixels of the rim network's input; sampled at twice that and averaged
MARGIN = 1.2  # crop side over the longer side of the hip's box
FINE_MARGIN = 1.6  # side of the second crop over the rim's long axis
CLOSEST_MARGIN = 1.35  # and of the third, by which the rim is measured again
LEAST_RIM = 24.0  # canvas pixels: no closer crop is drawn for a shorter long axis
PELVIS = 192  # pixels of the pelvis network's input: a quarter of the canvas, or a crop around both ischia
CLOSEST_SHARE = 0.5  # of the fine network's examples: such a crop
ISCHIA_MARGIN = 1.8  # side of that crop over the distance of the ischia
LEAST_ISCHIA_SIDE = 160.0  # canvas pixels
HIDDEN_SHARE = 0.15  # of examples: something lies over a landmark, whose place can only be guessed
CROSSED_SHARE = 0.15  # of examples: a hair, a scratch or a wire runs by a landmark, and may be taken for the edge there

Subject = tuple[LabelledFilm, HipTruth | None]  # no hip: the whole pelvis
Vary = Callable[[np.ndarray, np.ndarray, np.random.Generator], np.ndarray]  # image, landmarks that are there


@dataclass(frozen=True, slots=True)
class Example:
    """One input (192, 192) in [0, 1], its landmarks (K, 2) in input pixels, and which of them are there (K,).

    Of a rim also how much the errors of its direction and of its version count.
    """

    image: np.ndarray
    points: np.ndarray
    present: np.ndarray
    axes: tuple[float, float] = (0.0, 0.0)


def varied(image: np.ndarray, points: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A crop (S, S) in [0, 1] of another look, now and then with a landmark of ``points`` (n, 2) hidden or crossed."""
    seen = change_look(image, rng)
    if len(points) and rng.random() < HIDDEN_SHARE:
        hide(seen, points[rng.integers(0, len(points))], rng)
    if len(points) and rng.random() < CROSSED_SHARE:
        cross(seen, points[rng.integers(0, len(points))], rng)
    return seen


def as_it_is(image: np.ndarray, _points: np.ndarray, _rng: np.random.Generator) -> np.ndarray:
    """Instead of ``varied``: the crop itself."""
    return image


def crop_matrix(box: tuple[float, float, float, float], margin: float = MARGIN) -> np.ndarray:
    """(2, 3) matrix from canvas pixels to the double-size crop (384) around ``box``."""
    scale = 2 * CROP / (margin * max(box[2] - box[0], box[3] - box[1]))
    middle = (2 * CROP - 1) / 2
    return np.array(
        [
            [scale, 0, middle - scale * (box[0] + box[2]) / 2],
            [0, scale, middle - scale * (box[1] + box[3]) / 2],
        ]
    )


def rim_box(cup: CupTruth, rng: np.random.Generator | None) -> tuple[float, float, float, float]:
    """The square that the fine network sees; with ``rng`` off by as much as the coarse network may be."""
    upper, lower = np.array(cup.major_upper), np.array(cup.major_lower)
    length, centre = float(np.linalg.norm(upper - lower)), (upper + lower) / 2
    if rng is not None:
        centre = centre + rng.normal(0, 0.05 * length, 2)
        length *= float(np.exp(rng.normal(0, 0.06)))
    half = max(length, LEAST_RIM) / 2
    return (*(centre - half), *(centre + half))


def rim_example(
    film: LabelledFilm,
    hip: HipTruth,
    rng: np.random.Generator | None,
    *,
    fine: bool = False,
    vary: Vary = varied,
) -> Example:
    """A crop around one hip, or ``fine`` around its cup; with ``rng`` augmented. Points of a cut-off cup are zero.

    The augmented ones around a cup are as close as either of the two in which it is measured.
    """
    margin = FINE_MARGIN if fine else MARGIN
    if fine and rng is not None and rng.random() < CLOSEST_SHARE:
        margin = CLOSEST_MARGIN
    matrix = np.vstack([crop_matrix(rim_box(hip.cup, rng) if fine else hip.box, margin), [0, 0, 1]])
    if rng is not None:
        moved = jitter(rng, 2 * CROP, 10, *(((0.9, 1.1), 0.04) if fine else ((0.8, 1.15), 0.07)))
        matrix = np.vstack([moved, [0, 0, 1]]) @ matrix
        if rng.random() < 0.5:
            matrix = np.array([[-1, 0, 2 * CROP - 1], [0, 1, 0], [0, 0, 1.0]]) @ matrix
    crop = cv2.warpAffine(film.canvas, matrix[:2], (2 * CROP, 2 * CROP))
    image = cv2.resize(crop, (CROP, CROP), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    points, present = np.zeros((5, 2), np.float32), False
    if hip.cup is not None and hip.cup.visible:
        canvas = np.array([[*getattr(hip.cup, name), 1.0] for name in CUP_LANDMARKS])
        points = (((canvas @ matrix[:2].T) + 0.5) / 2 - 0.5).astype(np.float32)
        if points[0, 1] > points[1, 1]:  # a turned film has another upper end
            points[[0, 1]] = points[[1, 0]]
        present = bool((points > 0).all() and (points < CROP - 1).all())
    seen = image if rng is None else vary(image, points if present else points[:0], rng)
    return Example(seen, points, np.full(5, present), axes_of(film.truth.view))


def axes_of(view: str) -> tuple[float, float]:
    """How much a rim's direction and its version count: on a lateral the direction alone tells what is measured."""
    return (1.0, 0.0) if view == View.CROSS_TABLE_LATERAL else (1.0, 1.0)


def ischia_side(apart: Tensor) -> Tensor:
    """Side of the crop around two ischia that are ``apart`` canvas pixels."""
    return (apart * ISCHIA_MARGIN).clamp(min=LEAST_ISCHIA_SIDE)


def ischia_matrix(film: LabelledFilm, rng: np.random.Generator | None) -> np.ndarray:
    """(3, 3) matrix from canvas pixels to the double-size crop around both ischia; with ``rng`` somewhat off."""
    right, left = np.array(film.truth.ischium_right), np.array(film.truth.ischium_left)
    apart, centre = float(np.linalg.norm(right - left)), (right + left) / 2
    if rng is not None:
        centre = centre + rng.normal(0, 0.06 * apart, 2)
        apart *= float(np.exp(rng.normal(0, 0.08)))
    half = float(ischia_side(torch.tensor(apart))) / 2
    return np.vstack([crop_matrix((*(centre - half), *(centre + half)), 1.0), [0, 0, 1]])


def whole_matrix() -> np.ndarray:
    """(3, 3) matrix from canvas pixels to the whole film at twice the input's size."""
    factor = 2 * PELVIS / CANVAS_SIZE
    return np.array([[factor, 0, (factor - 1) / 2], [0, factor, (factor - 1) / 2], [0, 0, 1]])


def pelvis_example(
    film: LabelledFilm, rng: np.random.Generator | None, *, close: bool = False, vary: Vary = varied
) -> Example:
    """The whole film at a quarter of the canvas, or ``close`` a crop around both ischia; the right one first."""
    ischia = [film.truth.ischium_right, film.truth.ischium_left]
    matrix = ischia_matrix(film, rng) if close else whole_matrix()
    if rng is not None:
        zoom = (0.85, 1.15) if close else (0.8, 1.25)
        matrix = np.vstack([jitter(rng, 2 * PELVIS, 10, zoom, 0.05 if close else 0.08), [0, 0, 1]]) @ matrix
        if rng.random() < 0.5:  # a mirrored patient has the sides exchanged
            ischia.reverse()
            matrix = np.array([[-1, 0, 2 * PELVIS - 1], [0, 1, 0], [0, 0, 1.0]]) @ matrix
    source = film.canvas
    if not close:  # averaged in whole blocks, as the graph does
        source = cv2.resize(source, (2 * PELVIS, 2 * PELVIS), interpolation=cv2.INTER_AREA)
    placed = matrix if close else matrix @ np.linalg.inv(whole_matrix())
    doubled = cv2.warpAffine(source, placed[:2], (2 * PELVIS, 2 * PELVIS))
    image = cv2.resize(doubled, (PELVIS, PELVIS), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    points, present = np.zeros((2, 2), np.float32), np.zeros(2, bool)
    for index, ischium in enumerate(ischia):
        if ischium is not None:
            x, y = ((matrix @ [*ischium, 1.0])[:2] + 0.5) / 2 - 0.5
            points[index] = x, y
            present[index] = 0 <= x < PELVIS and 0 <= y < PELVIS
    return Example(image if rng is None else vary(image, points[present], rng), points, present)


def hide(image: np.ndarray, point: np.ndarray, rng: np.random.Generator) -> None:
    """Lays an even shield, round or square, over ``point`` (x, y) of a square image in [0, 1], in place."""
    half = rng.uniform(len(image) / 32, len(image) / 7, 2)
    centre = point + rng.uniform(-0.8, 0.8, 2) * half / np.sqrt(2)  # the point lies within the ellipse, too
    grey = float(rng.choice([0.0, 1.0, rng.random()]))
    low, high, middle = (tuple(int(v) for v in np.round(corner)) for corner in (centre - half, centre + half, centre))
    if rng.random() < 0.5:
        cv2.ellipse(image, middle, tuple(int(v) for v in np.round(half)), 0, 0, 360, grey, cv2.FILLED)
    else:
        cv2.rectangle(image, low, high, grey, cv2.FILLED)


def cross(image: np.ndarray, point: np.ndarray, rng: np.random.Generator) -> None:
    """Draws a bent line, black or white, through the neighbourhood of ``point`` (x, y) of a square image, in place.

    As thin as a hair on a digitised film and as thick as a wire; it passes no further off than a tenth of the side.
    """
    side = len(image)
    nearest = point + rng.uniform(-side / 15, side / 15, 2)
    heading, bend = rng.uniform(0, 2 * np.pi), rng.normal(0, 3 / side)  # radians, radians a pixel
    steps = np.arange(-rng.uniform(0.02, 0.4) * side, rng.uniform(0.02, 0.4) * side)
    turns = heading + bend * steps
    path = np.cumsum(np.stack([np.cos(turns), np.sin(turns)], 1), 0)
    path += nearest - path[np.abs(steps).argmin()]
    line = np.zeros_like(image)
    cv2.polylines(line, [np.round(path * 8).astype(np.int32)], isClosed=False, color=1.0,
                  thickness=int(rng.integers(1, 5)), lineType=cv2.LINE_AA, shift=3)  # fmt: skip
    line = cv2.GaussianBlur(line, (0, 0), rng.uniform(0.3, 1.0)) * rng.uniform(0.4, 1)
    image += line * (float(rng.choice([0.0, 1.0])) - image)


def shows_both_ischia(film: LabelledFilm) -> bool:
    """Whether the film has the line that inclination is measured against."""
    return film.truth.ischium_right is not None and film.truth.ischium_left is not None


def stack(examples: list[Example]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images (B, 1, 192, 192), points (B, K, 2), presences (B, K) and how much the axes count (B, 2)."""
    images = torch.from_numpy(np.stack([e.image for e in examples]))[:, None].to(memory_format=torch.channels_last)
    points = torch.from_numpy(np.stack([e.points for e in examples]))
    present = torch.from_numpy(np.stack([e.present for e in examples]))
    return images, points, present, torch.tensor([e.axes for e in examples])
