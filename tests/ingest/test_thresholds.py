from dataclasses import fields

import pytest
from builders.findings import make_thresholds

from ingest.records import CUP_ANGLES
from ingest.thresholds import PREFIX, Thresholds

NAMES = [field.name for field in fields(Thresholds)]


def parameters(**changes: str) -> dict[str, str]:
    """One number each, all different, and what else a config may say."""
    numbers = {name: str((index + 1) / 100) for index, name in enumerate(NAMES)}
    return {PREFIX + name: text for name, text in (numbers | changes).items()} | {"another": "x"}


def test_every_threshold_has_the_value_of_its_own_parameter() -> None:
    parsed = Thresholds.parse(parameters())
    assert [getattr(parsed, name) for name in NAMES] == [(index + 1) / 100 for index in range(len(NAMES))]


@pytest.mark.parametrize("name", NAMES)
def test_a_threshold_that_is_not_there_is_named(name: str) -> None:
    given = parameters()
    del given[PREFIX + name]
    with pytest.raises(ValueError, match=f"it has no parameter threshold.{name}$"):
        Thresholds.parse(given)


@pytest.mark.parametrize("text", ["", "half", "0,5", "nan", "inf", "-0.1", "1.01", "1000"])
def test_a_score_is_a_number_from_0_to_1(text: str) -> None:
    with pytest.raises(ValueError, match=f"threshold.hip_score is '{text}' and no number from 0 to 1$"):
        Thresholds.parse(parameters(hip_score=text))


@pytest.mark.parametrize(
    ("name", "text"),
    [("outlier_score", "12.5"), ("inclination_uncertainty_deg", "7"), ("hip_score", "1"), ("sure_side", "0")],
)
def test_what_is_no_score_may_be_more_than_1(name: str, text: str) -> None:
    assert getattr(Thresholds.parse(parameters(**{name: text})), name) == float(text)


@pytest.mark.parametrize(("pelvis_deg", "hip_deg"), [(2.0, 1.5), (1.5, 2.0)])
def test_the_widest_intervals_stand_in_the_order_of_the_angles(pelvis_deg: float, hip_deg: float) -> None:
    values = {"inclination_deg": 1.0, "version_ap_deg": 2.0, "version_lateral_deg": 3.0}
    thresholds = make_thresholds(
        inclination_uncertainty_deg=1.0,
        version_ap_pelvis_uncertainty_deg=pelvis_deg,
        version_ap_hip_uncertainty_deg=hip_deg,
        version_lateral_uncertainty_deg=3.0,
    )
    assert thresholds.widest_deg == tuple(values[name] for name in CUP_ANGLES)
