"""Options that several commands share, or that ``ingest run`` has many of; each with its environment variable."""

import os
from pathlib import Path

import click
from click.core import ParameterSource

from ingest.settings import default_home, default_models

PATH = click.Path(path_type=Path)


def default_workers() -> int:
    """Half of the cores decode; of two both, as one process that decodes leaves its core idle where it has to wait."""
    cores = len(os.sched_getaffinity(0))
    return max(cores // 2, min(cores, 2))


SOURCES = click.argument(  # click's own word for one that may not be read would name no remedy
    "sources", nargs=-1, required=True, type=click.Path(path_type=Path, readable=False), metavar="SOURCE..."
)
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
MODELS = click.option(
    "--models",
    type=PATH,
    default=default_models,
    show_default="model_repository",
    envvar="INGEST_MODELS",
    show_envvar=True,
    help="Model repository.",
)
WORKERS = click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=default_workers,
    show_default="half the cores, but two where there are two",
    envvar="INGEST_WORKERS",
    show_envvar=True,
    help="Processes that decode.",
)
IN_FLIGHT = click.option(
    "--in-flight",
    type=click.IntRange(1, 1024),
    default=16,
    show_default=True,
    envvar="INGEST_IN_FLIGHT",
    show_envvar=True,
    help="Films asked and not yet answered, at most.",
)
RULES = click.option(
    "--rules",
    type=PATH,
    envvar="INGEST_RULES",
    show_envvar=True,
    show_default="those that come with the software",
    help="TOML file of what excludes a file by its header (docs/screening.md).",
)
RETRIED = {"failed": ("failed",), "undecodable": ("failed", "undecodable"), "none": ()}
DATE_SHIFT = click.option(
    "--date-shift",
    is_flag=True,
    envvar="INGEST_DATE_SHIFT",
    show_envvar=True,
    help="Land the days of each patient as many days earlier (1 to 365, fixed by the site key), and keyed UIDs.",
)
RETRY = click.option(
    "--retry",
    type=click.Choice(tuple(RETRIED)),
    default="failed",
    envvar="INGEST_RETRY",
    show_envvar=True,
    help="Which known files to read again: those that failed, also the undecodable ones, or none.",
)
KEY_FILE = click.option(
    "--key-file",
    type=PATH,
    envvar="INGEST_KEY_FILE",
    show_envvar=True,
    show_default="HOME/site.key",
    help="File of the site key; made where there is none.",
)


def _not_on_the_command_line(context: click.Context, option: click.Parameter, value: str | None) -> str | None:
    """Where a list of processes, and the shell's history, would show it."""
    if value is not None and context.get_parameter_source(option.name or "") is ParameterSource.COMMANDLINE:
        raise click.BadParameter("a secret has no place on a command line: set INGEST_SITE_KEY, or use --key-file")
    return value


SITE_KEY = click.option(
    "--site-key",
    envvar="INGEST_SITE_KEY",
    show_envvar=True,
    show_default="from the file",
    callback=_not_on_the_command_line,
    help="The site key itself, 64 hex digits; taken from the environment only.",
)


def warehouse_path(warehouse: Path | None, home: Path) -> Path:
    """The file that both options together name."""
    return (warehouse or home / "warehouse.duckdb").absolute()
