"""The commands as a user runs them, and what is in a home's warehouse afterwards."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb


def ingest(*arguments: Any, home: Path) -> "subprocess.Popen[str]":
    """``ingest`` with these arguments, begun; its home is ``home``, whatever the environment says."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("INGEST_")}
    return subprocess.Popen(
        [str(Path(sys.executable).with_name("ingest")), *map(str, arguments)],
        env=environment | {"INGEST_HOME": str(home)},
        cwd=home,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def run(source: Path, home: Path) -> str:
    """What ``ingest run`` says of a folder or a file."""
    process = ingest("run", source, home=home)
    output, _ = process.communicate(timeout=600)
    assert process.returncode == 0, output
    return output


def rows(home: Path, query: str) -> list[dict[str, Any]]:
    """Of the warehouse in ``home``, by column."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as connection:
        cursor = connection.execute(query)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
