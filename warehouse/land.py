"""The landing: spooled batches become rows of DuckDB tables, each batch in one transaction with its ledger.

The file is open for the moment of each call only, so that dbt and readers get their turn.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import duckdb

from warehouse.connection import APPLICATION, SCHEMA_VERSION, check_ours, connected, is_blank
from warehouse.errors import TornBatchError, WarehouseError, WarehouseHeldError
from warehouse.known import KnownFilm
from warehouse.merge import land_batch
from warehouse.spool import Quarantined, Spool
from warehouse.upgrade import upgrade

RETRIED = ("failed",)  # dispositions whose files the next run reads again
# The same bytes again are the same image again. Of a conflicting one, and of one that failed, that says nothing.
_CONTENTS = """
SELECT content_sha256 FROM landing.file
WHERE content_sha256 IS NOT NULL AND film_key IS NOT NULL AND reason <> 'conflicting_image'
"""
_FILMS = """
SELECT sop_instance_uid, film_key, file_key, pixel_sha256 FROM landing.film
SEMI JOIN (FROM landing.file WHERE disposition NOT IN ('failed', 'duplicate')) AS decided USING (file_key)
"""
ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class LandResult:
    """What one call of ``land`` did."""

    batches: int = 0  # landed now
    files: int = 0  # file rows in them
    quarantined: tuple[Quarantined, ...] = ()
    held: bool = False  # another process holds the warehouse: nothing landed, everything still spooled


class Warehouse:
    """A DuckDB file with our landing tables."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self, *, timeout_s: float = 60.0) -> None:
        """Makes the file and its tables where there are none yet, and checks that they are ours.

        Raises:
            NotOurWarehouseError: it holds something else; it is left as it is.
            WarehouseHeldError: another process still holds it after ``timeout_s``.
            WarehouseError: it cannot be opened or written.
        """
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        except OSError as error:
            raise WarehouseError(
                f"the folder {self.path.parent} cannot be made ({error.strerror}): name another with --warehouse",
            ) from error
        if not self.path.exists():
            _make_file(self.path)
        with connected(self.path, timeout_s=timeout_s) as connection:
            if is_blank(connection):
                _make_tables(connection)
            upgrade(connection, check_ours(connection, self.path), self.path)

    def land(self, spool: Spool, *, timeout_s: float = 0.0) -> LandResult:
        """Lands every waiting batch and deletes it from the spool; a second call changes nothing.

        A held file is no error (``held``). A batch that is torn or breaks a constraint is quarantined, and
        the result says so.
        """
        if not spool.pending():
            return LandResult()
        try:
            with self.opened(timeout_s=timeout_s) as connection:
                return _land_all(connection, spool)
        except WarehouseHeldError:
            return LandResult(held=True)

    def known_files(self, *, retried: tuple[str, ...] = RETRIED, timeout_s: float = 60.0) -> Iterator[str]:
        """The ``file_key`` of every file that needs no reading again: all but those of the ``retried`` dispositions.

        One that was read several times comes several times. Errors as ``opened``, with the first.
        """
        query = "SELECT file_key FROM landing.file WHERE disposition NOT IN (SELECT unnest(?))"
        return (key for (key,) in self._streamed(query, [list(retried)], timeout_s))

    def known_contents(self, *, timeout_s: float = 60.0) -> Iterator[str]:
        """The ``content_sha256`` of every file whose film is here: what has it again repeats that film."""
        return (content for (content,) in self._streamed(_CONTENTS, [], timeout_s))

    def known_films(self, *, timeout_s: float = 60.0) -> Iterator[tuple[str, KnownFilm]]:
        """SOP Instance UID and the film that stands for it; conflicting and failed ones do not."""
        return ((uid, KnownFilm(*film)) for uid, *film in self._streamed(_FILMS, [], timeout_s))

    def _streamed(self, query: str, parameters: list[object], timeout_s: float) -> Iterator[tuple[str, ...]]:
        with self.opened(timeout_s=timeout_s) as connection:
            cursor = connection.execute(query, parameters)
            while part := cursor.fetchmany(ROWS_AT_ONCE):
                yield from part

    @contextmanager
    def opened(self, *, timeout_s: float = 60.0) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection to the existing warehouse, checked to be ours and made up to date; errors as ``create``."""
        if not self.path.exists():
            raise WarehouseError(f"there is no warehouse at {self.path}: 'ingest run' makes one")
        with connected(self.path, timeout_s=timeout_s) as connection:
            upgrade(connection, check_ours(connection, self.path), self.path)
            yield connection


def _make_file(path: Path) -> None:
    """Whole or not at all, also where the disk is full: a torn beginning would be no DuckDB file ever after."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with connected(draft, timeout_s=0.0) as connection:
            _make_tables(connection)
        try:
            path.hardlink_to(draft)
        except FileExistsError:
            pass  # another run was quicker
        except OSError:  # a file system without hard links
            draft.rename(path)
    finally:
        for file in (draft, draft.with_name(f"{draft.name}.wal")):
            file.unlink(missing_ok=True)


def _make_tables(connection: duckdb.DuckDBPyConnection) -> None:
    connection.begin()
    connection.execute(files("warehouse").joinpath("landing.sql").read_text(encoding="utf-8"))
    connection.execute(
        "INSERT INTO landing.meta VALUES (?, ?, now() AT TIME ZONE 'UTC')",
        [APPLICATION, SCHEMA_VERSION],
    )
    connection.commit()


def _land_all(connection: duckdb.DuckDBPyConnection, spool: Spool) -> LandResult:
    batches = file_count = 0
    quarantined = []
    for path in spool.pending():
        try:
            tables = spool.read(path)
            landed = land_batch(connection, tables)
        except FileNotFoundError:  # another run landed it between listing and reading
            continue
        except (TornBatchError, duckdb.ConstraintException, duckdb.ConversionException) as error:
            quarantined.append(spool.quarantine(path, str(error).splitlines()[0]))
            continue
        path.unlink(missing_ok=True)
        if landed:
            batches += 1
            file_count += tables["file"].num_rows
    return LandResult(batches, file_count, tuple(quarantined))
