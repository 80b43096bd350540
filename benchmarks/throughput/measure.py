"""Whole commands, timed from outside: seconds of the clock and of the processor, and the memory of all processes."""

import ctypes
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

SAMPLE_S = 0.1
PAGE = os.sysconf("SC_PAGE_SIZE")
PR_SET_CHILD_SUBREAPER = 36  # prctl(2): orphans of our descendants become our children


@dataclass(frozen=True, slots=True)
class Contender:
    """A way to read the archive."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    scratch: Path  # emptied before each run


@dataclass(frozen=True, slots=True)
class Timed:
    """One run of a contender."""

    clock_s: float
    cpu_s: float  # of the command and all processes that it started, whether it waited for them or not
    peak_mib: float  # the most that all its processes together held, sampled; shared pages count once (PSS)


def timed(contender: Contender) -> Timed:
    """Runs it once, from nothing.

    Raises:
        RuntimeError: it failed; with the end of what it printed.
    """
    shutil.rmtree(contender.scratch, ignore_errors=True)
    contender.scratch.mkdir(parents=True)
    log = contender.scratch / "printed.txt"
    with log.open("wb") as file, _heir_of_orphans():
        started = monotonic()
        process = subprocess.Popen(
            contender.command, env={**os.environ, **contender.env}, stdout=file, stderr=subprocess.STDOUT
        )
        watch = _Watch(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        clock_s = monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        watch.stop.set()
        watch.join()
        watch.collect()
    if process.returncode:
        raise RuntimeError(f"{contender.name} ended with {process.returncode}: {log.read_text()[-800:]}")
    return Timed(clock_s, usage.ru_utime + usage.ru_stime + watch.orphans_s, watch.peak_bytes / 2**20)


@contextmanager
def _heir_of_orphans() -> Iterator[None]:
    """Whoever is left behind by a process that was killed can be waited for by us, and so be counted."""
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    try:
        yield
    finally:
        prctl(PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0)


class _Watch(threading.Thread):
    """Samples the memory of a process and its descendants, and waits for those that nobody else does."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.stop, self.peak_bytes, self.orphans_s = pid, threading.Event(), 0, 0.0
        self.descendants: set[int] = set()
        self.start()

    def run(self) -> None:
        while not self.stop.wait(SAMPLE_S):
            family = _family(self.pid)
            self.descendants |= {*family} - {self.pid}
            self.peak_bytes = max(self.peak_bytes, sum(map(_held, family)))
            self.collect()

    def collect(self) -> None:
        """Adds what orphans that have ended took of the processor."""
        for pid in tuple(self.descendants):
            with suppress(ChildProcessError):  # no orphan: its own parent waits for it
                ended, _, usage = os.wait4(pid, os.WNOHANG)
                if ended:
                    self.descendants.remove(pid)
                    self.orphans_s += usage.ru_utime + usage.ru_stime


def _family(pid: int) -> list[int]:
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, ValueError, IndexError):  # it ended meanwhile
                continue
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found


def _held(pid: int) -> int:
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Pss:")), 0)
