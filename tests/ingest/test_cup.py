from typing import Any

import pytest
from builders.findings import make_raw

from ingest.cup import measure
from ingest.records import CupMeasurement, View

RIGHT = 0


def measured(view: View, *, has_cup: bool = True, **raw: Any) -> dict[str, CupMeasurement]:
    return {m.measure: m for m in measure(make_raw(view, **raw), RIGHT, view, has_cup=has_cup)}


def test_a_pelvis_film_gives_inclination_and_version() -> None:
    angles = measured(View.AP_PELVIS)
    inclination, version = angles["inclination"], angles["version"]
    assert (inclination.value_deg, inclination.accepted, inclination.why_not) == (40.0, True, None)
    assert (inclination.method, inclination.reference) == ("ap_pelvis_rim_trans_ischial", "trans_ischial_line")
    assert (version.value_deg, version.method, version.reference) == (15.0, "ap_rim_ellipse_asin", "none")
    assert inclination.definition == version.definition == "radiographic"


def test_a_cross_table_lateral_gives_version_by_its_own_definition() -> None:
    [version] = measured(View.CROSS_TABLE_LATERAL).values()
    assert (version.measure, version.value_deg) == ("version", 20.0)
    assert (version.method, version.definition) == ("cross_table_rim_vertical", "cross_table")
    assert version.reference == "image_vertical"


@pytest.mark.parametrize(
    ("view", "raw"),
    [(View.AP_HIP, {}), (View.AP_PELVIS, {"pelvis_landmarks": [[0, 0, 0.9], [0, 0, 0.3]]})],
    ids=["hip film", "one ischium cut off"],
)
def test_without_both_ischia_there_is_no_inclination(view: View, raw: dict[str, Any]) -> None:
    angles = measured(view, **raw)
    assert (angles["inclination"].value_deg, angles["inclination"].why_not) == (None, "ischium_not_visible")
    assert angles["version"].accepted


@pytest.mark.parametrize("view", [View.FROG_LEG_LATERAL, View.OBLIQUE_HIP])
def test_a_view_whose_beam_is_unknown_measures_nothing(view: View) -> None:
    assert {m.why_not for m in measured(view).values()} == {"view_not_measured"}


def test_a_hip_without_a_cup_says_so() -> None:
    assert {m.why_not for m in measured(View.AP_PELVIS, has_cup=False).values()} == {"no_cup"}


def test_the_weakest_landmark_is_the_confidence() -> None:
    landmarks = [[[0.0, 0.0, c] for c in (0.9, 0.4, 0.9, 0.9, 0.9)]] * 2
    inclination = measured(View.AP_PELVIS, cup_landmarks=landmarks)["inclination"]
    assert inclination.confidence == pytest.approx(0.4)
    assert (inclination.value_deg, inclination.accepted, inclination.why_not) == (40.0, False, "low_confidence")


def test_an_axis_does_not_need_the_ends_of_the_other_axis() -> None:
    landmarks = [[[0.0, 0.0, c] for c in (0.9, 0.9, 0.1, 0.1, 0.1)]] * 2
    angles = measured(View.AP_PELVIS, cup_landmarks=landmarks)
    assert (angles["inclination"].accepted, angles["version"].accepted) == (True, False)


@pytest.mark.parametrize("angle", [-10.0, 130.0])
def test_an_angle_that_no_cup_has_is_not_kept(angle: float) -> None:
    inclination = measured(View.AP_PELVIS, cup_angles=[[angle, 10, 10]] * 2)["inclination"]
    assert (inclination.value_deg, inclination.why_not) == (None, "implausible")


def test_a_missing_value_always_has_its_reason() -> None:
    for view in View:
        for has_cup in (True, False):
            for m in measured(view, has_cup=has_cup).values():
                assert m.accepted == (m.why_not is None)
                assert not m.accepted or m.value_deg is not None
