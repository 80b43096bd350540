"""Opening the DuckDB file: waiting for its lock, keeping it private, refusing one that is not ours."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from warehouse.errors import NotOurWarehouseError, WarehouseError, WarehouseHeldError

APPLICATION = "tha-registry"
SCHEMA_VERSION = 3
STORAGE_VERSION = "v1.4.0"  # a file that DuckDB 2.0 makes stays readable for 1.4 and later
POLL_S = 0.2  # between two tries to open a file that another process holds


@contextmanager
def connected(path: Path, *, timeout_s: float) -> Iterator[duckdb.DuckDBPyConnection]:
    """The file opened for reading and writing, made where there is none; every file made is 0640.

    Raises:
        WarehouseHeldError: another process still holds it after ``timeout_s``.
        NotOurWarehouseError: it is no DuckDB file.
        WarehouseError: it cannot be opened or written.
    """
    previous_umask = os.umask(0o027)  # DuckDB makes the file and its write-ahead log itself
    try:
        connection = _wait_for(path, timeout_s)
        try:
            path.chmod(path.stat().st_mode & 0o640)
            yield connection
        finally:
            connection.close()
    except (duckdb.IOException, duckdb.FatalException, duckdb.TransactionException) as error:
        raise WarehouseError(
            f"the warehouse {path} cannot be written ({_first_line(error)}): free some space or correct its "
            "permissions; what was read is kept in the spool",
        ) from error
    finally:
        os.umask(previous_umask)


def is_blank(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether nobody has put a table or view there yet."""
    tables = _scalar(connection, "SELECT count(*) FROM duckdb_tables()")
    return tables + _scalar(connection, "SELECT count(*) FROM duckdb_views() WHERE NOT internal") == 0


def check_ours(connection: duckdb.DuckDBPyConnection, path: Path) -> int:
    """Its schema version; raises NotOurWarehouseError unless it carries our application id and one that we know."""
    marked = "SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'landing' AND table_name = 'meta'"
    if not _scalar(connection, marked):
        raise NotOurWarehouseError(f"{path} holds other tables than ours: name another file with --warehouse")
    row = connection.execute("SELECT application, schema_version FROM landing.meta").fetchone()
    application, version = row or ("nothing", 0)
    if application != APPLICATION:
        raise NotOurWarehouseError(f"{path} belongs to {application}: name another file with --warehouse")
    if not 1 <= version <= SCHEMA_VERSION:
        raise NotOurWarehouseError(
            f"{path} has schema version {version}, this software writes {SCHEMA_VERSION}: "
            "use the software that made it, or name another file with --warehouse",
        )
    return int(version)


def _wait_for(path: Path, timeout_s: float) -> duckdb.DuckDBPyConnection:
    deadline = time.monotonic() + timeout_s
    while True:
        try:
            return duckdb.connect(str(path), config={"storage_compatibility_version": STORAGE_VERSION})
        except duckdb.IOException as error:
            _raise_unless_held(error, path)
            if time.monotonic() >= deadline:
                raise WarehouseHeldError(
                    f"another process holds {path}: let it finish or close it, and run again",
                ) from error
        time.sleep(POLL_S)


def _raise_unless_held(error: duckdb.IOException, path: Path) -> None:
    message = str(error)
    if "Could not set lock" in message:
        return
    if "not a valid DuckDB database" in message:
        raise NotOurWarehouseError(f"{path} is no DuckDB file: name another with --warehouse") from error
    raise WarehouseError(
        f"the warehouse {path} cannot be opened ({_first_line(error)}): free some space or correct its permissions"
    ) from error


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]


def _scalar(connection: duckdb.DuckDBPyConnection, query: str) -> int:
    row = connection.execute(query).fetchone()
    return int(row[0]) if row else 0
