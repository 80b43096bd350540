"""Files inside ZIP and tar files: listed as files of their own, read without being unpacked to disk.

A member's name is only ever a label: no path is made of it.
"""

import bz2
import gzip
import lzma
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from ingest.records import FoundFile, Reason

MAX_MEMBER_BYTES = 2 << 30  # of a member, unpacked: what one worker may hold
MAX_RATIO = 1100  # of unpacked to packed: deflate cannot do better, so a ZIP that claims more lies
SEPARATOR = "!/"  # between archive and member in a path that is shown
Listing = Callable[[FoundFile], Iterator[FoundFile]]
_PROGRAMS = frozenset({"[Content_Types].xml", "META-INF/MANIFEST.MF", "mimetype"})  # Office, Java, OpenDocument
_TAR_MAGIC = (257, b"ustar")
PACKED: dict[bytes, Callable[..., Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ\0": lzma.open}
BROKEN = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    gzip.BadGzipFile,
    struct.error,
    EOFError,
    LookupError,
    OverflowError,
    NotImplementedError,
    ValueError,
)


def members(found: FoundFile) -> Iterator[FoundFile] | None:
    """The files inside an archive; None where ``found`` is none, or one whose files nobody would call its members.

    An archive that cannot be listed gives, where the listing ends, the archive itself, refused.
    """
    if found.refused:
        return None
    try:
        with found.path.open("rb") as file:
            head = file.read(512)
    except OSError:
        return None
    listing = _listing(head)
    return _guarded(found, listing) if listing else None


def _listing(head: bytes) -> Listing | None:
    if head[128:132] == b"DICM":  # a DICOM file's preamble may be anything
        return None
    if head.startswith(b"PK\x03\x04"):
        return _zip_members
    at, magic = _TAR_MAGIC
    if head[at:].startswith(magic):
        return _tar_members
    return _packed_members if head.startswith(tuple(PACKED)) else None


def label(found: FoundFile) -> str:
    """What a file is called: its path, and behind it the member's name."""
    return str(found.path) if found.member is None else f"{found.path}{SEPARATOR}{found.member}"


def _guarded(found: FoundFile, listing: Listing) -> Iterator[FoundFile] | None:
    """The listing with its first member drawn, so that an archive of nothing is a file like any other."""
    told = _until_broken(found, listing)
    first = next(told, None)
    return None if first is None else _chained(first, told)


def _until_broken(found: FoundFile, listing: Listing) -> Iterator[FoundFile]:
    try:
        yield from listing(found)
    except (*BROKEN, OSError) as error:
        detail = f"the archive cannot be listed to its end: {type(error).__name__}"
        yield replace(found, refused=Reason.BROKEN_ARCHIVE, detail=detail)


def _chained(first: FoundFile, rest: Iterator[FoundFile]) -> Iterator[FoundFile]:
    yield first
    yield from rest


def _zip_members(found: FoundFile) -> Iterator[FoundFile]:
    with zipfile.ZipFile(found.path) as archive:
        listed = sorted(archive.infolist(), key=lambda info: info.header_offset)
    if any(info.filename in _PROGRAMS for info in listed):
        return
    named = _Names()
    for info in listed:
        if not info.is_dir():
            lies = info.compress_type != zipfile.ZIP_STORED and info.file_size > MAX_RATIO * max(info.compress_size, 1)
            yield replace(
                found,
                member=named(info.filename, info.header_offset),
                offset=info.header_offset,
                size_bytes=info.file_size,
                refused=Reason.BROKEN_ARCHIVE if lies else None,
                detail="the member claims to unpack to more than it can" if lies else None,
            )


def _tar_members(found: FoundFile) -> Iterator[FoundFile]:
    with tarfile.open(found.path, "r:") as archive:
        yield from _listed(found, archive)


def _packed_members(found: FoundFile) -> Iterator[FoundFile]:
    """Of a compressed tar; a compressed file that is no tar has one member."""
    with open_stream(found.path) as stream:
        head = stream.read(512)
        at, magic = _TAR_MAGIC
        if head[at:].startswith(magic):
            stream.seek(0)
            with tarfile.open(fileobj=stream, mode="r:") as archive:
                yield from _listed(found, archive)
            return
        size_bytes = len(head)
        while size_bytes <= MAX_MEMBER_BYTES and (block := stream.read(1 << 20)):
            size_bytes += len(block)
    yield replace(found, member=found.path.stem, size_bytes=size_bytes)


def _listed(found: FoundFile, archive: tarfile.TarFile) -> Iterator[FoundFile]:
    """Regular files only: a link inside an archive is not followed."""
    named = _Names()
    while (info := archive.next()) is not None:
        archive.members = []  # type: ignore[attr-defined]  # listed without being held
        if info.isreg():
            yield replace(
                found,
                member=named(info.name, info.offset),
                offset=info.offset_data,
                size_bytes=info.size,
                refused=Reason.BROKEN_ARCHIVE if info.issparse() else None,
                detail="the member is stored with holes" if info.issparse() else None,
            )


class _Names:
    """Names of members; of several that are equal, all but the first get their place behind it."""

    def __init__(self) -> None:
        self._seen: set[int] = set()  # hashes: a tar may have a million

    def __call__(self, name: str, offset: int) -> str:
        if hash(name) in self._seen:
            return f"{name}@{offset}"
        self._seen.add(hash(name))
        return name


def open_stream(path: Path) -> Any:
    """A compressed file, unpacked as it is read."""
    with path.open("rb") as file:
        head = file.read(6)
    return next(unpack for magic, unpack in PACKED.items() if head.startswith(magic))(path)
