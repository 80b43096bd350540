import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from builders.landing import (
    NOON,
    make_batch,
    make_file,
    make_film,
    make_hip,
    make_inference,
    make_measurement,
    make_refused,
    make_registered,
    make_run,
)

from warehouse.columns import ROW_TYPES
from warehouse.errors import NotOurWarehouseError, WarehouseError, WarehouseHeldError
from warehouse.known import KnownFilm
from warehouse.land import LandResult, Warehouse
from warehouse.spool import Spool

HOLD = "import sys, duckdb; held = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    warehouse.create()
    return warehouse


@contextmanager
def held_by_another_process(path: Path) -> Iterator[None]:
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        yield
        holder.communicate()  # closes its standard input, so it ends


def contents(warehouse: Warehouse) -> dict[str, list[Any]]:
    with warehouse.opened() as connection:
        return {table: connection.execute(f"FROM landing.{table} ORDER BY ALL").fetchall() for table in ROW_TYPES}


def ask(warehouse: Warehouse, query: str) -> list[Any]:
    with warehouse.opened() as connection:
        return connection.execute(query).fetchall()


def test_a_landed_batch_is_in_the_tables_and_no_longer_in_the_spool(warehouse: Warehouse, spool: Spool) -> None:
    spool.write(make_batch("b1", *make_registered("a"), make_refused("c", "screened_out", "modality")))
    assert warehouse.land(spool) == LandResult(batches=1, files=2)
    assert {table: len(rows) for table, rows in contents(warehouse).items()} == {
        "run": 0, "file": 2, "film": 1, "inference": 1, "hip": 1, "measurement": 1,
    }  # fmt: skip
    assert spool.pending() == []


def test_landing_twice_changes_nothing(warehouse: Warehouse, spool: Spool) -> None:
    batch = make_batch("b1", make_run(), *make_registered("a"))
    spool.write(batch)
    warehouse.land(spool)
    once = contents(warehouse)
    spool.write(batch)
    assert warehouse.land(spool) == LandResult()
    assert contents(warehouse) == once
    assert spool.pending() == []


def test_the_same_rows_in_another_batch_change_nothing(warehouse: Warehouse, spool: Spool) -> None:
    spool.write(make_batch("b1", *make_registered("a")))
    warehouse.land(spool)
    once = contents(warehouse)
    spool.write(make_batch("b2", *make_registered("a")))
    warehouse.land(spool)
    assert contents(warehouse) == once


def test_a_torn_batch_holds_up_no_other(warehouse: Warehouse, spool: Spool) -> None:
    spool.write(make_batch("b1", *make_registered("a"))).write_bytes(b"PAR1 torn")
    spool.write(make_batch("b2", *make_registered("b")))
    result = warehouse.land(spool)
    assert (result.batches, [each.path.name for each in result.quarantined]) == (1, ["b1.parquet"])
    assert "torn" in result.quarantined[0].path.with_suffix(".why.txt").read_text()
    assert set(warehouse.known_files()) == {"file-b"}


def test_a_held_warehouse_delays_landing_and_loses_nothing(warehouse: Warehouse, spool: Spool) -> None:
    spool.write(make_batch("b1", *make_registered("a")))
    with held_by_another_process(warehouse.path):
        assert warehouse.land(spool) == LandResult(held=True)
        assert len(spool.pending()) == 1
        with pytest.raises(WarehouseHeldError, match="another process holds"):
            list(warehouse.known_files(timeout_s=0))
    assert warehouse.land(spool).batches == 1


def test_a_failed_file_is_tried_again_and_the_answer_counts(warehouse: Warehouse, spool: Spool) -> None:
    spool.write(make_batch("b1", make_refused("a", "failed", "worker_crashed")))
    warehouse.land(spool)
    assert set(warehouse.known_files()) == set()
    spool.write(
        make_batch("b2", make_file("a", run_id="run2"), *make_registered("a")[1:], run_id="run2"),
    )
    warehouse.land(spool)
    assert set(warehouse.known_files()) == {"file-a"}
    assert ask(warehouse, "SELECT disposition, run_id FROM landing.current_file") == [("registered", "run2")]


def test_a_later_failure_does_not_unmake_an_answer(warehouse: Warehouse, spool: Spool) -> None:
    later = NOON + timedelta(hours=1)
    failed = make_refused("a", "failed", "inference_error", run_id="run2", finished_at=later)
    spool.write(make_batch("b1", *make_registered("a"), failed))
    warehouse.land(spool)
    assert ask(warehouse, "SELECT disposition FROM landing.current_file") == [("registered",)]


def test_a_file_that_was_only_touched_counts_once(warehouse: Warehouse, spool: Spool) -> None:
    touched = make_file(
        "a2", path="/dicoms/a.dcm", modified_at=NOON + timedelta(days=1), disposition="duplicate",
        reason="same_image", film_key="film-a", run_id="run2",
    )  # fmt: skip
    spool.write(make_batch("b1", *make_registered("a"), touched))
    warehouse.land(spool)
    assert ask(warehouse, "SELECT file_key, disposition FROM landing.current_file") == [("file-a", "registered")]


def test_a_truncated_file_that_was_copied_again_counts_once(warehouse: Warehouse, spool: Spool) -> None:
    torn = make_refused("torn", "undecodable", "truncated", path="/dicoms/a.dcm", size_bytes=500,
                        modified_at=NOON - timedelta(days=1))  # fmt: skip
    spool.write(make_batch("b1", torn, *make_registered("a")))
    warehouse.land(spool)
    assert ask(warehouse, "SELECT file_key, disposition FROM landing.current_file") == [("file-a", "registered")]


def test_a_film_overwritten_by_another_film_stays(warehouse: Warehouse, spool: Spool) -> None:
    other = (
        make_file("b", path="/dicoms/a.dcm", modified_at=NOON + timedelta(days=1)),
        *make_registered("b")[1:],
    )
    spool.write(make_batch("b1", *make_registered("a"), *other))
    warehouse.land(spool)
    assert ask(warehouse, "SELECT file_key FROM landing.current_file ORDER BY ALL") == [
        ("file-a",),
        ("file-b",),
    ]


@pytest.mark.parametrize(("pixels", "reason"), [("pixels-a", "same_image"), ("others", "conflicting_image")])
def test_of_two_runs_at_once_the_second_to_land_a_film_holds_its_duplicate(
    warehouse: Warehouse, spool: Spool, pixels: str, reason: str
) -> None:
    spool.write(make_batch("b1", *make_registered("a")))
    copy = (
        make_file("copy", film_key="film-a", run_id="run2"),
        make_film("a", file_key="file-copy", pixel_sha256=pixels, run_id="run2"),
        make_inference("a", model_version="another", run_id="run2"),
        make_hip("a", model_version="another"),
        make_measurement("a", model_version="another"),
    )
    spool.write(make_batch("b2", *copy, run_id="run2"))
    warehouse.land(spool)
    assert ask(warehouse, "SELECT file_key, disposition, reason FROM landing.current_file ORDER BY 1") == [
        ("file-a", "registered", "hip_film"),
        ("file-copy", "duplicate", reason),
    ]
    landed = contents(warehouse)
    assert [len(landed[table]) for table in ("film", "inference", "hip", "measurement")] == [1, 1, 1, 1]


def test_a_newer_model_adds_its_answer_and_keeps_the_old_one(warehouse: Warehouse, spool: Spool) -> None:
    spool.write(make_batch("b1", *make_registered("a")))
    spool.write(make_batch("b2", make_inference("a", model_version="newer", run_id="run2")))
    warehouse.land(spool)
    assert ask(warehouse, "SELECT model_version FROM landing.inference ORDER BY ALL") == [
        ("newer",),
        ("tha_radiograph/1+aaaa",),
    ]


def test_known_films_are_those_that_were_decided(warehouse: Warehouse, spool: Spool) -> None:
    failed = (make_file("f", disposition="failed", reason="inference_error"), make_film("f"))
    conflict = (
        make_file("c", disposition="duplicate", reason="conflicting_image", sop_instance_uid="1.2.a"),
        make_film("c", sop_instance_uid="1.2.a"),
    )
    spool.write(make_batch("b1", *make_registered("a"), *failed, *conflict))
    warehouse.land(spool)
    assert list(warehouse.known_films()) == [("1.2.a", KnownFilm("film-a", "file-a", "pixels-a"))]


def test_a_run_is_one_row_that_gets_its_end(warehouse: Warehouse, spool: Spool) -> None:
    spool.write_run(make_run())
    warehouse.land(spool)
    assert ask(warehouse, "SELECT run_id, outcome FROM landing.run") == [("run1", None)]
    spool.write_run(make_run(finished_at=NOON, outcome="finished", files_found=7, files_known=2))
    warehouse.land(spool)
    assert ask(warehouse, "SELECT run_id, outcome, files_found FROM landing.run") == [("run1", "finished", 7)]


def test_making_a_warehouse_again_changes_nothing(warehouse: Warehouse, spool: Spool) -> None:
    spool.write(make_batch("b1", *make_registered("a")))
    warehouse.land(spool)
    once = contents(warehouse)
    warehouse.create()
    assert contents(warehouse) == once


def test_a_warehouse_is_private(warehouse: Warehouse) -> None:
    assert stat.S_IMODE(warehouse.path.stat().st_mode) & ~0o640 == 0


def test_somebody_elses_tables_are_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "theirs.duckdb"
    with duckdb.connect(path) as connection:
        connection.execute("CREATE TABLE patients AS SELECT 1 AS id")
    with pytest.raises(NotOurWarehouseError, match="other tables than ours"):
        Warehouse(path).create()
    with duckdb.connect(path) as connection:
        assert connection.execute("SELECT table_name FROM duckdb_tables()").fetchall() == [("patients",)]


def test_another_schema_version_is_refused(warehouse: Warehouse) -> None:
    with warehouse.opened() as connection:
        connection.execute("UPDATE landing.meta SET schema_version = 99")
    with pytest.raises(NotOurWarehouseError, match="schema version 99"):
        warehouse.create()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("a shopping list " * 1000)
    with pytest.raises(NotOurWarehouseError, match="no DuckDB file"):
        Warehouse(path).create()
    assert path.read_text().startswith("a shopping list")


def test_a_warehouse_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="there is no warehouse at"):
        list(Warehouse(tmp_path / "nowhere.duckdb").known_files())


def test_a_warehouse_in_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(WarehouseError, match="cannot be made"):
        Warehouse(tmp_path / "file" / "warehouse.duckdb").create()
