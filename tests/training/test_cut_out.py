"""A part of a film is still a film of its view."""

from dataclasses import replace

import numpy as np
import pytest

from ingest.records import CANVAS_SIZE
from simulation.truth import FilmTruth, HipTruth
from training.films import LabelledFilm, cut_out

UNMOVED = np.array([[1.0, 0, 0], [0, 1, 0]])
BOX = (420.0, 300.0, 660.0, 620.0)
SIDE = 384


def make_film(view="ap_hip", hips=1):
    """A film of so many hips."""
    shown = tuple(HipTruth(side, BOX, 1.0, "none", None) for side in ("right", "left")[:hips])
    truth = FilmTruth(1, 1, view, "right", shown, (), None, None, 0.5, CANVAS_SIZE, CANVAS_SIZE)
    return LabelledFilm(np.zeros((CANVAS_SIZE, CANVAS_SIZE), np.uint8), truth)


@pytest.mark.parametrize("seed", range(20))
def test_a_part_of_a_film_has_its_whole_hip_and_nothing_beside_the_film(seed):
    matrix = cut_out(make_film(), SIDE, np.random.default_rng(seed), UNMOVED)
    zoom = matrix[0, 0]
    assert 1.2 <= zoom <= 1.9
    for corner in ((0, 1), (2, 3)):
        x, y = matrix @ [*(np.array([BOX[i] for i in corner]) * SIDE / CANVAS_SIZE), 1]
        assert -1e-9 <= x <= SIDE + 1e-9
        assert -1e-9 <= y <= SIDE + 1e-9
    for corner in (0, SIDE):  # of the whole film lies outside the part, or at its edge
        x, y = matrix @ [corner, corner, 1]
        assert (x <= 1e-9 and y <= 1e-9) if corner == 0 else (x >= SIDE - 1e-9 and y >= SIDE - 1e-9)


@pytest.mark.parametrize(
    ("view", "hips"), [("ap_pelvis", 2), ("oblique_hip", 2), ("ap_pelvis", 0)], ids=["pelvis", "oblique", "not drawn"]
)
def test_a_film_of_two_hips_or_of_unknown_ones_stays_whole(view, hips):
    assert cut_out(make_film(view, hips), SIDE, np.random.default_rng(1), UNMOVED) is UNMOVED


def test_a_film_without_a_hip_is_cut_anywhere():
    parts = np.stack([cut_out(make_film("other", 0), SIDE, np.random.default_rng(seed), UNMOVED) for seed in range(40)])
    corners = -parts[:, :, 2] / parts[:, :1, 0]  # upper left, in pixels of the whole
    assert corners.min() >= 0
    assert (corners.min(0) < 0.05 * SIDE).all()
    assert (corners.max(0) > 0.25 * SIDE).all()


def test_a_film_whose_hip_fills_it_stays_whole():
    large = HipTruth("right", (20.0, 20.0, 740.0, 740.0), 1.0, "none", None)
    film = make_film()
    film = replace(film, truth=replace(film.truth, hips=(large,)))
    assert cut_out(film, SIDE, np.random.default_rng(1), UNMOVED) is UNMOVED
