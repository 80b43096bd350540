"""Small pictures of hips, cut from films that lie where they lay, and the words that stand where there is none."""

import os
import signal
import zipfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from builders.dicom import write_dicom
from numpy.typing import NDArray

import ingest.thumbnails
from ingest.archive import members
from ingest.hip_pictures import HipFilm
from ingest.landing import file_key
from ingest.reading import IsKnown, Reading, Site, read_film
from ingest.records import Canvas, FoundFile
from ingest.thumbnails import BURNED_IN, CHANGED, GONE, LONGEST_PIXELS, NO_BOX, SITE, cut, thumbnail, thumbnails
from ingest.workers import Workers
from warehouse.film_files import FilmFile

HEIGHT, WIDTH = 400, 300
BOX = (100.0, 150.0, 200.0, 350.0)  # x0, y0, x1, y1


def make_film() -> NDArray[np.uint16]:
    """Dark, with a grey hip in its box and a white note, as bright as text is burned in, along the upper edge."""
    pixels = np.full((HEIGHT, WIDTH), 100, np.uint16)
    pixels[150:350, 100:200] = 1500
    pixels[:40] = 4000
    return pixels


def found(path: Path) -> FoundFile:
    status = path.stat()
    return FoundFile(path, status.st_size, status.st_mtime_ns)


def landed(path: Path) -> FilmFile:
    """The file as a run lands it, with the hip's box."""
    reading = read_film(found(path), SITE)
    return FilmFile(file_key(found(path)), str(path), reading.content_sha256, BOX)


def decoded(jpeg: bytes | None) -> NDArray[np.uint8]:
    return np.asarray(cv2.imdecode(np.frombuffer(jpeg or b"", np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return write_dicom(tmp_path / "film.dcm", make_film())


def test_the_picture_is_the_hips_box_and_no_more(film: Path) -> None:
    picture = decoded(thumbnail([landed(film)]).jpeg)
    assert picture.shape == (LONGEST_PIXELS, LONGEST_PIXELS // 2)  # the box is twice as high as wide
    canvas = read_film(found(film), SITE).canvas
    assert canvas is not None
    note, hip = int(canvas.pixels.max()), int(canvas.pixels[480, 384])
    assert note - hip > 50
    assert abs(int(picture.max()) - hip) < 15
    assert abs(float(np.median(picture)) - hip) < 3


@pytest.mark.parametrize("shade", [4000, 100], ids=["bright", "dark"])
def test_letters_over_the_hip_are_wiped_out(tmp_path: Path, shade: int) -> None:
    """Of a film of 2,000 pixels, on which letters are 44 pixels high and their strokes 4 wide."""
    film = np.kron(make_film(), np.ones((5, 5), np.uint16))
    box = tuple(5 * value for value in BOX)
    for line, text in enumerate(("DOE^JANE", "19501231", "ID 12345")):
        cv2.putText(film, text, (515, 1000 + 180 * line), cv2.FONT_HERSHEY_SIMPLEX, 2.0, shade, 4)
    assert (film[750:1750, 500:1000] == shade).mean() > 0.02
    file = replace(landed(write_dicom(tmp_path / "film.dcm", film)), box=box)
    picture = decoded(thumbnail([file]).jpeg).astype(int)[4:-4, 4:-4]  # the box's edges are edges of the hip
    assert (np.abs(picture - np.median(picture)) > 20).mean() < 0.004


def test_a_box_is_cut_where_the_canvas_has_it_also_where_pixels_are_not_square() -> None:
    pixels = np.arange(768 * 768, dtype=np.uint32).reshape(768, 768) % 251
    canvas = Canvas(pixels.astype(np.uint8), 0.5, 10.0, 20.0, "", scale_y=0.25)
    part = cut(canvas, (100.0, 200.0, 180.0, 400.0))
    assert part is not None
    assert np.array_equal(part, canvas.pixels[70:120, 60:100])


def test_a_box_beyond_the_film_ends_where_the_canvas_does_and_an_empty_one_is_no_picture(film: Path) -> None:
    canvas = Canvas(np.zeros((768, 768), np.uint8), 1.0, 0.0, 0.0, "")
    part = cut(canvas, (700.0, 700.0, 2000.0, 2000.0))
    assert part is not None
    assert part.shape == (68, 68)
    empty = replace(landed(film), box=(50.0, 60.0, 50.0, 60.0))
    assert thumbnail([empty]).why_not == NO_BOX


def test_a_film_that_is_gone_is_told(film: Path) -> None:
    before = landed(film)
    film.unlink()
    assert thumbnail([before]).why_not == GONE


def test_another_film_under_the_same_path_is_never_shown(film: Path) -> None:
    before = landed(film)
    write_dicom(film, make_film() + 1)
    assert thumbnail([before]).why_not == CHANGED


def test_a_file_of_the_same_size_and_time_but_other_content_is_never_shown(film: Path) -> None:
    before, status = landed(film), film.stat()
    write_dicom(film, make_film() + 1)
    os.utime(film, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file_key(found(film)) == before.file_key
    assert thumbnail([before]).why_not == CHANGED


@pytest.mark.parametrize("says", ["YES", "yes "])
def test_a_film_whose_header_tells_of_burned_in_text_is_never_shown(tmp_path: Path, says: str) -> None:
    film = write_dicom(tmp_path / "film.dcm", make_film(), BurnedInAnnotation=says)
    shown = thumbnail([landed(film)])
    assert shown.jpeg is None
    assert shown.why_not == BURNED_IN


def test_a_film_that_says_no_of_burned_in_text_is_shown(tmp_path: Path) -> None:
    film = write_dicom(tmp_path / "film.dcm", make_film(), BurnedInAnnotation="NO")
    assert thumbnail([landed(film)]).jpeg


def test_what_cannot_be_read_any_more_is_told_without_a_path_or_a_name(tmp_path: Path) -> None:
    film = write_dicom(tmp_path / "Doe^Jane.dcm", make_film())
    film.write_bytes(film.read_bytes()[:-1000])
    torn = FilmFile(file_key(found(film)), str(film), None, BOX)
    assert thumbnail([torn]).why_not == "the file cannot be read: truncated"
    folder = FilmFile(file_key(found(tmp_path)), str(tmp_path), None, BOX)
    assert thumbnail([folder]).why_not == "the file cannot be opened: Is a directory"


def crash_on_a_first(found: FoundFile, site: Site, is_known: IsKnown, beside: str | None) -> Reading:
    """As a codec does whose memory is overwritten."""
    if found.path.name == "first.dcm":
        os.kill(os.getpid(), signal.SIGSEGV)
    return read_film(found, site, is_known, beside)


def test_a_codec_that_crashes_costs_one_picture(tmp_path: Path) -> None:
    first, second = (landed(write_dicom(tmp_path / name, make_film())) for name in ("first.dcm", "second.dcm"))
    with Workers(1, SITE, timeout_s=60, task=crash_on_a_first) as workers:
        shown = [thumbnail([file], lambda found: workers.submit(found).result()) for file in (first, second)]
    assert shown[0].why_not == "the file cannot be read: worker_crashed"
    assert shown[1] == thumbnail([second])
    assert shown[1].jpeg


def test_the_films_of_a_page_are_decoded_in_another_process(film: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = landed(film)
    here = thumbnail([file])
    monkeypatch.setattr(ingest.thumbnails, "film_files", lambda *_: {"known": [file]})
    monkeypatch.setattr(ingest.thumbnails, "read_film", None)
    shown = thumbnails(
        film.parent, [HipFilm(key, "m", "left", None, "ap_hip", None, None) for key in ("known", "gone")]
    )
    assert here.jpeg
    assert shown == [here, thumbnail([])]


def test_a_copy_stands_in_for_a_film_that_is_gone(film: Path, tmp_path: Path) -> None:
    copy = write_dicom(tmp_path / "copy.dcm", make_film())
    files = [landed(film), landed(copy)]
    film.unlink()
    assert thumbnail(files).jpeg
    copy.unlink()
    assert thumbnail(files).why_not == GONE


def test_a_film_that_the_warehouse_has_no_file_of_is_told() -> None:
    assert thumbnail([]).why_not == "this warehouse has no file of it"


def test_a_film_in_an_archive_is_found_by_its_label(film: Path, tmp_path: Path) -> None:
    archive = tmp_path / "films.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.write(film, "a/first.dcm")
        file.write(film, "a/second.dcm")
    first, second = members(found(archive)) or ()
    inside = FilmFile(file_key(second), f"{archive}!/a/second.dcm", None, BOX)
    assert thumbnail([inside]).jpeg
    assert thumbnail([replace(inside, file_key=file_key(first))]).why_not == CHANGED
    assert thumbnail([replace(inside, path=f"{archive}!/a/third.dcm")]).why_not == CHANGED
    archive.unlink()
    assert thumbnail([inside]).why_not == GONE
