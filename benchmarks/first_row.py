"""Seconds from the command to the first row: a film that is answered, and rows that can be asked for in SQL.

python benchmarks/first_row.py [--archive samples] [--repeats 3]

Each is a whole ``ingest run`` with its own Triton; the moments are those that the warehouse holds.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb

ROOT = Path(__file__).parents[1]
MOMENTS = """
SELECT (SELECT min(inferred_at) FROM landing.inference), (SELECT min(landed_at) FROM landing.batch WHERE film_rows > 0),
       (SELECT min(landed_at) FROM landing.batch WHERE file_rows > 0), (SELECT min(finished_at) FROM landing.file)
"""
NAMES = ("first film answered", "first film in SQL", "first file in SQL", "first file decided")


def seconds(archive: Path) -> dict[str, float]:
    """Of one run: from its start to each moment, and to its end."""
    with tempfile.TemporaryDirectory() as home:
        started = datetime.now(UTC)
        command = [str(Path(sys.executable).with_name("ingest")), "run", str(archive)]
        subprocess.run(command, env=os.environ | {"INGEST_HOME": home}, check=True, capture_output=True)
        ended = datetime.now(UTC)
        with duckdb.connect(str(Path(home, "warehouse.duckdb")), read_only=True) as connection:
            moments = connection.execute(MOMENTS).fetchone() or ()
    after = {name: (at.replace(tzinfo=UTC) - started).total_seconds() for name, at in zip(NAMES, moments, strict=True)}
    return {name: round(value, 1) for name, value in (after | {"end": (ended - started).total_seconds()}).items()}


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archive", type=Path, default=ROOT / "samples")
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()
    for _ in range(args.repeats):
        print(json.dumps(seconds(args.archive.absolute())), flush=True)


if __name__ == "__main__":
    main()
