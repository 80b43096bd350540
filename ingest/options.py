"""Options that several commands share."""

from pathlib import Path

import click

from ingest.settings import default_home

PATH = click.Path(path_type=Path)
HOME = click.option(
    "--home",
    type=PATH,
    default=default_home,
    show_default="var",
    envvar="INGEST_HOME",
    show_envvar=True,
    help="Folder of the site key, the logs and, by default, the warehouse.",
)
WAREHOUSE = click.option(
    "--warehouse",
    type=PATH,
    show_default="HOME/warehouse.duckdb",
    envvar="INGEST_WAREHOUSE",
    show_envvar=True,
    help="DuckDB file that the results land in.",
)


def warehouse_path(warehouse: Path | None, home: Path) -> Path:
    """The file that both options together name."""
    return (warehouse or home / "warehouse.duckdb").absolute()
