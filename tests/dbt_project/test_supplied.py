"""Supplied surgeries and deaths in the registry: preferred to what films show, and told where they contradict it."""

from datetime import date
from typing import Any

from builders.landing import make_file, make_film, make_hip, make_inference, make_registered
from builders.registry import Registry


def surgery(key: str, day: date, **changes: str) -> dict[str, Any]:
    row = {"surgery_key": key, "patient_key": "patient1", "side": "right", "surgery_date": day, "kind": "primary"}
    return row | changes


def test_supplied_rows_are_preferred_reported_and_replaced_by_the_next_load(registry: Registry) -> None:
    before = (make_file("before"), make_film("before", study_date=date(2019, 5, 1)))
    registry.land(
        *(*before, make_inference("before"), make_hip("before", implant=False)),
        *make_registered("after", study_date=date(2019, 6, 1)),
        *make_registered("late", study_date=date(2021, 6, 1)),
    )
    registry.supply(
        surgery=[
            surgery("s1", date(2019, 5, 20), site_code="north", surgeon_code="x", implant_code="cup9"),
            surgery("s2", date(2021, 1, 1), kind="revision", cause="infection"),
            surgery("s3", date(2021, 1, 1), patient_key="stranger"),
        ],
        death=[{"patient_key": "patient1", "death_date": date(2021, 3, 1)}],
        site=[{"site_code": "north", "site_name": "North"}],
    )
    registry.build()
    assert registry.ask(
        "SELECT kind, evidence, start_date, end_date, films, site_code, cause FROM registry.hip_episode "
        "ORDER BY episode_number"
    ) == [
        ("native", "films", None, date(2019, 5, 20), 1, None, None),
        ("primary", "supplied", date(2019, 5, 20), date(2021, 1, 1), 1, "north", "not supplied"),
        ("revision", "supplied", date(2021, 1, 1), None, 1, "not supplied", "infection"),
    ]
    assert registry.ask("SELECT supplied_key, conflict FROM registry.supplied_conflict ORDER BY ALL") == [
        ("patient1", "film_after_death"),
        ("s1", "implant_code_not_supplied"),
        ("s3", "patient_without_films"),
    ]
    assert registry.ask("SELECT death_date, death_status FROM registry.dim_patient") == [(date(2021, 3, 1), "dead")]
    assert registry.ask("SELECT unit_code, revisions FROM registry.unit_funnel WHERE unit_type = 'site'") == [
        ("north", 1)
    ]
    registry.supply()
    registry.run()
    assert registry.ask("SELECT evidence, start_date FROM registry.hip_episode ORDER BY episode_number") == [
        ("films", None),
        ("implant_appeared", date(2019, 5, 16)),
    ]
    assert registry.ask("SELECT count(*) FROM registry.supplied_conflict") == [(0,)]
    assert registry.ask("SELECT death_status FROM registry.dim_patient") == [("not supplied",)]
