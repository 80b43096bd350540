"""What is known of an archive takes no memory that grows with it, and is gone with the run."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from warehouse.errors import WarehouseError
from warehouse.known import AT_ONCE, Known, KnownFilm

ONE, OTHER = KnownFilm("film-a", "file-a", "pixels-a"), KnownFilm("film-b", "file-b", "pixels-b")


def test_what_was_added_is_known_and_nothing_else(tmp_path: Path) -> None:
    with Known(tmp_path / "known") as known:
        known.files.update(f"{number:032x}" for number in range(AT_ONCE + 10))
        known.contents.update(["c"])
        asked = [f"{AT_ONCE + 9:032x}", f"{AT_ONCE + 10:032x}", "c"]
        assert [key in known.files for key in asked] == [True, False, False]
        assert [key in known.contents for key in asked] == [False, False, True]


def test_the_first_film_of_a_uid_stands_for_it(tmp_path: Path) -> None:
    with Known(tmp_path / "known") as known:
        known.films.update([("1.2", ONE), ("1.3", ONE), ("1.2", OTHER)])
        known.films["1.3"] = OTHER
        known.films["1.4"] = OTHER
        assert [known.films.get(uid) for uid in ("1.2", "1.3", "1.4", "1.5")] == [ONE, ONE, OTHER, None]


def test_nothing_of_it_is_left_behind(tmp_path: Path) -> None:
    with Known(tmp_path / "known") as known:
        known.files.update(["a"])
        assert list(tmp_path.iterdir()) == []


def test_what_a_killed_run_left_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "known").write_text("left behind")
    with Known(tmp_path / "known") as known:
        assert "a" not in known.files


def test_a_folder_that_is_not_there_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match=r"known cannot be written \(No such file.* free some space or correct"):
        Known(tmp_path / "nowhere" / "known")


MANY = """
import resource, sys
from pathlib import Path
from warehouse.known import Known, KnownFilm
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[3]), -1))  # of a file, bytes
with Known(Path(sys.argv[1])) as known:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    known.files.update(f"{number:032x}" for number in range(int(sys.argv[2])))
    known.films.update((f"1.2.{n}", KnownFilm(f"{n:032x}", f"{n:032x}", f"{n:064x}")) for n in range(int(sys.argv[2])))
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def add_many(folder: Path, films: int, disk_bytes: int) -> "subprocess.CompletedProcess[str]":
    """By how many KiB a process grows that knows so many files and films; its disk is full at a size."""
    command = [sys.executable, "-c", MANY, folder / "known", str(films), str(disk_bytes)]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def test_four_times_the_films_take_no_more_memory(tmp_path: Path) -> None:
    few, many = (int(add_many(tmp_path, films, 1 << 30).stdout) for films in (100_000, 400_000))
    assert many < few + 8 * 1024


def test_a_full_disk_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    told = add_many(tmp_path, 100_000, 1 << 20).stderr.splitlines()[-1]
    assert re.search(r"known cannot be written \(.*free some space", told)
