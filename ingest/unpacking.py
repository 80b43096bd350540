"""The bytes of a file that was found, be it a member of an archive: unpacked in memory, never to disk."""

import contextlib
import zipfile
from collections.abc import Iterator
from functools import lru_cache
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any

from ingest.archive import BROKEN, MAX_MEMBER_BYTES, PACKED, open_stream
from ingest.errors import FileError
from ingest.records import FoundFile, Reason


@contextlib.contextmanager
def opened(found: FoundFile) -> Iterator[BufferedReader | BytesIO]:
    """The bytes of a file, or of a member of an archive.

    Raises:
        OSError: the file system does not give it.
        FileError: it was refused when it was found, broken_archive, or too_many_pixels where it unpacks to too much.
    """
    if found.refused:
        raise FileError(found.refused, found.detail or "")
    if found.member is None:
        with found.path.open("rb") as file:
            yield file
        return
    if found.size_bytes > MAX_MEMBER_BYTES:
        detail = f"the member has {found.size_bytes} bytes; at most {MAX_MEMBER_BYTES} are read"
        raise FileError(Reason.TOO_MANY_PIXELS, detail)
    try:
        content = _unpacked(found)
    except BROKEN as error:
        raise FileError(Reason.BROKEN_ARCHIVE, f"the member cannot be unpacked: {type(error).__name__}") from None
    except RuntimeError:  # zipfile's for a password, whose message quotes the member's name
        raise FileError(Reason.BROKEN_ARCHIVE, "the member is encrypted") from None
    if len(content) != found.size_bytes:
        raise FileError(Reason.BROKEN_ARCHIVE, f"{len(content)} of {found.size_bytes} bytes of the member are there")
    yield BytesIO(content)


def _unpacked(found: FoundFile) -> bytes:
    """At most a byte more than the listing says."""
    with found.path.open("rb") as file:
        head = file.read(6)
        if head.startswith(b"PK"):
            archive, infos = _kept_zip(found.path, found.modified_ns)
            with archive.open(infos[found.offset]) as member:
                return member.read(found.size_bytes + 1)
        if not head.startswith(tuple(PACKED)):
            file.seek(found.offset)
            return file.read(found.size_bytes)
    stream = _kept_stream(found.path, found.modified_ns)
    stream.seek(found.offset)
    content: bytes = stream.read(found.size_bytes)
    return content


# Members are read in the order of the archive. One archive stays open in each process, so that its directory is parsed
# once and a compressed stream goes on from where the last member ended.
@lru_cache(maxsize=1)
def _kept_zip(path: Path, modified_ns: int) -> tuple[zipfile.ZipFile, dict[int, zipfile.ZipInfo]]:
    del modified_ns  # another one is another archive
    archive = zipfile.ZipFile(path)
    return archive, {info.header_offset: info for info in archive.infolist()}


@lru_cache(maxsize=1)
def _kept_stream(path: Path, modified_ns: int) -> Any:
    del modified_ns
    return open_stream(path)
