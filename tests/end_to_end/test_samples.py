"""The whole way of a film: samples/ through a real Triton, into DuckDB, through dbt, held against samples/truth.csv."""

import csv
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from builders.commands import ingest, rows, run

pytestmark = pytest.mark.end_to_end

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "samples"
FIRST_BAR = 0.95  # of view, side and implant
ANGLE_BAR_DEG = 4.0  # mean absolute error
# What the models decide may miss the bar's five in a hundred; what headers and pixels decide may miss nothing.
BY_MODEL = {"hip_film", "view_other", "no_hip_found"}
CONTENTS = (  # of the landing tables, without what differs from run to run
    "SELECT path, size_bytes, content_sha256, disposition, reason, film_key FROM landing.current_file",
    "SELECT * EXCLUDE (run_id) FROM landing.film",
    "SELECT film_key, model_version, preprocessing, view, side, side_evidence, review FROM landing.inference",
    "SELECT film_key, hip_index, side, implant, has_cup FROM landing.hip",
    "SELECT film_key, hip_index, measure, method, round(value_deg, 2), accepted, why_not FROM landing.measurement",
)


def build(home):
    dbt = Path(sys.executable).with_name("dbt")
    folder = str(ROOT / "dbt_project")
    done = subprocess.run(
        [
            *(dbt, "--quiet", "--warn-error", "build", "--project-dir", folder, "--profiles-dir", folder),
            *("--target-path", str(home / "target"), "--log-path", str(home / "dbt-log")),
        ],
        env=os.environ | {"INGEST_WAREHOUSE": str(home / "warehouse.duckdb"), "DO_NOT_TRACK": "1"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def contents(home):
    return [sorted(map(repr, rows(home, query))) for query in CONTENTS]


@pytest.fixture(scope="session")
def home(tmp_path_factory):
    """A home in which the samples are landed and the registry is built."""
    folder = tmp_path_factory.mktemp("home")
    (folder / "said.txt").write_text(run(SAMPLES, folder))
    build(folder)
    return folder


@pytest.fixture(scope="session")
def truth():
    with (SAMPLES / "truth.csv").open(newline="") as file:
        return {row["path"]: row for row in csv.DictReader(file)}


@pytest.fixture(scope="session")
def landed(home):
    query = "SELECT * FROM landing.current_file LEFT JOIN registry.fct_radiograph USING (film_key)"
    return {str(Path(row["path"]).relative_to(SAMPLES)): row for row in rows(home, query)}


@pytest.fixture(scope="session")
def films(landed, truth):
    """Truth and landed row of every film that truth says is registered and that is."""
    return [
        (truth[path], row)
        for path, row in landed.items()
        if truth[path]["disposition"] == row["disposition"] == "registered"
    ]


def test_every_sample_file_has_its_row_and_no_other_has(landed, truth):
    assert set(landed) == set(truth)


def test_what_header_and_pixels_decide_is_decided_rightly(landed, truth):
    wrong = {
        path: (row["disposition"], row["reason"], truth[path]["reason"])
        for path, row in landed.items()
        if not {row["reason"], truth[path]["reason"]} <= BY_MODEL
        and (row["disposition"], row["reason"]) != (truth[path]["disposition"], truth[path]["reason"])
    }
    assert not wrong


def test_hip_films_are_told_from_others(landed, truth):
    judged = [
        row["disposition"] == truth[path]["disposition"]
        for path, row in landed.items()
        if truth[path]["reason"] in BY_MODEL
    ]
    assert sum(judged) >= FIRST_BAR * len(judged)


@pytest.mark.parametrize("what", ["view", "side"])
def test_view_and_side_reach_the_first_bar(films, what):
    known = [(wanted[what], row[what]) for wanted, row in films if wanted[what] != "unknown"]
    assert len(known) > 40
    assert sum(wanted == found for wanted, found in known) >= FIRST_BAR * len(known)


def test_implants_reach_the_first_bar(films, home):
    found = {(row["film_key"], row["side"]): row["implant"] for row in rows(home, "SELECT * FROM landing.hip")}
    judged = [
        found.get((row["film_key"], side)) == (wanted[f"{side}_implant"] == "implant")
        for wanted, row in films
        for side in ("right", "left")
        if wanted[f"{side}_implant"]
    ]
    assert len(judged) > 50
    assert sum(judged) >= FIRST_BAR * len(judged)


@pytest.mark.parametrize("measure", ["inclination", "version"])
def test_angles_reach_the_first_bar(films, home, measure):
    query = f"SELECT * FROM registry.fct_cup_measurement WHERE measure = '{measure}' AND accepted"  # noqa: S608
    found = {(row["film_key"], row["side"]): row["value_deg"] for row in rows(home, query)}
    pairs = [
        (float(wanted[f"{side}_{measure}_deg"]), found.get((row["film_key"], side)))
        for wanted, row in films
        for side in ("right", "left")
        if wanted[f"{side}_{measure}_deg"]
    ]
    errors = [abs(value - wanted) for wanted, value in pairs if value is not None]
    assert len(errors) >= 0.8 * len(pairs)
    assert sum(errors) / len(errors) <= ANGLE_BAR_DEG


def test_the_curation_summary_adds_up_to_the_files_found(home, truth):
    summary = rows(home, "SELECT section, sum(files) AS files FROM registry.curation_summary GROUP BY section")
    files = {row["section"]: row["files"] for row in summary}
    assert files["excluded"] + files["film"] == files["total"] == len(truth)


def test_the_run_says_what_became_of_every_file(home, truth):
    said = (home / "said.txt").read_text()
    assert f"{len(truth)}" in next(line for line in said.splitlines() if line.startswith("files found"))
    assert "Research use only" in said
    assert str(home / "warehouse.duckdb") in said


def test_no_patient_identifier_leaves_the_headers(home):
    """The simulated patients are called SIM...; nothing but paths, which stay in landing, may carry that."""
    for table in ("film", "inference", "hip", "measurement"):
        assert "SIM0" not in repr(rows(home, f"SELECT * FROM landing.{table}"))  # noqa: S608
    assert "SIM0" not in (home / "said.txt").read_text()
    for log in (home / "log").glob("*"):
        assert "SIM0" not in log.read_text()


def test_a_second_run_finds_nothing_new_and_changes_nothing(home):
    before = contents(home)
    assert "Nothing new" in run(SAMPLES, home)
    assert contents(home) == before


def test_a_killed_run_started_again_ends_in_the_same_tables(home, tmp_path):
    shutil.copy(home / "site.key", tmp_path)  # the same site: patients get the same keys
    process = ingest("run", SAMPLES, home=tmp_path)
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and process.poll() is None:
        if any("Started GRPCInferenceService" in log.read_text() for log in (tmp_path / "log").glob("triton*.log")):
            break
        time.sleep(0.05)
    time.sleep(0.5)  # some films are read, asked about, perhaps answered
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    assert process.returncode == -signal.SIGKILL, "the run was over before it could be killed"
    run(SAMPLES, tmp_path)
    assert contents(tmp_path) == contents(home)
