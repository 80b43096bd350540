"""The arithmetic of the evaluation, against values known from papers or from counting."""

import numpy as np
import pytest

from training.evaluation.calibration import at_coverage, reliability, risk_coverage, stated
from training.evaluation.detection import average_precision, box_error
from training.evaluation.judged import iou
from training.evaluation.statistics import (
    auc,
    bootstrap_f1,
    detectable_change,
    f1_scores,
    roc,
    rounded,
    share,
    spread,
    wilson,
)
from training.evaluation.strata import band, bands


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_gives_the_intervals_of_newcombe_1998(hits, n, low, high):
    p, lower, upper = wilson(hits, n)
    assert p == hits / n
    assert (lower, upper) == pytest.approx((low, high), abs=1e-4)


def test_a_share_of_nothing_is_no_number():
    assert share([]) == {"right": 0, "of": 0, "share": None, "low": None, "high": None}


def test_errors_are_spread_as_bland_and_altman_have_it():
    found = spread([1.0, -1.0, 3.0, -3.0], far_off=2.0)
    limit = 1.959964 * np.sqrt(20 / 3)
    assert (found["mae"], found["median"], found["bias"]) == (2.0, 2.0, 0.0)
    assert (found["lower_limit"], found["upper_limit"]) == pytest.approx((-limit, limit))
    assert (found["far_off"]["right"], found["far_off"]["of"]) == (2, 4)


def test_a_constant_error_is_all_bias():
    found = spread([1.5] * 5, far_off=5.0)
    assert (found["bias"], found["lower_limit"], found["upper_limit"]) == (1.5, 1.5, 1.5)


def test_the_detectable_change_of_normal_errors_is_the_textbook_one():
    errors = np.random.default_rng(5).normal(3.0, 2.0, 4000)
    assert detectable_change(errors) == pytest.approx(1.959964 * np.sqrt(2) * 2.0, rel=0.03)


def test_the_detectable_change_is_of_differences_so_a_bias_does_not_count():
    assert detectable_change([7.0, 7.0, 7.0]) == 0.0
    assert detectable_change([1.0, 3.0]) == pytest.approx(2.0)
    assert detectable_change([1.0]) is None


def test_no_errors_have_no_spread():
    assert spread([], far_off=5.0)["mae"] is None


def test_f1_is_twice_the_hits_over_shown_and_said():
    assert f1_scores(np.array([[8, 2], [1, 9]])) == pytest.approx([16 / 19, 18 / 21])


def test_a_class_neither_shown_nor_said_has_no_f1():
    assert np.isnan(f1_scores(np.array([[3, 0], [0, 0]]))[1])


def test_a_bootstrap_of_one_person_has_no_width():
    truth, said = np.array([0, 0, 1, 1]), np.array([0, 1, 1, 1])
    found = bootstrap_f1(truth, said, np.zeros(4, np.int64), 2)
    assert found["classes"] == [pytest.approx([2 / 3] * 2), pytest.approx([4 / 5] * 2)]
    assert found["macro"] == pytest.approx([11 / 15] * 2)


def test_a_bootstrap_draws_people_and_not_films():
    """Two films in which one person is always wrong: films drawn alone would hardly ever give the extremes."""
    person = np.repeat([0, 1], 50)
    low, high = bootstrap_f1(np.zeros(100, np.intp), person.astype(np.intp), person, 2)["classes"][0]
    assert (low, high) == (0.0, 1.0)


def test_average_precision_falls_with_a_false_box_before_the_last_hit():
    assert average_precision([0.9, 0.8, 0.7], [1, 0, 1], 2) == pytest.approx((51 + 50 * 2 / 3) / 101)


@pytest.mark.parametrize(
    ("hits", "truths", "wanted"),
    [([1, 1], 2, 1.0), ([1, 0], 2, 51 / 101), ([0, 0], 2, 0.0), ([0, 0], 0, None)],
    ids=["all found", "one missed", "none found", "nothing to find"],
)
def test_average_precision_of_plain_cases(hits, truths, wanted):
    assert average_precision([0.9, 0.8], hits, truths) == (wanted if wanted is None else pytest.approx(wanted))


def test_average_precision_depends_on_the_order_of_scores_only():
    hits = [0, 1, 1, 0, 1]
    assert average_precision([0.1, 0.5, 0.4, 0.3, 0.2], hits, 3) == average_precision([0.2, 50, 40, 30, 20], hits, 3)


def test_a_box_moved_by_three_and_four_of_ten_is_half_a_side_off():
    found = box_error([((3, 4, 13, 14), (0, 0, 10, 10))])
    assert found["centre_median"] == pytest.approx(0.5)
    assert found["iou_median"] == pytest.approx(42 / 158)


def test_boxes_that_only_touch_do_not_overlap():
    assert iou((0, 0, 1, 1), (1, 0, 2, 1)) == 0.0


def test_the_calibration_error_is_the_mean_gap_between_score_and_share():
    scores, hits = [0.9] * 10 + [0.1] * 10, [1] * 8 + [0] * 2 + [1] + [0] * 9
    found = reliability(scores, hits)
    assert found["ece"] == pytest.approx(0.05)
    assert [(row["n"], row["score"], row["share"]) for row in found["bins"]] == [
        (10, pytest.approx(0.1), 0.1),
        (10, pytest.approx(0.9), 0.8),
    ]


def test_a_score_of_one_lies_in_the_last_bin():
    assert reliability([1.0], [1]) == {"n": 1, "ece": 0.0, "bins": [{"n": 1, "score": 1.0, "share": 1.0}]}


def test_the_risk_grows_as_the_less_sure_are_kept():
    coverage, risk = risk_coverage([1, 0, 0, 1], [0.7, 0.9, 0.8, 0.6])
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk == pytest.approx([0, 0, 1 / 3, 1 / 2])


def test_the_risk_at_a_coverage_is_of_the_surest():
    found = at_coverage([0] * 9 + [1], np.arange(10, 0, -1))
    assert (found["risk"]["0.9"], found["risk"]["1"]) == (0.0, 0.1)
    assert at_coverage([], [])["area"] is None


def test_stated_uncertainty_is_held_against_what_came_out():
    half, errors = [1.0] * 20 + [4.0] * 20, [0.5] * 20 + [-6.0] * 20
    small, large = stated(half, errors, bins=2)
    assert (small["stated"], small["p95"], small["covered"]["share"]) == (1.0, 0.5, 1.0)
    assert (large["stated"], large["p95"], large["covered"]["share"]) == (4.0, 6.0, 0.0)


@pytest.mark.parametrize(
    ("strange", "usual", "wanted"),
    [([3, 4], [1, 2], 1.0), ([1, 2], [1, 2], 0.5), ([2, 3], [1, 2], 0.875), ([1], [2], 0.0), ([], [1], None)],
    ids=["apart", "alike", "one tie", "the wrong way", "nothing"],
)
def test_the_area_under_the_curve_counts_pairs(strange, usual, wanted):
    assert auc(strange, usual) == wanted


def test_the_curve_encloses_its_area():
    rng = np.random.default_rng(1)
    strange, usual = rng.normal(1, 1, 300), rng.normal(0, 1, 200)
    x, y = roc(strange, usual)
    assert (np.diff(x) * (y[1:] + y[:-1]) / 2).sum() == pytest.approx(auc(strange, usual))


def test_a_band_holds_its_lower_edge():
    assert [band(v, (0, 10, 20)) for v in (-1, 0, 10, 20)] == ["under 0", "0 to 10", "10 to 20", "20 and over"]
    assert bands((0, 10)) == ["under 0", "0 to 10", "10 and over"]


def test_numbers_are_written_short():
    assert rounded({"a": [1 / 3, None, {"b": 2}]}, 2) == {"a": [0.33, None, {"b": 2}]}
