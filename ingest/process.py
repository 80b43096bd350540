"""A child process that cannot outlive this one, with all that it starts and a log that only we can read."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

STOP_TIMEOUT_S = 10.0  # measured for Triton: 3.3 s when nothing is in flight
GONE_TIMEOUT_S = 1.0  # for the kernel to take away what was killed

# Becomes the child: the kernel ends it when the thread that started it goes, also by kill -9. Asking for the parent
# closes the gap before prctl. Not done in preexec_fn, which is unsafe beside other threads.
LAUNCH = """
import ctypes, os, sys
PR_SET_PDEATHSIG, SIGTERM = 1, 15
ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0)
if os.getppid() == int(sys.argv[1]):
    os.umask(0o077)
    os.execv(sys.argv[2], sys.argv[2:])
"""

ERROR_LINE = re.compile(r'E\d{4} .*?\] "(.*)"$')


class BoundProcess:
    """``command``, running since the constructor returned; the thread that makes it must outlive it."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log_path: Path) -> None:
        self.log_path = log_path
        shim = [sys.executable, "-I", "-S", "-c", LAUNCH, str(os.getpid())]
        log_path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        with os.fdopen(os.open(log_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o640), "ab") as log:
            self._log_start = log.tell()
            self._popen = subprocess.Popen(
                [*shim, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=environment,
                start_new_session=True,  # Ctrl-C reaches the client alone, which then stops us in order
            )
        self.pid = self._popen.pid
        self._ended = False

    def exit_status(self) -> int | None:
        """None while it runs."""
        return self._popen.poll()

    def end(self, *, at_once: bool = False) -> None:
        """Ask, unless ``at_once``, then kill; takes along whatever it started. A second call does nothing."""
        if self._ended:
            return
        self._ended = True
        try:
            if not at_once:
                self._popen.terminate()
                with suppress(subprocess.TimeoutExpired):
                    self._popen.wait(STOP_TIMEOUT_S)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)
            self._popen.wait()
            self._wait_until_gone()

    def _wait_until_gone(self) -> None:
        """Until nothing of its group runs any more."""
        deadline = time.monotonic() + GONE_TIMEOUT_S
        while time.monotonic() < deadline and runs(self.pid):
            time.sleep(0.01)

    def complaint(self) -> str:
        """What its log gives as the reason, in one line; Triton's log lines read ``E0102 ... file.cc:1] "reason"``."""
        with self.log_path.open(errors="replace") as log:
            log.seek(self._log_start)
            lines = log.read().splitlines()
        errors = [match[1] for match in map(ERROR_LINE.match, lines) if match and "Cuda" not in match[1]]
        reasons = [error for error in errors if error.startswith("failed to ")] or errors[-1:] or lines[-1:]
        return reasons[0].split(r"\n")[0].strip() if reasons else "it said nothing"


def runs(group: int) -> bool:
    """Whether a process of this group still runs; a dead one that nobody collects, as in a container, does not."""
    with suppress(ProcessLookupError):
        os.killpg(group, 0)
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # ended meanwhile
                state, _, its_group = stat.read_bytes().rpartition(b")")[2].split()[:3]
                if int(its_group) == group and state not in (b"Z", b"X"):
                    return True
    return False
