"""Whole commands, timed from outside: seconds of the clock and of the processor, and the memory of all processes."""

import os
import shutil
import subprocess
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

SAMPLE_S = 0.1
PAGE = os.sysconf("SC_PAGE_SIZE")


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
    cpu_s: float  # of the command and all processes that it started and waited for
    peak_mib: float  # the most that all its processes together held, sampled; shared pages count once (PSS)


def timed(contender: Contender) -> Timed:
    """Runs it once, from nothing.

    Raises:
        RuntimeError: it failed; with the end of what it printed.
    """
    shutil.rmtree(contender.scratch, ignore_errors=True)
    contender.scratch.mkdir(parents=True)
    log = contender.scratch / "printed.txt"
    with log.open("wb") as file:
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
    if process.returncode:
        raise RuntimeError(f"{contender.name} ended with {process.returncode}: {log.read_text()[-800:]}")
    return Timed(clock_s, usage.ru_utime + usage.ru_stime, watch.peak_bytes / 2**20)


class _Watch(threading.Thread):
    """Samples the memory of a process and its descendants."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid, self.stop, self.peak_bytes = pid, threading.Event(), 0
        self.start()

    def run(self) -> None:
        while not self.stop.wait(SAMPLE_S):
            self.peak_bytes = max(self.peak_bytes, sum(map(_held, _family(self.pid))))


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
