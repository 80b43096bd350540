"""Files of the transfer syntax that compresses everything behind the meta header: measured before they are unpacked."""

import zlib
from typing import BinaryIO

from pydicom.uid import DeflatedExplicitVRLittleEndian

from ingest.errors import FileError
from ingest.records import Reason

MAX_INFLATED_BYTES = 1 << 30  # of a file: five times what the largest film takes
META_START = 132  # behind preamble and prefix
GROUP_LENGTH_BYTES = 12  # (0002,0000) UL, whose value says how long the rest of the meta header is
_BLOCK = 1 << 20


def check_deflated(file: BinaryIO) -> None:
    """Leaves the file where it was; FileError(too_many_pixels) where it is such a file and unpacks to too much."""
    head = file.read(1024)
    file.seek(0)
    if str(DeflatedExplicitVRLittleEndian).encode() not in head or not head[META_START:].startswith(
        b"\x02\x00\x00\x00"
    ):
        return
    value = META_START + GROUP_LENGTH_BYTES - 4
    file.seek(META_START + GROUP_LENGTH_BYTES + int.from_bytes(head[value : value + 4], "little"))
    try:
        size_bytes = _inflated_bytes(file)
    except zlib.error:  # damaged: found out again, and said, when it is read
        size_bytes = 0
    file.seek(0)
    if size_bytes > MAX_INFLATED_BYTES:
        raise FileError(Reason.TOO_MANY_PIXELS, f"it unpacks to more than {MAX_INFLATED_BYTES} bytes")


def _inflated_bytes(file: BinaryIO) -> int:
    """Counted block by block, until it is too much."""
    unpacker, size_bytes = zlib.decompressobj(-zlib.MAX_WBITS), 0
    while size_bytes <= MAX_INFLATED_BYTES and not unpacker.eof and (packed := file.read(_BLOCK)):
        while packed and size_bytes <= MAX_INFLATED_BYTES:
            size_bytes += len(unpacker.decompress(packed, _BLOCK))
            packed = unpacker.unconsumed_tail
    return size_bytes
