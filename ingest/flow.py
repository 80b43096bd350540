"""The stages between a file and its outcome: lazy, a few items ahead of each other, in path order throughout.

Order is what makes runs repeatable: the first of two equal files is always the same one, and what is finished is
always a beginning of the archive.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ingest.errors import FileError, ServerError
from ingest.findings import find
from ingest.landing import Answer, Outcome, file_key, film_key, reason_of
from ingest.reading import Reading
from ingest.records import Canvas, FoundFile, RawFindings, Reason
from ingest.thresholds import Thresholds
from warehouse.known import Films, KnownFilm

if TYPE_CHECKING:
    from concurrent.futures import Future

HOPELESS = 32  # films in a row that the models fail on: the server is broken, not the films


class ModelServer(Protocol):
    """Whoever answers for a canvas; ``ingest.triton.TritonServer`` in earnest."""

    @property
    def model_version(self) -> str:
        """Name, version and hash of weights and thresholds; may be empty before the first answer."""

    @property
    def thresholds(self) -> Thresholds:
        """What its answers are judged by; known once it has answered."""

    def expect_films(self) -> None:
        """Films are about to be read: whoever takes time to be ready begins now, and does not wait for it."""

    def submit(self, canvas: Canvas) -> "Future[RawFindings]":
        """Ask; may block for back-pressure. FileError of the future costs the film, any other error the run."""


class Reader(Protocol):
    """Whoever reads a file; ``ingest.workers.Workers`` in earnest."""

    def submit(self, found: FoundFile, beside: str | None = None) -> "Future[Reading]":
        """Ask for one file, as ``reading.read_film`` takes it; the future raises only what ends the run."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A file that is read, and told from its duplicates."""

    found: FoundFile
    reading: Reading
    reason: Reason | None = None  # None: a film that the models have to see
    film: KnownFilm | None = None  # the film it is, or repeats


def read_ahead(files: Iterable[FoundFile], reader: Reader, depth: int) -> Iterator[tuple[FoundFile, Reading]]:
    """Readings in the order of ``files``; ``depth`` files at most are being read."""
    waiting: deque[tuple[FoundFile, Future[Reading]]] = deque()
    for found in files:
        waiting.append((found, reader.submit(found)))
        if len(waiting) >= depth:
            yield _read(*waiting.popleft())
    while waiting:
        yield _read(*waiting.popleft())


def tell_duplicates(readings: Iterable[tuple[FoundFile, Reading]], films: Films, reader: Reader) -> Iterator[Decided]:
    """Marks the films that ``films`` (by SOP Instance UID) has already, and adds the others to it.

    The same UID with the same pixels is a duplicate. With other pixels one of the two is wrong, and which cannot be
    told: the first stays, the second is quarantined. Before that it is read again by ``reader``, since two files may
    store one film in ways that are hashed differently.
    """
    for found, reading in readings:
        if reading.header is None or reading.canvas is None:
            repeated = films.get(reading.header.sop_instance_uid) if reading.header else None
            yield Decided(found, reading, reading.reason, repeated)
            continue
        uid, pixel_sha256 = reading.header.sop_instance_uid, reading.canvas.pixel_sha256
        first = films.get(uid)
        if first is None:
            films[uid] = film = KnownFilm(film_key(uid), file_key(found), pixel_sha256)
            yield Decided(found, reading, None, film)
        else:
            same = first.pixel_sha256 == pixel_sha256 or _is_same(reader, found, first.pixel_sha256)
            yield Decided(found, reading, Reason.SAME_IMAGE if same else Reason.CONFLICTING_IMAGE, first)


def ask_ahead(items: Iterable[Decided], server: ModelServer, in_flight: int) -> Iterator[Outcome]:
    """Outcomes in the order of ``items``; ``in_flight`` films at most wait for the models.

    Raises:
        ServerError: the server is lost, or fails on one film after the other.
    """
    waiting: deque[tuple[Decided, Future[RawFindings] | None]] = deque()
    settle = _Settler(server)
    for item in items:
        asked = item.reading.canvas if item.reason is None else None
        waiting.append((item, server.submit(asked) if asked else None))
        while waiting and (len(waiting) >= in_flight or _is_ready(waiting[0][1])):
            yield settle(*waiting.popleft())
    while waiting:
        yield settle(*waiting.popleft())


class _Settler:
    """Turns answers into outcomes; remembers the films that got none, for what repeats them."""

    def __init__(self, server: ModelServer) -> None:
        self._server = server
        self._unanswered: set[str] = set()  # file keys
        self._failures = 0  # in a row

    def __call__(self, item: Decided, future: "Future[RawFindings] | None") -> Outcome:
        if future is None:
            return self._without_models(item)
        try:
            raw = future.result()
        except FileError as error:
            self._failures += 1
            if self._failures >= HOPELESS:
                raise ServerError(
                    f"the models failed on {HOPELESS} films in a row ({error.detail}): see the server's log"
                ) from error
            self._unanswered.add(file_key(item.found))
            return _outcome(item, Reason(error.reason), error.detail)
        self._failures = 0
        reading = item.reading
        if reading.header is None or reading.canvas is None or item.film is None:
            raise AssertionError("only a film that decoded is asked about")
        answer = Answer(raw, find(raw, reading.canvas, reading.header, self._server.thresholds))
        return _outcome(item, reason_of(answer.findings), None, answer)

    def _without_models(self, item: Decided) -> Outcome:
        if item.film and item.film.file_key in self._unanswered:
            return _outcome(item, Reason.INFERENCE_ERROR, "the film it repeats got no answer from the models")
        return _outcome(item, item.reason or Reason.BAD_HEADER, item.reading.detail)


def _outcome(item: Decided, reason: Reason, detail: str | None, answer: Answer | None = None) -> Outcome:
    failed = reason is Reason.INFERENCE_ERROR
    return Outcome(
        found=item.found,
        reading=item.reading,
        reason=reason,
        detail=detail,
        film_key=item.film.film_key if item.film and not failed else None,
        answer=answer,
        seconds=item.reading.seconds,
    )


def _is_same(reader: Reader, found: FoundFile, pixel_sha256: str) -> bool:
    canvas = reader.submit(found, pixel_sha256).result().canvas
    return canvas is not None and canvas.pixel_sha256 == pixel_sha256


def _read(found: FoundFile, future: "Future[Reading]") -> tuple[FoundFile, Reading]:
    return found, future.result()


def _is_ready(future: "Future[RawFindings] | None") -> bool:
    return future is None or future.done()
