"""The command line: parse, make one call, print what came of it."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from ingest import __version__, report
from ingest.errors import IngestError, UsageError
from ingest.identity import SiteKey
from ingest.models_commands import models_command
from ingest.options import (
    DATE_SHIFT,
    HOME,
    IN_FLIGHT,
    KEY_FILE,
    MODELS,
    PATH,
    RETRIED,
    RETRY,
    RULES,
    SITE_KEY,
    SOURCES,
    WAREHOUSE,
    WORKERS,
)
from ingest.pipeline import RunResult, check, run
from ingest.preview import preview
from ingest.publish_commands import publish_command, report_command
from ingest.reading import Site
from ingest.rules import Rules
from ingest.server import EmbeddedServer
from ingest.serving import model_server
from ingest.settings import Settings
from ingest.sink import Sink
from ingest.supply_commands import supply, template
from ingest.terminal import progress_bar, say, stopped_by_sigterm
from ingest.tls import Tls
from warehouse.errors import WarehouseError
from warehouse.land import Warehouse
from warehouse.spool import Spool
from warehouse.summary import summarise

HOLD_TIMEOUT_S = 10.0  # how long a summary waits for a dbt build to let go


class _Commands(click.Group):
    """The one place where our errors become exit codes: 1 what the message names, 2 wrong usage."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except UsageError as error:
            raise click.UsageError(str(error)) from None
        except (IngestError, WarehouseError) as error:
            raise click.ClickException(str(error)) from None


@click.group(
    cls=_Commands,
    context_settings={
        "auto_envvar_prefix": "INGEST",
        "help_option_names": ["-h", "--help"],
        "show_default": True,
        "max_content_width": 100,
    },
)
@click.version_option(__version__)
def main() -> None:
    """Turns an archive of hip and pelvis radiographs into a registry.

    \b
    Example:
      ingest run /dicoms
      dbt build --project-dir dbt_project --profiles-dir dbt_project

    Research use only: the models are trained on simulated films and are no medical device.
    """
    os.umask(0o027)  # what a run writes is about patients


def _tls_option(part: str, meaning: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    return click.option(
        f"--triton-{part}",
        type=PATH,
        envvar=f"INGEST_TRITON_{part.upper()}",
        show_envvar=True,
        show_default="none",
        help=meaning,
    )


@main.command("run")
@SOURCES
@click.option(
    "--triton",
    "triton_url",
    metavar="HOST:PORT",
    envvar="INGEST_TRITON",
    show_envvar=True,
    show_default="start an embedded server",
    help="gRPC address of a running Triton server.",
)
@_tls_option("ca", "Certificate (PEM file) that signed the server's: the connection is encrypted.")
@_tls_option("cert", "Our certificate (PEM file), for a server that asks who we are.")
@_tls_option("key", "Its key (PEM file).")
@WAREHOUSE
@HOME
@MODELS
@WORKERS
@IN_FLIGHT
@RULES
@DATE_SHIFT
@RETRY
@KEY_FILE
@SITE_KEY
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    envvar="INGEST_LIMIT",
    show_envvar=True,
    show_default="all",
    help="Stop after so many new files.",
)
def run_command(  # noqa: PLR0913, PLR0917 - one parameter per option
    sources: tuple[Path, ...],
    triton_url: str | None,
    triton_ca: Path | None,
    triton_cert: Path | None,
    triton_key: Path | None,
    warehouse: Path | None,
    home: Path,
    models: Path,
    workers: int,
    in_flight: int,
    rules: Path | None,
    date_shift: bool,  # noqa: FBT001 - click's flag
    retry: str,
    key_file: Path | None,
    site_key: str | None,
    limit: int | None,
) -> None:
    """Read every file below SOURCE, ask the models, and land the results.

    Files that an earlier run dealt with are not read again. Ctrl-C keeps everything that is finished.

    \b
    Example:
      ingest run /dicoms
      ingest run /dicoms /more --triton gpu-server:8001 --workers 8 --triton-ca ca.pem
      ingest run /dicoms --rules our-rules.toml --date-shift
    """
    home = home.absolute()
    settings = Settings(
        sources=tuple(source.absolute() for source in sources),
        home=home,
        warehouse=(warehouse or home / "warehouse.duckdb").absolute(),
        models=models.absolute(),
        triton_url=triton_url,
        triton_tls=Tls.of(triton_url, triton_ca, triton_cert, triton_key),
        workers=workers,
        in_flight=in_flight,
        rules=rules,
        shift_dates=date_shift,
        retried=RETRIED[retry],
        key_path=key_file.absolute() if key_file else None,
        limit=limit,
    )
    click.echo(report.RESEARCH_USE, err=True)
    result = _run(settings, SiteKey.parse(site_key) if site_key else None)
    click.echo(report.run_report(result))
    if not result.held:
        click.echo("")
        _print_registry(settings.warehouse)
    if result.outcome == "interrupted":
        click.echo("Stopped early: everything finished is kept; the same command goes on from there.", err=True)
        raise SystemExit(1)


@main.command("screen")
@SOURCES
@RULES
@WORKERS
@HOME
def screen_command(sources: tuple[Path, ...], rules: Path | None, workers: int, home: Path) -> None:
    """Show what the screening rules would exclude below SOURCE, with counts; asks no model and writes nothing.

    \b
    Example:
      ingest screen /dicoms
      ingest screen /dicoms --rules our-rules.toml
    """
    home = home.absolute()
    settings = Settings(
        sources=tuple(source.absolute() for source in sources),
        home=home,
        warehouse=home / "warehouse.duckdb",
        models=home,
        workers=workers,
    )
    site = Site(SiteKey(b""), Rules.load(rules))  # no pseudonym is made
    click.echo(report.screening_report(preview(settings, site)))


@main.command()
@click.option("--grpc-port", type=click.IntRange(1, 65535), default=8001, show_envvar=True, help="For --triton.")
@click.option("--http-port", type=click.IntRange(1, 65535), default=8000, show_envvar=True, help="Health, models.")
@click.option("--metrics-port", type=click.IntRange(1, 65535), default=8002, show_envvar=True, help="Prometheus.")
@HOME
@MODELS
def serve(grpc_port: int, http_port: int, metrics_port: int, home: Path, models: Path) -> None:
    """Serve the models on this machine until Ctrl-C, for runs that name it with --triton.

    \b
    Example:
      ingest serve &
      ingest run /dicoms --triton 127.0.0.1:8001
    """
    ports = {"grpc_port": grpc_port, "http_port": http_port, "metrics_port": metrics_port}
    server = EmbeddedServer(models, home, **ports, drains=True)
    with stopped_by_sigterm(), server:
        click.echo(f"serving at {server.url} (gRPC), log in {server.log_path}; Ctrl-C stops it")
        try:
            status = server.wait()
        except KeyboardInterrupt:
            return
    raise IngestError(f"the server ended by itself with {status}: see {server.log_path}")


@main.command()
@WAREHOUSE
@HOME
def status(warehouse: Path | None, home: Path) -> None:
    """Show what the warehouse holds: files by disposition and reason, films, hips, measurements.

    \b
    Example:
      ingest status --warehouse var/warehouse.duckdb
    """
    _print_registry((warehouse or home / "warehouse.duckdb").absolute())


main.add_command(models_command)


main.add_command(template)
main.add_command(supply)
main.add_command(publish_command)
main.add_command(report_command)


def _print_registry(path: Path) -> None:
    click.echo(report.registry_report(summarise(Warehouse(path), timeout_s=HOLD_TIMEOUT_S), path))


def _run(settings: Settings, key: SiteKey | None) -> RunResult:
    """Cheap checks first, so that a mistake costs no server start and leaves nothing behind."""
    check(settings)
    Rules.load(settings.rules)
    sink = Sink(
        Spool(settings.spool),
        Warehouse(settings.warehouse),
        batch_files=settings.batch_files,
        batch_seconds=settings.batch_seconds,
        hold_timeout_s=settings.hold_timeout_s,
    )
    if key is None and settings.key_file.exists():
        key = SiteKey.load(settings.key_file)
    sink.check(key.fingerprint if key else None)
    with stopped_by_sigterm(), model_server(settings, say) as server, progress_bar(settings) as progress:
        return run(settings, server, key or SiteKey.load(settings.key_file), sink, progress)
