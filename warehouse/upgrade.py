"""A warehouse that earlier software made becomes one of this schema version; what is in it stays."""

import shutil
from importlib.resources import files
from pathlib import Path

import duckdb

from warehouse.connection import SCHEMA_VERSION
from warehouse.errors import WarehouseError


def _view(name: str) -> str:
    """The statement of landing.sql that makes this view."""
    ddl = files("warehouse").joinpath("landing.sql").read_text(encoding="utf-8")
    return f"CREATE VIEW landing.{name} AS" + ddl.split(f"CREATE VIEW landing.{name} AS", 1)[1].split(";", 1)[0] + ";"


# Schema version -> what makes the next one of it. New columns come last, as in landing.sql, are NULL in the rows that
# are there, and lack landing.sql's checks, which DuckDB cannot add to a table.
_STEPS = {
    1: """
    ALTER TABLE landing.inference ADD COLUMN outlier_score DOUBLE;
    ALTER TABLE landing.measurement ADD COLUMN uncertainty_deg DOUBLE;
    """,
    2: """
    ALTER TABLE landing.run ADD COLUMN dates VARCHAR;
    ALTER TABLE landing.run ADD COLUMN rules_sha256 VARCHAR;
    ALTER TABLE landing.film ADD COLUMN canvas_scale_y DOUBLE;
    ALTER TABLE landing.film ADD COLUMN calibrated_mm DOUBLE;
    ALTER TABLE landing.film ADD COLUMN calibration VARCHAR;
    """
    + _view("disagreement"),
}


def upgrade(connection: duckdb.DuckDBPyConnection, version: int, path: Path) -> None:
    """Takes the steps from ``version`` to this software's, all or none; WarehouseError where one is not possible.

    The file as it was is kept beside ``path`` first.
    """
    if version == SCHEMA_VERSION:
        return
    _back_up(connection, version, path)
    connection.begin()
    try:
        for step in range(version, SCHEMA_VERSION):
            connection.execute(_STEPS[step])
        connection.execute("UPDATE landing.meta SET schema_version = ?", [SCHEMA_VERSION])
        connection.commit()
    except duckdb.Error as error:
        connection.rollback()
        raise WarehouseError(
            f"the warehouse cannot be brought from schema version {version} to {SCHEMA_VERSION} "
            f"({str(error).splitlines()[0]}): name another file with --warehouse"
        ) from error


def _back_up(connection: duckdb.DuckDBPyConnection, version: int, path: Path) -> None:
    """A copy named after the version (0640); one that is there already stays as it is."""
    kept = path.with_name(f"{path.name}.version{version}")
    if kept.exists():
        return
    draft = path.with_name(f".{kept.name}.tmp")
    try:
        connection.execute("CHECKPOINT")  # all of it is in the file, and its lock is ours
        shutil.copyfile(path, draft)
        draft.chmod(0o640)
        draft.rename(kept)
    except (OSError, duckdb.Error) as error:
        draft.unlink(missing_ok=True)
        raise WarehouseError(
            f"the warehouse of schema version {version} cannot be kept as {kept} "
            f"({str(error).splitlines()[0]}): free some space, and run again"
        ) from error
