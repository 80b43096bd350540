"""Specifications: what may be asked, and what comes of a bad question."""

import numpy as np
import pytest

from simulation.spec import FilmSpec, HipState, random_spec


def make_spec(**changes):
    return FilmSpec(**{"seed": 1, "person": 1, "view": "ap_hip", "side": "left"} | changes)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"view": "pelvis"}, "'pelvis' is no view: take one of ap_pelvis"),
        ({"side": "L"}, "'L' is no side: take one of right, left"),
        ({"hips": {"middle": HipState()}}, "'middle' is no side"),
        ({"hips": {"left": HipState("knee")}}, "'knee' is no implant: take one of none, tha"),
        ({"without": frozenset({"noise"})}, "'noise' is no variation: take one of disease"),
        ({"size": 20}, "a film of 20 pixels is too small"),
        ({"view": "other", "pelvis_turn_deg": 9.0}, "turned under the beam cannot be said of a film of view 'other'"),
    ],
    ids=["view", "side", "side of a hip", "implant", "variation", "size", "turn"],
)
def test_a_bad_question_gets_a_clear_answer(changes, said):
    with pytest.raises(ValueError, match=said):
        make_spec(**changes)


def test_stages_have_numbers_of_their_own():
    spec = make_spec()
    assert spec.stream("pose").random() == spec.stream("pose").random()
    assert spec.stream("pose").random() != spec.stream("look").random()


def test_cups_of_the_mixture_reach_the_whole_range_that_is_seen():
    rng = np.random.default_rng(3)
    cups = [hip.cup for n in range(1500) for hip in random_spec(rng, n, n).hips.values() if hip.cup is not None]
    inclinations, versions = np.array(cups).T
    assert (inclinations.min(), inclinations.max()) == pytest.approx((20, 65), abs=2)
    assert (versions.min(), versions.max()) == pytest.approx((-10, 50), abs=2)
