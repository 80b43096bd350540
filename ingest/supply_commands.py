"""The commands for what a hospital supplies beside its films."""

from pathlib import Path

import click

from ingest.identity import SiteKey
from ingest.options import HOME, PATH, WAREHOUSE, warehouse_path
from ingest.supply import read_supplied, write_templates
from warehouse.supplied import replace_supplied


@click.command()
@click.argument("folder", type=PATH)
def template(folder: Path) -> None:
    """Write empty files for surgeries, deaths, implants and sites into FOLDER, with the headers to fill in.

    \b
    Example:
      ingest template supplied
      ingest supply supplied
    """
    for path in write_templates(folder.absolute()):
        click.echo(path)


@click.command()
@click.argument("folder", type=PATH)
@WAREHOUSE
@HOME
def supply(folder: Path, warehouse: Path | None, home: Path) -> None:
    """Load surgeries, deaths, implants and sites (CSV or Parquet) from FOLDER, in place of those loaded before.

    Each file may be absent. Patient IDs become the keyed hashes that films have; the files are only read.
    docs/supplied.md explains the columns.

    \b
    Example:
      ingest supply supplied
    """
    key = SiteKey.load(home.absolute() / "site.key")
    tables = read_supplied(folder.absolute(), key)
    replace_supplied(warehouse_path(warehouse, home), tables, key_fingerprint=key.fingerprint)
    for name, rows in tables.items():
        click.echo(f"{name}: {rows.num_rows:,} rows")
    click.echo("The next 'dbt build' takes them into the registry and reports what contradicts the films.")
