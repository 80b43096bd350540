"""Films with their truth on disk, in shards that are written whole or not at all."""

import json
import logging
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np

from simulation.film import simulate
from simulation.mixtures import MIXTURES
from simulation.spec import FilmSpec
from simulation.truth import Film

_FILMS_PER_SHARD = 200
_LOG = logging.getLogger(__name__)
_PEOPLE_PER_SEED = 1_000_000
_PEOPLE_PER_MIXTURE = 300_000  # so that mixtures of one seed share no person either
_MOST_FILMS = 50_000  # of one set: the people of more would be those of another seed's mixtures


@dataclass(frozen=True, slots=True)
class Request:
    """A dataset to make."""

    out: Path
    films: int
    seed: int  # different seeds share no person
    workers: int
    size: int
    without: frozenset[str] = frozenset()  # families of spec.VARIATIONS to leave out
    mixture: str = "training"  # a key of MIXTURES

    def __post_init__(self) -> None:
        if self.mixture not in MIXTURES:
            raise ValueError(f"{self.mixture!r} is no mixture: take one of {', '.join(MIXTURES)}")
        if self.films > _MOST_FILMS:
            raise ValueError(f"{self.films} films are more than a set has, {_MOST_FILMS}: take sets of several seeds")

    @property
    def shards(self) -> int:
        """How many there will be."""
        return -(-self.films // _FILMS_PER_SHARD)


@dataclass(frozen=True, slots=True)
class _Shard:
    request: Request
    number: int


def make_films(request: Request, report: Callable[[], None] = lambda: None) -> int:
    """Write every shard that is not there yet; returns how many shards were written.

    ``report`` is called once for every shard that is there, an earlier run's too.
    """
    request.out.mkdir(parents=True, exist_ok=True)
    missing = [_Shard(request, n) for n in range(request.shards) if not _folder(request.out, n).exists()]
    for _ in range(request.shards - len(missing)):
        report()
    if request.workers <= 1:
        for shard in missing:
            _write(shard)
            report()
        return len(missing)
    with get_context("spawn").Pool(request.workers) as pool:
        for _number in pool.imap_unordered(_write, missing):
            report()
    return len(missing)


def specs(request: Request, shard: int) -> Iterator[FilmSpec]:
    """Films of a shard without end: two or three of each person, the shard's own people."""
    mixture = list(MIXTURES).index(request.mixture)  # 0 is training's, whose numbers stay as they always were
    first = shard * _FILMS_PER_SHARD * 2 + mixture * _PEOPLE_PER_MIXTURE
    rng = np.random.default_rng([request.seed, shard, 4, *([mixture] if mixture else [])])
    draw = MIXTURES[request.mixture]
    drawn = first
    person = first
    while True:
        for _ in range(rng.integers(2, 4)):
            base = request.seed * _PEOPLE_PER_SEED
            spec = draw(rng, base + person, base + drawn, request.size)
            yield replace(spec, without=request.without)
            drawn += 1
        person += 1


def _write(shard: _Shard) -> int:
    request, folder = shard.request, _folder(shard.request.out, shard.number)
    partial = folder.with_name(f".{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir()
    wanted = min(_FILMS_PER_SHARD, request.films - shard.number * _FILMS_PER_SHARD)
    source = specs(request, shard.number)
    with (partial / "truth.jsonl").open("w") as lines:
        for index in range(wanted):
            film = _next_film(source)
            name = f"{index:06d}.png"
            if not cv2.imwrite(
                str(partial / name), (film.pixels >> 4).astype(np.uint8), [cv2.IMWRITE_PNG_COMPRESSION, 3]
            ):
                raise OSError(f"cannot write {partial / name}: is the disk full?")
            lines.write(json.dumps({"file": name, "truth": json.loads(film.truth.to_json())}) + "\n")
    partial.rename(folder)
    return shard.number


def _next_film(source: Iterator[FilmSpec]) -> Film:
    """The next film that can be simulated; one that cannot is logged with its seed."""
    for spec in source:
        try:
            return simulate(spec)
        except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
            _LOG.warning("seed %d, person %d, %s left out: %s", spec.seed, spec.person, spec.view, error)
    raise AssertionError("specifications never end")


def _folder(out: Path, shard: int) -> Path:
    return out / f"shard-{shard:05d}"
