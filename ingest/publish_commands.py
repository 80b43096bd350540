"""The commands that publish the registry and draw it."""

from functools import partial
from pathlib import Path

import click

from ingest.options import HOME, PATH, WAREHOUSE, warehouse_path
from warehouse.publish import RESEARCH_USE, publish


@click.command("publish")
@click.option("--out", type=PATH, show_default="HOME", help="Folder for registry.duckdb and registry/*.parquet.")
@click.option(
    "--smallest-count",
    type=click.IntRange(min=1),
    default=5,
    envvar="INGEST_SMALLEST_COUNT",
    show_envvar=True,
    help="Counts from 1 to below this one are left empty in tables of counts.",
)
@click.option("--aggregates-only", is_flag=True, help="Only tables of counts: nothing about one patient, hip or film.")
@WAREHOUSE
@HOME
def publish_command(
    out: Path | None, smallest_count: int, warehouse: Path | None, home: Path, *, aggregates_only: bool
) -> None:
    """Copy the built registry for readers: marts only, no UIDs, small counts left empty.

    Readers never wait for a build: the copy is put in place by rename. docs/publishing.md says how to open it.

    \b
    Example:
      ingest publish --out /shared/registry --smallest-count 10
    """
    source = warehouse_path(warehouse, home)
    done = publish(source, (out or home).absolute(), smallest_count=smallest_count, aggregates_only=aggregates_only)
    for table, rows in done.rows.items():
        click.echo(f"{table}: {rows:,} rows")
    click.echo(f"{done.path} and {done.parquet}/*.parquet\n{RESEARCH_USE}")


@click.command("report")
@click.option("--registry", type=PATH, show_default="HOME/registry.duckdb", help="Published registry to draw.")
@click.option("--out", type=PATH, default=Path("report.html"), help="The page.")
@click.option(
    "--thumbnails",
    "with_films",
    is_flag=True,
    help="Show the films of the hip that is drawn, read again from the archive: pictures of patients.",
)
@WAREHOUSE
@HOME
def report_command(registry: Path | None, out: Path, warehouse: Path | None, home: Path, *, with_films: bool) -> None:
    """Draw the published registry as one page without scripts: curation, positions, changes, survival, units, drift.

    \b
    Example:
      ingest report --out report.html
    """
    from ingest.page import PATIENTS, write_page  # noqa: PLC0415 - matplotlib takes as long to load as all the rest
    from ingest.thumbnails import thumbnails  # noqa: PLC0415 - as above

    show_films = partial(thumbnails, warehouse_path(warehouse, home)) if with_films else None
    pictures = write_page((registry or home / "registry.duckdb").absolute(), out.absolute(), show_films)
    click.echo(f"{out}: {pictures} pictures")
    if with_films:
        click.echo(PATIENTS)
    click.echo(RESEARCH_USE)
