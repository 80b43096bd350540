import stat
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from builders.landing import make_batch, make_file, make_film, make_refused, make_registered, make_run

from warehouse.errors import SpoolError, TornBatchError
from warehouse.known import KnownFilm
from warehouse.rows import Batch
from warehouse.spool import Spool


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "spool")


def test_a_batch_comes_back_as_it_was_written(spool: Spool) -> None:
    file = make_file("a", detail="äöü")
    path = spool.write(make_batch("b1", file, *make_registered("a")[1:]))
    tables = spool.read(path)
    assert tables["batch"].to_pylist() == [{"batch_id": "b1", "run_id": "run1"}]
    assert tables["file"].to_pylist()[0]["detail"] == "äöü"
    assert tables["inference"].to_pylist()[0]["pelvis_landmarks"][1] == [470.0, 600.0, 0.9]
    assert tables["film"].to_pylist()[0]["study_date"] == make_film("a").study_date
    assert tables["run"].num_rows == 0


def test_times_are_kept_in_utc(spool: Spool) -> None:
    half_past_two_in_utc_plus_two = datetime(2026, 3, 1, 14, 30, tzinfo=timezone(timedelta(hours=2)))
    path = spool.write(make_batch("b1", make_file("a", finished_at=half_past_two_in_utc_plus_two)))
    finished = spool.read(path)["file"].to_pylist()[0]["finished_at"]
    assert (finished.hour, finished.minute, finished.tzinfo) == (12, 30, None)


def test_an_empty_batch_is_a_batch(spool: Spool) -> None:
    tables = spool.read(spool.write(Batch("b1", "run1")))
    assert {name: table.num_rows for name, table in tables.items()} == {
        "batch": 1, "run": 0, "file": 0, "film": 0, "inference": 0, "hip": 0, "measurement": 0,
    }  # fmt: skip


def test_a_spooled_batch_is_private(spool: Spool) -> None:
    path = spool.write(make_batch("b1", make_file("a")))
    assert stat.S_IMODE(path.stat().st_mode) & ~0o640 == 0
    assert stat.S_IMODE(spool.directory.stat().st_mode) & ~0o750 == 0


def test_nothing_but_whole_batches_lies_in_the_spool(spool: Spool) -> None:
    for number in range(3):
        spool.write(make_batch(f"b{number}", make_file("a")))
    assert [path.name for path in spool.pending()] == ["b0.parquet", "b1.parquet", "b2.parquet"]
    assert len(list(spool.directory.iterdir())) == 3


def test_a_spool_that_does_not_exist_yet_has_nothing_pending(spool: Spool) -> None:
    assert spool.pending() == []
    assert set(spool.known_files()) == set()


@pytest.mark.parametrize("kept", [0.0, 0.3, 0.99], ids=["emptied", "torn", "last bytes missing"])
def test_a_torn_batch_is_told(spool: Spool, kept: float) -> None:
    path = spool.write(make_batch("b1", *make_registered("a")))
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * kept)])
    with pytest.raises(TornBatchError, match=r"b1\.parquet"):
        spool.read(path)


def test_a_flipped_bit_is_told(spool: Spool) -> None:
    path = spool.write(make_batch("b1", *make_registered("a")))
    content = bytearray(path.read_bytes())
    content[content.index(b"film-a")] ^= 1
    path.write_bytes(content)
    with pytest.raises(TornBatchError):
        spool.read(path)


def test_a_spool_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file where the folder should be")
    with pytest.raises(SpoolError, match="cannot be written"):
        Spool(tmp_path / "spool").write(make_batch("b1", make_file("a")))


def test_failed_files_are_not_known(spool: Spool) -> None:
    spool.write(make_batch("b1", *make_registered("a"), make_refused("b", "failed", "worker_crashed")))
    assert set(spool.known_files()) == {"file-a"}


def test_the_first_film_of_a_uid_stands_for_it(spool: Spool) -> None:
    conflict = (
        make_file("b", disposition="duplicate", reason="conflicting_image", sop_instance_uid="1.2.a"),
        make_film("b", sop_instance_uid="1.2.a"),
    )
    spool.write(make_batch("b1", *conflict, *make_registered("a")))
    assert list(spool.known_films()) == [("1.2.a", KnownFilm("film-a", "file-a", "pixels-a"))]


def test_a_run_is_spooled_when_it_begins_and_when_it_ends(spool: Spool) -> None:
    spool.write_run(make_run())
    spool.write_run(make_run(finished_at=datetime(2026, 3, 1, 13, tzinfo=UTC), outcome="finished"))
    assert {path.name for path in spool.pending()} == {"run1-begin.parquet", "run1-end.parquet"}
