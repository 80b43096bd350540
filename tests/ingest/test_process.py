"""What counts as running."""

import os
import signal
import subprocess
import time
from contextlib import suppress

from ingest.process import runs


def test_a_group_runs_until_its_last_process_is_dead_and_not_until_somebody_collects_it() -> None:
    child = subprocess.Popen(["/bin/sh", "-c", "sleep 60 & sleep 60"], start_new_session=True)
    try:
        assert runs(child.pid)
        time.sleep(0.2)
        child.kill()
        assert runs(child.pid)  # what it started still does
        os.killpg(child.pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while runs(child.pid) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert not runs(child.pid)
        child.wait()
        assert not runs(child.pid)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
