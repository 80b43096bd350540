"""Real processes: what kills or hangs one costs its file only."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from builders.dicom import write_dicom
from builders.site import KEY, make_site

from ingest.reading import IsKnown, Reading, Site
from ingest.records import FoundFile, Reason
from ingest.workers import Workers


def misbehave(found: FoundFile, _: Site, is_known: IsKnown, __: str | None) -> Reading:
    """Does what the file's name says."""
    match found.path.name:
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "hang":
            time.sleep(3600)
        case "stop":
            os.kill(os.getpid(), signal.SIGTERM)
        case "die-once":
            if not found.path.exists():
                found.path.touch()
                os.kill(os.getpid(), signal.SIGKILL)
        case "eat":
            bytearray(16 << 30)
        case "ask":
            return Reading(detail=f"{is_known('a')} {is_known('b')}")
    return Reading(detail=found.path.name)


def found(name: str) -> FoundFile:
    return FoundFile(Path(name), 1, 1)


def readings(*names: str, timeout_s: float = 60) -> list[Reading]:
    with Workers(1, make_site(), timeout_s=timeout_s, known_contents={"a"}, task=misbehave) as workers:
        return [future.result() for future in [workers.submit(found(name)) for name in names]]


def test_a_dead_worker_costs_one_file() -> None:
    first, second, third = readings("fine", "die", "fine")
    assert (first.detail, third.detail) == ("fine", "fine")
    assert (second.reason, second.detail) == (Reason.WORKER_CRASHED, "the process that read it ended with -9")


def test_a_stop_that_the_whole_run_was_sent_costs_no_file() -> None:
    assert [reading.detail for reading in readings("stop", "fine")] == ["stop", "fine"]


def test_a_file_is_to_blame_only_where_it_ends_a_new_process_too(tmp_path: Path) -> None:
    first, second = readings(str(tmp_path / "die-once"), "fine")
    assert (first.reason, first.detail, second.detail) == (None, "die-once", "fine")


def test_a_file_that_hangs_is_given_up() -> None:
    first, second = readings("hang", "fine", timeout_s=3)
    assert (first.reason, second.detail) == (Reason.WORKER_CRASHED, "fine")


def test_a_worker_may_not_eat_the_machine() -> None:
    first, second = readings("eat", "fine")
    assert (first.reason, second.detail) == (Reason.WORKER_CRASHED, "fine")


def test_an_error_does_not_wait_for_what_is_being_read() -> None:
    started = time.monotonic()
    with Workers(1, make_site(), timeout_s=600, task=misbehave) as workers:
        workers.submit(found("hang"))
        waiting = workers.submit(found("fine"))
        workers.__exit__(KeyboardInterrupt, None, None)
    assert waiting.cancelled()
    assert time.monotonic() - started < 60


def test_a_film_is_read_in_another_process(tmp_path: Path) -> None:
    film = write_dicom(tmp_path / "film")
    with Workers(1, make_site(), timeout_s=60) as workers:
        reading = workers.submit(FoundFile(film, film.stat().st_size, 1)).result()
    assert reading.reason is None
    assert reading.header is not None
    assert reading.header.patient_key == KEY("patient", "P1", "")


def test_a_worker_may_ask_which_contents_are_known() -> None:
    assert [reading.detail for reading in readings("ask", "fine")] == ["True False", "fine"]


ORPHAN = """
import sys, time
from multiprocessing import active_children
from pathlib import Path
from ingest.identity import SiteKey
from ingest.reading import Site
from ingest.records import FoundFile
from ingest.rules import Rules
from ingest.workers import Workers
if __name__ == "__main__":
    with Workers(1, Site(SiteKey(b"k" * 32), Rules.load()), timeout_s=60) as workers:
        workers.submit(FoundFile(Path("/nowhere"), 1, 1)).result()
        print(active_children()[0].pid, flush=True)
        time.sleep(600)
"""


def test_workers_of_a_killed_run_end_by_themselves(tmp_path: Path) -> None:
    script = tmp_path / "orphan.py"
    script.write_text(ORPHAN)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.kill()
    deadline = time.monotonic() + 30
    while _is_alive(worker) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not _is_alive(worker)


def _is_alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
