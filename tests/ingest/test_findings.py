from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from builders.findings import LEFT_BOX, RIGHT_BOX, make_canvas, make_header, make_raw, make_thresholds

from ingest.findings import find
from ingest.records import Findings, RawFindings, Side, View


def findings(view: View = View.AP_PELVIS, laterality: str | None = None, **raw: Any) -> Findings:
    return judged(make_raw(view, **raw), laterality)


def judged(raw: RawFindings, laterality: str | None = None, **thresholds: float) -> Findings:
    return find(raw, make_canvas(), make_header(laterality=laterality), make_thresholds(**thresholds))


def test_a_bilateral_film_has_its_right_hip_first() -> None:
    found = findings(right_hip_native=0.9, left_hip_implant=0.8)
    assert [(hip.side, hip.implant) for hip in found.hips] == [(Side.RIGHT, False), (Side.LEFT, True)]
    assert (found.view, found.side, found.side_evidence) == (View.AP_PELVIS, Side.BOTH, "anatomy")
    assert (found.side_conflict, found.review) == (False, ())


def test_the_better_of_native_and_implant_decides() -> None:
    [hip] = findings(right_hip_native=0.3, right_hip_implant=0.6).hips
    assert hip.implant
    assert hip.score == pytest.approx(0.6)
    assert hip.implant_score == pytest.approx(2 / 3)


@pytest.mark.parametrize(("hip_score", "hips"), [(0.6, 1), (0.8, 0)])
def test_a_box_below_the_served_score_is_no_hip(hip_score: float, hips: int) -> None:
    assert len(judged(make_raw(right_hip_native=0.7), hip_score=hip_score).hips) == hips


@pytest.mark.parametrize(("second_hip_score", "side"), [(0.6, Side.BOTH), (0.8, Side.LEFT)])
def test_the_less_certain_of_two_hips_is_background_below_its_own_score(second_hip_score: float, side: Side) -> None:
    raw = make_raw(View.OBLIQUE_HIP, right_hip_native=0.7, left_hip_implant=0.9)
    found = judged(raw, second_hip_score=second_hip_score)
    assert found.side is side
    assert found.hips[-1].side is Side.LEFT
    alone = judged(make_raw(View.OBLIQUE_HIP, right_hip_native=0.7), second_hip_score=second_hip_score)
    assert [hip.side for hip in alone.hips] == [Side.RIGHT]


@pytest.mark.parametrize(("score", "view", "hips"), [(0.019, View.AP_HIP, 1), (0.021, View.AP_PELVIS, 2)])
def test_a_pelvis_is_a_film_of_both_hips(score: float, view: View, hips: int) -> None:
    """The second one needs little to be believed there; without it the film is of one hip, and measured as such."""
    raw = make_raw(right_hip_implant=0.9, left_hip_native=score)
    found = judged(raw, hip_score=0.01, pelvis_hip_score=0.02)
    assert (found.view, len(found.hips)) == (view, hips)
    assert found.view_score == pytest.approx(raw.view_scores[tuple(View).index(view)])
    inclination = found.hips[0].measurements[0]
    assert (inclination.value_deg is None) == (view is View.AP_HIP)
    assert ("low_view_score" in found.review) == (view is View.AP_HIP)


@pytest.mark.parametrize(("score", "hips", "flag"), [(0.009, 0, "no_hip_on_hip_view"), (0.59, 1, "low_hip_score")])
def test_a_pelvis_on_which_no_hip_is_surely_found_stays_one(score: float, hips: int, flag: str) -> None:
    raw = make_raw(right_hip_native=score, left_hip_native=0.0)
    found = judged(raw, hip_score=0.01, pelvis_hip_score=0.02, sure_hip=0.6)
    assert (found.view, len(found.hips)) == (View.AP_PELVIS, hips)
    assert flag in found.review


@pytest.mark.parametrize(("marker_score", "evidence"), [(0.6, "anatomy+marker"), (0.8, "anatomy")])
def test_a_marker_below_the_served_score_is_not_read(marker_score: float, evidence: str) -> None:
    raw = make_raw(View.AP_HIP, right_hip_native=0.9, right_marker=0.7)
    assert judged(raw, marker_score=marker_score).side_evidence == evidence


@pytest.mark.parametrize(("cup_score", "has_cup"), [(0.6, True), (0.8, False)])
def test_a_cup_below_the_served_score_is_none(cup_score: float, has_cup: bool) -> None:  # noqa: FBT001
    [hip] = judged(make_raw(right_hip_implant=0.9, cup_scores=[0.7, 0.7]), cup_score=cup_score).hips
    assert hip.has_cup is has_cup


def test_a_film_of_something_else_has_no_hips() -> None:
    found = findings(View.OTHER, right_hip_native=0.02)
    assert (found.hips, found.side, found.review) == ((), Side.UNKNOWN, ())


@pytest.mark.parametrize(("score", "overruled"), [(0.079, False), (0.081, True)])
def test_a_hip_that_the_detector_sees_overrules_the_classifier(score: float, overruled: bool) -> None:  # noqa: FBT001
    """The graphs lower a hip's and a cup's score by the classifier's belief, here a tenth."""
    views = [0.02, 0.05, 0.01, 0.01, 0.01, 0.9]
    raw = replace(
        make_raw(left_hip_implant=score, right_hip_native=0.01, cup_scores=[0.0, 0.09]),
        view_scores=np.float32(views),
    )
    found = judged(raw, overruling_score=0.8)
    if not overruled:
        assert (found.view, found.hips, found.view_score) == (View.OTHER, (), pytest.approx(0.9))
        return
    [hip] = found.hips
    assert (found.view, found.side) == (View.AP_HIP, Side.LEFT)
    assert (hip.score, hip.cup_score) == (pytest.approx(score / 0.1), pytest.approx(0.9))
    assert found.view_score == pytest.approx(0.05)  # the doubt is told
    assert "low_view_score" in found.review
    assert raw.detections[3, 4] == np.float32(score)


@pytest.mark.parametrize(("other", "view"), [(0.26, View.OTHER), (0.24, View.AP_HIP)])
def test_a_film_without_a_hip_that_the_classifier_half_doubts_is_of_none(other: float, view: View) -> None:
    """Either way a person looks at it."""
    views = np.float32([0, 1 - other, 0, 0, 0, other])
    found = judged(replace(make_raw(View.AP_HIP, left_hip_native=0.009), view_scores=views), hip_score=0.01)
    assert (found.view, found.hips) == (view, ())
    assert found.view_score == pytest.approx(other if view is View.OTHER else 1 - other)
    assert "low_view_score" in found.review
    assert ("no_hip_on_hip_view" in found.review) is (view is View.AP_HIP)
    shown = judged(replace(make_raw(View.AP_HIP, left_hip_native=0.011), view_scores=views), hip_score=0.01)
    assert (shown.view, len(shown.hips)) == (View.AP_HIP, 1)


@pytest.mark.parametrize("view", [View.AP_HIP, View.CROSS_TABLE_LATERAL])
def test_a_view_of_one_hip_keeps_the_best(view: View) -> None:
    [hip] = findings(view, right_hip_native=0.6, left_hip_implant=0.8).hips
    assert hip.implant


def test_two_boxes_on_the_same_hip_are_one() -> None:
    raw = make_raw(View.OBLIQUE_HIP, right_hip_native=0.6, left_hip_native=0.7)
    raw.detections[2, :4] = raw.detections[0, :4]
    [hip] = judged(raw).hips
    assert hip.side is Side.LEFT


def test_boxes_and_landmarks_are_moved_to_film_pixels() -> None:
    landmarks = [[[100.0, 50.0, 0.8]] * 5] * 2
    [hip] = findings(right_hip_implant=0.9, cup_landmarks=landmarks).hips
    assert hip.box == tuple(2 * value + 0.5 for value in RIGHT_BOX)
    assert hip.landmarks[0] == pytest.approx((200.5, 100.5, 0.8))


def test_a_box_ends_where_the_film_ends() -> None:
    raw = make_raw(right_hip_native=0.9)
    raw.detections[0, :4] = (-20, -20, 900, 900)
    [hip] = judged(raw).hips
    assert hip.box == (0, 0, 1535, 1535)


@pytest.mark.parametrize(
    ("view", "marker", "tag", "side", "evidence", "conflict"),
    [
        (View.AP_HIP, None, None, Side.RIGHT, "anatomy", False),
        (View.AP_HIP, "right", "R", Side.RIGHT, "anatomy+marker+tag", False),
        (View.AP_HIP, "left", None, Side.RIGHT, "anatomy", True),
        (View.AP_HIP, None, "L", Side.RIGHT, "anatomy", True),
        (View.AP_HIP, None, "B", Side.RIGHT, "anatomy", False),
        (View.CROSS_TABLE_LATERAL, None, None, Side.UNKNOWN, "none", False),
        (View.CROSS_TABLE_LATERAL, "left", None, Side.LEFT, "marker", False),
        (View.CROSS_TABLE_LATERAL, None, "L", Side.LEFT, "tag", False),
        (View.CROSS_TABLE_LATERAL, "right", "L", Side.RIGHT, "marker", True),
        (View.OBLIQUE_HIP, "left", None, Side.RIGHT, "anatomy", True),
        (View.OBLIQUE_HIP, None, "L", Side.RIGHT, "anatomy", True),
        (View.FROG_LEG_LATERAL, None, None, Side.RIGHT, "anatomy", False),
    ],
)
def test_the_side_of_one_hip_comes_from_what_the_view_can_tell(  # noqa: PLR0917 - a row of the table each
    view: View,
    marker: str | None,
    tag: str | None,
    side: Side,
    evidence: str,
    conflict: bool,  # noqa: FBT001
) -> None:
    markers = {f"{marker}_marker": 0.9} if marker else {}
    found = findings(view, tag, right_hip_native=0.9, **markers)
    assert (found.side, found.side_evidence, found.side_conflict) == (side, evidence, conflict)
    assert [hip.side for hip in found.hips] == [side]
    assert ("side_conflict" in found.review) is conflict
    assert ("side_unknown" in found.review) is (side is Side.UNKNOWN)


@pytest.mark.parametrize(("tag", "letter", "evidence"), [("L", 0.0, "tag"), (None, 0.9, "marker")])
def test_where_the_bones_hardly_tell_a_letter_and_a_tag_go_before_them(
    tag: str | None, letter: float, evidence: str
) -> None:
    raw = make_raw(View.FROG_LEG_LATERAL, right_hip_native=0.7, left_hip_native=0.4, left_marker=letter)
    bones_last, bones_first = judged(raw, tag, sure_side=0.4), judged(raw, tag, sure_side=0.2)
    assert (bones_last.side, bones_last.side_evidence) == (Side.LEFT, evidence)
    assert (bones_first.side, bones_first.side_evidence) == (Side.RIGHT, "anatomy")


def test_a_marker_beside_the_other_hip_is_a_conflict() -> None:
    def with_marker_at(box: tuple[float, ...]) -> Findings:
        raw = make_raw(right_hip_native=0.9, left_hip_native=0.9, right_marker=0.9)
        raw.detections[4, :4] = box
        return judged(raw)

    assert with_marker_at(LEFT_BOX).side_conflict
    assert not with_marker_at(RIGHT_BOX).side_conflict
    assert with_marker_at(RIGHT_BOX).side_evidence == "anatomy+marker"


@pytest.mark.parametrize(("other", "overruled"), [(0.94, True), (0.96, False)])
def test_a_classifier_that_is_nearly_sure_is_not_overruled(other: float, overruled: bool) -> None:  # noqa: FBT001
    """Whether the server spared the detector the film or not."""
    raw = make_raw(View.OTHER, other, right_hip_native=0.99 * (1 - other), left_hip_native=0.0)
    assert (judged(raw, overruling_score=0.6).view is not View.OTHER) is overruled


@pytest.mark.parametrize(
    ("view", "score", "mirrored", "side", "review"),
    [
        (View.AP_HIP, 0.9, 0.6, Side.LEFT, ("mirrored_film",)),
        (View.AP_HIP, 0.9, 0.4, Side.RIGHT, ("side_conflict",)),
        (View.AP_HIP, 0.6, 0.8, Side.RIGHT, ("side_conflict",)),  # 0.48 that it is this letter, and mirrored
        (View.AP_HIP, 0.4, 0.9, Side.RIGHT, ()),  # a letter that is not read says nothing
        (View.OBLIQUE_HIP, 0.9, 0.6, Side.LEFT, ("mirrored_film",)),
        (View.CROSS_TABLE_LATERAL, 0.9, 0.6, Side.LEFT, ()),  # its bones say nothing that a letter could contradict
    ],
)
def test_a_letter_the_wrong_way_round_that_contradicts_the_bones_tells_a_mirrored_film(
    view: View, score: float, mirrored: float, side: Side, review: tuple[str, ...]
) -> None:
    found = findings(view, right_hip_native=0.9, left_marker=score, marker_mirrored=[0.0, mirrored])
    assert (found.side, [hip.side for hip in found.hips], found.review) == (side, [side], review)
    assert ("anatomy" in found.side_evidence) is (side is Side.RIGHT)


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_a_letter_beside_the_other_hip_is_one_however_the_film_is_stored(quarters: int) -> None:
    raw = make_raw(right_hip_native=0.9, left_hip_native=0.9, right_marker=0.9)
    beside = judged(raw)
    raw.detections[4, :4] = (690.0, 50.0, 720.0, 80.0)
    for _ in range(quarters):  # x, y of the next quarter are 767 - y, x
        x0, y0, x1, y1 = raw.detections[:, :4].T.copy()
        raw.detections[:, :4] = np.stack([767 - y1, x0, 767 - y0, x1], 1)
    assert not beside.side_conflict
    assert judged(raw).side_conflict


def test_a_letter_laid_face_down_beside_the_hip_it_names_mirrors_nothing() -> None:
    found = findings(View.AP_HIP, right_hip_native=0.9, right_marker=0.9, marker_mirrored=[0.9, 0.9])
    assert (found.side, found.side_evidence, found.review) == (Side.RIGHT, "anatomy+marker", ())


def test_the_hips_of_a_mirrored_film_change_sides_with_all_that_is_theirs() -> None:
    raw = make_raw(right_hip_native=0.9, left_hip_implant=0.9, right_marker=0.9, marker_mirrored=[0.9, 0.0])
    as_it_lies = judged(raw)
    raw.detections[4, :4] = LEFT_BOX
    found = judged(raw)
    assert [(hip.side, hip.implant) for hip in as_it_lies.hips] == [(Side.RIGHT, False), (Side.LEFT, True)]
    assert [(hip.side, hip.implant) for hip in found.hips] == [(Side.RIGHT, True), (Side.LEFT, False)]
    assert found.hips[0].box == as_it_lies.hips[1].box
    assert found.hips[0].measurements == as_it_lies.hips[1].measurements
    assert (found.side, found.side_evidence, found.review) == (Side.BOTH, "marker", ("mirrored_film",))


def test_the_surest_letter_tells_a_mirrored_film_and_a_tag_may_contradict_it() -> None:
    letters = {"right_marker": 0.6, "left_marker": 0.9}
    found = findings(View.AP_HIP, right_hip_native=0.9, marker_mirrored=[0.0, 0.9], **letters)
    assert (found.side, found.review) == (Side.LEFT, ("mirrored_film",))
    found = findings(View.AP_HIP, "R", right_hip_native=0.9, marker_mirrored=[0.0, 0.9], **letters)
    assert (found.side, found.review) == (Side.LEFT, ("side_conflict", "mirrored_film"))


def test_a_tag_for_one_side_of_a_bilateral_film_is_a_conflict() -> None:
    assert findings(laterality="L", right_hip_native=0.9, left_hip_native=0.9).side_conflict


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"left_hip_native": 0.9, "right_hip_native": 0.9, "view_score": 0.7}, "low_view_score"),
        ({"left_hip_native": 0.9, "right_hip_native": 0.55}, "low_hip_score"),
        ({"left_hip_native": 0.9, "right_hip_native": 0.7, "right_hip_implant": 0.6}, "unsure_implant"),
        ({"left_hip_native": 0.9, "right_hip_implant": 0.9, "cup_scores": [0.84, 0.1]}, "unsure_cup"),
        ({"left_hip_native": 0.9, "right_hip_implant": 0.9, "cup_scores": [0.16, 0.1]}, "unsure_cup"),
        (
            {"left_hip_native": 0.9, "right_hip_implant": 0.9, "cup_landmarks": [[[1.0, 1.0, 0.2]] * 5] * 2},
            "cup_not_measured",
        ),
        ({"left_hip_native": 0.9, "right_hip_implant": 0.9, "cup_angle_errors": [[90.0] * 3] * 2}, "cup_not_measured"),
        ({"left_hip_native": 0.9, "right_hip_native": 0.9, "outlier_score": [1.1]}, "unusual_film"),
        ({"right_hip_native": 0.2}, "no_hip_on_hip_view"),
        ({"view": View.OTHER, "view_score": 0.7}, "low_view_score"),
    ],
)
def test_a_person_is_asked_where_the_models_are_unsure(raw: dict[str, Any], reason: str) -> None:
    assert findings(**raw).review == (reason,)


@pytest.mark.parametrize("scores", [[0.14, 0.5], [0.86, 0.5]])
def test_a_cup_that_is_surely_there_or_not_asks_nobody_and_a_native_hip_has_none(scores: list[float]) -> None:
    assert findings(right_hip_implant=0.9, left_hip_native=0.9, cup_scores=scores).review == ()


def test_an_unsure_view_without_a_hip_says_both() -> None:
    assert findings(View.OBLIQUE_HIP, view_score=0.7).review == ("low_view_score", "no_hip_on_hip_view")


def test_a_film_of_something_else_may_be_as_unusual_as_it_likes() -> None:
    assert findings(View.OTHER, outlier_score=[9.0]).review == ()


def test_how_unusual_a_film_is_goes_with_its_findings() -> None:
    assert findings(View.OTHER, outlier_score=[9.0]).outlier_score == 9.0


@pytest.mark.parametrize(
    ("raw", "threshold", "reason"),
    [
        ({"left_hip_native": 0.9, "right_hip_native": 0.9, "view_score": 0.7}, {"sure_view": 0.6}, "low_view_score"),
        ({"left_hip_native": 0.9, "right_hip_native": 0.55}, {"sure_hip": 0.5}, "low_hip_score"),
        (
            {"left_hip_native": 0.9, "right_hip_native": 0.9, "outlier_score": [1.1]},
            {"outlier_score": 1.2},
            "unusual_film",
        ),
    ],
)
def test_how_sure_is_sure_enough_is_the_served_threshold(
    raw: dict[str, Any], threshold: dict[str, float], reason: str
) -> None:
    assert reason in judged(make_raw(**raw)).review
    assert judged(make_raw(**raw), **threshold).review == ()
