"""Films that a comparison needs, made once and kept; those of an evaluation are of people in no training set.

A folder of films is not made again when the simulator changes; remove it then.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from training.films import LISTING, LabelledFilm, finished_shards, load_films

SEEDS = {"paper": 90_001, "shifted": 90_002}  # by mixture; kept for evaluation, so no training film shares a person
FRESH_SEED = 90_003  # of the paper's mixture; another one, once a choice was made by what its films tell
SHARD = 200  # films of a whole shard of simulation.dataset
SIZE = 768  # pixels along the long edge, as the training films
ONE_THREAD = ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A set of films."""

    mixture: str  # of the simulator
    films: int
    folder: Path
    workers: int
    seed: int | None = None  # the mixture's in SEEDS
    size: int = SIZE
    without: frozenset[str] = frozenset()  # families of the simulator's variation to leave out


def made(wanted: Wanted) -> list[LabelledFilm]:
    """The first films of the mixture; those not there yet are simulated, and a cut-off run goes on."""
    drop_short(wanted.folder, wanted.films)
    with _one_thread_each():
        from simulation.dataset import Request, make_films  # noqa: PLC0415 - numba reads the threads when it is loaded

        mixture, seed = wanted.mixture, SEEDS[wanted.mixture] if wanted.seed is None else wanted.seed
        request = Request(wanted.folder, wanted.films, seed, wanted.workers, wanted.size, wanted.without, mixture)
        done = count(1)
        make_films(request, lambda: print(f"{mixture}: {next(done)} of {request.shards} shards there", file=sys.stderr))
    return load_films(wanted.folder)[: wanted.films]


def drop_short(folder: Path, films: int) -> None:
    """Remove a last shard that was made for fewer films than are wanted now, so that it is made again."""
    for shard in finished_shards(folder):
        before = int(shard.name.removeprefix("shard-")) * SHARD
        with (shard / LISTING).open() as lines:
            short = sum(1 for _ in lines) < min(SHARD, films - before)
        if short:
            shutil.rmtree(shard)


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Every process that is started within computes on one core; there are as many processes as cores."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
