from typing import Any

import pytest
from builders.findings import make_raw, make_thresholds

from ingest.cup import measure
from ingest.records import CupMeasurement, View

RIGHT = 0


def measured(
    view: View, *, has_cup: bool = True, thresholds: dict[str, float] | None = None, **raw: Any
) -> dict[str, CupMeasurement]:
    limits = make_thresholds(**(thresholds or {}))
    return {m.measure: m for m in measure(make_raw(view, **raw), RIGHT, view, limits, has_cup=has_cup)}


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


@pytest.mark.parametrize(
    ("view", "measure_name", "limit", "uncertainty_deg"),
    [
        (View.AP_PELVIS, "inclination", "inclination_uncertainty_deg", 2.0),
        (View.AP_PELVIS, "version", "version_ap_pelvis_uncertainty_deg", 3.0),
        (View.AP_HIP, "version", "version_ap_hip_uncertainty_deg", 3.0),
        (View.CROSS_TABLE_LATERAL, "version", "version_lateral_uncertainty_deg", 4.0),
    ],
)
def test_an_angle_more_uncertain_than_its_own_threshold_is_not_accepted(
    view: View, measure_name: str, limit: str, uncertainty_deg: float
) -> None:
    raw = {"cup_angle_errors": [[2.0, 3.0, 4.0], [90.0, 90.0, 90.0]]}  # of the right hip, and of the left
    enough = measured(view, thresholds={limit: uncertainty_deg}, **raw)
    too_strict = measured(view, thresholds={limit: uncertainty_deg - 0.1}, **raw)
    assert enough.pop(measure_name).accepted
    refused = too_strict.pop(measure_name)
    assert (refused.accepted, refused.why_not) == (False, "low_confidence")
    assert (refused.value_deg is not None, refused.uncertainty_deg) == (True, uncertainty_deg)
    assert too_strict == enough  # what else the view has is decided by thresholds of its own


@pytest.mark.parametrize(("landmark_confidence", "accepted"), [(0.85, True), (0.95, False)])
def test_how_confident_a_landmark_must_be_is_the_served_threshold(
    landmark_confidence: float,
    accepted: bool,  # noqa: FBT001
) -> None:
    angles = measured(View.AP_PELVIS, thresholds={"landmark_confidence": landmark_confidence})
    assert {m.accepted for m in angles.values()} == {accepted}


def test_how_confident_an_ischium_must_be_is_the_served_threshold() -> None:
    angles = measured(View.AP_PELVIS, thresholds={"ischium_confidence": 0.95})
    assert (angles["inclination"].why_not, angles["version"].why_not) == ("ischium_not_visible", None)


@pytest.mark.parametrize(("measure", "angle"), [("inclination", 84.0), ("inclination", 6.0), ("version", -35.0)])
def test_an_angle_that_cups_hardly_have_is_shown_and_not_accepted(measure: str, angle: float) -> None:
    found = measured(View.AP_PELVIS, cup_angles=[[angle, angle, angle]] * 2)[measure]
    assert found.value_deg == pytest.approx(angle)
    assert (found.accepted, found.why_not) == (False, "out_of_range")


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
                assert (m.uncertainty_deg is None) == (m.value_deg is None)
