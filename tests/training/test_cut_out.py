"""A part of a film is still a film of its view, or of the view that it has become."""

from dataclasses import replace

import numpy as np
import pytest

from ingest.records import CANVAS_SIZE
from simulation.truth import FilmTruth, HipTruth
from training.cut_outs import ZOOMS, cut_out
from training.films import LabelledFilm

UNMOVED = np.array([[1.0, 0, 0], [0, 1, 0]])
ONE = ((420.0, 300.0, 660.0, 620.0),)
TWO = ((80.0, 380.0, 290.0, 640.0), (470.0, 380.0, 690.0, 640.0))
SIDE = 384


def make_film(view="ap_hip", boxes=ONE, cut_boxes=()):
    """A film of hips in these boxes."""
    hips, cut_hips = (
        tuple(HipTruth(side, box, 1.0, "none", None) for side, box in zip(("right", "left"), shown, strict=False))
        for shown in (boxes, cut_boxes)
    )
    truth = FilmTruth(1, 1, view, "right", hips, (), None, None, 0.5, CANVAS_SIZE, CANVAS_SIZE, cut_hips=cut_hips)
    return LabelledFilm(np.zeros((CANVAS_SIZE, CANVAS_SIZE), np.uint8), truth)


def parts(film, matrix=UNMOVED, count=300):
    """What becomes of a film by as many seeds: the parts, less the times that it stayed whole."""
    made = [cut_out(film, SIDE, np.random.default_rng(seed), matrix) for seed in range(count)]
    return [(part, view) for part, view in made if part is not matrix]


def shown(part, box):
    """The share of a box that is on a part."""
    (x0, y0), (x1, y1) = (part @ [*(np.array(corner) * SIDE / CANVAS_SIZE), 1] for corner in (box[:2], box[2:]))
    inside = max(min(x1, SIDE) - max(x0, 0), 0) * max(min(y1, SIDE) - max(y0, 0), 0)
    return inside / ((x1 - x0) * (y1 - y0))


def test_a_part_of_a_film_has_its_whole_hip_and_nothing_beside_the_film():
    made = parts(make_film())
    assert len(made) > 100
    for part, view in made:
        assert view == "ap_hip"
        assert ZOOMS[0] <= part[0, 0] <= ZOOMS[1]
        assert shown(part, ONE[0]) == pytest.approx(1)
        for corner in (0, SIDE):  # of the whole film lies outside the part, or at its edge
            x, y = part @ [corner, corner, 1]
            assert (x <= 1e-9 and y <= 1e-9) if corner == 0 else (x >= SIDE - 1e-9 and y >= SIDE - 1e-9)


def test_a_hip_whose_box_reaches_over_an_edge_is_held_as_far_as_it_is_there():
    for box in ((-0.05, 320.0, 240.0, 610.0), (530.0, 320.0, 768.5, 610.0)):
        made = parts(make_film(boxes=(box,)))
        assert len(made) > 100
        assert all(shown(part, box) > 0.99 for part, _ in made)


def test_a_pelvis_of_which_one_hip_is_left_is_a_hip():
    told = [(view, sorted(shown(part, box) for box in TWO)) for part, view in parts(make_film("ap_pelvis", TWO))]
    assert {view for view, _ in told} == {"ap_pelvis", "ap_hip"}
    for view, (less, more) in told:
        assert more >= 0.65
        assert less >= 0.65 if view == "ap_pelvis" else less <= 0.35


@pytest.mark.parametrize("view", ["oblique_hip", "frog_leg_lateral", "ap_hip"])
def test_a_film_of_any_other_view_stays_one(view):
    made = parts(make_film(view, TWO))
    assert len(made) > 100
    assert {view for _, view in made} == {view}


def test_a_hip_that_the_edge_cuts_is_no_hip_that_is_left_out():
    """A pelvis by both centres stays one while what is seen of its cut hip is seen, and is an AP hip without it."""
    told = [
        (view, shown(part, TWO[1]))
        for part, view in parts(make_film("ap_pelvis", TWO[:1], cut_boxes=((690.0, 380.0, 760.0, 640.0),)))
    ]
    assert {view for view, _ in told} == {"ap_hip"}  # its far end is further away than a part is wide
    near = parts(make_film("ap_pelvis", TWO[:1], cut_boxes=((540.0, 380.0, 610.0, 640.0),)))
    assert {view for _, view in near} == {"ap_pelvis", "ap_hip"}


def test_a_film_whose_hips_nobody_drew_stays_whole():
    assert not parts(make_film("ap_pelvis", ()))


def test_no_hip_is_halved_however_the_part_is_moved():
    moved = np.array([[1.0, 0, 60], [0, 1, 0]])
    made = parts(make_film(), moved)
    assert made
    assert all(shown(part, ONE[0]) >= 0.65 for part, _ in made)


def test_a_film_without_a_hip_is_cut_anywhere():
    made = np.stack([part for part, _ in parts(make_film("other", ()), count=40)])
    corners = -made[:, :, 2] / made[:, :1, 0]  # upper left, in pixels of the whole
    assert corners.min() >= 0
    assert (corners.min(0) < 0.05 * SIDE).all()
    assert (corners.max(0) > 0.25 * SIDE).all()


def test_a_film_whose_hip_fills_it_stays_whole():
    large = HipTruth("right", (20.0, 20.0, 740.0, 740.0), 1.0, "none", None)
    film = make_film()
    assert not parts(replace(film, truth=replace(film.truth, hips=(large,))))
