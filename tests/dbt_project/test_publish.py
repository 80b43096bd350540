"""The published copy: what is in it, what is not, and the questions of docs/queries.md on it."""

import re
import stat
from pathlib import Path

import duckdb
import pytest
from builders.landing import make_refused
from builders.registry import Registry

from warehouse.errors import WarehouseError
from warehouse.land import Warehouse
from warehouse.publish import AGGREGATES, WITHHELD, Published, publish

QUERIES = (Path(__file__).parents[2] / "docs" / "queries.md").read_text(encoding="utf-8")
QUESTIONS = re.findall(r"## (\d+\. .*?)\n.*?```sql\n(.*?)```", QUERIES, flags=re.DOTALL)


@pytest.fixture(scope="module")
def published(cohort: Registry, tmp_path_factory: pytest.TempPathFactory) -> Published:
    return publish(cohort.path, tmp_path_factory.mktemp("out"), smallest_count=5)


def ask(published: Published, query: str) -> list[tuple[object, ...]]:
    with duckdb.connect(published.path, read_only=True) as connection:
        return connection.execute(query).fetchall()


@pytest.mark.parametrize(("question", "query"), QUESTIONS, ids=[question for question, _ in QUESTIONS])
def test_a_question_of_the_documentation_has_an_answer(published: Published, question: str, query: str) -> None:
    may_be_none = ("8.", "12.")  # a cup that moved, a device that drifted
    assert ask(published, query) or question.startswith(may_be_none)


def test_there_are_twelve_questions() -> None:
    assert [int(question.split(".")[0]) for question, _ in QUESTIONS] == list(range(1, 13))


def test_only_marts_are_published_and_no_identifier(published: Published) -> None:
    columns = ask(published, "SELECT DISTINCT schema_name, column_name FROM duckdb_columns() WHERE NOT internal")
    assert {schema for schema, _ in columns} == {"main"}
    names = {str(name) for _, name in columns}
    assert not names & WITHHELD
    assert not {name for name in names if name.endswith("_uid") or name in ("path", "accession_key")}
    assert {path.stem for path in published.parquet.iterdir()} == {*published.rows, "publication"}


def test_small_counts_are_empty_and_so_is_what_gives_them_away(published: Published) -> None:
    for table, aggregate in AGGREGATES.items():
        for column in aggregate.counts:
            small = f"FROM {table} WHERE {column} BETWEEN 1 AND 4"
            assert ask(published, small) == []
    assert ask(published, "SELECT min(at_risk) >= 5 FROM registry.survival_km") == [(True,)]
    assert ask(published, "SELECT smallest_count FROM registry.publication") == [(5,)]


def test_files_are_private_and_the_parquet_says_the_same(published: Published) -> None:
    files = [published.path, *published.parquet.iterdir()]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o640}
    for table, rows in published.rows.items():
        found = duckdb.sql(f"FROM '{published.parquet}/{table}.parquet'").fetchall()
        assert len(found) == rows


def test_aggregates_alone_have_no_row_of_a_patient(cohort: Registry, tmp_path: Path) -> None:
    publish(cohort.path, tmp_path, smallest_count=5)
    published = publish(cohort.path, tmp_path, smallest_count=5, aggregates_only=True)
    keys = "SELECT count(*) FROM duckdb_columns() WHERE column_name IN ('patient_key', 'hip_key', 'film_key')"
    assert ask(published, keys) == [(0,)]
    assert {path.stem for path in published.parquet.iterdir()} == {*AGGREGATES, "publication"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["registry", "registry.duckdb"]


def test_one_small_exclusion_does_not_follow_from_the_total(registry: Registry, tmp_path: Path) -> None:
    many = [make_refused(f"{n}", "screened_out", "not_dicom", path=f"/{n}") for n in range(30)]
    some = [make_refused(f"e{n}", "screened_out", "empty_file", path=f"/e{n}") for n in range(9)]
    registry.land(*many, *some, make_refused("d", "screened_out", "dicomdir"))
    registry.run()
    published = publish(registry.path, tmp_path / "out", smallest_count=5)
    lines = ask(published, "SELECT label, files FROM registry.curation_summary WHERE section IN ('excluded', 'total')")
    assert dict(lines) == {"dicomdir": None, "empty_file": None, "not_dicom": 30, "files_found": 40}


def test_a_warehouse_that_was_not_built_is_told_and_leaves_nothing(tmp_path: Path) -> None:
    Warehouse(tmp_path / "warehouse.duckdb").create()
    with pytest.raises(WarehouseError, match="run 'dbt build' first"):
        publish(tmp_path / "warehouse.duckdb", tmp_path / "out", smallest_count=5)
    assert not (tmp_path / "out").exists()
