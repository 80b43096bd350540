"""Options of the command line, each with its environment variable."""

import os
from pathlib import Path

import click

PATH = click.Path(path_type=Path)
WORKERS = click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=lambda: max(1, len(os.sched_getaffinity(0)) // 2),
    show_default="half the cores",
    envvar="INGEST_WORKERS",
    show_envvar=True,
    help="Processes that decode.",
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
SITE_KEY = click.option(
    "--site-key",
    envvar="INGEST_SITE_KEY",
    show_envvar=True,
    show_default="from the file",
    help="The site key itself, 64 hex digits; in the environment, where a list of processes does not show it.",
)
