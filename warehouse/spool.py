"""The spool: an append-only folder of Parquet batches, written without a lock and never half-written.

A batch is one Parquet file of one row (see columns.py). One file means one fsync and one rename, so after a
kill a batch is there entirely or not at all.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.columns import BATCH_SCHEMA, ROW_TYPES, rows_of, to_table
from warehouse.errors import SpoolError, TornBatchError
from warehouse.known import KnownFilm
from warehouse.rows import Batch, RunRow


@dataclass(frozen=True, slots=True)
class Quarantined:
    """A batch that was put aside; its files are not known, so the next run reads them again."""

    path: Path  # where it lies now
    why: str


class Spool:
    """A folder of batches that wait to be landed."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.quarantine_directory = directory / "quarantine"

    def write(self, batch: Batch) -> Path:
        """Keeps ``batch`` for good: when this returns, a power cut does not lose it.

        Raises:
            SpoolError: the folder cannot be written, or the disk is full.
        """
        target = self.directory / f"{batch.batch_id}.parquet"
        temporary = target.with_suffix(f".{os.getpid()}.tmp")
        try:
            self.directory.mkdir(parents=True, exist_ok=True, mode=0o750)
            _write_synced(temporary, to_table(batch))
            temporary.rename(target)
            _sync_directory(self.directory)
        except OSError as error:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
            raise SpoolError(
                f"the spool {self.directory} cannot be written ({error.strerror or error}): "
                "free some space or correct its permissions, and run again",
            ) from error
        return target

    def write_run(self, run: RunRow) -> Path:
        """Spools a run's row: once when it starts, and once when it ends (``finished_at`` is set)."""
        moment = "begin" if run.finished_at is None else "end"
        return self.write(Batch(f"{run.run_id}-{moment}", run.run_id, runs=(run,)))

    def pending(self) -> list[Path]:
        """The batches that wait, oldest first."""
        found = []
        for path in self.directory.glob("*.parquet"):
            with suppress(FileNotFoundError):  # another run landed it meanwhile
                found.append((path.stat().st_mtime_ns, path.name, path))
        return [path for *_, path in sorted(found)]

    def read(self, path: Path) -> dict[str, pa.Table]:
        """One table per landing table, and ``batch`` with its id and run.

        Raises:
            TornBatchError: the file is not a whole batch of this schema version.
            FileNotFoundError: it was landed meanwhile.
        """
        try:
            table = pq.read_table(path, page_checksum_verification=True, partitioning=None)
        except FileNotFoundError:
            raise
        except (pa.ArrowException, OSError) as error:
            raise TornBatchError(f"{path.name} is torn: {str(error).splitlines()[0]}") from error
        if not table.schema.equals(BATCH_SCHEMA) or table.num_rows != 1:
            raise TornBatchError(f"{path.name} holds other columns than this version writes")
        tables = {name: rows_of(table, name) for name in ROW_TYPES}
        tables["batch"] = table.select(["batch_id", "run_id"])
        return tables

    def quarantine(self, path: Path, why: str) -> Quarantined:
        """Puts a batch aside, with the reason beside it; nothing is deleted."""
        self.quarantine_directory.mkdir(parents=True, exist_ok=True, mode=0o750)
        aside = self.quarantine_directory / path.name
        path.rename(aside)
        with _open_private(aside.with_suffix(".why.txt")) as note:
            note.write(f"{why}\n".encode())
        return Quarantined(aside, why)

    def known_files(self, *, retried: tuple[str, ...] = ("failed",)) -> Iterator[str]:
        """The ``file_key`` of every file that a waiting batch deals with, but for those of ``retried`` dispositions."""
        return (row["file_key"] for row in self._file_rows() if row["disposition"] not in retried)

    def known_contents(self) -> Iterator[str]:
        """The ``content_sha256`` of every file in a waiting batch whose film is known."""
        return (
            row["content_sha256"]
            for row in self._file_rows()
            if row["content_sha256"] and row["film_key"] and row["reason"] != "conflicting_image"
        )

    def _file_rows(self) -> Iterator[dict[str, Any]]:
        columns = ["file_key", "disposition", "reason", "film_key", "content_sha256"]
        for tables in self._readable():
            yield from tables["file"].select(columns).to_pylist()

    def known_films(self) -> Iterator[tuple[str, KnownFilm]]:
        """SOP Instance UID and the film that stands for it, of every waiting batch, oldest first: the first counts."""
        for tables in self._readable():
            files = tables["file"].select(["file_key", "disposition"]).to_pylist()
            decided = {row["file_key"] for row in files if row["disposition"] not in ("failed", "duplicate")}
            columns = ["sop_instance_uid", *KnownFilm._fields]
            for uid, *film in zip(*(tables["film"][name].to_pylist() for name in columns), strict=True):
                if film[1] in decided:
                    yield uid, KnownFilm(*film)

    def _readable(self) -> Iterator[dict[str, pa.Table]]:
        """Every whole batch; a torn one is left for ``land``, which quarantines it and says so."""
        for path in self.pending():
            with suppress(TornBatchError, FileNotFoundError):
                yield self.read(path)


def _open_private(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o640), "wb")


def _write_synced(path: Path, table: pa.Table) -> None:
    with _open_private(path) as sink:
        pq.write_table(table, sink, compression="zstd", write_page_checksum=True)
        sink.flush()
        os.fsync(sink.fileno())


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
