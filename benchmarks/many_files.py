"""Memory and time of a run over very many small films, and of the next run, which knows them all.

python benchmarks/many_files.py [--files 200000] [--films-every 10] [--workers 1]

Every tenth file is a film of 32 x 24 pixels, each another image, ten to a patient; the others are such films of a
modality that the screen excludes; a thousand files to a folder. The models are played by a stand-in, so what is
measured is everything else: finding, reading, duplicates, spool, landing. Peaks are resident memory; the first run and
the second are processes of their own.
"""

import argparse
import io
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from ingest.identity import SiteKey
from ingest.pipeline import run
from ingest.settings import Settings
from ingest.sink import Sink
from warehouse.land import Warehouse
from warehouse.spool import Spool

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # our packages first: tests/ has folders that are called like them
from builders.dicom import make_dicom  # noqa: E402
from builders.findings import FakeServer, make_raw  # noqa: E402

A_FOLDER, A_PATIENT = 1000, 100  # films
UID, PATIENT = "1.2.826.1000000000", "P000000000"
MODALITY, OTHER_MODALITY = b"CS\x02\x00DX", b"CS\x02\x00US"


def write_films(folder: Path, files: int, films_every: int) -> None:
    """One film written with other bytes in the places of its UID, patient and first pixels."""
    pixels = np.tile(np.linspace(0, 4000, 24).astype(np.uint16), (32, 1))
    file = io.BytesIO()
    make_dicom(pixels, SOPInstanceUID=UID, PatientID=PATIENT, StudyDate="20200101").save_as(
        file, enforce_file_format=True
    )
    film, start = file.getvalue(), file.getvalue().index(pixels.tobytes())
    for number in range(files):
        place = folder / f"{number // A_FOLDER:05}"
        if number % A_FOLDER == 0:
            place.mkdir(parents=True)
        other = film.replace(UID.encode(), f"1.2.826.{1_000_000_000 + number}".encode())
        other = other.replace(PATIENT.encode(), f"P{number // A_PATIENT:09}".encode())
        if number % films_every:
            other = other.replace(MODALITY, OTHER_MODALITY)
        (place / f"{number:08}").write_bytes(other[:start] + number.to_bytes(4, "little") + other[start + 4 :])


def measured(folder: Path, workers: int, pipe: Any) -> None:
    """A run in this process, and its figures into the pipe."""
    home = folder / "var"
    home.mkdir(exist_ok=True)
    settings = Settings((folder / "dicoms",), home, home / "warehouse.duckdb", home, workers=workers)
    server = FakeServer(make_raw(right_hip_implant=0.9, left_hip_native=0.9))
    sink, started = Sink(Spool(settings.spool), Warehouse(settings.warehouse)), time.monotonic()
    result = run(settings, server, SiteKey.load(settings.key_file), sink)
    ours, theirs = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = sum(usage.ru_utime + usage.ru_stime for usage in (ours, theirs))
    pipe.send(
        {
            "found": result.tally.found,
            "known": result.tally.known,
            "wall_s": round(time.monotonic() - started, 1),
            "cpu_s": round(cpu_s, 1),  # the start of Python and of the workers included
            "cpu_ms_a_file": round(1000 * cpu_s / result.tally.found, 3),
            "client_peak_mb": ours.ru_maxrss // 1024,
            "worker_peak_mb": theirs.ru_maxrss // 1024,
        }
    )


def main() -> None:
    """Write, run twice, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=200_000)
    parser.add_argument("--films-every", type=int, default=10)
    parser.add_argument("--workers", type=int, default=1)
    args = parser.parse_args()
    context, told = multiprocessing.get_context("spawn"), {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_films(folder / "dicoms", args.files, args.films_every)
        for moment in ("first run", "second run"):
            ours, theirs = context.Pipe()
            process = context.Process(target=measured, args=(folder, args.workers, theirs))
            process.start()
            told[moment] = ours.recv()
            process.join()
        with duckdb.connect(str(folder / "var" / "warehouse.duckdb")) as connection:
            told["landed"] = dict(
                connection.execute("SELECT reason, count(*) FROM landing.current_file GROUP BY ALL").fetchall()
            )
    print(json.dumps(told, indent=2))
    raise SystemExit(0 if sum(told["landed"].values()) == args.files == told["second run"]["known"] else 1)


if __name__ == "__main__":
    main()
