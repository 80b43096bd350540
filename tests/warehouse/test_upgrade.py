"""A warehouse of schema version 1, made by the DDL of that version, and what becomes of it."""

import stat
from pathlib import Path
from typing import Any

import duckdb
import pytest
from builders.landing import make_batch, make_inference, make_measurement, make_registered

from warehouse.connection import APPLICATION, SCHEMA_VERSION
from warehouse.errors import NotOurWarehouseError, WarehouseError
from warehouse.land import Warehouse
from warehouse.spool import Spool

OLD_DDL = Path(__file__).with_name("landing_version_1.sql").read_text(encoding="utf-8")
OLD_ROWS = """
INSERT INTO landing.inference VALUES (
    'film-old', 'm', 'p', 'run0', 'ap_hip', 0.9, [0.02, 0.9, 0.02, 0.02, 0.02, 0.02], 'right', 'anatomy', false,
    [[0, 0, 1, 1, 0.5], [0, 0, 1, 1, 0.5], [0, 0, 1, 1, 0.5], [0, 0, 1, 1, 0.5], [0, 0, 1, 1, 0.5], [0, 0, 1, 1, 0.5]],
    [[1, 1, 0.9], [2, 1, 0.9]], [], '2026-01-01'
);
INSERT INTO landing.measurement VALUES (
    'film-old', 'm', 0, 'version', 17.5, 'ap_rim_ellipse_asin', 'radiographic', 'none', 0.9, true, NULL
);
"""


@pytest.fixture
def old(tmp_path: Path) -> Warehouse:
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute(OLD_DDL)
        connection.execute("INSERT INTO landing.meta VALUES (?, 1, '2026-01-01')", [APPLICATION])
        connection.execute(OLD_ROWS)
    return Warehouse(path)


def columns(warehouse: Warehouse) -> list[Any]:
    with warehouse.opened() as connection:
        return connection.execute(
            "SELECT table_name, column_name, data_type, is_nullable FROM duckdb_columns() "
            "WHERE schema_name = 'landing' ORDER BY table_name, column_index"
        ).fetchall()


def test_an_old_warehouse_gets_the_columns_of_a_new_one(old: Warehouse, tmp_path: Path) -> None:
    new = Warehouse(tmp_path / "new.duckdb")
    new.create()
    assert columns(old) == columns(new)
    with old.opened() as connection:
        assert connection.execute("SELECT schema_version FROM landing.meta").fetchall() == [(SCHEMA_VERSION,)]


def test_what_is_in_an_old_warehouse_stays(old: Warehouse) -> None:
    old.create()
    with old.opened() as connection:
        assert connection.execute("SELECT film_key, view_score, outlier_score FROM landing.inference").fetchall() == [
            ("film-old", 0.9, None)
        ]
        assert connection.execute("SELECT value_deg, uncertainty_deg FROM landing.measurement").fetchall() == [
            (17.5, None)
        ]


def test_the_file_as_it_was_is_kept_beside_an_upgraded_one_and_never_overwritten(old: Warehouse) -> None:
    old.create()
    kept = old.path.with_name("warehouse.duckdb.version1")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o640
    with duckdb.connect(kept, read_only=True) as connection:
        assert connection.execute("SELECT schema_version FROM landing.meta").fetchall() == [(1,)]
        assert connection.execute("SELECT film_key FROM landing.inference").fetchall() == [("film-old",)]
    before = kept.stat().st_mtime_ns
    with duckdb.connect(old.path) as connection:
        connection.execute("UPDATE landing.meta SET schema_version = 1")
    with pytest.raises(WarehouseError, match="cannot be brought"):
        old.create()  # its columns are there already
    assert kept.stat().st_mtime_ns == before
    assert {path.name for path in old.path.parent.iterdir()} == {old.path.name, kept.name}


def test_an_upgraded_warehouse_takes_new_films(old: Warehouse, tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool")
    spool.write(make_batch("b1", *make_registered("new")))
    assert old.land(spool).batches == 1
    with old.opened() as connection:
        scores = connection.execute("SELECT film_key, outlier_score FROM landing.inference ORDER BY 1").fetchall()
        angles = connection.execute("SELECT film_key, uncertainty_deg FROM landing.measurement ORDER BY 1").fetchall()
    assert scores == [("film-new", make_inference("new").outlier_score), ("film-old", None)]
    assert angles == [("film-new", make_measurement("new").uncertainty_deg), ("film-old", None)]


def test_an_upgrade_that_fails_leaves_the_old_warehouse(old: Warehouse) -> None:
    with duckdb.connect(old.path) as connection:
        connection.execute("ALTER TABLE landing.measurement RENAME TO mislaid")
    with pytest.raises(WarehouseError, match="cannot be brought from schema version 1"):
        old.create()
    with duckdb.connect(old.path) as connection:
        assert connection.execute("SELECT schema_version FROM landing.meta").fetchall() == [(1,)]
        names = [row[0] for row in connection.execute("DESCRIBE landing.inference").fetchall()]
    assert "outlier_score" not in names


@pytest.mark.parametrize("version", [0, SCHEMA_VERSION + 1])
def test_a_schema_version_that_there_never_was_is_refused(old: Warehouse, version: int) -> None:
    with duckdb.connect(old.path) as connection:
        connection.execute("UPDATE landing.meta SET schema_version = ?", [version])
    with pytest.raises(NotOurWarehouseError, match=f"schema version {version}, this software writes"):
        old.create()
