"""Simulated films from the command line."""

import logging
import os
from pathlib import Path

import click


@click.group()
def main() -> None:
    """Simulate radiographs of hips and pelves with exact truth."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")


@main.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder for the shards.")
@click.option("--films", type=click.IntRange(1), default=200, show_default=True, help="How many films.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Different seeds share no person.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.option("--size", type=click.IntRange(128), default=768, show_default=True, help="Pixels along the long edge.")
def films(out: Path, films: int, seed: int, workers: int, size: int) -> None:
    """Write training films (PNG) with their truth, 200 a shard; shards already there are kept.

    Example: python -m simulation films --out films --films 1000 --seed 1 --workers 2
    """
    for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from simulation.dataset import Request, make_films  # noqa: PLC0415 (the threads are set first)

    written = make_films(Request(out, films, seed, workers, size))
    click.echo(f"{written} new shards in {out}")


@main.command()
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Folder to write into.")
@click.option("--seed", type=click.IntRange(0), default=7, show_default=True, help="Of pose and exposure.")
def samples(out: Path, seed: int) -> None:
    """Write a small archive of simulated patients as DICOM files, and truth.csv.

    Example: python -m simulation samples --out samples --seed 7
    """
    from simulation.archive.samples import write_samples  # noqa: PLC0415 (films set the threads first)

    logging.getLogger("openjpeg").setLevel(logging.WARNING)  # it reports each tile
    rows = write_samples(out, seed)
    click.echo(f"{len(rows)} files in {out}")


if __name__ == "__main__":
    main()
