"""The metrics that docs/metrics.md shows, asked for as a user asks: with MetricFlow, on a built cohort."""

import csv
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from builders.registry import PROJECT, Registry

pytest.importorskip("dbt_metricflow", reason="MetricFlow is not installed")
EXAMPLES = re.findall(r"^    mf (query .+)$", (PROJECT.parent / "docs" / "metrics.md").read_text(), re.MULTILINE)
VISITS = """
    SELECT visit, count(*) FILTER (status = 'done') / count(*) AS completeness, count(*) FILTER (status = 'overdue')
    FROM registry.followup_compliance
    WHERE status IN ('done', 'overdue')
    GROUP BY visit
"""


@pytest.fixture(scope="module")
def project(cohort: Registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with what dbt knows of it, where MetricFlow looks for it."""
    folder = tmp_path_factory.mktemp("metrics") / "project"
    shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("target", "logs"))
    (folder / "target").mkdir()
    for name in ("manifest.json", "semantic_manifest.json"):
        shutil.copy(cohort.target / name, folder / "target")
    return folder


def answer(project: Path, cohort: Registry, example: str) -> list[dict[str, str]]:
    """The rows of one example."""
    sheet = project / "answer.csv"
    done = subprocess.run(
        [Path(sys.executable).with_name("mf"), *shlex.split(example), "--quiet", "--csv", sheet],
        cwd=project,
        env=os.environ | {"INGEST_WAREHOUSE": str(cohort.path.absolute()), "DBT_PROFILES_DIR": str(project)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    with sheet.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("example", EXAMPLES[1:])
def test_every_example_is_answered(project: Path, cohort: Registry, example: str) -> None:
    assert answer(project, cohort, example)


def test_completeness_is_what_the_table_of_visits_says(project: Path, cohort: Registry) -> None:
    rows = answer(project, cohort, EXAMPLES[0])
    found = {row["visit__visit_name"]: (row["completeness"], row["visits_overdue"]) for row in rows}
    expected = cohort.ask(VISITS)
    assert len(expected) > 4
    for visit, completeness, overdue in expected:
        assert float(found[visit][0]) == pytest.approx(completeness)
        assert int(found[visit][1]) == overdue
