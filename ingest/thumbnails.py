"""A small picture of a hip, cut from its film; or why there is none."""

import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.archive import SEPARATOR, label, members
from ingest.errors import FileError
from ingest.header import open_header, tells_of_burned_in_text
from ingest.hip_pictures import HipFilm
from ingest.landing import file_key
from ingest.reading import Reading, Site, read_film
from ingest.records import Canvas, FoundFile
from ingest.rules import Rules
from ingest.settings import FILE_TIMEOUT_S
from ingest.unpacking import opened
from ingest.workers import Workers
from warehouse.film_files import FilmFile, film_files

LONGEST_PIXELS = 192  # of the picture's longer side
STROKE_PIXELS = 15  # of the canvas: lines of less than half of it are wiped out, as strokes of letters are
JPEG_QUALITY = 85
GONE = "the file is gone"
CHANGED = "the file has changed since it was read"
BURNED_IN = "its header says that text is burned into it"
NO_BOX = "the box of its hip is empty"

Read = Callable[[FoundFile], Reading]


def _nobody(*_: object) -> str:
    return ""


SITE = Site(_nobody, Rules((), ""))  # no identity is kept, and nothing that was registered is excluded


class _NotAvailableError(Exception):
    """Why there is no picture, in words for the page."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """One of both."""

    jpeg: bytes | None = None
    why_not: str | None = None


def _read_here(found: FoundFile) -> Reading:
    return read_film(found, SITE)


def thumbnails(warehouse: Path, films: Sequence[HipFilm]) -> list[Thumbnail]:
    """Of each film the hip of its side, from the files that the warehouse knows it by.

    Raises:
        WarehouseError: the warehouse cannot be opened.
        WarehouseHeldError: another process holds it.
    """
    files = film_files(warehouse, [(film.film_key, film.model_version, film.side) for film in films])
    with Workers(1, SITE, timeout_s=FILE_TIMEOUT_S) as workers:
        return [thumbnail(files.get(film.film_key, ()), lambda one: workers.submit(one).result()) for film in films]


def thumbnail(files: Iterable[FilmFile], read: Read = _read_here) -> Thumbnail:
    """Of the first of a film's files that can be shown, the hip's box and nothing around it; raises nothing.

    Names and notes stand at the edges of films: outside of the box they are not in the picture, inside of it thin
    strokes are wiped out, and a film whose header says that text is burned into it (0028,0301) is not shown at all.
    ``why_not`` is that of the first file. ``read`` decodes it: in another process, where a codec's crash is to cost
    one picture.
    """
    shown = Thumbnail(why_not="this warehouse has no file of it")
    for number, file in enumerate(files):
        tried = _thumbnail(file, read)
        if tried.jpeg is not None:
            return tried
        shown = tried if number == 0 else shown
    return shown


def _thumbnail(file: FilmFile, read: Read) -> Thumbnail:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's quote the header
            return Thumbnail(_jpeg(_crop(file, read)))
    except _NotAvailableError as error:
        return Thumbnail(why_not=str(error))
    except (FileNotFoundError, NotADirectoryError):
        return Thumbnail(why_not=GONE)
    except OSError as error:
        return Thumbnail(why_not=f"the file cannot be opened: {error.strerror or type(error).__name__}")
    except FileError as error:
        return Thumbnail(why_not=f"the file cannot be read: {error.reason}")
    except Exception as error:  # noqa: BLE001 - broken headers fail in as many ways as there are bytes
        return Thumbnail(why_not=f"the file cannot be read: {type(error).__name__}")


def _crop(file: FilmFile, read: Read) -> NDArray[np.uint8]:
    found = _found(file.path)
    if found is None or file_key(found) != file.file_key:
        raise _NotAvailableError(CHANGED)
    with opened(found) as content:
        headed = open_header(content)
    if headed is not None and tells_of_burned_in_text(headed[0]):
        raise _NotAvailableError(BURNED_IN)
    reading = read(found)
    if reading.canvas is None:
        raise FileError(str(reading.reason), "")
    if file.content_sha256 not in {None, reading.content_sha256}:
        raise _NotAvailableError(CHANGED)
    crop = cut(reading.canvas, file.box)
    if crop is None:
        raise _NotAvailableError(NO_BOX)
    return _shrunk(_without_strokes(crop))


def _found(text: str) -> FoundFile | None:
    """The file as it lies there now; None where an archive no longer has the member.

    Raises:
        OSError: there is none, or the file system does not tell.
    """
    path = Path(text)
    archive = Path(text.partition(SEPARATOR)[0])
    if SEPARATOR not in text or path.exists():
        status = path.stat()
        return FoundFile(path, status.st_size, status.st_mtime_ns)
    status = archive.stat()
    inside = members(FoundFile(archive, status.st_size, status.st_mtime_ns)) or ()
    return next((member for member in inside if label(member) == text), None)


def cut(canvas: Canvas, box: tuple[float, float, float, float]) -> NDArray[np.uint8] | None:
    """The part of a canvas that a box in film pixels covers, (H, W); None where it covers no pixel."""
    scales = (canvas.scale, canvas.scale_y or canvas.scale) * 2
    offsets = (canvas.offset_x, canvas.offset_y) * 2
    height, width = canvas.pixels.shape
    x0, y0, x1, y1 = (
        round(min(max(value * scale + offset, 0), limit))
        for value, scale, offset, limit in zip(box, scales, offsets, (width, height) * 2, strict=True)
    )
    if x1 <= x0 or y1 <= y0:
        return None
    return canvas.pixels[y0:y1, x0:x1]


def _without_strokes(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The median around each pixel: strokes, bright or dark, are fewer than what is around them; edges stay."""
    return np.asarray(cv2.medianBlur(crop, STROKE_PIXELS), dtype=np.uint8)


def _shrunk(crop: NDArray[np.uint8]) -> NDArray[np.uint8]:
    shrink = min(1.0, LONGEST_PIXELS / max(crop.shape))
    size = max(1, round(crop.shape[1] * shrink)), max(1, round(crop.shape[0] * shrink))
    return np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def _jpeg(crop: NDArray[np.uint8]) -> bytes:
    _, coded = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return bytes(coded)
