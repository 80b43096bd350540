"""Parts of films as films to learn from: around its hips, as a reader or a technologist cuts one out."""

import numpy as np
from numpy.typing import NDArray

from ingest.records import CANVAS_SIZE, View
from simulation.truth import PARTLY_SHOWN
from training.films import LabelledFilm

CUT_OUT_SHARE = 0.25  # of examples
ZOOMS = (1.2, 1.9)  # of the part over the whole
BOTH_SHARE = 0.5  # of the parts of films of two hips: those that must hold both


def cut_out(
    film: LabelledFilm, side: int, rng: np.random.Generator, matrix: NDArray[np.float64]
) -> tuple[NDArray[np.float64], str]:
    """``matrix`` (2, 3) after one that fills a square of ``side`` pixels with a part of the film, and the part's view.

    A part of an AP pelvis that leaves one of its hips out is an AP hip. A film stays whole where its part would halve
    a hip, and where nobody drew its hips.
    """
    truth = film.truth
    whole = matrix, truth.view
    if not truth.hips and truth.view != View.OTHER:
        return whole
    scale, zoom = side / CANVAS_SIZE, rng.uniform(*ZOOMS)
    window = side / zoom
    least, most = np.zeros(2), np.full(2, side - window)  # where the window's upper left corner may lie
    if truth.hips:
        held = truth.hips if rng.random() < BOTH_SHARE else (truth.hips[rng.integers(len(truth.hips))],)
        boxes = scale * np.array([hip.box for hip in held])
        low, high = boxes[:, :2].min(0).clip(0), boxes[:, 2:].max(0).clip(max=side)  # one may reach over the edge
        if (high - low > window).any():
            return whole
        least, most = np.maximum(least, high - window), np.minimum(most, low)
    x, y = rng.uniform(least, most)
    part = matrix @ np.array([[zoom, 0, -zoom * x], [0, zoom, -zoom * y], [0, 0, 1]])
    shares = [_share_within(part, scale * np.array(hip.box), side) for hip in (*truth.hips, *truth.cut_hips)]
    gone, there = PARTLY_SHOWN
    if any(gone < share < there for share in shares):
        return whole
    shown = sum(share >= there for share in shares)
    if truth.hips and not shown:
        return whole
    return part, View.AP_HIP if truth.view == View.AP_PELVIS and shown == 1 else truth.view


def _share_within(matrix: NDArray[np.float64], box: NDArray[np.float64], side: int) -> float:
    """How much of a box (x0, y0, x1, y1) lies in the square once it was moved."""
    corners = matrix @ np.stack([box[[0, 2, 2, 0]], box[[1, 1, 3, 3]], np.ones(4)])
    low, high = corners.min(1), corners.max(1)
    return float(np.prod((np.minimum(high, side) - np.maximum(low, 0)).clip(0)) / np.prod(high - low))
