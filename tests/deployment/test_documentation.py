"""What docs/deployment.md tells an engineer to type is there to be typed."""

import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from ingest.cli import main

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "deployment.md").read_text()
SERVICES = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
TYPED = [line.split(" #")[0].strip() for line in PAGE.splitlines() if line.startswith("    ")]


def parse(words: list[str]) -> Any:
    """A command line of ours, as click reads it; it is not run."""
    command: Any = main
    context = click.Context(main, info_name="ingest")
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command = command.commands[words.pop(0)]
        context = click.Context(command, parent=context)
    return command.make_context(command.name, words, parent=context.parent)


@pytest.mark.parametrize("line", [line for line in TYPED if line.startswith("ingest ")])
def test_a_command_of_ours_is_understood(line: str) -> None:
    assert parse(line.split()[1:])


@pytest.mark.parametrize("line", [line for line in TYPED if "docker compose run" in line])
def test_a_service_that_is_run_is_there_and_understands_its_command(line: str) -> None:
    service, *words = line.split("run --rm ", 1)[1].split()
    assert parse(words or list(SERVICES[service]["command"]))


def test_every_file_that_the_page_names_is_there() -> None:
    named = re.findall(r"\]\(([\w./-]+\.md)", PAGE) + re.findall(r"(?:tests|deploy)/[\w/]+(?:\.py)?", PAGE)
    assert len(named) > 5
    for name in named:
        assert (ROOT / "docs" / name).exists() or (ROOT / name).exists(), name


def test_the_page_tells_the_tolerances_that_are_compared_with() -> None:
    told = re.search(r"scores to ([\d.]+), landmarks to ([\d.]+)\s+pixels, angles to ([\d.]+) degrees", PAGE)
    from ingest.verification import ANGLE_DEG, LANDMARK_PX, SCORE  # noqa: PLC0415 - needs an extra

    assert told
    assert tuple(map(float, told.groups())) == (SCORE, LANDMARK_PX, ANGLE_DEG)
