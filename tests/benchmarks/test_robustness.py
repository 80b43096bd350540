"""Small versions of what benchmarks/ does at length; docs/robustness.md has the figures of the large ones."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]


def run(script: str, *arguments: object) -> dict[str, Any]:
    """What a benchmark printed; it fails by itself where a promise is broken."""
    done = subprocess.run(
        [sys.executable, ROOT / "benchmarks" / script, *map(str, arguments)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def test_mutated_files_end_no_run_and_are_all_accounted_for() -> None:
    told = run("fuzz.py", "--files", 150, "--seed", 7)
    assert told["accounted"] == sum(told["reasons"].values()) == 150
    assert len(told["reasons"]) > 6
    assert told["worker_peak_mb"] < told["worker_limit_mb"]


def test_a_fuzzed_file_is_the_same_every_time(tmp_path: Path) -> None:
    for folder in ("one", "other"):
        run("fuzz.py", "--files", 20, "--seed", 3, "--keep", tmp_path / folder)
    files = sorted(path for path in (tmp_path / "one" / "dicoms").rglob("*") if path.is_file())
    assert len(files) == 20
    for path in files:
        assert path.read_bytes() == (tmp_path / "other" / path.relative_to(tmp_path / "one")).read_bytes()


@pytest.mark.end_to_end
def test_a_killed_run_and_a_killed_triton_leave_the_tables_of_an_undisturbed_run() -> None:
    told = run("faults.py", "--kills", 1, "--triton-kills", 1, "--hangs", 0, "--archive", ROOT / "samples" / "archive")
    assert told["wrong"] == []
    assert sum(told["rounds"].values()) == 2


def test_the_page_of_conformance_says_what_the_wheels_files_do_now(tmp_path: Path) -> None:
    """The larger set is not in every place; the rows of the pydicom wheel's files can be held against any."""
    command = [sys.executable, ROOT / "benchmarks" / "conformance.py", "--out", tmp_path / "page.md"]
    subprocess.run(list(map(str, command)), cwd=ROOT, check=True, capture_output=True, timeout=600)
    now = every_file(tmp_path / "page.md")
    assert len(now) > 150
    assert now == every_file(ROOT / "docs" / "dicom-conformance.md")


def every_file(page: Path) -> list[str]:
    rows = page.read_text(encoding="utf-8").split("## Every file", 1)[1].splitlines()
    return [row for row in rows if row.startswith("| pydicom wheel: ")]
