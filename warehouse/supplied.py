"""Supplied rows into the warehouse: surgeries, deaths, implants and sites, all four at once."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse.errors import WarehouseError
from warehouse.land import Warehouse

TABLES = {
    "surgery": pa.schema(
        [
            ("surgery_key", pa.string()),
            ("patient_key", pa.string()),
            ("side", pa.string()),
            ("surgery_date", pa.date32()),
            ("kind", pa.string()),
            ("cause", pa.string()),
            ("site_code", pa.string()),
            ("surgeon_code", pa.string()),
            ("implant_code", pa.string()),
        ]
    ),
    "death": pa.schema([("patient_key", pa.string()), ("death_date", pa.date32())]),
    "implant": pa.schema(
        [
            ("implant_code", pa.string()),
            ("manufacturer", pa.string()),
            ("implant_name", pa.string()),
            ("fixation", pa.string()),
        ]
    ),
    "site": pa.schema([("site_code", pa.string()), ("site_name", pa.string())]),
}


def replace_supplied(
    path: Path, tables: Mapping[str, pa.Table], *, key_fingerprint: str, timeout_s: float = 60.0
) -> str:
    """Puts these rows in place of all that was supplied before, in one transaction; returns the id of the load.

    A table that is not among ``tables`` becomes empty. ``key_fingerprint`` is that of the site key that made the keys.

    Raises:
        WarehouseHeldError: another process still holds the file after ``timeout_s``.
        WarehouseError: it cannot be written, a key stands twice, or its films have keys of another site key; nothing is
            changed.
    """
    warehouse = Warehouse(path)
    warehouse.create(timeout_s=timeout_s)
    load_id = f"supplied-{datetime.now(UTC):%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
    with warehouse.opened(timeout_s=timeout_s) as connection:
        _check_key(connection, key_fingerprint)
        connection.begin()
        try:
            connection.execute(files("warehouse").joinpath("supplied.sql").read_text(encoding="utf-8"))
            for name, schema in TABLES.items():
                _replace(connection, name, tables.get(name, schema.empty_table()))
            connection.execute("INSERT INTO supplied.load VALUES (?, now() AT TIME ZONE 'UTC')", [load_id])
            connection.commit()
        except duckdb.Error as error:
            connection.rollback()
            kind = type(error).__name__  # its text could hold a value
            raise WarehouseError(f"the supplied rows were not loaded ({kind}); the warehouse is as it was") from None
    return load_id


def _check_key(connection: duckdb.DuckDBPyConnection, fingerprint: str) -> None:
    """Keys of two site keys never meet, so every supplied row would seem to be of a stranger."""
    query = "SELECT count(*) FILTER (WHERE key_fingerprint = ?), count(key_fingerprint) FROM landing.run"
    same, known = connection.execute(query, [fingerprint]).fetchone() or (0, 0)
    if known and not same:
        raise WarehouseError(
            "the films in this warehouse were read with another site key: name its folder with --home, "
            "or restore site.key from its backup"
        )


def _replace(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table) -> None:
    """Deletes what is there and inserts these."""
    columns = ", ".join(TABLES[name].names)
    connection.register("incoming", rows)
    connection.execute(f"DELETE FROM supplied.{name}")  # noqa: S608 - names are constants of this module
    connection.execute(f"INSERT INTO supplied.{name} ({columns}) SELECT {columns} FROM incoming")  # noqa: S608
    connection.unregister("incoming")
