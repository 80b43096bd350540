"""A warehouse that earlier software made becomes one of this schema version; what is in it stays."""

from importlib.resources import files

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


def upgrade(connection: duckdb.DuckDBPyConnection, version: int) -> None:
    """Takes the steps from ``version`` to this software's, all or none; WarehouseError where one is not possible."""
    if version == SCHEMA_VERSION:
        return
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
