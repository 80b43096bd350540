"""The published registry: marts only, without identifiers, small counts suppressed, in place by rename."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from warehouse.connection import STORAGE_VERSION
from warehouse.errors import WarehouseError
from warehouse.land import Warehouse

RESEARCH_USE = "Research use only: models trained on simulated films, not validated on patients, not a medical device."

# Left out: identifiers of the archive, and what a finder of them could match.
WITHHELD = frozenset(
    {
        *("sop_instance_uid", "study_instance_uid", "series_instance_uid", "image_study_uid", "image_series_uid"),
        *("accession_key", "content_sha256", "detail", "wadors_uri", "local_path"),
    }
)


@dataclass(frozen=True, slots=True)
class Aggregate:
    """A mart of counts: a cell of 1 to less than the smallest count is empty, and so is what would give it away."""

    counts: tuple[str, ...]
    dependents: tuple[str, ...] = ()
    denominator: str | None = None  # rows below the smallest count in it are left out


AGGREGATES = {
    "curation_summary": Aggregate(("files",), ("share",)),
    "data_quality_daily": Aggregate(
        (
            *("files", "registered", "not_hip", "screened_out", "undecodable", "duplicates", "failed", "needs_review"),
            *("without_date", "dated_before_birth", "without_spacing", "side_conflicts", "side_tags_disagree"),
            *("view_tags_disagree", "body_part_tags_disagree"),
        ),
        ("registered_share",),
    ),
    "dim_model_version": Aggregate(("films_read", "films_current")),
    "model_drift_monthly": Aggregate(
        ("films", "excluded", "needs_review"),
        (
            *("mean_view_score", "mean_outlier_score", "excluded_share", "review_share", "earlier_films"),
            *("score_drift_se", "excluded_drift_se"),
        ),
    ),
    "survival_km": Aggregate(("revised", "revised_inferred", "died", "censored"), denominator="at_risk"),
    "unit_funnel": Aggregate(
        ("primaries", "revisions"),
        ("hip_years", "expected_revisions", "rate_per_100_years", "low_2sd", "high_2sd", "low_3sd", "high_3sd"),
    ),
}


@dataclass(frozen=True, slots=True)
class Published:
    """What is there now."""

    path: Path  # registry.duckdb
    parquet: Path  # folder, a file a table
    rows: dict[str, int]  # by table


def publish(warehouse: Path, folder: Path, *, smallest_count: int, aggregates_only: bool = False) -> Published:
    """Copies schema registry of the warehouse into ``folder``; readers of the old copy keep it until they reopen it.

    In the copy the tables lie in the default schema: registry.duckdb is the catalog ``registry`` to whoever opens
    it, where a schema of that name would be ambiguous, and ``registry.hip_timeline`` works in both files.

    Raises:
        WarehouseError: there is no built registry, or the folder cannot be written.
        WarehouseHeldError: another process holds the warehouse.
    """
    path, parquet = folder / "registry.duckdb", folder / "registry"
    draft, draft_parquet = (folder / f".{target.name}.{os.getpid()}.tmp" for target in (path, parquet))
    with Warehouse(warehouse).opened() as connection, _cleaned(draft, draft_parquet):
        tables = _tables(connection, aggregates_only=aggregates_only)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o750)
            draft_parquet.mkdir(mode=0o750)
            connection.execute(f"ATTACH '{_quoted(draft)}' AS published (STORAGE_VERSION '{STORAGE_VERSION}')")
            rows = {table: _copy(connection, table, smallest_count) for table in tables}
            _say_what_it_is(connection, smallest_count)
            for table in (*tables, "publication"):
                target = _quoted(draft_parquet / f"{table}.parquet")
                connection.execute(f"COPY published.main.{table} TO '{target}' (FORMAT parquet)")
            connection.execute("DETACH published")
            _put_in_place(draft, path, draft_parquet, parquet)
        except (OSError, duckdb.IOException) as error:
            raise WarehouseError(
                f"{folder} cannot be written ({str(error).splitlines()[0]}): name another folder with --out"
            ) from error
    return Published(path, parquet, rows)


def _tables(connection: duckdb.DuckDBPyConnection, *, aggregates_only: bool) -> list[str]:
    query = "SELECT table_name FROM information_schema.tables WHERE table_schema = 'registry' ORDER BY table_name"
    found = [str(name) for (name,) in connection.execute(query).fetchall()]
    missing = sorted(AGGREGATES.keys() - set(found))
    if missing:
        raise WarehouseError(f"this warehouse has no table registry.{missing[0]}: run 'dbt build' first")
    return [name for name in found if name in AGGREGATES] if aggregates_only else found


def _copy(connection: duckdb.DuckDBPyConnection, table: str, smallest_count: int) -> int:
    columns = [row[0] for row in connection.execute(f"DESCRIBE registry.{table}").fetchall()]
    chosen = ", ".join(_column(table, column, smallest_count) for column in columns if column not in WITHHELD)
    aggregate = AGGREGATES.get(table)
    rows = f"registry.{table}"
    if table == "curation_summary":
        rows = _hidden_twice(smallest_count)
    if aggregate and aggregate.denominator:
        rows += f" WHERE {aggregate.denominator} >= {smallest_count}"
    connection.execute(f"CREATE TABLE published.main.{table} AS SELECT {chosen} FROM {rows}")  # noqa: S608 - names of our own tables
    counted = connection.execute(f"SELECT count(*) FROM published.main.{table}").fetchone()  # noqa: S608
    return int(counted[0]) if counted else 0


def _column(table: str, column: str, smallest_count: int) -> str:
    aggregate = AGGREGATES.get(table, Aggregate(()))
    small = [f'"{name}" BETWEEN 1 AND {smallest_count - 1}' for name in aggregate.counts]
    if column in aggregate.counts:
        return f'CASE WHEN NOT ("{column}" BETWEEN 1 AND {smallest_count - 1}) THEN "{column}" END AS "{column}"'
    if column in aggregate.dependents:
        return f'CASE WHEN NOT ({" OR ".join(small)}) THEN "{column}" END AS "{column}"'
    return f'"{column}"'


def _hidden_twice(smallest_count: int) -> str:
    """The curation table, where one hidden line alone would be the total minus all others: then the next is hidden too.

    A hidden line counts as 1, which hides it wherever anything is hidden.
    """
    return f"""(
        SELECT * EXCLUDE (place, hidden) REPLACE (
            CASE WHEN hidden = 1 AND place <= 2 AND files > 0 AND {smallest_count} > 1 THEN 1 ELSE files END AS files
        )
        FROM (
            SELECT
                *,
                count(*) FILTER (WHERE files BETWEEN 1 AND {smallest_count - 1}) OVER part AS hidden,
                row_number() OVER (part ORDER BY files = 0, files, line_key) AS place
            FROM registry.curation_summary
            WINDOW part AS (PARTITION BY CASE WHEN section IN ('excluded', 'film') THEN 'sum' ELSE line_key END)
        )
    )"""  # noqa: S608 - a number that we checked


def _say_what_it_is(connection: duckdb.DuckDBPyConnection, smallest_count: int) -> None:
    connection.execute(
        "CREATE TABLE published.main.publication AS SELECT ? AS published_at, ? AS smallest_count, ? AS note",
        [datetime.now(UTC).replace(tzinfo=None), smallest_count, RESEARCH_USE],
    )


def _put_in_place(draft: Path, path: Path, draft_parquet: Path, parquet: Path) -> None:
    """The file by one rename; the folder of Parquet files file by file, and what is no longer published is removed."""
    draft.chmod(0o640)
    draft.rename(path)
    parquet.mkdir(exist_ok=True, mode=0o750)
    fresh = {file.name for file in draft_parquet.iterdir()}
    for file in draft_parquet.iterdir():
        file.chmod(0o640)
        file.rename(parquet / file.name)
    for old in parquet.glob("*.parquet"):
        if old.name not in fresh:
            old.unlink()


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")


@contextmanager
def _cleaned(*drafts: Path) -> Iterator[None]:
    """Whatever happens, no draft stays."""
    try:
        yield
    finally:
        for draft in drafts:
            shutil.rmtree(draft, ignore_errors=True)
            draft.unlink(missing_ok=True)
