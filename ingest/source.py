"""The files of an archive: found lazily, in an order that every run repeats."""

import os
import stat
from collections import deque
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from threading import Event

from ingest.errors import IngestError
from ingest.records import FoundFile, Reason

Identity = tuple[int, int]  # device and inode
ALLOW = "give this user the right to, or name another folder"


def check_sources(sources: Collection[Path]) -> None:
    """Raises IngestError where a source is missing, cannot be read or is an empty folder."""
    for source in sources:
        try:
            folder = stat.S_ISDIR(source.stat().st_mode)
        except (FileNotFoundError, NotADirectoryError):
            raise IngestError(f"there is no {source}: name the folder that holds the DICOM files") from None
        except OSError:
            folder = False  # and it may not be read
        if not os.access(source, os.R_OK | os.X_OK if folder else os.R_OK):
            raise IngestError(f"{source} cannot be read: {ALLOW}")
        closed: list[Path] = []
        if folder and next(walk([source], on_closed=closed.append), None) is None:
            if closed:
                raise IngestError(f"{closed[0]} cannot be read: {ALLOW}")
            raise IngestError(f"{source} holds no files: name the folder that holds the DICOM files")


def walk(
    sources: Collection[Path],
    *,
    skip: Collection[Path] = (),
    on_closed: Callable[[Path], None] = lambda _: None,
) -> Iterator[FoundFile]:
    """Every regular file, whatever its name, depth-first and sorted by name; no sockets, pipes, devices.

    Several sources take turns, as they may be several disks. Links are followed inside the sources and nowhere
    else; a link to a folder inside is left alone, as the folder is found where it lies. ``skip`` names folders of
    ours; ``on_closed`` is told the folders that may not be opened.
    """
    ours = {_identity(folder.stat()) for folder in skip if os.path.isdir(folder)}  # noqa: PTH112 - raises nothing
    starts = _apart([os.fsencode(source) for source in sorted({source.absolute() for source in sources})])
    inside = tuple(os.path.realpath(start) for start in starts)
    waiting = deque(_walk(start, inside, ours, on_closed) for start in starts)
    while waiting:
        files = waiting.popleft()
        if (found := next(files, None)) is not None:
            yield found
            waiting.append(files)


def count(sources: Collection[Path], *, skip: Collection[Path] = (), stop: Event) -> int:
    """How many files ``walk`` will find; what it has so far where ``stop`` is set meanwhile."""
    total = 0
    for _ in walk(sources, skip=skip):
        if stop.is_set():
            break
        total += 1
    return total


def _apart(starts: list[bytes]) -> list[bytes]:
    """Without those that lie below another, or are the same folder by another name."""
    real = {os.path.realpath(start): start for start in reversed(starts)}
    return sorted(start for at, start in real.items() if not any(_is_below(at, other) for other in real if other != at))


def _walk(
    source: bytes, inside: tuple[bytes, ...], ours: set[Identity], on_closed: Callable[[Path], None]
) -> Iterator[FoundFile]:
    """Holds the names of the folders it is in, and of no others; depth is the archive's choice."""
    waiting: list[tuple[Identity | None, Iterator[bytes]]] = [(None, iter([source]))]
    while waiting:
        path = next(waiting[-1][1], None)
        if path is None:
            waiting.pop()
            continue
        try:
            status = _status(path, inside)
        except OSError as error:  # a folder that may be listed and not entered, a broken mount
            detail = error.strerror or type(error).__name__
            yield FoundFile(Path(os.fsdecode(path)), 0, 0, refused=Reason.UNREADABLE, detail=detail)
            continue
        if status is None:
            continue  # gone since its folder was listed
        if stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
            yield _found(path, status)
        elif stat.S_ISDIR(status.st_mode) and (path == source or not os.path.islink(path)):  # noqa: PTH114 - bytes
            folder = _identity(status)
            if folder in ours or any(folder == around for around, _ in waiting):
                continue  # a mount that loops
            waiting.append((folder, _below(path, _listed(path, on_closed))))


def _listed(folder: bytes, on_closed: Callable[[Path], None]) -> list[bytes]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - bytes, for names that are no UTF-8
    except FileNotFoundError:  # gone meanwhile
        return []
    except OSError:
        on_closed(Path(os.fsdecode(folder)))
        return []


def _identity(status: os.stat_result) -> Identity:
    return status.st_dev, status.st_ino


def _below(folder: bytes, names: list[bytes]) -> Iterator[bytes]:
    for name in names:
        yield os.path.join(folder, name)  # noqa: PTH118 - bytes


def _found(path: bytes, status: os.stat_result) -> FoundFile:
    """A link that was not followed and is not dangling leads outside."""
    outside = stat.S_ISLNK(status.st_mode) and os.path.exists(path)  # noqa: PTH110 - bytes
    refused = Reason.OUTSIDE_LINK if outside else None
    return FoundFile(Path(os.fsdecode(path)), status.st_size, status.st_mtime_ns, refused=refused)


def _status(path: bytes, inside: tuple[bytes, ...] | None = None) -> os.stat_result | None:
    """Of what a link points at; of one that dangles or leads out of ``inside``, of the link itself; None: not there.

    Raises:
        OSError: the file system does not tell.
    """
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    if not stat.S_ISLNK(status.st_mode):
        return status
    target = os.path.realpath(path)
    if inside is not None and not any(_is_below(target, folder) for folder in inside):
        return status
    try:
        return os.stat(path)  # noqa: PTH116 - bytes
    except OSError:
        return status


def _is_below(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")
