"""One file, read: its header screened, its pixels on the canvas, or the reason why not."""

import errno
import hashlib
import os
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BufferedReader, BytesIO

import pydicom
from pydicom import Dataset

from ingest.description import check_pixels
from ingest.errors import FileError
from ingest.header import Keyer, open_header, read_header, transfer_syntax
from ingest.pixels import decode, render, same_film_hashes
from ingest.records import Canvas, FoundFile, Header, Reason
from ingest.rules import Rules
from ingest.screen import screen
from ingest.unpacking import opened

Content = BufferedReader | BytesIO
IsKnown = Callable[[str], bool]
PIXELS = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")  # (7FE0,0010), (7FE0,0008), (7FE0,0009)
MAX_FILE_BYTES = 2 << 30  # of a file whose pixels are read; uncompressed, MAX_PIXELS take a tenth of it


@dataclass(frozen=True, slots=True)
class Reading:
    """What one file holds: a film, or ``reason`` why it has none."""

    reason: Reason | None = None
    detail: str | None = None  # one line, free of patient data
    content_sha256: str | None = None  # None where the header alone decided
    header: Header | None = None
    canvas: Canvas | None = None
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Site:
    """What is the same for all files of a run; travels to the workers."""

    keyer: Keyer
    rules: Rules
    shift_dates: bool = False


def is_dicom(found: FoundFile) -> bool:
    """Whether a file opens as DICOM at all."""
    try:
        with opened(found) as file, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # pydicom's quote the header
            return open_header(file) is not None
    except Exception:  # noqa: BLE001 - what fails to open as DICOM is none, whatever it fails with
        return False


def read_film(found: FoundFile, site: Site, is_known: IsKnown = lambda _: False, beside: str | None = None) -> Reading:
    """Read one file; whatever is wrong with it becomes the reading's reason. Raises nothing.

    ``is_known`` tells of a content hash whether its film is in the registry: such a file moved, or is a copy, and is
    not decoded. ``beside`` is the pixel hash of another film: where this one is the same, stored differently, that
    becomes its hash too.
    """
    started = time.perf_counter()
    try:
        with opened(found) as file:
            before = _version(file)
            reading = _read(file, found.size_bytes, site, is_known, beside)
            if before not in {_version(file), None} or (before and before[0] != found.size_bytes):
                reading = Reading(Reason.CHANGED, "it changed while it was read, or since it was found")
    except FileError as error:
        reading = Reading(Reason(error.reason), error.detail or None)
    except OSError as error:
        reading = Reading(Reason.UNREADABLE, error.strerror or type(error).__name__)
    except MemoryError:
        reading = Reading(Reason.TOO_MANY_PIXELS, "does not fit into the memory one worker may use")
    return replace(reading, seconds=time.perf_counter() - started)


def _version(file: Content) -> tuple[int, int] | None:
    """Size and time of change of an open file; None for a member of an archive, which lies in memory."""
    if isinstance(file, BytesIO):
        return None
    status = os.fstat(file.fileno())
    return status.st_size, status.st_mtime_ns


def _read(file: Content, size_bytes: int, site: Site, is_known: IsKnown, beside: str | None) -> Reading:
    try:
        headed = open_header(file) if size_bytes else None
    except (MemoryError, FileError):
        raise
    except Exception as error:  # noqa: BLE001 - broken headers fail in as many ways as there are bytes
        raise _header_error(error) from None
    dataset, has_pixels = headed or (None, False)
    verdict = screen(size_bytes, dataset, site.rules, has_pixels=has_pixels)
    if verdict.reason is not None:
        return Reading(verdict.reason, verdict.detail)
    if size_bytes > MAX_FILE_BYTES:
        return Reading(Reason.TOO_MANY_PIXELS, f"the file has {size_bytes} bytes; at most {MAX_FILE_BYTES} are read")
    file.seek(0)
    content_sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    file.seek(0)
    try:
        if is_known(content_sha256) and dataset is not None:
            header = read_header(dataset, site.keyer, shift_dates=site.shift_dates)
            if header.sop_instance_uid:  # else the pixels name it
                return Reading(Reason.SAME_IMAGE, None, content_sha256, header)
        return replace(_read_pixels(file, site, beside), content_sha256=content_sha256)
    except FileError as error:
        return Reading(Reason(error.reason), error.detail, content_sha256)


def open_image(file: Content) -> Dataset:
    """The whole of a file that ``open_header`` says holds pixels, with its transfer syntax filled in.

    Raises:
        FileError: truncated, too_many_pixels or bad_header.
    """
    try:
        dataset: Dataset = pydicom.dcmread(file, force=True)
        dataset.file_meta.TransferSyntaxUID = transfer_syntax(dataset)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - as above
        raise _header_error(error) from None
    if not any(keyword in dataset for keyword in PIXELS):  # pydicom drops what it cannot finish
        raise FileError(Reason.TRUNCATED, "the file ends inside the pixel data")
    return dataset


def _header_error(error: Exception) -> Exception:
    """What the system says of the file goes on; what pydicom says of its bytes, also as an OSError, is the file's."""
    if isinstance(error, OSError) and error.errno not in {None, errno.EINVAL}:
        return error
    if isinstance(error, EOFError):
        return FileError(Reason.TRUNCATED, "the file ends inside an element")
    return FileError(Reason.BAD_HEADER, f"the header cannot be read: {type(error).__name__}")


def _read_pixels(file: Content, site: Site, beside: str | None) -> Reading:
    dataset = open_image(file)
    try:
        header = read_header(dataset, site.keyer, shift_dates=site.shift_dates)
        check_pixels(dataset)
    except FileError:
        raise
    except Exception as error:  # noqa: BLE001 - as above
        raise _header_error(error) from None
    try:
        canvas = render(decode(dataset, whole_film=False), dataset)
        if beside is not None and beside in same_film_hashes(dataset):
            canvas = replace(canvas, pixel_sha256=beside)
    except FileError:
        raise
    except Exception as error:  # noqa: BLE001 - as above: windows and tables are header values too
        raise FileError(Reason.DECODE_ERROR, f"{type(error).__name__} while it was made visible") from None
    return Reading(header=_with_uid(header, canvas.pixel_sha256), canvas=canvas)


def _with_uid(header: Header, pixel_sha256: str) -> Header:
    """A film without a SOP Instance UID is named by its pixels, as a UID of the UUID root (PS3.5 B.2)."""
    if header.sop_instance_uid:
        return header
    return replace(header, sop_instance_uid=f"2.25.{int(pixel_sha256[:32], 16)}")
