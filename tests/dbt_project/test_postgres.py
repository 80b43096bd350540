"""The same models on PostgreSQL, where it and its adapter are installed: every table and every test of data."""

import tempfile
from pathlib import Path

import pytest
from builders.registry import Registry

pytest.importorskip("dbt.adapters.postgres", reason="dbt-postgres is not installed")
psycopg2 = pytest.importorskip("psycopg2")
postgres = pytest.importorskip("builders.postgres")
COMPARED = {
    "hip_episode": "episode_key, kind, evidence, after_date, by_date, start_date, end_date, films",
    "hip_change": "change_key, is_flagged, is_confirmed, is_baseline",
    "hip_timeline": "hip_film_key, film_number, days_since_baseline, days_since_operation",
    "followup_compliance": "visit_key, due_date, status",
    "survival_km": "step_key, at_risk, revised, died, censored",
    "curation_summary": "line_key, files",
}


@pytest.mark.skipif(postgres.server_program("initdb") is None, reason="PostgreSQL is not installed")
def test_postgresql_builds_the_same_tables(cohort: Registry) -> None:
    with tempfile.TemporaryDirectory() as name:  # a socket's path must be short
        folder = Path(name)
        folder.chmod(0o755)
        with postgres.serving(folder) as host:
            postgres.copy_landing(cohort.path, host)
            settings = {"INGEST_POSTGRES_HOST": str(host), "INGEST_POSTGRES_DATABASE": "postgres"}
            only_data = ("--exclude-resource-type", "unit_test", "--target", "postgres")
            supplied_elsewhere = cohort.dbt("build", *only_data, **settings)
            assert supplied_elsewhere.returncode == 0, supplied_elsewhere.stdout[-3000:]
            postgres.copy_supplied(cohort.path, host)
            rebuilt = cohort.dbt("build", *only_data, **settings)
            assert rebuilt.returncode == 0, rebuilt.stdout[-3000:]
            for table, columns in COMPARED.items():
                query = f"SELECT {columns} FROM registry.{table} ORDER BY 1"  # noqa: S608 - of our own constants
                assert postgres.ask(host, query) == cohort.ask(query), table
