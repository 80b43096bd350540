"""The page of pictures: whole, closed to the network, honest where there is nothing, and as Chromium shows it."""

import re
import shutil
import stat
import subprocess
from pathlib import Path

import duckdb
import numpy as np
import pytest
from builders.registry import Registry

from ingest.errors import UsageError
from ingest.page import PICTURES, write_page
from warehouse.land import Warehouse
from warehouse.publish import RESEARCH_USE, publish

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")


def page_of(registry: Registry, folder: Path) -> Path:
    published = publish(registry.path, folder, smallest_count=5)
    write_page(published.path, folder / "report.html")
    return folder / "report.html"


def test_a_cohort_has_every_picture_and_the_page_asks_the_network_for_nothing(cohort: Registry, tmp_path: Path) -> None:
    page = page_of(cohort, tmp_path)
    text = page.read_text(encoding="utf-8")
    assert text.count("<img alt=") == len(PICTURES)
    assert "No data" not in text
    assert RESEARCH_USE in text
    assert not re.search(r"https?:|<script|<link|url\(", text)
    assert "default-src 'none'; img-src data:; style-src 'sha256-" in text
    assert stat.S_IMODE(page.stat().st_mode) == 0o640


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
    page, shot = page_of(cohort, tmp_path), tmp_path / "shot.png"
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
