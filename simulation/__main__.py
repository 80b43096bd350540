"""Simulated films from the command line."""

import logging
import os
from pathlib import Path

import click

from simulation.spec import LEAST_SIZE, MIXTURE_NAMES, VARIATIONS

CORES = os.cpu_count() or 1


class _Commands(click.Group):
    """Reports what the file system refuses in one line."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except OSError as error:
            where = f" {error.filename}" if error.filename else ""
            raise click.ClickException(f"cannot write{where}: {error.strerror or error}") from None


@click.group(cls=_Commands)
def main() -> None:
    """Simulate radiographs of hips and pelves with exact truth."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(message)s")


_OUT = click.Path(path_type=Path, file_okay=False)


@main.command()
@click.option("--patients", type=click.IntRange(1), required=True, help="How many invented patients.")
@click.option("--out", type=_OUT, required=True, help="Folder to write into: a new one, or this cohort's to go on.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Different seeds share no person.")
@click.option("--size", type=click.IntRange(LEAST_SIZE), default=1024, show_default=True, help="Long edge, pixels.")
@click.option("--workers", type=click.IntRange(1), default=CORES, show_default=True, help="Processes.")
def cohort(patients: int, out: Path, seed: int, size: int, workers: int) -> None:
    """Write the archive of a whole hospital's hip service as DICOM, with truth and stories beside it.

    The same seed gives the same bytes, whatever the workers. A killed run goes on where it stopped.

    Example: python -m simulation cohort --patients 200 --out cohort --seed 3
    """
    _one_thread_each()
    from simulation.archive.cohort import OtherCohortError, Request, write_cohort  # noqa: PLC0415 (threads first)

    with click.progressbar(length=patients, label="patients", show_pos=True) as bar:
        files = 0

        def done(count: int) -> None:
            nonlocal files
            files += count
            bar.update(1)

        try:
            counts = write_cohort(Request(out, patients, seed, size, workers), done)
        except OtherCohortError as error:
            raise click.UsageError(str(error)) from None
    click.echo(f"{counts['files']} files of {counts['patients']} patients in {out} ({files} files written now)")


@main.command()
@click.option("--out", type=_OUT, required=True, help="Folder for the pictures.")
@click.option("--seed", type=click.IntRange(0), default=4, show_default=True, help="Of people, poses and exposures.")
def gallery(out: Path, seed: int) -> None:
    """Draw contact sheets of what the simulator can make: views, implants, diseases, looks, copies, other parts.

    Example: python -m simulation gallery --out docs/gallery
    """
    _one_thread_each()
    from simulation.gallery import write_gallery  # noqa: PLC0415 (threads first)

    for path in write_gallery(out, seed):
        click.echo(path)


@main.command()
@click.option("--out", type=_OUT, required=True, help="Folder for the shards.")
@click.option("--films", type=click.IntRange(1), default=200, show_default=True, help="How many films.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Different seeds share no person.")
@click.option("--workers", type=click.IntRange(1), default=CORES, show_default=True, help="Processes.")
@click.option("--size", type=click.IntRange(LEAST_SIZE), default=768, show_default=True, help="Long edge, pixels.")
@click.option("--without", type=click.Choice(VARIATIONS), multiple=True, help="A family of variation to leave out.")
@click.option(
    "--mixture", type=click.Choice(MIXTURE_NAMES), default=MIXTURE_NAMES[0], show_default=True, help="Shares."
)
def films(*, out: Path, films: int, seed: int, workers: int, size: int, without: tuple[str, ...], mixture: str) -> None:
    """Write films (PNG) with their truth, 200 a shard; shards already there are kept.

    The mixture is that of training; of the archive in Wyles et al. 2022 (paper), of which a quarter shows no hip; of
    that quarter alone (no_hip); of views on which cups are measured (cups) or sides are easily told wrongly (sides); of
    pelves turned so far that AP and oblique films are easily confused (turned); of obliques so steep that the far hip
    is easily missed (steep); or that archive on bones, implants, looks and copies that training never has (shifted), to
    test what a model makes of them.

    Example: python -m simulation films --out films --films 1000 --seed 1
    """
    _one_thread_each()
    from simulation.dataset import Request, make_films  # noqa: PLC0415 (threads first)

    request = Request(out, films, seed, workers, size, frozenset(without), mixture)
    with click.progressbar(length=request.shards, label="shards of 200 films", show_pos=True) as bar:
        written = make_films(request, lambda: bar.update(1))
    click.echo(f"{written} new shards in {out}")


@main.command()
@click.option("--out", type=_OUT, required=True, help="Folder to write into.")
@click.option("--seed", type=click.IntRange(0), default=7, show_default=True, help="Of pose and exposure.")
def samples(out: Path, seed: int) -> None:
    """Write a small archive of simulated patients as DICOM files, and truth.csv.

    Example: python -m simulation samples --out samples --seed 7
    """
    from simulation.archive.samples import write_samples  # noqa: PLC0415 (films set the threads first)

    rows = write_samples(out, seed)
    click.echo(f"{len(rows)} files in {out}")


def _one_thread_each() -> None:
    """Every process computes on one core; there are as many processes as cores."""
    for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(name, "1")


if __name__ == "__main__":
    main()
