"""Supplied rows in the warehouse: all replaced, or nothing."""

import re
from datetime import date
from pathlib import Path

import pyarrow as pa
import pytest
from builders.landing import make_batch, make_run

from warehouse.errors import WarehouseError
from warehouse.land import Warehouse
from warehouse.spool import Spool
from warehouse.supplied import TABLES, replace_supplied

ROOT = Path(__file__).parents[2]


def deaths(*patients: str) -> dict[str, pa.Table]:
    rows = [{"patient_key": patient, "death_date": date(2020, 1, 1)} for patient in patients]
    return {"death": pa.Table.from_pylist(rows, schema=TABLES["death"])}


def supplied(path: Path) -> list[tuple[object, ...]]:
    with Warehouse(path).opened() as connection:
        return connection.execute("SELECT patient_key FROM supplied.death ORDER BY ALL").fetchall()


def statements(text: str) -> list[str]:
    """The tables of the schema supplied that a text makes, on one line each."""
    found = re.findall(r"create table if not exists supplied\.\w+ \([^;]*\)", text)
    return [" ".join(statement.split()) for statement in found]


def test_each_load_replaces_what_was_loaded_before_and_has_an_id_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    ids = [replace_supplied(path, deaths(*names), key_fingerprint="k") for names in ("ab", "bc", "bc")]
    assert supplied(path) == [("b",), ("c",)]
    assert len(set(ids)) == 3


def test_a_key_that_stands_twice_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "warehouse.duckdb"
    replace_supplied(path, deaths("a"), key_fingerprint="k")
    with pytest.raises(WarehouseError, match=r"not loaded \(ConstraintException\)"):
        replace_supplied(path, deaths("b", "b"), key_fingerprint="k")
    assert supplied(path) == [("a",)]


def test_rows_keyed_otherwise_than_the_films_are_refused(tmp_path: Path) -> None:
    path, spool = tmp_path / "warehouse.duckdb", Spool(tmp_path / "spool")
    Warehouse(path).create()
    spool.write(make_batch("b", make_run(key_fingerprint="films")))
    Warehouse(path).land(spool)
    replace_supplied(path, deaths("a"), key_fingerprint="films")
    with pytest.raises(WarehouseError, match="another site key"):
        replace_supplied(path, deaths("b"), key_fingerprint="other")


def test_dbt_makes_the_same_empty_tables_as_a_load() -> None:
    ours = statements((ROOT / "warehouse" / "supplied.sql").read_text(encoding="utf-8"))
    macro = (ROOT / "dbt_project" / "macros" / "make_missing_tables.sql").read_text(encoding="utf-8")
    assert statements(macro) == ours
    assert len(ours) == len(TABLES) + 1
