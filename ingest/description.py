"""What a header says of its pixels: refused before anything is decoded, or filled in where a reader can infer it."""

from pydicom import Dataset
from pydicom.uid import UID

from ingest.codecs import MAX_PIXELS, can_decode
from ingest.errors import FileError
from ingest.records import Reason


def check_pixels(dataset: Dataset) -> None:
    """Refuses, from the header alone, what could not be decoded or would be too large.

    Raises:
        FileError: multi_frame, too_many_pixels, unsupported_transfer_syntax or bad_header.
    """
    syntax = UID(dataset.file_meta.TransferSyntaxUID)
    if not can_decode(syntax):
        raise FileError(Reason.UNSUPPORTED_TRANSFER_SYNTAX, syntax.name)
    frames = whole(dataset, "NumberOfFrames", 1)
    if frames > 1:
        raise FileError(Reason.MULTI_FRAME, f"{frames} frames; a radiograph has one")
    count = whole(dataset, "Rows", 0) * whole(dataset, "Columns", 0) * whole(dataset, "SamplesPerPixel", 1)
    if count > MAX_PIXELS:
        raise FileError(Reason.TOO_MANY_PIXELS, f"{count} values; at most {MAX_PIXELS} are decoded")
    if count <= 0:
        raise FileError(Reason.BAD_HEADER, "Rows, Columns or SamplesPerPixel is not positive")
    _check_description(dataset)


def _check_description(dataset: Dataset) -> None:
    """Fills what a reader can infer of (0028,0002) to (0028,0103), and raises FileError(bad_header) for the rest."""
    if not str(dataset.get("PhotometricInterpretation") or "").strip():
        raise FileError(Reason.BAD_HEADER, "PhotometricInterpretation (0028,0004) is absent: black may be white")
    allocated = whole(dataset, "BitsAllocated", 0)
    if allocated not in (1, 8, 16, 32, 64):
        raise FileError(Reason.BAD_HEADER, f"BitsAllocated (0028,0100) is {allocated}")
    stored = whole(dataset, "BitsStored", allocated)
    if not 0 < stored <= allocated:
        raise FileError(Reason.BAD_HEADER, f"BitsStored (0028,0101) is {stored} of {allocated}")
    dataset.SamplesPerPixel = whole(dataset, "SamplesPerPixel", 1)
    dataset.BitsStored = stored
    dataset.HighBit = whole(dataset, "HighBit", stored - 1)
    dataset.PixelRepresentation = int(whole(dataset, "PixelRepresentation", 0) == 1)


def whole(dataset: Dataset, keyword: str, default: int) -> int:
    """A count of the header; pydicom hands out odd values as text or None."""
    try:
        return int(dataset.get(keyword) or default)
    except (TypeError, ValueError, AttributeError):
        return default
