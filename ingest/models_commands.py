"""``ingest models``: what is served, and the TensorRT plans that production serves it as."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from ingest import report
from ingest.errors import PlanError
from ingest.manifest import Precision, as_row, digest, misfit
from ingest.options import MODELS, PATH
from ingest.repository import list_models, plan_places
from ingest.settings import default_home, default_samples
from ingest.terminal import say

FILMS = click.option(
    "--films",
    type=PATH,
    default=default_samples,
    show_default="samples",
    envvar="INGEST_PLAN_FILMS",
    show_envvar=True,
    help="Folder of DICOM films to compare on, or to calibrate int8 with.",
)
PRECISION = click.option(
    "--precision",
    type=click.Choice([precision.value for precision in Precision]),
    default=Precision.FP16.value,
    envvar="INGEST_PLAN_PRECISION",
    show_envvar=True,
    help="What the networks compute in; geometry is fp32 in any case.",
)


@click.group("models", invoke_without_command=True)
@MODELS
@click.pass_context
def models_command(context: click.Context, models: Path) -> None:
    """List the models that are served: version, weights, intended use; or build and verify their TensorRT plans.

    \b
    Example:
      ingest models
      ingest models compile
      ingest models verify
    """
    if context.invoked_subcommand is not None:
        return
    models = models.absolute()
    click.echo(report.model_list(list_models(models)))
    for place in plan_places(models):
        problem = misfit(place.plan, digest(place.onnx))
        if problem and place.plan.exists():
            click.echo(f"{problem}: rebuild it with 'ingest models compile --models {models}'", err=True)


@models_command.command("compile")
@MODELS
@PRECISION
@click.option(
    "--max-batch",
    type=click.IntRange(min=1),
    show_default="max_batch_size of config.pbtxt",
    envvar="INGEST_PLAN_MAX_BATCH",
    show_envvar=True,
    help="Largest batch of a plan.",
)
@click.option(
    "--device",
    default="0",
    envvar="INGEST_PLAN_DEVICE",
    show_envvar=True,
    help="Number of the GPU; or a kind of GPU (sm86), to prove the graphs without one.",
)
@click.option(
    "--out",
    type=PATH,
    show_default="beside each graph",
    envvar="INGEST_PLAN_OUT",
    show_envvar=True,
    help="Folder for engines that are not to be served.",
)
@FILMS
@click.option("--again", is_flag=True, show_envvar=True, envvar="INGEST_PLAN_AGAIN", help="Also where a plan fits.")
@click.option(
    "--home",
    type=PATH,
    default=default_home,
    show_default="var",
    envvar="INGEST_HOME",
    show_envvar=True,
    help="Folder of the timing caches, which make the next build quick.",
)
def compile_command(  # noqa: PLR0913, PLR0917 - one parameter per option
    models: Path,
    precision: str,
    max_batch: int | None,
    device: str,
    out: Path | None,
    films: Path,
    again: bool,  # noqa: FBT001
    home: Path,
) -> None:
    """Build the TensorRT plan of every model, where it is missing or does not fit; plans that fit stay.

    \b
    Example:
      ingest models compile
      ingest models compile --precision fp32 --device 1
      ingest models compile --device sm86 --out var/engines     # without a GPU, a proof
    """
    with _extra():
        from ingest.plans import Order, compile_plans  # noqa: PLC0415 - see _extra
    order = Order(
        repository=models.absolute(),
        device=device,
        precision=Precision(precision),
        films=films.absolute(),
        caches=home.absolute() / "tensorrt",
        max_batch=max_batch,
        out=out.absolute() if out else None,
        again=again,
    )
    for done in compile_plans(order, say):
        told = ", ".join(f"{name} {value}" for name, value in as_row(done.manifest).items())
        click.echo(f"{'built' if done.fresh else 'fits'}: {done.plan} ({told})")


@models_command.command("verify")
@MODELS
@click.option(
    "--device",
    default="0",
    envvar="INGEST_PLAN_DEVICE",
    show_envvar=True,
    help="Number of the GPU; or cpu: the graphs that plans are built from, without a GPU.",
)
@PRECISION
@FILMS
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    show_default="all",
    envvar="INGEST_PLAN_LIMIT",
    show_envvar=True,
    help="Films at most.",
)
def verify_command(models: Path, device: str, precision: str, films: Path, limit: int | None) -> None:
    """Run a fixed set of films through the plans and through their graphs, and compare; exit code 1 on a miss.

    --precision matters with --device cpu only: a plan has its own.

    \b
    Example:
      ingest models verify
      ingest models verify --device cpu --precision fp16
    """
    with _extra():
        from ingest.verification import table, verify_plans  # noqa: PLC0415 - see _extra
    rows = verify_plans(models.absolute(), device, Precision(precision), films.absolute(), limit)
    click.echo(table(rows))
    if missed := [row.quantity for row in rows if not row.holds]:
        raise PlanError(
            f"{len(missed)} of {len(rows)} quantities miss ({missed[0]}): do not serve these plans; "
            "build with --precision fp16 or fp32 and verify again"
        )


@contextmanager
def _extra() -> Iterator[None]:
    """Around imports of what needs onnx, which reading an archive does not: an extra installs it."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise PlanError(f"the Python package {error.name} is missing: pip install '.[plans]' in the checkout") from None
