"""Files of real devices, and broken ones: those of the pydicom wheel, and a larger set beside us or in $REAL_DICOM."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pydicom
import pytest
from builders.real import FOLDERS
from builders.site import make_site

from ingest.reading import Reading
from ingest.records import Reason
from ingest.source import walk
from ingest.workers import Workers


@pytest.fixture(scope="module", params=FOLDERS)
def readings(request: pytest.FixtureRequest) -> Iterator[dict[Path, Reading]]:
    folder = FOLDERS[request.param]
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    with Workers(1, make_site(), timeout_s=120) as workers:
        yield {
            found.path: future.result()
            for found, future in [(found, workers.submit(found)) for found in walk([folder])]
        }


def test_every_file_is_a_film_or_says_why_not(readings: dict[Path, Reading]) -> None:
    assert all((reading.reason is None) is (reading.canvas is not None) for reading in readings.values())


def test_no_real_file_kills_a_worker(readings: dict[Path, Reading]) -> None:
    reasons = Counter(reading.reason for reading in readings.values())
    assert not {Reason.WORKER_CRASHED, Reason.UNREADABLE} & reasons.keys()


def test_most_radiographs_decode(readings: dict[Path, Reading]) -> None:
    """All that pass the screen but four of the wheel's and the larger set's deliberately broken ones."""
    passed = [reading for reading in readings.values() if reading.content_sha256]
    assert sum(reading.canvas is None for reading in passed) <= 4
    assert len(passed) > 10


def test_details_are_one_line_without_a_name(readings: dict[Path, Reading]) -> None:
    for path, reading in readings.items():
        if reading.detail is None:
            continue
        assert "\n" not in reading.detail
        for word in _patient(path):
            assert word not in reading.detail


def _patient(path: Path) -> list[str]:
    """Name and ID, where pydicom can read them."""
    try:
        with path.open("rb") as file:
            dataset = pydicom.dcmread(file, stop_before_pixels=True, specific_tags=["PatientName", "PatientID"])
            words = [str(dataset.get(tag, "")) for tag in ("PatientName", "PatientID")]
    except Exception:  # noqa: BLE001 - half of these files are broken on purpose
        return []
    return [word for word in words if len(word) > 3]
