"""A warehouse that earlier software made becomes one of this schema version; what is in it stays."""

import duckdb

from warehouse.connection import SCHEMA_VERSION
from warehouse.errors import WarehouseError

# Schema version -> what makes the next one of it. New columns come last, as in landing.sql, are NULL in the rows that
# are there, and lack landing.sql's checks, which DuckDB cannot add to a table.
_STEPS = {
    1: """
    ALTER TABLE landing.inference ADD COLUMN outlier_score DOUBLE;
    ALTER TABLE landing.measurement ADD COLUMN uncertainty_deg DOUBLE;
    """,
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
