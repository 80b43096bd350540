"""Processes that read files: a file that kills or hangs its process costs that file, never the run."""

import contextlib
import logging
import multiprocessing
import os
import queue
import resource
import signal
import threading
import time
import warnings
from collections.abc import Callable, Container
from concurrent.futures import Future
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Self

import cv2
import pydicom

from ingest.reading import Reading, Site, read_film
from ingest.records import FoundFile, Reason

MEMORY_BYTES = 8 << 30  # of address space for one worker: a file that unpacks to more is refused, not swapped
Task = Callable[[FoundFile, Site, Callable[[str], bool], str | None], Reading]

_Asked = tuple[FoundFile, str | None]  # what ``read_film`` takes of each file
_Job = tuple[_Asked, "Future[Reading]"]


class Workers:
    """``count`` spawned processes, each with a thread here that hands it one file after the other."""

    def __init__(
        self,
        count: int,
        site: Site,
        *,
        timeout_s: float,
        known_contents: Container[str] = frozenset(),
        task: Task = read_film,
    ) -> None:
        self._site = site
        self._known_contents = known_contents
        self._timeout_s = timeout_s
        self._task = task
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._running: set[_Process] = set()
        self._closing = False
        self._threads = [threading.Thread(target=self._serve, daemon=True) for _ in range(count)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing = True
        if kind is not None:  # nobody waits for what is still being read
            for process in list(self._running):
                process.kill()
        with contextlib.suppress(queue.Empty):
            while job := self._jobs.get_nowait():
                job[1].cancel()
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def submit(self, found: FoundFile, beside: str | None = None) -> "Future[Reading]":
        """The reading of one file; bounded by the caller, who waits for the oldest before adding more."""
        future: Future[Reading] = Future()
        self._jobs.put(((found, beside), future))
        return future

    def _serve(self) -> None:
        process = self._start()
        while (job := self._jobs.get()) is not None:
            asked, future = job
            try:
                reading = process.read(asked, self._timeout_s, self._known_contents)
                if process.has_ended and not self._closing:  # by it, one before it, or a stranger: a new one tells
                    process = self._replaced(process)
                    reading = process.read(asked, self._timeout_s, self._known_contents)
            except Exception as error:  # noqa: BLE001 - of asking what is known, on a full disk: it ends the run
                future.set_exception(error)
                process = self._replaced(process)
                continue
            if reading.reason is Reason.WORKER_CRASHED and not self._closing:
                process = self._replaced(process)
            future.set_result(reading)
        self._end(process)

    def _replaced(self, process: "_Process") -> "_Process":
        self._end(process)
        return self._start()

    def _start(self) -> "_Process":
        process = _Process(self._task, self._site)
        self._running.add(process)
        return process

    def _end(self, process: "_Process") -> None:
        self._running.discard(process)
        process.end()


class _Process:
    """One spawned process and the pipe to it."""

    def __init__(self, task: Task, site: Site) -> None:
        context = multiprocessing.get_context("spawn")  # fork would copy the threads' locks
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, task, site), daemon=True)
        self._process.start()
        theirs.close()

    def read(self, asked: _Asked, timeout_s: float, known_contents: Container[str]) -> Reading:
        """What became of the file; meanwhile the process may ask whether it knows a content."""
        deadline = time.monotonic() + timeout_s
        try:
            self._pipe.send(asked)
            while self._pipe.poll(max(0.0, deadline - time.monotonic())):
                said: Reading | str = self._pipe.recv()
                if isinstance(said, Reading):
                    return said
                self._pipe.send(said in known_contents)
        except (EOFError, OSError):
            self._process.join()
            return Reading(Reason.WORKER_CRASHED, f"the process that read it ended with {self._process.exitcode}")
        return Reading(Reason.WORKER_CRASHED, f"not read within {timeout_s:.0f} s")

    @property
    def has_ended(self) -> bool:
        return not self._process.is_alive()

    def end(self) -> None:
        self._pipe.close()
        self._process.join(0.5)
        self.kill()
        self._process.join()

    def kill(self) -> None:
        if self._process.is_alive():
            self._process.kill()


def _work(pipe: Connection, task: Task, site: Site) -> None:
    """Read files until the other end of the pipe closes, which it also does when the run is killed."""
    _settle()

    def is_known(content_sha256: str) -> bool:
        pipe.send(content_sha256)
        return bool(pipe.recv())

    with contextlib.suppress(EOFError, BrokenPipeError):
        while True:
            found, beside = pipe.recv()
            pipe.send(task(found, site, is_known, beside))


def _settle() -> None:
    """One thread, no signals, and silence: codecs and pydicom quote headers when they complain.

    A terminal and a service manager send their signal to all processes of a run; the client then stops its workers
    in order, and the file that one is reading is not to blame.
    """
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core dump would hold a patient's film
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
    cv2.setNumThreads(1)
