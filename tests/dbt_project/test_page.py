"""The page of pictures: whole, closed to the network, honest where there is nothing, and as Chromium shows it."""

import re
import shutil
import stat
import subprocess
from collections.abc import Sequence
from html import escape
from pathlib import Path

import duckdb
import numpy as np
import pytest
from builders.registry import Registry

from ingest.errors import UsageError
from ingest.hip_pictures import HipFilm
from ingest.page import MOST_FILMS, PATIENTS, PICTURES, ShowFilms, write_page
from ingest.thumbnails import GONE, Thumbnail
from warehouse.land import Warehouse
from warehouse.publish import RESEARCH_USE, publish

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def page_of(registry: Registry, folder: Path, show_films: ShowFilms | None = None) -> Path:
    published = publish(registry.path, folder, smallest_count=5)
    write_page(published.path, folder / "report.html", show_films)
    return folder / "report.html"


def grey_films(films: Sequence[HipFilm]) -> list[Thumbnail]:
    """A grey picture of every film but the last, whose file is gone."""
    cv2 = pytest.importorskip("cv2")
    jpeg = cv2.imencode(".jpg", np.full((120, 90), 77, np.uint8))[1].tobytes()
    return [*(Thumbnail(jpeg) for _ in films[1:]), Thumbnail(why_not=GONE)]


def test_a_cohort_has_every_picture_and_the_page_asks_the_network_for_nothing(cohort: Registry, tmp_path: Path) -> None:
    page = page_of(cohort, tmp_path)
    text = page.read_text(encoding="utf-8")
    assert text.count("<img alt=") == len(PICTURES)
    assert "No data" not in text
    assert RESEARCH_USE in text
    assert not re.search(r"https?:|<script|<link|url\(", text)
    assert "default-src 'none'; img-src data:; style-src 'sha256-" in text
    assert stat.S_IMODE(page.stat().st_mode) == 0o640


def test_the_page_holds_pictures_of_patients_only_where_it_was_asked_to_and_says_so(
    cohort: Registry, tmp_path: Path
) -> None:
    usual = page_of(cohort, tmp_path / "usual").read_text(encoding="utf-8")
    assert "image/jpeg" not in usual
    assert "patients" not in usual.split("<h2>")[0].replace(RESEARCH_USE, "")
    text = page_of(cohort, tmp_path / "asked", grey_films).read_text(encoding="utf-8")
    assert escape(PATIENTS) in text.split("<h2>")[0]
    assert not re.search(r"https?:|<script|<link|url\(", text)


def test_the_films_of_the_drawn_hip_stand_under_its_timeline_in_their_order(cohort: Registry, tmp_path: Path) -> None:
    text = page_of(cohort, tmp_path, grey_films).read_text(encoding="utf-8")
    strip = text.split("<h2>One hip over time</h2>")[1].split("<h2>")[0]
    captions = re.findall(r"^(\S+, (?:left|right), \w+: .*)</li>$", strip, flags=re.MULTILINE)
    expected = cohort.ask(
        'SELECT study_date, side, "view", inclination_deg, version_deg FROM registry.hip_timeline WHERE hip_key = '
        "(SELECT hip_key FROM registry.hip_change GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1) ORDER BY film_number"
    )
    assert len(captions) == len(expected[-MOST_FILMS:])
    for caption, (day, side, view, inclination, version) in zip(captions, expected[-MOST_FILMS:], strict=True):
        assert caption.startswith(f"{day}, {side}, {view}: ")
        assert ("inclination" in caption) == (inclination is not None)
        assert ("version" in caption) == (version is not None)
        assert version is None or f"version {version:.1f}" in caption
    assert strip.count("data:image/jpeg;base64,") == len(captions) - 1
    assert strip.count(f"not available: {GONE}") == 1


def test_an_empty_registry_is_an_honest_page(registry: Registry, tmp_path: Path) -> None:
    Warehouse(registry.path).create()
    registry.run()
    text = page_of(registry, tmp_path / "out").read_text(encoding="utf-8")
    assert text.count("No data for this picture.") == len(PICTURES)
    assert "<img" not in text


@pytest.mark.parametrize("content", ["nothing", "other tables", "no database"])
def test_a_file_that_was_not_published_is_told(tmp_path: Path, content: str) -> None:
    registry = tmp_path / "registry.duckdb"
    if content == "other tables":
        duckdb.connect(str(registry)).execute("CREATE TABLE t (a INTEGER)").close()
    elif content == "no database":
        registry.write_bytes(b"no database" * 1000)
    with pytest.raises(UsageError, match="'ingest publish'"):
        write_page(registry, tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_chromium_shows_the_pictures_and_refuses_nothing(cohort: Registry, tmp_path: Path) -> None:
    cv2 = pytest.importorskip("cv2")
    page, shot = page_of(cohort, tmp_path, grey_films), tmp_path / "shot.png"
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--enable-logging=stderr", "--hide-scrollbars"]
    done = subprocess.run(
        [
            *command,
            f"--user-data-dir={tmp_path}/profile",
            "--window-size=1000,5000",
            f"--screenshot={shot}",
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    assert "Refused to" not in done.stderr
    assert "Content Security Policy" not in done.stderr
    pixels = cv2.imread(str(shot))
    blue = np.array([178, 114, 0])  # of Okabe and Ito's palette, as OpenCV orders channels
    assert (np.abs(pixels.astype(int) - blue).max(axis=2) < 3).mean() > 0.002
    assert (np.abs(pixels.astype(int) - 77).max(axis=2) < 3).mean() > 0.002  # the grey films
