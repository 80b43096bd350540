from typing import Any

import pytest
from builders.findings import LEFT_BOX, RIGHT_BOX, make_canvas, make_header, make_raw

from ingest.findings import find
from ingest.records import Findings, Side, View


def findings(view: View = View.AP_PELVIS, laterality: str | None = None, **raw: Any) -> Findings:
    return find(make_raw(view, **raw), make_canvas(), make_header(laterality=laterality))


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


def test_a_weak_box_is_no_hip() -> None:
    assert findings(right_hip_native=0.34).hips == ()


def test_a_film_of_something_else_has_no_hips() -> None:
    found = findings(View.OTHER, right_hip_native=0.9)
    assert (found.hips, found.side, found.review) == ((), Side.UNKNOWN, ())


@pytest.mark.parametrize("view", [View.AP_HIP, View.CROSS_TABLE_LATERAL])
def test_a_view_of_one_hip_keeps_the_best(view: View) -> None:
    [hip] = findings(view, right_hip_native=0.6, left_hip_implant=0.8).hips
    assert hip.implant


def test_two_boxes_on_the_same_hip_are_one() -> None:
    raw = make_raw(View.OBLIQUE_HIP, right_hip_native=0.6, left_hip_native=0.7)
    raw.detections[2, :4] = raw.detections[0, :4]
    [hip] = find(raw, make_canvas(), make_header()).hips
    assert hip.side is Side.LEFT


def test_boxes_and_landmarks_are_moved_to_film_pixels() -> None:
    landmarks = [[[100.0, 50.0, 0.8]] * 5] * 2
    [hip] = findings(right_hip_implant=0.9, cup_landmarks=landmarks).hips
    assert hip.box == tuple(2 * value + 0.5 for value in RIGHT_BOX)
    assert hip.landmarks[0] == pytest.approx((200.5, 100.5, 0.8))


def test_a_box_ends_where_the_film_ends() -> None:
    raw = make_raw(right_hip_native=0.9)
    raw.detections[0, :4] = (-20, -20, 900, 900)
    [hip] = find(raw, make_canvas(), make_header()).hips
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
        (View.OBLIQUE_HIP, "left", None, Side.LEFT, "marker", True),
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


def test_where_the_bones_hardly_tell_a_tag_goes_before_them() -> None:
    found = findings(View.FROG_LEG_LATERAL, "L", right_hip_native=0.6, left_hip_native=0.34)
    assert (found.side, found.side_evidence) == (Side.LEFT, "tag")


def test_a_marker_beside_the_other_hip_is_a_conflict() -> None:
    def with_marker_at(box: tuple[float, ...]) -> Findings:
        raw = make_raw(right_hip_native=0.9, left_hip_native=0.9, right_marker=0.9)
        raw.detections[4, :4] = box
        return find(raw, make_canvas(), make_header())

    assert with_marker_at(LEFT_BOX).side_conflict
    assert not with_marker_at(RIGHT_BOX).side_conflict
    assert with_marker_at(RIGHT_BOX).side_evidence == "anatomy+marker"


def test_a_tag_for_one_side_of_a_bilateral_film_is_a_conflict() -> None:
    assert findings(laterality="L", right_hip_native=0.9, left_hip_native=0.9).side_conflict


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ({"right_hip_native": 0.9, "view_score": 0.7}, "low_view_score"),
        ({"right_hip_native": 0.5}, "low_hip_score"),
        ({"right_hip_native": 0.7, "right_hip_implant": 0.6}, "unsure_implant"),
        ({"right_hip_implant": 0.9, "cup_landmarks": [[[1.0, 1.0, 0.2]] * 5] * 2}, "cup_not_measured"),
    ],
)
def test_a_person_is_asked_where_the_models_are_unsure(raw: dict[str, Any], reason: str) -> None:
    assert findings(**raw).review == (reason,)
