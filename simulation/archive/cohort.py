"""A whole archive of invented patients as DICOM files, with the truth and the stories beside it.

``write_cohort`` makes, in one folder:

- ``archive/``: the films, other images, duplicates and broken files, as exports left them;
- ``truth.csv``: a row per file of ``archive/`` (columns of ``TruthRow``);
- ``stories.csv``: a row per event of a hip; ``visits.csv``: a row per appointment, kept or missed;
- ``surgeries.csv``, ``deaths.csv``: what a hospital would supply; ``supplied_errors.csv`` says which rows are wrong;
- ``README.md``, ``cohort.json``: what this is, and which cohort.

Every patient is made by itself and noted in ``.progress`` when all of its files are there, so a run that was killed
goes on where it stopped, and any number of processes leaves the same bytes.
"""

import csv
import json
import logging
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Self

import numpy as np

from simulation.archive.life import Life, Rates
from simulation.archive.living import live
from simulation.archive.patient import TruthRow, write_patient
from simulation.people.person import make_person

FIRST_PERSON = 700_000_000  # cohorts and training share nobody
_README = """# A simulated archive

Films of {patients} invented patients. **No patient is in it**: anatomy, implants, names, dates and identifiers are
computed. Research use only; nothing here says how software does on real films.

`archive/` is what an ingest would be pointed at. Beside it: `truth.csv` (one row per file), `stories.csv` (one row per
event of a hip), `visits.csv`, and `surgeries.csv` and `deaths.csv` as a hospital would supply them, a few rows of which
are wrong on purpose (`supplied_errors.csv`).

Made by `python -m simulation cohort --patients {patients} --out DIR --seed {seed} --size {size}`.
"""
_LOG = logging.getLogger(__name__)


class OtherCohortError(ValueError):
    """The folder holds another cohort, or something else."""


@dataclass(frozen=True, slots=True)
class Request:
    """A cohort to write."""

    out: Path
    patients: int
    seed: int
    size: int  # pixels along the long edge of a film
    workers: int = 1

    def person(self, patient: int) -> int:
        """The anatomy of a patient; cohorts of different seeds share nobody."""
        return FIRST_PERSON + (self.seed % 1000) * 100_000 + patient


def write_cohort(request: Request, report: Callable[[int], None] = lambda _files: None) -> Mapping[str, int]:
    """Write a cohort, or what is missing of it; ``report`` is called with the files of each patient as it is done.

    Returns:
        How many files and patients there are.

    Raises:
        OtherCohortError: ``out`` is not empty and is not this cohort.
    """
    _claim(request)
    progress = request.out / ".progress"
    if progress.exists():
        missing = [n for n in range(request.patients) if not _note(progress, n).exists()]
        with get_context("spawn").Pool(request.workers) if request.workers > 1 else _InPlace() as pool:
            for files in pool.imap_unordered(_patient, [(request, n) for n in missing]):
                report(files)
        _finish(request, progress)
    with (request.out / "truth.csv").open(encoding="utf-8", newline="") as file:
        return {"files": sum(1 for _ in csv.DictReader(file)), "patients": request.patients}


def life_of(request: Request, patient: int) -> Life:
    """What happens to a patient of a cohort, always the same."""
    build = make_person(request.person(patient)).build
    return live(patient, build, np.random.default_rng([request.seed, patient, 21]), Rates())


class _InPlace:
    """A pool of this process."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        return None

    @staticmethod
    def imap_unordered(work: Callable[[Any], int], jobs: Iterable[Any]) -> Iterable[int]:
        return map(work, jobs)


def _claim(request: Request) -> None:
    """Mark the folder as this cohort's, or find that it is."""
    wanted = {"patients": request.patients, "seed": request.seed, "size": request.size}
    mark = request.out / "cohort.json"
    if mark.exists():
        found = json.loads(mark.read_text(encoding="utf-8"))
        if found != wanted:
            raise OtherCohortError(f"{request.out} holds the cohort {found}, not {wanted}: take another folder")
        return
    if request.out.exists() and any(request.out.iterdir()):
        raise OtherCohortError(f"{request.out} is not empty and holds no cohort: take another folder")
    (request.out / ".progress").mkdir(parents=True)
    _write(mark, json.dumps(wanted) + "\n")


def _patient(job: tuple[Request, int]) -> int:
    """Write all files of a patient, then the note that says so."""
    request, number = job
    life = life_of(request, number)
    rows = write_patient(request.out / "archive", life, request.person(number), request.seed, request.size)
    note = {"truth": [asdict(row) for row in rows], **_stories(life, request.seed)}
    _write(_note(request.out / ".progress", number), json.dumps(note))
    return len(rows)


def _stories(life: Life, seed: int) -> dict[str, list[dict[str, Any]]]:
    """A life as rows of the tables beside the archive."""
    name, rng = f"SIM{life.number:06d}", np.random.default_rng([seed, life.number, 23])
    events = [event for hip in life.hips for event in hip.events()]
    surgeries, errors = [], []
    for hip in life.hips:
        for operation in hip.operations:
            procedure = "revision" if operation.number else operation.kind
            told = (name, hip.side, operation.day.isoformat(), procedure, operation.reason)
            row = dict(zip(_COLUMNS["surgeries"], told, strict=True))
            kind = rng.random()
            if kind < 0.02:
                row["side"] = "left" if hip.side == "right" else "right"
                errors.append({"patient_id": name, "surgery_date": row["surgery_date"], "error": "side"})
            elif kind < 0.04:
                row["surgery_date"] = operation.day.replace(year=operation.day.year - 1, day=1).isoformat()
                errors.append({"patient_id": name, "surgery_date": row["surgery_date"], "error": "date"})
            if kind < 0.95:  # some operations were never reported
                surgeries.append(row)
    stories = [(name, e.side, e.day.isoformat(), e.name, e.detail) for e in events]
    visits = [
        (name, v.planned.isoformat(), "" if v.day is None else v.day.isoformat(), v.reason, len(v.shots))
        for v in life.visits
    ]
    return {
        "stories": [dict(zip(_COLUMNS["stories"], row, strict=True)) for row in stories],
        "visits": [dict(zip(_COLUMNS["visits"], row, strict=True)) for row in visits],
        "surgeries": surgeries,
        "supplied_errors": errors,
        "deaths": [] if life.death is None else [{"patient_id": name, "death_date": life.death.isoformat()}],
    }


_COLUMNS = {
    "truth": [field.name for field in fields(TruthRow)],
    "stories": ["patient_id", "side", "date", "event", "detail"],
    "visits": ["patient_id", "planned", "date", "reason", "films"],
    "surgeries": ["patient_id", "side", "surgery_date", "procedure", "indication"],
    "supplied_errors": ["patient_id", "surgery_date", "error"],
    "deaths": ["patient_id", "death_date"],
}


def _finish(request: Request, progress: Path) -> None:
    """The tables from the notes of all patients, then the notes go."""
    notes = [json.loads(_note(progress, n).read_text(encoding="utf-8")) for n in range(request.patients)]
    for table, columns in _COLUMNS.items():
        rows = [row for note in notes for row in note[table]]
        if table == "truth":
            rows.sort(key=lambda row: row["path"])
        temporary = request.out / f".{table}.partial"
        with temporary.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        temporary.chmod(0o640)
        temporary.rename(request.out / f"{table}.csv")
    text = _README.format(patients=request.patients, seed=request.seed, size=request.size)
    _write(request.out / "README.md", text)
    shutil.rmtree(progress)
    _LOG.info("%d patients in %s", request.patients, request.out)


def _note(progress: Path, number: int) -> Path:
    return progress / f"{number:07d}.json"


def _write(path: Path, text: str) -> None:
    """A file that is there whole or not at all."""
    temporary = path.with_name(f".{path.name}.partial")
    temporary.write_text(text, encoding="utf-8")
    temporary.chmod(0o640)
    temporary.rename(path)
