"""A real dbt build over landing rows that a test made up."""

import re
from datetime import date
from pathlib import Path
from typing import Any

from builders.landing import (
    make_file,
    make_film,
    make_hip,
    make_inference,
    make_measurement,
    make_refused,
    make_registered,
)
from builders.registry import PROJECT, Registry

from warehouse.land import Warehouse

VERSION_1 = Path(__file__).parents[1] / "warehouse" / "landing_version_1.sql"


def cohort() -> list[Any]:
    """Two people: one operated on the right between two films, one with a pelvis film and every kind of refusal."""
    before = (make_file("before"), make_film("before", study_date=date(2019, 5, 1)))
    pelvis = (make_file("pelvis"), make_film("pelvis", patient="patient2", study_date=None))
    return [
        *(*before, make_inference("before"), make_hip("before", implant=False)),
        *make_registered("after", study_date=date(2019, 6, 1)),
        *(*pelvis, make_inference("pelvis", view="ap_pelvis", side="both")),
        *(make_hip("pelvis", 0), make_hip("pelvis", 1, side="left", implant=False)),
        *(make_measurement("pelvis"), make_measurement("pelvis", "version")),
        *(make_file("knee", disposition="not_hip", reason="view_other"), make_film("knee", patient="patient2")),
        make_inference("knee", view="other", side="unknown", review=["low_view_score"]),
        make_file("copy", disposition="duplicate", reason="same_image", film_key="film-after"),
        make_refused("text", "screened_out", "not_dicom", sop_instance_uid=None, content_sha256=None),
        make_refused("crash", "failed", "worker_crashed", content_sha256=None),
    ]


def test_every_rule_of_the_models_holds_in_its_unit_test(registry: Registry) -> None:
    Warehouse(registry.path).create()
    registry.run("--empty")  # the tables whose columns the tests take
    tested = registry.dbt("test", "--resource-type", "unit_test")
    assert tested.returncode == 0, tested.stdout[-3000:]


def test_the_registry_of_a_cohort(registry: Registry) -> None:
    registry.land(*cohort())
    registry.build()
    lines = registry.ask("SELECT section, label, files FROM registry.curation_summary WHERE files > 0 ORDER BY ALL")
    assert lines == [
        ("aside", "implant", 2),
        ("aside", "needs_review", 1),
        ("excluded", "not_dicom", 1),
        ("excluded", "same_image", 1),
        ("excluded", "view_other", 1),
        ("excluded", "worker_crashed", 1),
        ("film", "ap_hip", 2),
        ("film", "ap_pelvis", 1),
        ("total", "files_found", 7),
    ]  # fmt: skip
    assert registry.ask(
        "SELECT patient_key, side, film_key, film_number, days_since_first_film, days_since_baseline, is_baseline "
        "FROM registry.hip_timeline ORDER BY ALL",
    ) == [
        ("patient1", "right", "film-after", 2, 31, 0, True),
        ("patient1", "right", "film-before", 1, 0, None, False),
        ("patient2", "left", "film-pelvis", 1, None, None, False),
        ("patient2", "right", "film-pelvis", 1, None, None, False),
    ]
    assert registry.ask(
        "SELECT side, films, last_inclination_deg, last_version_deg FROM registry.dim_hip ORDER BY ALL"
    ) == [("left", 1, None, None), ("right", 1, 42.5, 18.0), ("right", 2, None, 18.0)]
    assert registry.ask("SELECT film_key, review_reasons FROM registry.fct_file_disposition WHERE needs_review") == [
        ("film-knee", "low_view_score")
    ]
    assert registry.ask("SELECT DISTINCT outlier_score FROM registry.fct_radiograph") == [(0.4,)]
    assert registry.ask("SELECT DISTINCT uncertainty_deg FROM registry.fct_cup_measurement") == [(2.0,)]
    assert registry.ask("SELECT kind, evidence, start_date, films FROM registry.hip_episode ORDER BY ALL") == [
        ("native", "films", None, 0),
        ("native", "films", None, 1),
        ("primary", "implant_appeared", date(2019, 5, 16), 1),
        ("primary", "implant_on_undated_film", None, 0),
    ]
    assert registry.ask("SELECT DISTINCT death_status FROM registry.dim_patient") == [("not supplied",)]
    assert registry.ask("SELECT DISTINCT unit_code FROM registry.unit_funnel") == [("not supplied",)]
    schemas = registry.ask("SELECT DISTINCT schema_name FROM duckdb_tables() ORDER BY 1")
    assert schemas == [("intermediate",), ("landing",), ("registry",), ("supplied",)]


def test_a_warehouse_without_a_single_file_builds(registry: Registry) -> None:
    Warehouse(registry.path).create()
    registry.build()
    assert registry.ask("SELECT files, share FROM registry.curation_summary WHERE section = 'total'") == [(0, None)]


def test_damaged_landing_tables_do_not_pass(registry: Registry) -> None:
    registry.land(*cohort())
    damage = {
        "every_registered_file_is_one_radiograph": "DELETE FROM landing.inference WHERE film_key = 'film-after'",
        "every_duplicate_repeats_a_film_that_is_there": "UPDATE landing.file SET film_key = 'x' "
        "WHERE reason = 'same_image'",
        "every_angle_is_one_that_a_cup_can_have": "UPDATE landing.measurement SET value_deg = -42 "
        "WHERE measure = 'inclination'",
        "every_uncertainty_stands_beside_a_value": "UPDATE landing.measurement "
        "SET value_deg = NULL, accepted = false, why_not = 'implausible' WHERE film_key = 'film-pelvis' "
        "AND measure = 'version'",
    }
    registry.change(*damage.values())
    registry.run()
    tested = registry.dbt("test", "--select", "test_type:singular")
    assert tested.returncode == 1
    failed = set(re.findall(r"of \d+ FAIL \d+ (\w+)", tested.stdout))
    assert failed == {*damage, "files_found_are_the_sum_of_dispositions"}  # a film without a reading is not counted


def test_a_warehouse_of_another_schema_version_is_told(registry: Registry) -> None:
    registry.land(*cohort())
    registry.change("UPDATE landing.meta SET schema_version = 1")
    done = registry.dbt("build")
    assert done.returncode != 0
    assert "have schema version 1 and not 3: 'ingest status'" in done.stdout


def test_a_warehouse_that_was_brought_up_to_date_builds(registry: Registry) -> None:
    registry.change(
        VERSION_1.read_text(encoding="utf-8"), "INSERT INTO landing.meta VALUES ('tha-registry', 1, '2026-01-01')"
    )
    registry.land(*cohort())
    registry.build()


def test_a_file_that_ingest_did_not_make_is_told(registry: Registry) -> None:
    done = registry.dbt("build")
    assert done.returncode != 0
    assert "run 'ingest run SOURCE' first" in done.stdout


def test_no_table_compares_every_row_with_every_other(cohort: Registry) -> None:
    models = cohort.target / "compiled" / "tha_registry" / "models"
    compiled = sorted(models.glob("*/*.sql"))  # deeper, in folders named *.yml, lie tests and their inputs
    assert {path.stem for path in compiled} == {path.stem for path in (PROJECT / "models").glob("*/*.sql")}
    with cohort.opened() as connection:
        plans = {path.stem: connection.execute("EXPLAIN " + path.read_text()).fetchall()[0][1] for path in compiled}
    slow = {name for name, plan in plans.items() if "BLOCKWISE_NL_JOIN" in plan}
    assert slow <= {"int_patients_changed"}  # it asks every film whether one row is there
