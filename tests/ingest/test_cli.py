"""The commands as a person calls them, in their own process where signals and exit codes are the point."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import click
import duckdb
import pytest
from builders.dicom import make_ramp, write_dicom
from builders.triton import SmallTriton, serving
from click.testing import CliRunner, Result

from ingest.cli import main
from ingest.report import RESEARCH_USE

REPOSITORY = Path(__file__).parents[2] / "model_repository"
COMMAND = [sys.executable, "-c", "from ingest.cli import main; main()"]
EVERYTHING = "SELECT path, reason, film_key, content_sha256 FROM landing.file ORDER BY ALL"


def invoke(*arguments: object, **environment: str) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)), env=environment)


def start(*arguments: object) -> "subprocess.Popen[str]":
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    return subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def landed(home: Path, query: str = EVERYTHING) -> list[tuple[object, ...]]:
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        return connection.execute(query).fetchall()


def one_line(result: Result) -> str:
    """The message of a refused command; everything else it prints would be too much."""
    lines = [line for line in result.output.splitlines() if line != RESEARCH_USE]
    assert len(lines) == 1, result.output
    return lines[0]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    for n in range(24):
        pixels = make_ramp(600, 500, top=1000 + n)
        write_dicom(tmp_path / "dicoms" / f"{n:02}.dcm", pixels, SOPInstanceUID=f"1.2.{n}")
    (tmp_path / "dicoms" / "notes.txt").write_text("no film")
    return tmp_path / "dicoms"


@pytest.fixture
def url() -> Iterator[str]:
    with serving(SmallTriton(value=0.5)) as address:
        yield address


@pytest.mark.parametrize("name", sorted(main.commands))
def test_every_command_has_help_with_an_example(name: str) -> None:
    output = invoke(name, "--help").output
    assert f"\n  Example:\n    ingest {name}" in output
    for option in main.commands[name].params:
        if isinstance(option, click.Option):
            assert option.help, option.name
            assert option.help in " ".join(output.split())


def test_every_option_names_its_environment_variable_and_default() -> None:
    output = " ".join(invoke("run", "--help").output.split())
    for variable in ("TRITON", "WAREHOUSE", "HOME", "MODELS", "WORKERS", "LIMIT"):
        assert re.search(rf"env var: INGEST_{variable}; default:", output), variable


def test_a_run_prints_a_ledger_that_sums_and_says_research_use(archive: Path, tmp_path: Path, url: str) -> None:
    result = invoke("run", archive, "--triton", url, "--home", tmp_path / "var", "--workers", 1)
    assert result.exit_code == 0, result.output
    files = [int(line.split()[-1]) for line in re.findall(r"^\w+ +\w+ +\d+$", result.output, re.MULTILINE)][:-1]
    assert re.search(r"^files found +25$", result.output, re.MULTILINE)
    assert sum(files) == 25
    assert RESEARCH_USE in result.output
    assert str(tmp_path / "var" / "warehouse.duckdb") in result.output


def test_a_second_run_says_that_nothing_is_new_and_starts_no_server(archive: Path, tmp_path: Path, url: str) -> None:
    invoke("run", archive, "--triton", url, "--home", tmp_path / "var")
    again = invoke("run", archive, "--home", tmp_path / "var", "--models", REPOSITORY)
    assert "Nothing new: all 25 files are known" in again.output
    assert "starting" not in again.output


def test_environment_variables_stand_for_options(archive: Path, tmp_path: Path, url: str) -> None:
    choices = {"INGEST_TRITON": url, "INGEST_LIMIT": "3", "INGEST_WAREHOUSE": str(tmp_path / "here.db")}
    result = invoke("run", archive, INGEST_HOME=str(tmp_path / "var"), **choices)
    assert "3 new" in result.output
    assert (tmp_path / "here.db").exists()


def test_status_shows_what_landed(archive: Path, tmp_path: Path, url: str) -> None:
    invoke("run", archive, "--triton", url, "--home", tmp_path / "var")
    assert "not_dicom" in invoke("status", "--home", tmp_path / "var").output


def test_models_are_listed_with_their_intended_use() -> None:
    output = invoke("models", "--models", REPOSITORY).output
    for name in ("classifier", "detector", "cup_angle", "tha_radiograph"):
        assert re.search(rf"^{name} +1 ", output, re.MULTILINE)
        assert re.search(rf"^{name}: \w", output, re.MULTILINE)


def test_a_missing_folder_is_one_line(tmp_path: Path) -> None:
    result = invoke("run", tmp_path / "missing", "--home", tmp_path / "var")
    assert (result.exit_code, "missing: name the folder" in one_line(result)) == (1, True)
    assert not (tmp_path / "var").exists()


def test_an_empty_folder_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "dicoms").mkdir()
    result = invoke("run", tmp_path / "dicoms", "--home", tmp_path / "var")
    assert (result.exit_code, "holds no files" in one_line(result)) == (1, True)


def test_a_folder_without_dicom_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "dicoms").mkdir()
    (tmp_path / "dicoms" / "notes.txt").write_text("no film")
    result = invoke("run", tmp_path / "dicoms", "--home", tmp_path / "var")
    assert (result.exit_code, "holds no DICOM file" in one_line(result)) == (1, True)
    assert not (tmp_path / "var").exists()


def test_an_unreachable_server_is_one_line_and_leaves_nothing(archive: Path, tmp_path: Path) -> None:
    result = invoke("run", archive, "--triton", "127.0.0.1:1", "--home", tmp_path / "var")
    assert (result.exit_code, "no Triton server answers at 127.0.0.1:1" in one_line(result)) == (1, True)
    assert not (tmp_path / "var").exists()


@pytest.mark.parametrize("kind", ["other tables", "no database"])
def test_a_warehouse_that_is_not_ours_is_one_line_and_stays_as_it_is(
    archive: Path, tmp_path: Path, url: str, kind: str
) -> None:
    warehouse = tmp_path / "other.duckdb"
    if kind == "other tables":
        with duckdb.connect(str(warehouse)) as connection:
            connection.execute("CREATE TABLE theirs AS SELECT 1 AS one")
    else:
        warehouse.write_text("a letter")
    before = warehouse.read_bytes()
    result = invoke("run", archive, "--triton", url, "--home", tmp_path / "var", "--warehouse", warehouse)
    assert (result.exit_code, "--warehouse" in one_line(result)) == (1, True)
    assert warehouse.read_bytes() == before
    assert not (tmp_path / "var").exists()


def test_status_without_a_warehouse_is_one_line(tmp_path: Path) -> None:
    result = invoke("status", "--home", tmp_path / "var")
    assert (result.exit_code, "there is no warehouse" in one_line(result)) == (1, True)


@pytest.mark.parametrize(
    ("module", "absent"),
    [("ingest.__main__", ["click", "duckdb", "pydicom"]), ("ingest.cli", ["matplotlib"])],
    ids=["a worker, of the program", "a run, of the pictures"],
)
def test_what_is_not_needed_is_not_loaded(module: str, absent: list[str]) -> None:
    code = f"import sys, {module}; print(*sorted(set(sys.modules) & {set(absent)}))"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert told.stdout == "\n"


@pytest.mark.parametrize("arguments", [["run"], ["run", "x", "--workers", "0"], ["walk"]])
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    assert invoke(*arguments).exit_code == 2


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_a_run_that_was_stopped_ends_like_an_undisturbed_one(
    archive: Path, tmp_path: Path, how: signal.Signals
) -> None:
    triton = SmallTriton(value=0.5, seconds=0.1)
    with serving(triton) as url:
        assert invoke("run", archive, "--triton", url, "--home", tmp_path / "whole").exit_code == 0
        triton.asked = 0
        stopped = start("run", archive, "--triton", url, "--home", tmp_path / "var")
        wait_until(lambda: triton.asked >= 8)
        stopped.send_signal(how)
        status, complaint = finish(stopped)
        assert status == (-9 if how is signal.SIGKILL else 1)
        assert ("everything finished is kept" in complaint) is (how is not signal.SIGKILL)
        assert invoke("run", archive, "--triton", url, "--home", tmp_path / "var").exit_code == 0
    assert landed(tmp_path / "var") == landed(tmp_path / "whole")


@pytest.mark.parametrize("kilobytes", [1, 16, 300, 800])
def test_a_full_disk_is_one_line_and_a_run_with_room_ends_like_an_undisturbed_one(
    archive: Path, tmp_path: Path, url: str, kilobytes: int
) -> None:
    """No file may grow beyond so much: the spool, the warehouse or its log hit the limit at another moment each."""
    assert invoke("run", archive, "--triton", url, "--home", tmp_path / "whole").exit_code == 0
    arguments = ["run", archive, "--triton", url, "--home", tmp_path / "var", "--workers", 1]
    command = ["bash", "-c", f'ulimit -f {kilobytes}; exec "$@"', "limited", *COMMAND, *map(str, arguments)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    full = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    complaint = full.stderr.replace(f"{RESEARCH_USE}\n", "")
    assert (full.returncode, complaint.count("\n")) in {(1, 1), (0, 0)}, complaint
    assert full.returncode == 0 or "free some space" in complaint
    assert invoke("run", archive, "--triton", url, "--home", tmp_path / "var").exit_code == 0
    assert landed(tmp_path / "var") == landed(tmp_path / "whole")


def finish(process: "subprocess.Popen[str]") -> tuple[int, str]:
    """Exit status and what it complained of, the research-use line aside."""
    _, complaint = process.communicate(timeout=120)
    return process.returncode, complaint.replace(f"{RESEARCH_USE}\n", "")


def wait_until(true: Callable[[], bool], timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_screen_shows_what_each_rule_would_exclude_and_writes_nothing(tmp_path: Path) -> None:
    write_dicom(tmp_path / "dicoms" / "film.dcm", BodyPartExamined="HIP")
    write_dicom(tmp_path / "dicoms" / "chest", BodyPartExamined="CHEST", SOPInstanceUID="1.2.9")
    write_dicom(tmp_path / "dicoms" / "mr", Modality="MR", SOPInstanceUID="1.2.10")
    (tmp_path / "dicoms" / "notes.txt").write_text("no film")
    result = invoke("screen", tmp_path / "dicoms", "--home", tmp_path / "var")
    assert result.exit_code == 0, result.output
    assert re.search(r"^passes +2$", result.output, re.MULTILINE)
    assert re.search(r"^files found +4$", result.output, re.MULTILINE)
    assert re.search(r"^1 +modality +on +1 +1 ", result.output, re.MULTILINE)
    assert re.search(r"^4 +body_part +off +0 +1 ", result.output, re.MULTILINE)
    assert not (tmp_path / "var").exists()


def test_rules_that_cannot_be_used_are_wrong_usage(archive: Path, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text("[[rule]]\ncode = 'x'\nexclude_if.name = { in = ['DOE'] }")
    result = invoke("run", archive, "--home", tmp_path / "var", "--rules", tmp_path / "rules.toml")
    assert (result.exit_code, "asks for name" in result.output) == (2, True)
    assert not (tmp_path / "var").exists()


def test_a_lost_key_is_one_line_and_no_new_one_is_made(archive: Path, tmp_path: Path, url: str) -> None:
    invoke("run", archive, "--triton", url, "--home", tmp_path / "var")
    (tmp_path / "var" / "site.key").unlink()
    result = invoke("run", archive, "--triton", url, "--home", tmp_path / "var")
    assert (result.exit_code, "another site key: restore that key" in one_line(result)) == (1, True)
    assert not (tmp_path / "var" / "site.key").exists()


def test_a_key_may_come_from_the_environment_or_another_file(archive: Path, tmp_path: Path, url: str) -> None:
    secret = "0f" * 32
    first = invoke("run", archive, "--triton", url, "--home", tmp_path / "var", INGEST_SITE_KEY=secret)
    assert first.exit_code == 0, first.output
    assert not (tmp_path / "var" / "site.key").exists()
    assert secret not in first.output
    (tmp_path / "kept.key").write_text(secret)
    again = invoke("run", archive, "--triton", url, "--home", tmp_path / "var", "--key-file", tmp_path / "kept.key")
    assert "Nothing new" in again.output
    refused = invoke("run", archive, "--triton", url, "--home", tmp_path / "var", INGEST_SITE_KEY="0f")
    assert (refused.exit_code, "64 hex digits" in one_line(refused)) == (1, True)
