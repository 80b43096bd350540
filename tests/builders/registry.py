"""A warehouse in a folder, and dbt on it as a user runs it: in a process of its own."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from builders.landing import make_batch

from warehouse.land import Warehouse
from warehouse.rows import Batch
from warehouse.spool import Spool
from warehouse.supplied import TABLES, replace_supplied

PROJECT = Path(__file__).parents[2] / "dbt_project"


@dataclass(frozen=True)
class Registry:
    """What a test builds: everything below ``folder``; ``target`` may be shared, so that dbt parses once."""

    folder: Path
    target: Path

    @property
    def path(self) -> Path:
        """The DuckDB file."""
        return self.folder / "warehouse.duckdb"

    def dbt(self, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
        """One command of dbt; whether it succeeded is for the test to say."""
        return subprocess.run(
            [
                *(Path(sys.executable).with_name("dbt"), "--warn-error", "--no-use-colors", *arguments),
                *("--project-dir", PROJECT, "--profiles-dir", PROJECT),
            ],
            cwd=self.folder,
            env=os.environ
            | {
                "INGEST_WAREHOUSE": self.path.name,  # the same for every test, or dbt would parse all over again
                "DBT_TARGET_PATH": str(self.target),
                "DBT_LOG_PATH": str(self.folder / "logs"),
            }
            | environment,
            capture_output=True,
            text=True,
            check=False,
        )

    def build(self, *arguments: str) -> None:
        """All tables and all tests of data; the unit tests of the models are one test of their own."""
        done = self.dbt("build", "--exclude-resource-type", "unit_test", *arguments)
        assert done.returncode == 0, done.stdout[-3000:]

    def run(self, *arguments: str) -> None:
        """The tables alone."""
        done = self.dbt("build", "--exclude-resource-type", "unit_test", "test", *arguments)
        assert done.returncode == 0, done.stdout[-3000:]

    def land(self, *rows: Any, batch_id: str = "b1", run_id: str = "run1") -> None:
        """Spools the rows as one batch and lands it."""
        self.land_batch(make_batch(batch_id, *rows, run_id=run_id))

    def land_batch(self, batch: Batch) -> None:
        """The same for a batch that is made already."""
        warehouse = Warehouse(self.path)
        warehouse.create()
        spool = Spool(self.folder / "spool")
        spool.write(batch)
        assert warehouse.land(spool).batches == 1

    def supply(self, **tables: list[dict[str, Any]]) -> None:
        """Loads these rows of surgery, death, implant and site in place of all before; missing columns are empty."""
        rows = {name: pa.Table.from_pylist(found, schema=TABLES[name]) for name, found in tables.items()}
        replace_supplied(self.path, rows, key_fingerprint="f00d")

    def ask(self, query: str) -> list[Any]:
        """All rows of a query."""
        with self.opened() as connection:
            return connection.execute(query).fetchall()

    def opened(self) -> duckdb.DuckDBPyConnection:
        """For reading."""
        return duckdb.connect(self.path, read_only=True)

    def change(self, *statements: str) -> None:
        """Does to the warehouse what no user would."""
        with duckdb.connect(self.path) as connection:
            for statement in statements:
                connection.execute(statement)
