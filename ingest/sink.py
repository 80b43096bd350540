"""Where rows go: batches in the spool, landed whenever the warehouse is free."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from ingest.landing import Rows
from warehouse.errors import WarehouseError
from warehouse.known import Known
from warehouse.land import RETRIED, Warehouse
from warehouse.rows import Batch, RunRow
from warehouse.spool import Spool

FIRST_BATCH_SECONDS = 2.0  # whoever starts a run sees soon that rows come
ANOTHER_KEY = "{} was filled with another site key: restore that key, or name another --warehouse"


class Sink:
    """The spool and the warehouse of one run."""

    def __init__(  # noqa: PLR0913 - the clock is the tests' choice
        self,
        spool: Spool,
        warehouse: Warehouse,
        *,
        batch_files: int = 256,
        batch_seconds: float = 10.0,
        hold_timeout_s: float = 60.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spool = spool
        self._warehouse = warehouse
        self._batch_files = batch_files
        self._batch_seconds = batch_seconds
        self._hold_timeout_s = hold_timeout_s
        self._clock = clock
        self._rows: list[Rows] = []
        self._batches = 0
        self._since = clock()
        self.quarantined: tuple[str, ...] = ()

    def check(self, key_fingerprint: str | None) -> None:
        """Raises WarehouseError where there is a warehouse that is not ours, or not this key's; makes nothing.

        ``key_fingerprint`` is None where there is no key yet: a warehouse that one filled is not filled with another.
        """
        if self._warehouse.path.exists() and {key for key, _ in self._earlier()} - {key_fingerprint}:
            raise WarehouseError(ANOTHER_KEY.format(self._warehouse.path))

    def catch_up(self, site: RunRow, retried: tuple[str, ...] = RETRIED) -> Known:
        """Lands what earlier runs left in the spool; the files that need no reading again, to be closed.

        ``site`` is the run that is about to begin; files of ``retried`` dispositions are not among the known.

        Raises:
            WarehouseError: it is not ours, cannot be written, is held too long to be asked what is known, or its
                patient keys were made with another site key, or its dates kept where they are shifted now.
        """
        self._warehouse.create(timeout_s=self._hold_timeout_s)
        self._land(self._hold_timeout_s)
        self._check_site(site)
        here, waiting, timeout_s = self._warehouse, self._spool, self._hold_timeout_s
        known = Known(waiting.directory.with_name(f"{waiting.directory.name}.known"))
        known.files.update(here.known_files(retried=retried, timeout_s=timeout_s))
        known.files.update(waiting.known_files(retried=retried))
        return known

    def add_films(self, known: Known) -> None:
        """The contents and films that are known, which only a run that finds new files has to tell apart.

        Raises:
            WarehouseError: as ``catch_up``.
        """
        here, waiting, timeout_s = self._warehouse, self._spool, self._hold_timeout_s
        known.contents.update(here.known_contents(timeout_s=timeout_s))
        known.contents.update(waiting.known_contents())
        known.films.update(here.known_films(timeout_s=timeout_s))
        known.films.update(waiting.known_films())

    def begin(self, run: RunRow) -> None:
        """The run exists from here on, even if it is killed."""
        self._run = run
        self._since = self._clock()
        self._spool.write_run(run)

    def add(self, rows: Rows) -> None:
        """Keeps one file's rows; they are safe once their batch is full or old enough."""
        self._rows.append(rows)
        longest = self._batch_seconds if self._batches else min(FIRST_BATCH_SECONDS, self._batch_seconds)
        if len(self._rows) >= self._batch_files or self._clock() - self._since >= longest:
            self._flush()
            self._land(0.0)

    def end(self, outcome: str, model_version: str, *, found: int, known: int) -> bool:
        """Spools the rest and lands everything; whether another process held the warehouse all the while."""
        self._flush()
        self._spool.write_run(
            replace(
                self._run,
                finished_at=datetime.now(UTC),
                outcome=outcome,
                model_version=model_version or None,
                files_found=found,
                files_known=known,
            )
        )
        return self._land(self._hold_timeout_s)

    def _check_site(self, run: RunRow) -> None:
        """One patient must not get two patient keys, nor two calendars, in one registry."""
        earlier = self._earlier()
        if earlier - {(run.key_fingerprint, run.dates)}:
            dates = {dates for _, dates in earlier}
            if dates == {run.dates}:
                raise WarehouseError(ANOTHER_KEY.format(self._warehouse.path))
            raise WarehouseError(
                f"the dates in {self._warehouse.path} were {'shifted' if 'shifted' in dates else 'kept'}: "
                "repeat the command that way (--date-shift), or name another --warehouse"
            )

    def _earlier(self) -> set[tuple[str | None, str | None]]:
        """Key fingerprint and kept or shifted dates of the runs that are landed."""
        query = """
            SELECT DISTINCT key_fingerprint, coalesce(dates, 'kept')
            FROM landing.run WHERE key_fingerprint IS NOT NULL
        """
        with self._warehouse.opened(timeout_s=self._hold_timeout_s) as connection:
            return {(key, dates) for key, dates in connection.execute(query).fetchall()}

    def _flush(self) -> None:
        self._since = self._clock()
        if not self._rows:
            return
        rows, run_id = self._rows, self._run.run_id
        self._spool.write(
            Batch(
                batch_id=f"{run_id}-{self._batches:06d}",
                run_id=run_id,
                files=tuple(r.file for r in rows),
                films=tuple(r.film for r in rows if r.film),
                inferences=tuple(r.inference for r in rows if r.inference),
                hips=tuple(hip for r in rows for hip in r.hips),
                measurements=tuple(m for r in rows for m in r.measurements),
            )
        )
        self._batches += 1
        self._rows = []

    def _land(self, timeout_s: float) -> bool:
        result = self._warehouse.land(self._spool, timeout_s=timeout_s)
        self.quarantined += tuple(f"{q.path}: {q.why}" for q in result.quarantined)
        return result.held
