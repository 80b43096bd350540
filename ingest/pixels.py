"""The pixels: decoding by any codec that is installed, and rendering to the canvas that the models see."""

import hashlib
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels import apply_color_lut
from pydicom.uid import UID

from ingest.codecs import BombError, BrokenOffError, is_encapsulated, stored_frame
from ingest.description import whole
from ingest.display import not_padding, show
from ingest.errors import FileError
from ingest.records import CANVAS_SIZE, Canvas, Reason
from ingest.reduction import as_means, halves
from ingest.spacing import pixel_aspect

MOST_HALVINGS = 5  # of a film of 24,576 pixels; none is larger (codecs.MAX_PIXELS)
LUMA = (0.299, 0.587, 0.114)  # Rec. 601, red, green, blue
MADE_BY = ("pixels.py", "codecs.py", "reduction.py", "streams.py", "description.py", "display.py", "spacing.py")
PREPROCESSING = (
    "canvas-"
    + hashlib.sha256(b"".join((Path(__file__).parent / name).read_bytes() for name in MADE_BY)).hexdigest()[:12]
)  # stands beside each inference: the code that made what the models saw


class Placement(NamedTuple):
    """Where a film lies on the canvas."""

    scale: float  # canvas pixels per film pixel, across
    scale_y: float  # and down
    width: int  # canvas pixels
    height: int
    left: int
    top: int

    @property
    def offset_x(self) -> float:
        """Canvas x of the film's first pixel; its centre lies half a pixel from its edge, and that half is scaled."""
        return self.left + self.scale / 2 - 0.5

    @property
    def offset_y(self) -> float:
        """Canvas y of the film's first pixel."""
        return self.top + self.scale_y / 2 - 0.5


def decode(dataset: Dataset, *, whole_film: bool = True) -> NDArray[Any]:
    """Stored values, (H, W), of any integer or float type; colour becomes grey.

    Unless the ``whole_film`` is wanted, it may come halved as often as the canvas allows (``ingest/reduction.py``).

    Raises:
        FileError: truncated, or decode_error with the kind of error only, since messages may quote the header.
    """
    _check_length(dataset)
    dataset.NumberOfFrames = 1  # whatever an unreadable count says
    below = _bits_below(dataset)
    if below:
        dataset.BitsStored += below
    try:
        least = None if whole_film or "PixelPaddingValue" in dataset else CANVAS_SIZE  # half a film blends its padding
        stored = stored_frame(dataset, least=least)
        stored = stored >> below if below else stored
        if dataset.PhotometricInterpretation == "PALETTE COLOR":
            stored = apply_color_lut(stored, dataset)
    except BombError as error:
        raise FileError(Reason.TOO_MANY_PIXELS, str(error)) from None
    except BrokenOffError as error:
        raise FileError(Reason.TRUNCATED, str(error)) from None
    except MemoryError:
        raise FileError(Reason.TOO_MANY_PIXELS, "does not fit into the memory one worker may use") from None
    except Exception as error:  # noqa: BLE001 - six codecs, each with its own way to fail
        syntax = UID(dataset.file_meta.TransferSyntaxUID).name
        raise FileError(Reason.DECODE_ERROR, f"{type(error).__name__} in {syntax}") from None
    if stored.ndim == 3:
        stored = stored[..., :3].astype(np.float32) @ np.array(LUMA, np.float32)
    if stored.ndim != 2 or not stored.size:
        raise FileError(Reason.DECODE_ERROR, f"decoded to {stored.ndim} dimensions instead of 2")
    return stored.astype(stored.dtype.newbyteorder("="), copy=False)


def render(stored: NDArray[Any], dataset: Dataset) -> Canvas:
    """The canvas of a film: shrunk first (what follows is monotone, and a tenth of the pixels), then shown."""
    placement = place(dataset.Rows, dataset.Columns, aspect=pixel_aspect(dataset))
    pixel_sha256 = pixel_hash(stored)
    stored = as_means(stored, dataset.Rows)
    valid = not_padding(stored, dataset) if "PixelPaddingValue" in dataset else None
    if valid is None or valid.all():
        small = shrink(stored, placement)
        shown = show(small, np.ones(small.shape, bool), dataset=dataset)
    else:
        shown = show(*_shrink_valid(stored, valid, placement), dataset=dataset)
    scale_y = placement.scale_y if placement.scale_y != placement.scale else None
    pixels = _pad(shown, placement)
    return Canvas(pixels, placement.scale, placement.offset_x, placement.offset_y, pixel_sha256, scale_y)


def to_canvas(
    display: NDArray[Any], black: float = 0.0, white: float = 1.0
) -> tuple[NDArray[np.uint8], float, float, float]:
    """A displayed film (H, W), bone bright, as canvas pixels (768, 768), scale, offset x and offset y.

    ``black`` and ``white`` are the display values shown as 0 and 255. canvas = film * scale + offset, with pixel
    centres at integers on both sides.
    """
    placement = place(*display.shape)
    shown = (shrink(display, placement) - black) / (white - black)
    return _pad(shown, placement), placement.scale, placement.offset_x, placement.offset_y


def place(height: int, width: int, *, aspect: float = 1.0) -> Placement:
    """The largest film of this shape that fits, centred; ``aspect`` is the height of a pixel over its width."""
    scale = CANVAS_SIZE / max(height * aspect, width)
    scale_y = scale * aspect
    wide, high = max(1, round(width * scale)), max(1, round(height * scale_y))
    return Placement(scale, scale_y, wide, high, (CANVAS_SIZE - wide) // 2, (CANVAS_SIZE - high) // 2)


def shrink(image: NDArray[Any], placement: Placement) -> NDArray[np.float32]:
    """The mean of what each canvas pixel covers; a film smaller than the canvas is interpolated."""
    if image.dtype not in (np.uint8, np.uint16, np.int16, np.float32):
        image = image.astype(np.float32)
    how = cv2.INTER_AREA if min(placement.scale, placement.scale_y) < 1 else cv2.INTER_LINEAR
    small = cv2.resize(np.ascontiguousarray(image), (placement.width, placement.height), interpolation=how)
    return small.astype(np.float32)


def pixel_hash(stored: NDArray[Any]) -> str:
    """What makes two files the same image: shape and values, whatever codec carried them in whatever type."""
    values = _plainest(stored)
    sha256 = hashlib.sha256(f"{values.shape} {values.dtype.str}".encode())
    sha256.update(np.ascontiguousarray(values).data)
    return sha256.hexdigest()


def same_film_hashes(dataset: Dataset) -> frozenset[str]:
    """``pixel_hash`` of a film however it is stored: of the whole, and of its halves, which JPEG 2000 is read as.

    Raises:
        FileError: as ``decode``.
    """
    film = decode(dataset)
    hashes = {pixel_hash(film)}
    if film.dtype.kind == "u":  # only those are read halved
        for bits in {whole(dataset, "BitsStored", 16), film.dtype.itemsize * 8}:
            hashes.update(pixel_hash(half) for half in islice(halves(film, bits), MOST_HALVINGS))
    return frozenset(hashes)


def _plainest(stored: NDArray[Any]) -> NDArray[Any]:
    """Whole numbers as the first of two types that holds them; everything else as it is, little-endian."""
    if stored.dtype.kind in "iu" and stored.dtype != "<u2":
        low, high = int(stored.min()), int(stored.max())
        for kind in ("<u2", "<i2"):
            if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
                return stored.astype(kind, copy=False)
    return stored.astype(stored.dtype.newbyteorder("<"), copy=False)


def _shrink_valid(
    stored: NDArray[Any], valid: NDArray[np.bool_], placement: Placement
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """The mean of what is no padding under each canvas pixel, and where that is at least half of it."""
    weights = shrink(valid.astype(np.float32), placement)
    sums = shrink(np.where(valid, stored, 0).astype(np.float32), placement)
    return sums / np.maximum(weights, np.float32(1e-6)), weights >= 0.5


def _pad(shown: NDArray[np.float32], placement: Placement) -> NDArray[np.uint8]:
    canvas = np.zeros((CANVAS_SIZE, CANVAS_SIZE), np.uint8)
    inside = np.s_[placement.top : placement.top + placement.height, placement.left : placement.left + placement.width]
    canvas[inside] = np.rint(np.clip(shown, 0, 1) * 255)
    return canvas


def _check_length(dataset: Dataset) -> None:
    """Raises FileError(truncated) where uncompressed pixels are fewer than the header promises."""
    if "PixelData" not in dataset:
        if "FloatPixelData" in dataset or "DoubleFloatPixelData" in dataset:
            return
        raise FileError(Reason.TRUNCATED, "the file ends inside the pixel data")
    if is_encapsulated(str(dataset.file_meta.TransferSyntaxUID)):
        return
    samples = whole(dataset, "SamplesPerPixel", 1)
    if samples == 3 and "422" in str(dataset.get("PhotometricInterpretation")):
        samples = 2  # chroma is stored for every second pixel
    values = dataset.Rows * dataset.Columns * samples
    expected = (values * whole(dataset, "BitsAllocated", 8) + 7) // 8
    if len(dataset.PixelData) < expected:
        raise FileError(Reason.TRUNCATED, f"{len(dataset.PixelData)} of {expected} bytes of pixels are there")


def _bits_below(dataset: Dataset) -> int:
    """Old files keep values at the top of their words, and maybe an overlay in the bits below: High Bit (0028,0102)."""
    high, bits = whole(dataset, "HighBit", 0), whole(dataset, "BitsStored", 16)
    native = not is_encapsulated(str(dataset.file_meta.TransferSyntaxUID)) and "PixelData" in dataset
    return high + 1 - bits if native and bits <= high < whole(dataset, "BitsAllocated", 16) else 0
