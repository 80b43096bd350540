"""Time and memory of a run that finds nothing new, over very many files.

python benchmarks/rescan.py [--files 1000000] [--data FOLDER]

The files are empty, a thousand to a folder, and known: one real film is read and landed, and its rows are then repeated
with the keys of all the others, each as another film with another content. Looking a file up opens none, so what one
holds does not count; where it lies does, so the cache of the file system is as warm as walking it once makes it. The
run is a process of its own.
"""

import argparse
import json
import multiprocessing
import shutil
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pyarrow as pa
from many_files import A_FOLDER, measured, write_films

from ingest.landing import file_key, film_key
from ingest.source import walk
from warehouse.land import Warehouse

AT_ONCE = 100_000  # rows
REPEAT_FILES = """
INSERT INTO landing.file SELECT file.* REPLACE (
    keys.file_key AS file_key, keys.path AS path, keys.content AS content_sha256, keys.uid AS sop_instance_uid,
    keys.film_key AS film_key, 0 AS size_bytes
) FROM (SELECT * FROM landing.file LIMIT 1) AS file, keys
"""
REPEAT_FILMS = """
INSERT INTO landing.film SELECT film.* REPLACE (
    keys.film_key AS film_key, keys.file_key AS file_key, keys.uid AS sop_instance_uid, keys.content AS pixel_sha256
) FROM (SELECT * FROM landing.film LIMIT 1) AS film, keys
"""


def write_empty(folder: Path, files: int) -> None:
    """Beside whatever is there."""
    for number in range(files):
        place = folder / f"empty{number // A_FOLDER:05}"
        if number % A_FOLDER == 0:
            place.mkdir(parents=True)
        (place / f"{number:08}").touch()


def keys(folder: Path) -> Iterator[pa.Table]:
    """Of all empty files, in parts: what the rows of each differ in."""
    found = enumerate(file for file in walk([folder]) if not file.size_bytes)
    while part := list(islice(found, AT_ONCE)):
        yield pa.table(
            {
                "file_key": [file_key(file) for _, file in part],
                "path": [str(file.path) for _, file in part],
                "content": [f"{number:064x}" for number, _ in part],
                "uid": [f"1.2.3.{number}" for number, _ in part],
                "film_key": [film_key(f"1.2.3.{number}") for number, _ in part],
            }
        )


def run_once(folder: Path) -> dict[str, float]:
    """A run in a process of its own."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=measured, args=(folder, 1, theirs))
    process.start()
    told: dict[str, float] = ours.recv()
    process.join()
    return told


def main() -> None:
    """Write, make known, run, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=1_000_000)
    parser.add_argument("--data", type=Path, help="where the files go meanwhile; /tmp unless given")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(dir=args.data))
    try:
        write_films(folder / "dicoms", 1, 1)
        run_once(folder)
        write_empty(folder / "dicoms", args.files)
        started = time.monotonic()
        with Warehouse(folder / "var" / "warehouse.duckdb").opened() as connection:
            connection.execute("SET enable_progress_bar = false")
            for part in keys(folder / "dicoms"):
                connection.register("keys", part)
                connection.execute(REPEAT_FILES)
                connection.execute(REPEAT_FILMS)
        told = {"made_known_s": round(time.monotonic() - started, 1)} | run_once(folder)
    finally:
        shutil.rmtree(folder)
    print(json.dumps(told, indent=2))
    raise SystemExit(0 if told["known"] == told["found"] == args.files + 1 else 1)


if __name__ == "__main__":
    main()
