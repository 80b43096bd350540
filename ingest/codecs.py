"""One frame out of a file: by the quickest codec for its syntax, by pydicom's plugins, or by imagecodecs.

Owner of the codecs: nothing but this and ``reduction.py`` imports one. Which is the quickest is measured by
``python -m benchmarks.throughput``.
"""

import contextlib
import zlib
from typing import Any

import imagecodecs
import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.encaps import get_frame
from pydicom.pixels import get_decoder, pixel_array
from pydicom.uid import UID, RLELossless

from ingest.reduction import decode_halved, halvings
from ingest.streams import JPEG_LS_FRAME, LOSSLESS_FRAME, START_OF_IMAGE, image_size, is_broken_off, jpeg_process

MAX_PIXELS = 100_000_000  # 10,000 x 10,000: twice the largest stitched leg film; above it a bomb or a slide scan
JPEG_PROGRESSIVE = ("1.2.840.10008.1.2.4.53", "1.2.840.10008.1.2.4.55")  # retired, in old archives
JPEG_XL = ("1.2.840.10008.1.2.4.110", "1.2.840.10008.1.2.4.111", "1.2.840.10008.1.2.4.112")
JPEG_LOSSLESS = ("1.2.840.10008.1.2.4.57", "1.2.840.10008.1.2.4.70")
JPEG_LS = ("1.2.840.10008.1.2.4.80", "1.2.840.10008.1.2.4.81")
JPEG_2000 = ("1.2.840.10008.1.2.4.90", "1.2.840.10008.1.2.4.91")
DEFLATED_FRAME = "1.2.840.10008.1.2.8.1"
_OURS = frozenset({*JPEG_PROGRESSIVE, *JPEG_XL, DEFLATED_FRAME})  # that pydicom has no decoder for
_RLE_HEADER_BYTES = 64  # PS3.5 G.5: number of segments, and where each begins


class BombError(ValueError):
    """A stream would unpack to more than is decoded here."""


class BrokenOffError(ValueError):
    """A stream ends before its image does."""


def can_decode(syntax: str) -> bool:
    """Whether any codec here reads this transfer syntax."""
    if syntax in _OURS:
        return True
    try:
        return bool(get_decoder(UID(syntax)).is_available)
    except NotImplementedError:
        return False


def is_encapsulated(syntax: str) -> bool:
    """Whether pixels lie in frames of their own (PS3.5 A.4); of a syntax that ``can_decode``."""
    return syntax in _OURS or bool(UID(syntax).is_encapsulated)


def stored_frame(dataset: Dataset, index: int = 0, *, least: int | None = None) -> NDArray[Any]:
    """Stored values of one frame: (H, W), or (H, W, 3) as RGB where it has colours.

    With ``least``, the frame may come halved (``reduction.on_the_grid`` says how its samples lie) as often as its
    longer side keeps so many pixels.

    Raises:
        BombError: before memory is taken for it.
        BrokenOffError: half a film is none.
        Exception: whatever the last codec that was tried raises.
    """
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    if not is_encapsulated(syntax):
        return _uncompressed(dataset, index)
    frame = _encoded(dataset, index)
    _check_size(frame, dataset)
    if is_broken_off(frame):
        raise BrokenOffError("the stream ends inside the image")
    if syntax in _OURS:
        return _decoded(frame, dataset)
    with contextlib.suppress(Exception):  # what a quick codec gives up on, the thorough ones try
        quick = _quickly(frame, dataset, least)
        if quick is not None:
            return quick
    try:
        image: NDArray[Any] = pixel_array(dataset, index=index)
    except (MemoryError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException:  # noqa: BLE001 - a codec written in Rust panics with one of its own
        image = _decoded(frame, dataset)
    return image


def _uncompressed(dataset: Dataset, index: int) -> NDArray[Any]:
    """A view of the bytes that were read; a copy where values use bits that they have not (PS3.5 8.1.1)."""
    if dataset.get("SamplesPerPixel") == 1 and dataset.get("BitsAllocated") in {8, 16} and "PixelData" in dataset:
        view: NDArray[Any] = pixel_array(dataset, index=index, view_only=True, correct_unused_bits=False)
        bits = int(dataset.BitsStored) - int(view.dtype.kind == "i")
        if view.size and -(1 << bits) * int(view.dtype.kind == "i") <= view.min() and view.max() < 1 << bits:
            return view
    copy: NDArray[Any] = pixel_array(dataset, index=index)
    return copy


def _quickly(frame: bytes, dataset: Dataset, least: int | None) -> NDArray[Any] | None:
    """By the codec that takes least time; None where this film has none that is quicker than pydicom's."""
    syntax, wanted = str(dataset.file_meta.TransferSyntaxUID), (dataset.Rows, dataset.Columns)
    if dataset.SamplesPerPixel != 1:
        return None
    if syntax in JPEG_2000 and least and dataset.PixelRepresentation == 0:
        times = halvings(frame, *wanted, least)
        image = decode_halved(frame, times) if times else None
        wanted = (wanted[0] >> times, wanted[1] >> times)
    elif syntax in JPEG_LOSSLESS and jpeg_process(frame) == LOSSLESS_FRAME:
        image = _signed(np.asarray(imagecodecs.jpeg8_decode(frame)), dataset)
    elif syntax in JPEG_LS and jpeg_process(frame) == JPEG_LS_FRAME:
        image = _signed(np.asarray(imagecodecs.jpegls_decode(frame)), dataset)
    else:
        image = None
    return image if image is not None and image.shape == wanted else None


def _check_size(frame: bytes, dataset: Dataset) -> None:
    """Before a codec takes memory, or writes an image of one size into a buffer of another."""
    size = image_size(frame)
    if size and size.values > MAX_PIXELS:
        raise BombError(f"the stream claims {size.values} values; at most {MAX_PIXELS} are decoded")
    if size and (size.rows, size.columns) != (dataset.Rows, dataset.Columns):
        raise ValueError("the stream holds an image of another size than the header says")


def _encoded(dataset: Dataset, index: int) -> bytes:
    tables = (dataset.get("ExtendedOffsetTable"), dataset.get("ExtendedOffsetTableLengths"))
    frame: bytes = get_frame(
        dataset.PixelData,
        index,
        number_of_frames=int(dataset.get("NumberOfFrames") or 1),
        extended_offsets=tables if all(tables) else None,
    )
    return frame


def _decoded(frame: bytes, dataset: Dataset) -> NDArray[Any]:
    """By imagecodecs and zlib, told by the stream itself: what the header names is not always what is there."""
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    if syntax == DEFLATED_FRAME:
        image = _native(_inflated(frame, _frame_bytes(dataset)), dataset)
    elif syntax == RLELossless:
        image = _native(_run_lengths(frame), dataset)
    elif syntax in JPEG_XL:
        image = imagecodecs.jpegxl_decode(frame, 0, numthreads=1)  # of an animation, the first
    elif frame.startswith(START_OF_IMAGE):
        image = _jpeg(frame, str(dataset.PhotometricInterpretation))
    else:
        image = imagecodecs.jpeg2k_decode(frame, numthreads=1)
    wanted = (dataset.Rows, dataset.Columns)
    if image.shape[:2] != wanted:
        raise ValueError(f"the stream holds {image.shape[:2]} instead of {wanted}")
    return _signed(image, dataset)


def _jpeg(frame: bytes, photometric: str) -> NDArray[Any]:
    if jpeg_process(frame) == JPEG_LS_FRAME:
        return np.asarray(imagecodecs.jpegls_decode(frame))
    size = image_size(frame)
    if size is None or size.samples == 1:
        return np.asarray(imagecodecs.jpeg8_decode(frame))
    stored_as = "RGB" if photometric == "RGB" else "YCBCR"
    return np.asarray(imagecodecs.jpeg8_decode(frame, colorspace=stored_as, outcolorspace="RGB"))


def _signed(image: NDArray[Any], dataset: Dataset) -> NDArray[Any]:
    """The sign that a codec of unsigned values cannot give (PixelRepresentation 1: two's complement of BitsStored)."""
    if dataset.PixelRepresentation != 1 or image.dtype.kind != "u":
        return image
    spare = image.dtype.itemsize * 8 - int(dataset.BitsStored)
    widened: NDArray[Any] = (image << image.dtype.type(spare)).view(image.dtype.str.replace("u", "i"))
    return widened >> spare


def _inflated(frame: bytes, expected_bytes: int) -> bytes:
    """PS3.5 A.4.13; not a byte more than the image takes."""
    return zlib.decompressobj(-zlib.MAX_WBITS).decompress(frame, expected_bytes)


def _run_lengths(frame: bytes) -> bytes:
    """The only segment of a frame of single bits, which pydicom's plugins refuse."""
    if int.from_bytes(frame[:4], "little") != 1:
        raise ValueError("more segments than single bits have")
    return bytes(imagecodecs.packbits_decode(frame[_RLE_HEADER_BYTES:]))


def _frame_bytes(dataset: Dataset) -> int:
    bits: int = dataset.Rows * dataset.Columns * dataset.SamplesPerPixel * dataset.BitsAllocated
    return (bits + 7) // 8


def _native(values: bytes, dataset: Dataset) -> NDArray[Any]:
    """An uncompressed little-endian frame as an array."""
    rows, columns, bits = dataset.Rows, dataset.Columns, dataset.BitsAllocated
    if len(values) < _frame_bytes(dataset):
        raise ValueError("the frame holds fewer values than the header promises")
    if bits == 1:
        packed = np.frombuffer(values, np.uint8, _frame_bytes(dataset))
        return np.unpackbits(packed, count=rows * columns, bitorder="little").reshape(rows, columns)
    samples = dataset.SamplesPerPixel
    image: NDArray[Any] = np.frombuffer(values, f"<u{bits // 8}", rows * columns * samples)
    if samples == 1:
        return image.reshape(rows, columns)
    if dataset.get("PlanarConfiguration") == 1:
        return image.reshape(samples, rows, columns).transpose(1, 2, 0)
    return image.reshape(rows, columns, samples)
