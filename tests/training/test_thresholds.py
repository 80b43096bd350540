"""How thresholds are chosen and kept."""

import shutil
from pathlib import Path

import numpy as np
import pytest
from builders.findings import LEFT_BOX, RIGHT_BOX, make_raw, make_thresholds
from builders.truths import make_cup, make_hip, make_truth

from ingest.records import View
from training.evaluation.judged import FAR_OFF_DEG
from training.films import LabelledFilm
from training.thresholds import (
    LEAST_SURE_VIEW,
    choose,
    least_interval,
    lowest_sure,
    middle_of_best,
    served,
    widest_interval,
    write,
)

CONFIG = Path(__file__).parents[2] / "model_repository" / "tha_radiograph" / "config.pbtxt"


def test_above_the_lowest_sure_score_one_answer_in_two_hundred_is_wrong():
    scores = [1 - 0.001 * rank for rank in range(600)]
    right = [rank not in {250, 300, 301, 302} for rank in range(600)]
    assert lowest_sure(scores, right) == pytest.approx(scores[299])  # 1 wrong of 300; the next three spoil it


def test_no_score_is_sure_where_the_surest_answers_are_wrong():
    assert lowest_sure([0.9, 0.8], [False, False]) == 1


def test_up_to_the_widest_interval_one_angle_in_two_hundred_misleads():
    rng = np.random.default_rng(1)
    uncertainties = np.exp(rng.normal(0.5, 0.8, 20_000))
    misleads = rng.random(20_000) < 1 / (1 + np.exp(10 - 4 * np.log(uncertainties)))
    widest = widest_interval((uncertainties.tolist(), np.where(misleads, 9.0, 1.0).tolist()))
    accepted = uncertainties <= widest
    assert misleads[accepted].mean() == pytest.approx(0.005, abs=0.001)
    assert 0.9 < accepted.mean() < 1


def test_nine_angles_in_ten_are_accepted_where_errors_do_not_follow_what_is_stated():
    rng = np.random.default_rng(2)
    uncertainties = rng.uniform(1, 5, 1000)
    widest = widest_interval((uncertainties.tolist(), np.where(rng.random(1000) < 0.05, 9.0, 1.0).tolist()))
    assert (uncertainties <= widest).mean() == pytest.approx(0.9)


def test_all_angles_are_accepted_where_none_misleads():
    assert widest_interval(([1.0, 2.0, 3.0] * 400, [0.5] * 1200)) == 3


def test_written_thresholds_are_what_is_served(tmp_path):
    config = Path(shutil.copy(CONFIG, tmp_path))
    wanted = make_thresholds(hip_score=0.45, version_lateral_uncertainty_deg=3.25)
    write(wanted, config)
    assert served(config) == wanted


def test_a_config_that_lacks_a_threshold_is_refused(tmp_path):
    config = tmp_path / "config.pbtxt"
    config.write_text('name: "tha_radiograph"\n')
    with pytest.raises(ValueError, match=r"no parameter threshold\.hip_score"):
        write(make_thresholds(), config)


def make_lateral(side, **letters):
    """A cross-table lateral with a cup, its truth's side, and what is read of its letters."""
    cup = make_cup(inclination_deg=None, version_ap_deg=None, version_lateral_deg=20.0)
    raw = make_raw(View.CROSS_TABLE_LATERAL, right_hip_implant=0.9, cup_angles=[[0.0, 0.0, 20.0]] * 2, **letters)
    return make_truth(View.CROSS_TABLE_LATERAL, side, [make_hip(cup=cup)]), raw


def test_a_letter_read_where_there_is_none_counts_as_a_wrong_side():
    """Real letters are read at 0.6, on films that tell no side something is at 0.4; the threshold lies between."""
    pelvis = make_truth(View.AP_PELVIS, "both", [make_hip(cup=make_cup()), make_hip("left", "none")])
    read = make_raw(View.AP_PELVIS, right_hip_implant=0.9, left_hip_native=0.9, cup_angles=[[40.0, 15.0, 0.0]] * 2)
    told = [
        (pelvis, read),
        *[make_lateral("right", right_marker=0.6)] * 5,
        *[make_lateral("unknown", left_marker=0.4)] * 5,
    ]
    canvas = np.zeros((768, 768), np.uint8)
    chosen = choose([LabelledFilm(canvas, truth) for truth, _ in told], [raw for _, raw in told])
    assert 0.4 < chosen.marker_score <= 0.6


def test_a_view_is_not_sure_below_its_floor_however_seldom_it_is_wrong():
    pelvis = make_truth(View.AP_PELVIS, "both", [make_hip(cup=make_cup()), make_hip("left", "none")])
    read = make_raw(View.AP_PELVIS, 0.6, right_hip_implant=0.9, left_hip_native=0.9)
    film = LabelledFilm(np.zeros((768, 768), np.uint8), pelvis)
    chosen = choose([film] * 10, [read] * 10)
    assert (chosen.sure_view, chosen.sure_hip) == (LEAST_SURE_VIEW, pytest.approx(0.9))


def make_pelvis(half_deg, *, exchanged=False):
    """An AP pelvis whose cups are read well, with intervals of ``half_deg``; ``exchanged``, for the other hips."""
    boxes = (LEFT_BOX, RIGHT_BOX) if exchanged else (RIGHT_BOX, LEFT_BOX)
    angles = {"right": 50.0, "left": 40.0} if exchanged else {"right": 40.0, "left": 50.0}
    hips = [
        make_hip(side, cup=make_cup(inclination_deg=deg), box=box)
        for (side, deg), box in zip(angles.items(), boxes, strict=True)
    ]
    raw = make_raw(
        View.AP_PELVIS,
        right_hip_implant=0.9,
        left_hip_implant=0.9,
        cup_angles=[[40.0, 15.0, 0.0], [50.0, 15.0, 0.0]],
        cup_angle_errors=[[half_deg, 3.0, 3.0]] * 2,
    )
    return make_truth(View.AP_PELVIS, "both", hips), raw


def test_an_angle_that_is_filed_for_the_other_hip_says_nothing_of_how_sure_angles_are():
    told = [make_pelvis(1 + number / 100) for number in range(110)] + [make_pelvis(1.1, exchanged=True)] * 2
    told.append(make_lateral("right"))
    canvas = np.zeros((768, 768), np.uint8)
    chosen = choose([LabelledFilm(canvas, truth) for truth, _ in told], [raw for _, raw in told])
    assert chosen.inclination_uncertainty_deg == pytest.approx(1 + 109 / 100)


def chosen_by_versions(versions_deg, wrong=()):
    """Of AP pelves whose versions state ``versions_deg``; at the places ``wrong`` they are off by 10 degrees."""
    told = [make_pelvis(version_deg) for version_deg in versions_deg] + [make_lateral("right")]
    for version_deg, (_, raw) in zip(versions_deg, told[:-1], strict=True):
        raw.cup_angle_errors[:, 1] = version_deg
    for place in wrong:
        told[place][1].cup_angles[:, 1] += 10
    canvas = np.zeros((768, 768), np.uint8)
    return choose([LabelledFilm(canvas, truth) for truth, _ in told], [raw for _, raw in told])


@pytest.mark.parametrize(
    ("versions_deg", "end_deg"),
    [
        pytest.param([4.9] * 107 + [7.0] * 3, FAR_OFF_DEG, id="as many as the bar asks for do not"),
        pytest.param([4 + number / 50 for number in range(110)], 4 + 106 / 50, id="the bar needs some that do"),
    ],
)
def test_a_version_whose_interval_reaches_where_angles_mislead_is_accepted_where_the_bar_needs_it(
    versions_deg, end_deg
):
    chosen = chosen_by_versions(versions_deg)
    assert chosen.version_ap_pelvis_uncertainty_deg == pytest.approx(end_deg)
    assert chosen.inclination_uncertainty_deg == pytest.approx(max(versions_deg))  # which has no end


def test_the_bar_of_what_is_measured_never_outweighs_the_count():
    chosen = chosen_by_versions([4 + number / 50 for number in range(110)], wrong=range(100, 110))
    assert chosen.version_ap_pelvis_uncertainty_deg == pytest.approx(4 + 99 / 50)


def test_cups_that_are_not_measured_count_among_those_that_the_bar_is_of():
    assert least_interval([1.0, 6.0, 7.0, *[2.0] * 95, *[np.inf] * 2]) == 6.0
    assert least_interval([1.0, 6.0, 7.0, *[2.0] * 93, *[np.inf] * 4]) == np.inf


def test_the_count_stops_before_one_error_too_many():
    """Six of 1,200 may be off, one of them the next to come: the fifth of the six that are may not be accepted."""
    wrong = {300, 700, 1000, 1100, 1150, 1190}
    errors = [9.0 if rank in wrong else 0.5 for rank in range(1200)]
    uncertainties = [1 + rank / 100 for rank in range(1200)]
    assert widest_interval((uncertainties, errors)) == pytest.approx(uncertainties[1149])


def test_far_off_errors_are_counted_among_both_angles_whose_intervals_are_one():
    """As above, every fourth angle of one view and the rest of another: each is accepted up to where all would be."""
    errors = [9.0 if rank in {300, 700, 1000, 1100, 1150, 1190} else 0.5 for rank in range(1200)]
    uncertainties = [1 + rank / 100 for rank in range(1200)]
    fourth = (uncertainties[::4], errors[::4])
    rest = tuple([value for rank, value in enumerate(values) if rank % 4] for values in (uncertainties, errors))
    assert widest_interval(fourth, rest) == pytest.approx(uncertainties[1148])
    assert widest_interval(rest, fourth) == pytest.approx(uncertainties[1149])
    alone = uncertainties[4 * (270 - 1)]  # nine in ten: three of 300 are off, which is more than one in two hundred
    assert widest_interval(fourth) == pytest.approx(alone)


def test_two_cups_that_a_misread_letter_would_exchange_hold_its_threshold_up():
    """Both hips have a cup, so that sides and implants are right either way: where the cups lie tells."""

    def lettered(score, *, mirrored):
        truth, raw = make_pelvis(2.0, exchanged=mirrored)
        raw.detections[4] = (*LEFT_BOX, score)  # an R beside the hip that lies on the film's left side
        raw.marker_mirrored[0] = 0.9
        return truth, raw

    told = [lettered(0.9, mirrored=True)] * 3 + [lettered(0.5, mirrored=False)] * 3 + [make_lateral("right")]
    canvas = np.zeros((768, 768), np.uint8)
    chosen = choose([LabelledFilm(canvas, truth) for truth, _ in told], [raw for _, raw in told])
    assert 0.9 * 0.5 < chosen.mirrored_score <= 0.9 * 0.9


def test_a_film_or_two_do_not_move_a_threshold_off_the_middle_of_its_plateau():
    """At 0.2 one more is right of three answers that differ; at 0.1 and 0.9 clearly fewer are."""
    plateau = {round(0.1 * step, 1): [1] * 90 + [0] * 10 for step in range(3, 9)}
    uneven = {0.1: [1] * 80 + [0] * 20, 0.2: [1] * 89 + [0, 1, 1] + [0] * 8} | plateau | {0.9: [1] * 70 + [0] * 30}
    assert middle_of_best(uneven) == 0.5


@pytest.mark.parametrize(("until_now", "chosen"), [(0.3, 0.3), (0.9, 0.6), (0.25, 0.6)])
def test_a_value_that_none_clearly_beats_stays(until_now, chosen):
    counts = {round(0.1 * step, 1): [1] * 90 + [0] * 10 for step in range(3, 9)} | {0.9: [1] * 70 + [0] * 30}
    assert middle_of_best(counts, until_now) == chosen


def test_a_value_stays_that_only_lies_in_a_dip_of_the_plateau():
    """Four films are told rightly below it and above it, and not by it: no reason to move away."""
    counts = {0.3: [1] * 90 + [0] * 10, 0.4: [1] * 86 + [0] * 14, 0.5: [1] * 90 + [0] * 10, 0.9: [1] * 70 + [0] * 30}
    assert middle_of_best(counts, 0.4) == 0.4
    assert middle_of_best(counts) == 0.5


def test_a_value_that_is_clearly_better_is_taken():
    counts = {0.1: [1] * 80 + [0] * 20, 0.5: [1] * 70 + [0] * 30, 0.9: [1] * 90 + [0] * 10}
    assert middle_of_best(counts) == 0.9


@pytest.mark.parametrize(
    ("far_off", "beyond", "until_now", "chosen"),
    [
        ([300, 350, 850, 900, 990], 0, 9.5, 9.5),  # four of 950: no room for one more, and none is needed
        ([300, 350, 850, 900, 990], 0, 9.95, 9.0),  # five of 995 are too many
        ([300, 350, 850, 900, 990], 60, 9.5, 9.0),  # too many are off by more than 2.5 degrees
        ([300, 350, 850, 900, 990], 0, 8.9, 9.0),  # narrower than what is counted
    ],
)
def test_what_is_served_stays_as_long_as_no_more_mislead_than_may(far_off, beyond, until_now, chosen):
    uncertainties, errors = np.arange(1, 1001) / 100, np.full(1000, 0.5)
    errors[:beyond] = 3.0
    errors[far_off] = 9.0
    assert widest_interval((uncertainties.tolist(), errors.tolist()), until_now=until_now) == pytest.approx(chosen)


def test_of_the_angles_up_to_the_widest_interval_95_in_a_hundred_are_within_the_bar():
    """From the 1,801st on all are off by 3 degrees, which misleads nobody: 94 of these are 5 % of 1,894, 95 more."""
    errors = [3.0 if rank >= 1800 else 0.5 for rank in range(2000)]
    uncertainties = [1 + rank / 100 for rank in range(2000)]
    assert widest_interval((uncertainties, errors)) == pytest.approx(uncertainties[1893])


def test_a_version_is_accepted_as_widely_as_its_own_view_allows():
    """All of 220 on AP pelves, up to 2.09; of 110 on AP hips as many as 95 in a hundred are within the bar of."""

    def one_hip(number):
        cup = make_cup(inclination_deg=None, version_ap_deg=15.0)
        raw = make_raw(
            View.AP_HIP,
            right_hip_implant=0.9,
            cup_angles=[[0.0, 15.0 if number < 99 else 18.0, 0.0]] * 2,
            cup_angle_errors=[[3.0, 2 + number / 100, 3.0]] * 2,
        )
        return make_truth(View.AP_HIP, "right", [make_hip(cup=cup)]), raw

    def two_hips(number):
        truth, raw = make_pelvis(2.0)
        raw.cup_angle_errors[:, 1] = 1 + number / 100
        return truth, raw

    told = [make(number) for number in range(110) for make in (one_hip, two_hips)] + [make_lateral("right")]
    canvas = np.zeros((768, 768), np.uint8)
    chosen = choose([LabelledFilm(canvas, truth) for truth, _ in told], [raw for _, raw in told])
    assert chosen.version_ap_pelvis_uncertainty_deg == pytest.approx(2.09)
    assert chosen.version_ap_hip_uncertainty_deg == pytest.approx(2 + 103 / 100)  # five of 104 are off by 3 degrees


def test_an_angle_that_no_validation_film_shows_is_not_accepted():
    told = [make_pelvis(2.0)] * 3
    canvas = np.zeros((768, 768), np.uint8)
    chosen = choose([LabelledFilm(canvas, truth) for truth, _ in told], [raw for _, raw in told])
    assert chosen.version_lateral_uncertainty_deg == 0
