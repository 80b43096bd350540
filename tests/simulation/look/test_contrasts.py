"""How well a hip and its rim stand out."""

import numpy as np
import pytest
from builders.truths import make_cup, make_hip, make_truth

from simulation.look.contrasts import step_at_end, with_contrasts
from simulation.truth import DROWNED, LEAST_EDGE, Film

BOX = (20.0, 20.0, 99.0, 99.0)
AXIS = {"major_upper": (60.0, 20.0), "major_lower": (60.0, 100.0)}


def a_film(rim=3000, lower_end=1000):
    """A bright disc on an even ground, of which a part below may be another grey."""
    y, x = np.indices((160, 160))
    pixels = np.full((160, 160), 1000, np.uint16)
    pixels[80:] = lower_end
    pixels[(x - 60) ** 2 + (y - 60) ** 2 <= 40**2] = rim
    return pixels


@pytest.mark.parametrize(
    ("rim", "lower_end", "edge", "measurable"),
    [(3000, 1000, 2000, True), (3000, 2600, 400, True), (3000, 3000, 0, False), (1024, 1000, 24, False)],
)
def test_a_rim_is_measurable_where_both_ends_of_its_axis_stand_out(rim, lower_end, edge, measurable):
    film = with_contrasts(Film(a_film(rim, lower_end), make_truth(hips=[make_hip(cup=make_cup(**AXIS), box=BOX)])))
    cup = film.truth.hips[0].cup
    assert cup.edge == pytest.approx(edge / 4095, rel=0.1, abs=0.005)
    assert cup.measurable == measurable == (cup.edge >= LEAST_EDGE)


def test_a_rim_that_leaves_the_film_is_not_measurable_however_bright():
    cup = make_cup(centre=(-90.0, 30.0), visible=False)
    film = with_contrasts(Film(a_film(), make_truth(hips=[make_hip(cup=cup, box=BOX)])))
    assert not film.truth.hips[0].cup.measurable


def test_a_step_beside_the_end_counts_and_one_far_from_it_does_not():
    grey = np.zeros((200, 200), np.uint8)
    grey[:, 100:] = 200
    assert step_at_end(grey, (103.0, 100.0), (3.0, 100.0)) == pytest.approx(200 / 255, abs=0.06)
    assert step_at_end(grey, (150.0, 100.0), (50.0, 100.0)) == 0
    assert step_at_end(grey, (199.0, 100.0), (119.0, 100.0)) == 0  # where the film ends, nothing is to be seen


@pytest.mark.parametrize(("grey", "doubtful"), [(3000, False), (1100, True)])
def test_a_hip_that_hardly_stands_out_is_doubtful(grey, doubtful):
    told = (make_hip(box=BOX), make_hip("left", "none", box=BOX))
    truth = with_contrasts(Film(a_film(rim=grey), make_truth(hips=told[:1], cut_hips=told[1:]))).truth
    for hip in truth.hips + truth.cut_hips:
        assert hip.contrast == pytest.approx((grey - 1000) / 4095, abs=1e-3)
        assert hip.doubtful == doubtful == (hip.contrast < DROWNED)
