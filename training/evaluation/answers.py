"""What Triton answered, asked once for every film and every set of weights."""

import tempfile
import time
import zipfile
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from ingest.findings import find
from ingest.records import Canvas, Header, RawFindings
from ingest.repository import list_models, weights_sha256
from ingest.server import EmbeddedServer
from ingest.thresholds import Thresholds
from ingest.triton import TritonServer
from training.evaluation.judged import Judged
from training.evaluation.statistics import Figures
from training.films import LabelledFilm

IN_FLIGHT = 8
KEEP_EVERY = 200  # films, so that a run that is cut off loses a few minutes
TENSORS = tuple(f.name for f in fields(RawFindings))


class Server(Protocol):
    """What answers, and what of its answers is believed."""

    @property
    def thresholds(self) -> Thresholds:
        """Served with the models."""

    def submit(self, canvas: Canvas) -> Future[RawFindings]:
        """Ask for one film."""


@contextmanager
def embedded(repository: Path) -> Iterator[TritonServer]:
    """A private Triton on these models."""
    weights = weights_sha256(list_models(repository))
    with (
        tempfile.TemporaryDirectory() as home,
        EmbeddedServer(repository, Path(home)) as private,
        TritonServer(private.url, in_flight=IN_FLIGHT, weights_sha256=weights) as server,
    ):
        yield server


@dataclass(slots=True)
class Answers:
    """The answers of one set of weights, by the films' canvases, in one file."""

    path: Path
    known: dict[str, RawFindings] = field(default_factory=dict)
    waited_s: list[float] = field(default_factory=list)  # each film asked for, from asking to answer
    seconds: float = 0.0  # that all of them took together
    _asked: int = 0  # films that wait for their answer
    _since_s: float = 0.0  # when the first of them was asked, or time was last counted

    @classmethod
    def of(cls, folder: Path, repository: Path) -> "Answers":
        """Those that ``folder`` keeps for the weights in ``repository``."""
        folder.mkdir(parents=True, exist_ok=True)
        return cls.read(folder / f"answers-{weights_sha256(list_models(repository))[:12]}.npz")

    @classmethod
    def read(cls, path: Path) -> "Answers":
        """Of a file; none where it is not there, is damaged or has other tensors."""
        try:
            with path.open("rb") as file, np.load(file) as kept:
                tensors = {name: kept[name] for name in TENSORS}
                known = {
                    film: RawFindings(**{name: tensors[name][row] for name in TENSORS})
                    for row, film in enumerate(kept["film"].tolist())
                }
                return cls(path, known, kept["waited_s"].tolist(), float(kept["seconds"]))
        except (FileNotFoundError, KeyError, ValueError, zipfile.BadZipFile):
            return cls(path)

    def write(self) -> None:
        """Whole or not at all."""
        partial = self.path.with_suffix(".partial.npz")
        tensors = {name: np.stack([getattr(raw, name) for raw in self.known.values()]) for name in TENSORS}
        np.savez(partial, film=list(self.known), waited_s=self.waited_s, seconds=self.seconds, **tensors)
        partial.rename(self.path)

    def ask(self, films: Iterable[LabelledFilm], server: Server) -> Iterator[Judged]:
        """Every film judged, in order; only those not asked before go to the server, a few at a time."""
        waiting: deque[tuple[LabelledFilm, str, Future[RawFindings] | None]] = deque()
        for film in films:
            name = sha256(np.ascontiguousarray(film.canvas)).hexdigest()[:32]
            waiting.append((film, name, None if name in self.known else self._submit(film, server)))
            if len(waiting) >= IN_FLIGHT:
                yield self._next(waiting, server)
        while waiting:
            yield self._next(waiting, server)

    def pace(self) -> Figures:
        """Films a second, and how long one waited."""
        waited = np.array(self.waited_s)
        return {
            "films": int(waited.size),
            "in_flight": IN_FLIGHT,
            "films_per_second": waited.size / self.seconds if waited.size else None,
            "median_s": float(np.median(waited)) if waited.size else None,
            "p95_s": float(np.percentile(waited, 95)) if waited.size else None,
        }

    def _submit(self, film: LabelledFilm, server: Server) -> Future[RawFindings]:
        began = time.perf_counter()
        if not self._asked:
            self._since_s = began
        self._asked += 1
        future = server.submit(canvas_of(film))
        future.add_done_callback(lambda _: self.waited_s.append(time.perf_counter() - began))
        return future

    def _next(self, waiting: deque[tuple[LabelledFilm, str, Any]], server: Server) -> Judged:
        film, name, future = waiting.popleft()
        if future is not None:
            self.known[name] = future.result()
            self._asked -= 1
            if not self._asked or not len(self.known) % KEEP_EVERY:
                self._count()
                self.write()
        return judge(film, self.known[name], server.thresholds)

    def _count(self) -> None:
        now = time.perf_counter()
        self.seconds += now - self._since_s
        self._since_s = now


def judge(film: LabelledFilm, raw: RawFindings, thresholds: Thresholds) -> Judged:
    """An answer by the client's own rules, with no DICOM tag to help."""
    height, width = film.canvas.shape
    return Judged(film.truth, raw, find(raw, canvas_of(film), _header(height, width), thresholds), film.canvas)


def canvas_of(film: LabelledFilm) -> Canvas:
    """The canvas as its own film, so that all coordinates are the canvas'."""
    return Canvas(np.asarray(film.canvas), 1.0, 0.0, 0.0, "")


def _header(rows: int, columns: int) -> Header:
    """A header that tells nothing but the size, so that only the film speaks."""
    empty = dict.fromkeys(Header.__slots__)
    texts = {name: "" for name in Header.__slots__ if name.endswith("uid") or name in ("modality", "patient_key")}
    return Header(
        **(empty | texts | {"photometric": "MONOCHROME2", "rows": rows, "columns": columns, "bits_stored": 8})
    )
