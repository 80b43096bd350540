"""Builds that take only what is new: driven by the ledger of batches, and equal to a build from nothing."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import yaml
from builders.landing import make_file, make_film, make_hip, make_inference, make_measurement, make_refused
from builders.registry import PROJECT, Registry

NEWER = {"model_version": "tha_radiograph/1+bbbb", "run_id": "run3"}


def film(name: str, patient: str, day: date, run_id: str, *, version: float | None) -> tuple[Any, ...]:
    """An AP hip film; native where there is no version to measure."""
    implant = version is not None
    measured = (make_measurement(name, "version", value_deg=version),) if implant else ()
    return (
        make_file(name, run_id=run_id),
        make_film(name, patient, study_date=day, run_id=run_id),
        make_inference(name, run_id=run_id),
        make_hip(name, implant=implant),
        *measured,
    )


def again(name: str, *, version: float) -> tuple[Any, ...]:
    """The same film as a newer model reads it."""
    return (
        make_inference(name, inferred_at=datetime(2026, 4, 1, tzinfo=UTC), **NEWER),
        make_hip(name, model_version=NEWER["model_version"]),
        make_measurement(name, "version", value_deg=version, model_version=NEWER["model_version"]),
    )


BATCHES: dict[str, tuple[str, tuple[Any, ...]]] = {
    "run2-0": ("run2", film("b2", "p2", date(2020, 1, 1), "run2", version=12.0)),
    "run1-1": (
        "run1",
        (
            *film("a1", "p1", date(2018, 1, 1), "run1", version=None),
            *film("a2", "p1", date(2018, 3, 1), "run1", version=15.0),
            make_refused("text", "screened_out", "not_dicom"),
        ),
    ),
    "run1-0": ("run1", film("b1", "p2", date(2019, 1, 1), "run1", version=None)),
    "run3-0": ("run3", again("a2", version=25.0)),
    "run4-0": ("run4", film("a3", "p1", date(2019, 3, 1), "run4", version=16.0)),
}
DEATH = [{"patient_key": "p2", "death_date": date(2021, 1, 1)}]


def tables(registry: Registry) -> dict[str, list[Any]]:
    """Every row of every table that a build makes, but for what says how it was built."""
    names = registry.ask(
        "SELECT schema_name || '.' || table_name FROM duckdb_tables() "
        "WHERE schema_name IN ('intermediate', 'registry') "
        "AND table_name NOT IN ('batch_built', 'made_with', 'int_batches_pending', 'int_patients_changed')"
    )
    return {name: registry.ask(f"FROM {name} ORDER BY ALL") for (name,) in names}


def changed(registry: Registry) -> list[str]:
    return [key for (key,) in registry.ask("SELECT patient_key FROM intermediate.int_patients_changed ORDER BY ALL")]


def land(registry: Registry, *batch_ids: str) -> None:
    for batch_id in batch_ids:
        run_id, rows = BATCHES[batch_id]
        registry.land(*rows, batch_id=batch_id, run_id=run_id)


def test_batches_that_land_late_and_out_of_order_make_the_tables_of_a_build_from_nothing(
    tmp_path: Path, dbt_target: Path
) -> None:
    stepwise, at_once = (Registry(tmp_path / name, dbt_target) for name in ("stepwise", "at_once"))
    patients = []
    for batches in (("run2-0", "run1-1"), ("run1-0",), ("run3-0", "run4-0")):
        land(stepwise, *batches)
        stepwise.run()
        patients.append(changed(stepwise))
    assert patients == [["p1", "p2"], ["p1", "p2"], ["p1"]]  # a run's late batch makes all of that run again
    stepwise.supply(death=DEATH)
    stepwise.run()
    land(at_once, *sorted(BATCHES))
    at_once.supply(death=DEATH)
    at_once.run()
    found = tables(stepwise)
    assert found == tables(at_once)
    assert len(found["registry.hip_timeline"]) == 5
    assert at_once.ask("SELECT value_deg FROM registry.fct_cup_measurement WHERE film_key = 'film-a2'") == [(25.0,)]
    stepwise.run()
    assert changed(stepwise) == []
    assert tables(stepwise) == found


def test_a_failed_build_leaves_its_batch_to_be_built_and_other_settings_build_from_nothing(registry: Registry) -> None:
    land(registry, "run1-1")
    registry.run()
    built = "SELECT batch_id FROM intermediate.batch_built ORDER BY ALL"
    land(registry, "run4-0")
    registry.change("ALTER TABLE landing.film RENAME COLUMN spacing_mm TO lost")
    assert registry.dbt("run").returncode != 0
    registry.change("ALTER TABLE landing.film RENAME COLUMN lost TO spacing_mm")
    assert registry.ask(built) == [("run1-1",)]
    registry.run()
    assert registry.ask("SELECT count(*) FROM registry.fct_radiograph") == [(3,)]
    assert registry.ask(built) == [("run1-1",), ("run4-0",)]
    assert registry.ask("SELECT count(*) FROM registry.unit_cusum") == [(3,)]
    project = yaml.safe_load((PROJECT / "dbt_project.yml").read_text(encoding="utf-8"))
    settings = project["vars"]["registry_settings"] | {"longest_start_interval_days": 30}
    registry.run("--vars", json.dumps({"registry_settings": settings}))
    assert registry.ask("SELECT count(*) FROM registry.unit_cusum") == [(0,)]  # the primary lies in 59 days
