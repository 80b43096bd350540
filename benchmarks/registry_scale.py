"""How long the registry takes to build, and in how much memory, over landing tables of any size.

    python benchmarks/registry_scale.py --films 1000000 --patients 20000

The films are made up in SQL: each patient has films over 15 years, most hips are operated on, some twice. It prints the
seconds and the peak memory of a build from nothing, of one with nothing new, and of one with a batch of 256 new films.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import duckdb

from warehouse.land import Warehouse

PROJECT = Path(__file__).parents[1] / "dbt_project"

# Film n of :films: patient, day, view, side and state follow from n alone, by hashes.
FILMS = """
CREATE TEMP TABLE made AS
SELECT
    n,
    'film' || n AS film_key,
    'p' || (n % $patients) AS patient_key,
    DATE '2004-01-01' + CAST(hash(n, 1) % 5500 AS INTEGER) AS study_date,
    CASE hash(n, 2) % 10
        WHEN 0 THEN 'oblique_hip' WHEN 1 THEN 'frog_leg_lateral' WHEN 2 THEN 'cross_table_lateral'
        WHEN 3 THEN 'cross_table_lateral' WHEN 4 THEN 'ap_hip' WHEN 5 THEN 'ap_hip' WHEN 6 THEN 'ap_hip'
        ELSE 'ap_pelvis'
    END AS view,
    hash(n % $patients, 3) % 4000 AS operated_after,
    CASE hash(n % $patients, 4) % 2 WHEN 0 THEN 'left' ELSE 'right' END AS side
FROM range($first, $last) AS numbers (n)
"""
LANDING = [
    """
    INSERT INTO landing.file BY NAME
    SELECT 'file' || n AS file_key, $run AS run_id, '/' || n AS path, 1000 AS size_bytes,
        TIMESTAMP '2026-01-01' AS modified_at, film_key AS content_sha256, 'registered' AS disposition,
        'hip_film' AS reason, film_key AS sop_instance_uid, film_key, 0.1 AS seconds,
        TIMESTAMP '2026-01-01' + to_seconds(n // 30) AS finished_at
    FROM made
    """,
    """
    INSERT INTO landing.film BY NAME
    SELECT film_key, 'file' || n AS file_key, $run AS run_id, film_key AS sop_instance_uid,
        'study' || n // 2 AS study_instance_uid, 'series' || n // 2 AS series_instance_uid, '1.2' AS sop_class_uid,
        '1.2' AS transfer_syntax_uid, 'DX' AS modality, patient_key,
        CASE hash(patient_key) % 2 WHEN 0 THEN 'F' ELSE 'M' END AS patient_sex, 60.0 + year(study_date) - 2004
        AS patient_age_years, study_date, study_date + INTERVAL 9 HOUR AS acquired_at, 'HIP' AS body_part_tag,
        'maker' || n % 5 AS manufacturer, 'model' AS device_model, 'MONOCHROME2' AS photometric, 2500 AS rows,
        2000 AS columns, 12 AS bits_stored, 0.15 AS spacing_mm, 'imager' AS spacing_source, 0.3 AS canvas_scale,
        0.0 AS canvas_offset_x, 0.0 AS canvas_offset_y, film_key AS pixel_sha256
    FROM made
    """,
    """
    INSERT INTO landing.inference BY NAME
    SELECT film_key, 'synthetic/1-0' AS model_version, 'none' AS preprocessing, $run AS run_id, view,
        0.9 + hash(n, 5) % 100 / 1000.0 AS view_score, [0.9, 0.02, 0.02, 0.02, 0.02, 0.02] AS view_scores,
        CASE view WHEN 'ap_pelvis' THEN 'both' ELSE side END AS side, 'anatomy' AS side_evidence,
        false AS side_conflict, list_transform(range(6), lambda x: [1.0, 1, 1, 1, 1]) AS detections,
        list_transform(range(2), lambda x: [1.0, 1, 1]) AS pelvis_landmarks, CAST([] AS VARCHAR[]) AS review,
        TIMESTAMP '2026-01-01' AS inferred_at, 0.5 AS outlier_score
    FROM made
    """,
    """
    CREATE TEMP TABLE shown AS
    SELECT film_key, n, study_date, view, hip_index, hip_side,
        hip_side = side AND datediff('day', DATE '2004-01-01', study_date) > operated_after AS implant
    FROM (
        SELECT *, 0 AS hip_index, CASE view WHEN 'ap_pelvis' THEN 'right' ELSE side END AS hip_side FROM made
        UNION ALL
        SELECT *, 1, 'left' FROM made WHERE view = 'ap_pelvis'
    )
    """,
    """
    INSERT INTO landing.hip BY NAME
    SELECT film_key, 'synthetic/1-0' AS model_version, hip_index, hip_side AS side, implant, 0.9 AS score,
        CAST(implant AS INTEGER) AS implant_score, [1.0, 1, 2, 2] AS box, implant AS has_cup,
        CAST(implant AS INTEGER) AS cup_score, list_transform(range(5), lambda x: [1.0, 1, 1]) AS landmarks
    FROM shown
    """,
    """
    INSERT INTO landing.measurement BY NAME
    SELECT film_key, 'synthetic/1-0' AS model_version, hip_index, measure,
        CASE measure WHEN 'inclination' THEN 42 ELSE 17 END +
            (CAST(hash(n, 6) % 400 AS INTEGER) - 200) / 100.0 AS value_deg,
        CASE WHEN measure = 'inclination' THEN 'ap_pelvis_rim_trans_ischial'
            WHEN view = 'cross_table_lateral' THEN 'cross_table_rim_vertical' ELSE 'ap_rim_ellipse_asin' END AS method,
        CASE view WHEN 'cross_table_lateral' THEN 'cross_table' ELSE 'radiographic' END AS definition,
        'none' AS reference, 0.9 AS confidence, true AS accepted, 2.0 AS uncertainty_deg
    FROM shown
    CROSS JOIN (SELECT unnest(['inclination', 'version']) AS measure)
    WHERE implant AND view IN ('ap_pelvis', 'ap_hip', 'cross_table_lateral')
        AND (measure = 'version' OR view = 'ap_pelvis')
    """,
    "INSERT INTO landing.batch VALUES ($run || '-0', $run, $last - $first, $last - $first, now() AT TIME ZONE 'UTC')",
    "DROP TABLE made",
    "DROP TABLE shown",
]


@dataclass(frozen=True, slots=True)
class Build:
    """One run of dbt."""

    seconds: float  # of the clock
    cpu_seconds: float  # of all cores: what a busy machine changes less
    peak_mb: float
    passed: bool


def land(path: Path, run: str, films: range, patients: int) -> None:
    """Makes films up and puts them into the landing tables, as one batch of one run.

    In a process of its own: the peak memory of a program counts what its parent held when it was started.
    """
    landing = get_context("spawn").Process(target=_land, args=(path, run, films, patients))
    landing.start()
    landing.join()
    if landing.exitcode != 0:
        raise SystemExit(f"landing ended with {landing.exitcode}")


def _land(path: Path, run: str, films: range, patients: int) -> None:
    values = {"run": run, "first": films.start, "last": films.stop, "patients": patients}
    with duckdb.connect(str(path)) as connection:
        connection.execute("SET enable_progress_bar = false")
        for statement in [FILMS, *LANDING]:
            connection.execute(statement, {name: value for name, value in values.items() if f"${name}" in statement})


def build(folder: Path, *arguments: str) -> Build:
    """Runs ``dbt build`` on the warehouse of the folder, with the project's own settings."""
    started = time.monotonic()
    dbt = subprocess.Popen(
        [
            *(Path(sys.executable).with_name("dbt"), "--quiet", "build", "--exclude-resource-type", "unit_test"),
            *("--project-dir", PROJECT, "--profiles-dir", PROJECT, *arguments),
        ],
        env=os.environ
        | {
            "INGEST_WAREHOUSE": str(folder / "warehouse.duckdb"),
            "DBT_TARGET_PATH": str(folder / "target"),
            "DBT_LOG_PATH": str(folder / "logs"),
        },
    )
    _, status, usage = os.wait4(dbt.pid, 0)
    dbt.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.monotonic() - started
    return Build(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, dbt.returncode == 0)


def main() -> None:
    """Prints one line a build."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=1_000_000)
    parser.add_argument("--patients", type=int, default=20_000)
    parser.add_argument("--folder", type=Path, help="where to work; a temporary folder unless given")
    parser.add_argument(
        "--threads", type=int, default=1, help="tables that dbt builds at a time; they share the memory"
    )
    parser.add_argument("--tests", action="store_true", help="run dbt's tests of the data too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        path = folder / "warehouse.duckdb"
        Warehouse(path).create()
        land(path, "run1", range(arguments.films), arguments.patients)
        print(
            f"{arguments.films:,} films of {arguments.patients:,} patients, {path.stat().st_size / 1e6:,.0f} MB landed"
        )
        tables_only = () if arguments.tests else ("--exclude-resource-type", "test")
        at_a_time = ("--threads", str(arguments.threads))
        for label in ("from nothing", "nothing new", "256 new films"):
            if label == "256 new films":
                land(path, "run2", range(arguments.films, arguments.films + 256), arguments.patients)
            found = build(folder, *tables_only, *at_a_time)
            state = "passed" if found.passed else "FAILED"
            times = f"{found.seconds:.1f} s ({found.cpu_seconds:.1f} s of processor)"
            print(f"{label}: {times}, peak {found.peak_mb:,.0f} MB, {state}", flush=True)


if __name__ == "__main__":
    main()
