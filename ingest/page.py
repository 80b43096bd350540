"""One self-contained page from the published registry: no script, no network, pictures inside of it."""

import base64
import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from html import escape
from pathlib import Path

import duckdb

from ingest.archive_pictures import completeness, curation, drift, films_by_year
from ingest.drawing import Picture, svg
from ingest.errors import UsageError
from ingest.hip_pictures import (
    HipFilm,
    cup_positions,
    cusum,
    films_of_longest_timeline,
    funnel,
    longest_timeline,
    survival,
)
from ingest.thumbnails import Thumbnail

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #000; background: #fff; max-width: 60rem; margin: 2rem auto;
  padding: 0 1rem; }
figure { margin: 0 0 2rem; break-inside: avoid; }
img { max-width: 100%; height: auto; }
figcaption, .empty { color: #333; }
ol { display: flex; flex-wrap: wrap; gap: 1rem; padding: 0; list-style: none; }
li { width: 12rem; break-inside: avoid; }
li .empty { border: 1px dashed #333; padding: .5rem; margin: 0; }
.note { border: 2px solid #000; padding: .5rem 1rem; }
@media print { body { max-width: none; margin: 0; font-size: 11pt; } h2 { break-after: avoid; } }
"""
PICTURES: Sequence[tuple[str, Picture, str]] = (
    ("Curation", curation, "Files found, films of each kind, and files left out with the reason."),
    ("Films by year", films_by_year, "Registered films by year of the study and category."),
    (
        "Cup position",
        cup_positions,
        "Last measured position of each replaced hip; dashed: the zone. Descriptive: most dislocating hips lie inside.",
    ),
    (
        "One hip over time",
        longest_timeline,
        "The hip with most angles. Bands: baseline and minimal detectable change. Rings: confirmed changes.",
    ),
    (
        "Revision-free survival",
        survival,
        "Kaplan-Meier, and the share without revision where death competes. Revisions may be inferred from films.",
    ),
    (
        "Funnel",
        funnel,
        "Revisions per 100 hip-years of each supplied unit; all units (line), 2 (dashed) and 3 (dotted) SD.",
    ),
    ("CUSUM", cusum, "Log-likelihood ratio of twice the rate of all sites, restarted at zero."),
    ("Drift", drift, "Mean score of the view by month of the films, of the devices with most films."),
    ("Completeness", completeness, "Visits of the schedule whose time is over."),
)
ShowFilms = Callable[[Sequence[HipFilm]], Sequence[Thumbnail]]  # one each, in their order
MOST_FILMS = 24  # of a hip's timeline that are shown; the last ones
PATIENTS = (
    "This page holds pictures of patients. Under 'One hip over time' stand parts of films, cut to the box that the "
    "models found around the hip: names and notes at the edges of a film lie outside of it, and thin strokes inside "
    "are wiped out. Thick letters over the hip itself would be seen: look at the page before you pass it on, and keep "
    "it as you keep the films."
)
_NEEDED = ("publication", "curation_summary", "survival_km", "hip_timeline")


def write_page(registry: Path, out: Path, show_films: ShowFilms | None = None) -> int:
    """Draws every picture that the published registry has data for into ``out`` (0640); returns how many.

    With ``show_films``, which is asked for pictures of films, the drawn hip's films stand under its timeline.

    Raises:
        UsageError: the file is no published registry with rows of patients, or the page cannot be written.
    """
    try:
        connection = duckdb.connect(str(registry), read_only=True)
    except duckdb.Error as error:
        raise UsageError(f"{registry} cannot be opened ({type(error).__name__}): 'ingest publish' makes one") from None
    with connection:
        known = {name for (name,) in connection.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
        if not known.issuperset(_NEEDED):
            raise UsageError(f"{registry} is no whole published registry: 'ingest publish' without --aggregates-only")
        try:
            sections = list(_sections(connection, show_films))
        except duckdb.BinderException:
            raise UsageError(
                f"{registry} was published by other software: run 'dbt build' and 'ingest publish'"
            ) from None
        note, published_at, smallest = connection.execute(
            "SELECT note, strftime(published_at, '%Y-%m-%d %H:%M UTC'), smallest_count FROM publication"
        ).fetchall()[0]
    style_hash = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    head = (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>THA registry</title>\n'
        f'<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; img-src data:; '
        f"style-src 'sha256-{style_hash}'\">\n<style>{_STYLE}</style></head>\n<body><h1>THA registry</h1>\n"
    )
    says = (
        f'<p class="note">{escape(note)}</p>\n<p>Published {published_at}; counts below {smallest} are left out.</p>\n'
    )
    if show_films:
        says = f'<p class="note"><strong>{escape(PATIENTS)}</strong></p>\n{says}'
    _put(out, head + says + "".join(text for text, _ in sections) + "</body></html>\n")
    return sum(drawn for _, drawn in sections)


def _sections(connection: duckdb.DuckDBPyConnection, show_films: ShowFilms | None) -> Iterator[tuple[str, bool]]:
    for title, picture, caption in PICTURES:
        figure = picture(connection)
        if figure is None:
            yield f'<h2>{escape(title)}</h2>\n<p class="empty">No data for this picture.</p>\n', False
            continue
        image = base64.b64encode(svg(figure)).decode("ascii")
        yield (
            (
                f'<h2>{escape(title)}</h2>\n<figure><img alt="{escape(title)}: {escape(caption)}" '
                f'src="data:image/svg+xml;base64,{image}">\n<figcaption>{escape(caption)}</figcaption></figure>\n'
            ),
            True,
        )
        if picture is longest_timeline and show_films:
            yield _film_strip(films_of_longest_timeline(connection), show_films), False


def _film_strip(films: Sequence[HipFilm], show_films: ShowFilms) -> str:
    """The films of a hip in their order, or why one is not available."""
    shown = films[-MOST_FILMS:]
    left_out = len(films) - len(shown)
    items = "".join(map(_film, shown, show_films(shown)))
    note = f'<p class="empty">{left_out} earlier films are not shown.</p>\n' if left_out else ""
    return f"<h3>Its films</h3>\n{note}<ol>\n{items}</ol>\n"


def _film(film: HipFilm, thumbnail: Thumbnail) -> str:
    angles = (("inclination", film.inclination_deg), ("version", film.version_deg))
    measured = ", ".join(f"{name} {value:.1f}\N{DEGREE SIGN}" for name, value in angles if value is not None)
    caption = escape(f"{film.study_date or 'no date'}, {film.side}, {film.view}: {measured or 'no angle'}")
    if thumbnail.jpeg is None:
        return f'<li><p class="empty">not available: {escape(thumbnail.why_not or "")}</p>\n{caption}</li>\n'
    image = base64.b64encode(thumbnail.jpeg).decode("ascii")
    return f'<li><img alt="{caption}" src="data:image/jpeg;base64,{image}"><br>\n{caption}</li>\n'


def _put(out: Path, text: str) -> None:
    draft = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    try:
        out.parent.mkdir(parents=True, exist_ok=True, mode=0o750)
        draft.write_text(text, encoding="utf-8")
        draft.chmod(0o640)
        draft.rename(out)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise UsageError(f"{out} cannot be written ({error.strerror}): name another file with --out") from None
