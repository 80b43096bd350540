"""A private PostgreSQL server on a socket, and the landing tables in it."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import psycopg2

TYPES = {"DOUBLE": "double precision", "DOUBLE[]": "double precision[]", "DOUBLE[][]": "double precision[]"}
PROGRAMS = ["/usr/lib/postgresql/15/bin", *os.environ["PATH"].split(os.pathsep)]


def server_program(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join(PROGRAMS))


@contextmanager
def serving(folder: Path) -> Iterator[Path]:
    """Runs until the block ends; the folder of its socket. Where root calls, the user postgres runs it."""
    as_user = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
    if as_user:
        shutil.chown(folder, "postgres")
    data = folder / "data"
    start = [*as_user, server_program("initdb"), "-D", data, "-A", "trust", "-U", "registry", "--no-sync"]
    subprocess.run(start, check=True, capture_output=True, cwd=folder)
    options = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off"
    control = [*as_user, server_program("pg_ctl"), "-D", data, "-w"]
    subprocess.run(
        [*control, "-o", options, "-l", folder / "log", "start"], check=True, capture_output=True, cwd=folder
    )
    try:
        yield folder
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=True, capture_output=True, cwd=folder)


def copy_landing(warehouse: Path, host: Path) -> None:
    """Every landing table with its rows; the view of current files becomes a table."""
    names = ("meta", "batch", "run", "file", "film", "inference", "hip", "measurement", "current_file")
    with (
        duckdb.connect(str(warehouse), read_only=True) as source,
        psycopg2.connect(host=str(host), user="registry", dbname="postgres") as target,
    ):
        cursor = target.cursor()
        cursor.execute("CREATE SCHEMA landing")
        for name in names:
            columns = [
                (row[0], TYPES.get(row[1], row[1])) for row in source.execute(f"DESCRIBE landing.{name}").fetchall()
            ]
            defined = ", ".join(f'"{column}" {kind}' for column, kind in columns)
            cursor.execute(f"CREATE TABLE landing.{name} ({defined})")
            _copy(source, cursor, f"landing.{name}")


def copy_supplied(warehouse: Path, host: Path) -> None:
    """The supplied rows, into the tables that a build made."""
    with (
        duckdb.connect(str(warehouse), read_only=True) as source,
        psycopg2.connect(host=str(host), user="registry", dbname="postgres") as target,
    ):
        for name in ("load", "surgery", "death", "implant", "site"):
            _copy(source, target.cursor(), f"supplied.{name}")


def _copy(source: duckdb.DuckDBPyConnection, cursor: Any, table: str) -> None:
    rows = source.execute(f"FROM {table}").fetchall()
    places = ", ".join(["%s"] * len(source.description or ()))
    cursor.executemany(f"INSERT INTO {table} VALUES ({places})", rows)  # noqa: S608 - of our own constants


def ask(host: Path, query: str) -> list[tuple[object, ...]]:
    """All rows of a query."""
    with psycopg2.connect(host=str(host), user="registry", dbname="postgres") as connection:
        cursor = connection.cursor()
        cursor.execute(query)
        return cursor.fetchall()
