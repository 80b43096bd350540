"""What a compressed frame says of itself: the size of its image, read before any codec takes memory for it."""

import struct
from typing import NamedTuple


class ImageSize(NamedTuple):
    """Of the image that a codec would make."""

    rows: int
    columns: int
    samples: int

    @property
    def values(self) -> int:
        """How many numbers that is."""
        return self.rows * self.columns * self.samples


class Wavelet(NamedTuple):
    """How a JPEG 2000 stream is coded."""

    levels: int  # how often it can be halved
    bits: int  # of a value
    plain: bool  # one tile of one unsigned component from the origin, coded alike throughout, reversible


START_OF_IMAGE = b"\xff\xd8"  # JPEG and JPEG-LS
START_OF_SCAN, END_OF_IMAGE = b"\xff\xda", b"\xff\xd9"
CODESTREAM = b"\xff\x4f\xff\x51"  # JPEG 2000: SOC, then SIZ
JPEG_2000_FILE = b"\x00\x00\x00\x0cjP  "
JPEG_XL_FILE = b"\x00\x00\x00\x0cJXL "
JPEG_XL_STREAM = b"\xff\x0a"
JPEG_LS_FRAME = 0xF7
LOSSLESS_FRAME = 0xC3
_CODING_STYLE, _OTHER_STYLE, _TILE_PART = 0xFF52, 0xFF53, 0xFF90  # COD, COC, SOT
_REVERSIBLE = 1
_FRAMES = frozenset({*range(0xC0, 0xD0), JPEG_LS_FRAME}) - {0xC4, 0xC8, 0xCC}  # SOFn and SOF55, not DHT, JPG, DAC
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})  # markers without a length
_TAIL_BYTES = 256  # in which a stream's end lies: few are padded at all
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))  # ISO 18181-1, SizeHeader, 1 to 7
_SIZE_BITS = (9, 13, 18, 30)


def image_size(frame: bytes) -> ImageSize | None:
    """Of a JPEG, JPEG-LS, JPEG 2000 or JPEG XL stream; None where its header cannot be read."""
    try:
        if frame.startswith(START_OF_IMAGE):
            return _jpeg(frame)[1]
        if frame.startswith((JPEG_XL_STREAM, JPEG_XL_FILE)):
            return _jpeg_xl(frame)
        start = frame.find(CODESTREAM, 0, 4096) if frame.startswith(JPEG_2000_FILE) else 0
        return _jpeg_2000(frame, start) if frame.startswith(CODESTREAM, max(start, 0)) else None
    except (struct.error, IndexError, ValueError):
        return None


def is_broken_off(frame: bytes) -> bool:
    """Whether a JPEG or JPEG-LS stream ends within a scan; decoders fill what is missing with grey and say nothing.

    No scan holds the bytes of a marker (ITU-T T.81 F.1.2.3); a picture in a header has an end of its own.
    """
    if not frame.startswith(START_OF_IMAGE) or END_OF_IMAGE in frame[-_TAIL_BYTES:]:
        return False
    return frame.rfind(END_OF_IMAGE) < frame.rfind(START_OF_SCAN)


def jpeg_process(frame: bytes) -> int | None:
    """The frame marker (SOFn, its second byte) that says how a JPEG is coded; None where there is none."""
    try:
        return _jpeg(frame)[0]
    except (struct.error, IndexError, ValueError):
        return None


def wavelet(frame: bytes) -> Wavelet | None:
    """How a JPEG 2000 stream is coded, by its main header (ISO 15444-1 A.5, A.6); None where that cannot be read."""
    start = frame.find(CODESTREAM, 0, 4096)
    try:
        return _wavelet(frame, start) if start >= 0 else None
    except (struct.error, IndexError):
        return None


def _wavelet(frame: bytes, start: int) -> Wavelet | None:
    right, bottom, left, top, tile_width, tile_height = struct.unpack_from(">6I", frame, start + 8)
    samples, depth, step_x, step_y = struct.unpack_from(">HBBB", frame, start + 40)
    plain = (samples, left, top, step_x, step_y) == (1, 0, 0, 1, 1) and tile_width >= right and tile_height >= bottom
    levels, reversible = None, False
    at = start + 4 + struct.unpack_from(">H", frame, start + 4)[0]
    while (marker := struct.unpack_from(">H", frame, at)[0]) != _TILE_PART:
        if marker == _CODING_STYLE:
            levels, reversible = frame[at + 9], frame[at + 13] == _REVERSIBLE
        plain = plain and marker != _OTHER_STYLE
        at += 2 + struct.unpack_from(">H", frame, at + 2)[0]
    if levels is None:
        return None
    return Wavelet(levels, (depth & 0x7F) + 1, plain and reversible and not depth & 0x80)


def _jpeg(frame: bytes) -> tuple[int, ImageSize]:
    """ITU-T T.81 B.2.2: marker, length, precision, lines, samples a line, components."""
    at = 2
    while True:
        if frame[at] != 0xFF:
            raise ValueError("no marker where one belongs")
        marker = frame[at + 1]
        if marker == 0xFF:  # a fill byte
            at += 1
        elif marker in _ALONE:
            at += 2
        elif marker in _FRAMES:
            rows, columns, samples = struct.unpack_from(">HHB", frame, at + 5)
            return marker, ImageSize(rows, columns, samples)
        else:
            at += 2 + struct.unpack_from(">H", frame, at + 2)[0]


def _jpeg_2000(frame: bytes, start: int) -> ImageSize:
    """ISO 15444-1 A.5.1: Xsiz, Ysiz, XOsiz, YOsiz at 8 bytes after the start, the tiles' four, Csiz."""
    right, bottom, left, top = struct.unpack_from(">4I", frame, start + 8)
    (samples,) = struct.unpack_from(">H", frame, start + 40)
    return ImageSize(bottom - top, right - left, samples)


def _jpeg_xl(frame: bytes) -> ImageSize:
    """ISO 18181-1, SizeHeader; three samples are assumed, as what follows it is entropy coded."""
    start = frame.find(JPEG_XL_STREAM, 0, 4096) + len(JPEG_XL_STREAM)
    if start < len(JPEG_XL_STREAM):
        raise ValueError("no codestream")
    bits = _Bits(int.from_bytes(frame[start : start + 12], "little"))
    small = bits.take(1)
    rows = 8 * (bits.take(5) + 1) if small else bits.take(_SIZE_BITS[bits.take(2)]) + 1
    ratio = bits.take(3)
    if ratio:
        across, down = _RATIOS[ratio - 1]
        columns = rows * across // down
    else:
        columns = 8 * (bits.take(5) + 1) if small else bits.take(_SIZE_BITS[bits.take(2)]) + 1
    return ImageSize(rows, columns, 3)


class _Bits:
    """A little-endian bit stream."""

    def __init__(self, value: int) -> None:
        self._value = value

    def take(self, count: int) -> int:
        taken = self._value & ((1 << count) - 1)
        self._value >>= count
        return taken
