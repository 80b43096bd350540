"""A run: every file of an archive that is not known yet is taken to its row."""

import fcntl
import os
import secrets
import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from ingest import __version__
from ingest.archive import members
from ingest.errors import IngestError
from ingest.flow import ModelServer, Reader, ask_ahead, read_ahead, tell_duplicates
from ingest.identity import SiteKey
from ingest.landing import file_key, rows_of
from ingest.reading import Site, is_dicom
from ingest.records import FoundFile, Reason
from ingest.rules import Rules
from ingest.settings import Settings
from ingest.sink import Sink
from ingest.source import check_sources, walk
from ingest.workers import Workers
from warehouse.rows import RunRow

NAMED = 20  # closed folders at most; all are counted
READ_AHEAD = 8  # files a worker has waiting: enough that slow ones, or models that still load, do not stop it


@dataclass(slots=True)
class Tally:
    """What a run has done so far."""

    found: int = 0
    known: int = 0  # of the found; an earlier run dealt with them
    reasons: Counter[Reason] = field(default_factory=Counter)  # of the files that have their row now
    closed: int = 0  # folders that may not be opened
    first_closed: list[Path] = field(default_factory=list)  # of these, to be named

    def add_closed(self, folder: Path) -> None:
        """Count a folder that may not be opened."""
        self.closed += 1
        if len(self.first_closed) < NAMED:
            self.first_closed.append(folder)

    @property
    def dealt_with(self) -> int:
        """Files known or finished."""
        return self.known + self.reasons.total()


@dataclass(frozen=True, slots=True)
class RunResult:
    """How a run ended."""

    run_id: str
    outcome: str  # finished, interrupted
    tally: Tally
    seconds: float
    held: bool  # another process holds the warehouse: results wait in the spool
    quarantined: tuple[str, ...]  # spooled batches put aside, with the reason


def check(settings: Settings) -> None:
    """Raises IngestError where the sources cannot be what the caller meant: missing, empty, or without any DICOM."""
    check_sources(settings.sources)
    files = walk(settings.sources, skip=(settings.home, settings.spool))
    if not any(is_dicom(each) for found in files for each in members(found) or (found,)):
        named = ", ".join(str(source) for source in settings.sources)
        raise IngestError(f"{named} holds no DICOM file that can be read: name the folder that holds the radiographs")


def run(  # noqa: PLR0913 - what varies is handed in
    settings: Settings,
    server: ModelServer,
    key: SiteKey,
    sink: Sink,
    progress: Callable[[int], None] = lambda _: None,
    *,
    reader: AbstractContextManager[Reader] | None = None,
) -> RunResult:
    """Take every file of the sources that is not known yet to its row.

    ``progress`` is told how many more files are dealt with; ``reader`` is worker processes where none is given.
    Ctrl-C ends the run early, with everything finished kept.

    Raises:
        ServerError: the models are gone; everything finished is kept.
        warehouse.errors.WarehouseError: spool or warehouse cannot be used.
        IngestError: another run is at work on the same warehouse.
    """
    clock, tally = time.monotonic(), Tally()
    with _only_run(settings.spool):
        site = Site(key, Rules.load(settings.rules), settings.shift_dates)
        started = _run_row(settings, server, key, site)
        with sink.catch_up(started, settings.retried) as known:
            sink.begin(started)
            reader = reader or Workers(
                settings.workers, site, timeout_s=settings.file_timeout_s, known_contents=known.contents
            )
            outcome, held = "failed", False

            def get_ready() -> None:
                server.expect_films()
                sink.add_films(known)

            try:
                with reader as workers:
                    files = islice(_new_files(settings, known.files, tally, progress), settings.limit)
                    readings = read_ahead(_after(get_ready, files), workers, READ_AHEAD * settings.workers)
                    decided = tell_duplicates(readings, known.films, workers)
                    for done in ask_ahead(decided, server, settings.in_flight):
                        sink.add(rows_of(done, started.run_id, server.model_version, datetime.now(UTC)))
                        tally.reasons[done.reason] += 1
                        progress(1)
                _check_accounts(tally)
                outcome = "finished"
            except KeyboardInterrupt:
                outcome = "interrupted"
            finally:
                held = sink.end(outcome, server.model_version, found=tally.dealt_with, known=tally.known)
    return RunResult(started.run_id, outcome, tally, time.monotonic() - clock, held, sink.quarantined)


def _new_files(
    settings: Settings, known: Container[str], tally: Tally, progress: Callable[[int], None]
) -> Iterator[FoundFile]:
    """Of an archive, its members; a file that is known is not opened to see whether it is one."""

    def count_known() -> None:
        tally.known += 1
        progress(1)

    for found in walk(settings.sources, skip=(settings.home, settings.spool), on_closed=tally.add_closed):
        if file_key(found) in known:
            tally.found += 1
            count_known()
            continue
        inside = members(found)
        for each in (found,) if inside is None else inside:
            tally.found += 1
            if inside is not None and file_key(each) in known:
                count_known()
            else:
                yield each


def _after(first: Callable[[], None], files: Iterable[FoundFile]) -> Iterator[FoundFile]:
    """The same files; where there is one, ``first`` is done before it is read."""
    for number, found in enumerate(files):
        if number == 0:
            first()
        yield found


def _check_accounts(tally: Tally) -> None:
    """The promise of the whole: every file found has its row, or had it before."""
    if tally.found != tally.dealt_with:
        raise AssertionError(f"{tally.found} files found, but {tally.dealt_with} dealt with: this is a bug")


def _run_row(settings: Settings, server: ModelServer, key: SiteKey, site: Site) -> RunRow:
    started = datetime.now(UTC)
    return RunRow(
        run_id=f"{started:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}",
        started_at=started,
        finished_at=None,
        outcome=None,
        software_version=__version__,
        sources=[os.fsencode(source).decode("utf-8", "backslashreplace") for source in settings.sources],
        key_fingerprint=key.fingerprint,
        model_version=server.model_version or None,
        files_found=None,
        files_known=None,
        dates="shifted" if site.shift_dates else "kept",
        rules_sha256=site.rules.sha256,
    )


@contextmanager
def _only_run(spool: Path) -> Iterator[None]:
    """Holds the spool's lock file; the kernel frees it when the process ends, however it ends."""
    lock = spool.with_name(f"{spool.name}.lock")
    try:
        lock.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o640)
    except OSError as error:
        raise IngestError(f"{lock} cannot be made ({error.strerror}): name another place with --home") from None
    try:
        _lock(descriptor, lock)
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int, lock: Path) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise IngestError(
            f"another run is at work on {lock.with_suffix('')}: wait for it, or name another --warehouse"
        ) from None
