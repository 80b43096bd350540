"""A site's own films as training data, from a table that a person made.

``films.csv`` has a header line and one row per film:

    path,view,patient
    /archive/a/IM0001,ap_pelvis,p001
    relative/to/the/table.dcm,other,p002

``path`` is a DICOM file, absolute or relative to the table. ``view`` is one of ap_pelvis, ap_hip, cross_table_lateral,
frog_leg_lateral, oblique_hip, other. ``patient`` is any name that is the same for all films of one patient, who must
not be both learnt from and tested on. Nothing of the headers goes into the model.
"""

import csv
import zlib
from pathlib import Path

from ingest.reading import Site, read_film
from ingest.records import FoundFile, View
from ingest.rules import Rules
from simulation.truth import FilmTruth
from training.films import LabelledFilm

COLUMNS = ("path", "view", "patient")


class FilmTableError(ValueError):
    """The table, or a file that it names, cannot be used."""


def load_table(table: Path) -> list[LabelledFilm]:
    """Every film of the table on its canvas, in the table's order.

    Raises:
        FilmTableError: a column is missing, a view is unknown, or a file holds no readable film; names row and reason.
    """
    with table.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        missing = [name for name in COLUMNS if name not in (rows.fieldnames or [])]
        if missing:
            raise FilmTableError(f"{table.name} has no column {', '.join(missing)}; it needs {', '.join(COLUMNS)}")
        return [_film(table, number, row) for number, row in enumerate(rows, start=2)]


def check_apart(learnt_from: list[LabelledFilm], tested_on: list[LabelledFilm]) -> None:
    """Raise FilmTableError where one patient is in both."""
    both = {film.truth.person for film in learnt_from} & {film.truth.person for film in tested_on}
    if both:
        raise FilmTableError(f"{len(both)} patients are in both tables: move each one's films into one of them")


def _film(table: Path, number: int, row: dict[str, str]) -> LabelledFilm:
    where = f"{table.name}, line {number}"
    if row["view"] not in list(View):
        raise FilmTableError(f"{where}: view {row['view']!r} is none of {', '.join(View)}")
    path = (table.parent / row["path"]).absolute()
    try:
        status = path.stat()
    except OSError as error:
        raise FilmTableError(f"{where}: the file cannot be opened: {error.strerror}") from None
    reading = read_film(FoundFile(path, status.st_size, status.st_mtime_ns), Site(_no_key, Rules.load()))
    if reading.canvas is None:
        raise FilmTableError(f"{where}: no film in the file: {reading.reason} {reading.detail or ''}".rstrip())
    header = reading.header
    truth = FilmTruth(
        seed=number,
        person=zlib.crc32(row["patient"].encode()),
        view=row["view"],
        side="unknown",
        hips=(),
        markers=(),
        ischium_right=None,
        ischium_left=None,
        spacing_mm=0.0,  # unknown, and no training asks
        width=header.columns,
        height=header.rows,
    )
    return LabelledFilm(reading.canvas.pixels, truth)


def _no_key(*_parts: str) -> str:
    """No identity is kept, so none is hashed."""
    return ""
