"""The files of an archive: found lazily, in an order that every run repeats."""

import os
import stat
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from threading import Event

from ingest.errors import IngestError
from ingest.records import FoundFile


def check_sources(sources: Collection[Path]) -> None:
    """Raises IngestError where a source is missing, cannot be read or is an empty folder."""
    for source in sources:
        if not source.exists():
            raise IngestError(f"there is no {source}: name the folder that holds the DICOM files")
        if not os.access(source, os.R_OK):
            raise IngestError(f"{source} cannot be read: give this user the right to, or name another folder")
        if source.is_dir() and next(walk([source]), None) is None:
            raise IngestError(f"{source} holds no files: name the folder that holds the DICOM files")


def walk(
    sources: Collection[Path],
    *,
    skip: Collection[Path] = (),
    on_closed: Callable[[Path], None] = lambda _: None,
) -> Iterator[FoundFile]:
    """Every regular file, whatever its name, depth-first and sorted by name; no sockets, pipes, devices.

    Links are followed; a folder that is reached twice (a link that loops, overlapping sources) is walked once.
    ``skip`` names folders of ours; ``on_closed`` is told the folders that may not be opened.
    """
    seen = {(status.st_dev, status.st_ino) for folder in skip if (status := _status(os.fsencode(folder)))}
    for source in sorted({source.absolute() for source in sources}):
        yield from _walk(os.fsencode(source), seen, on_closed)


def count(sources: Collection[Path], *, skip: Collection[Path] = (), stop: Event) -> int:
    """How many files ``walk`` will find; what it has so far where ``stop`` is set meanwhile."""
    total = 0
    for _ in walk(sources, skip=skip):
        if stop.is_set():
            break
        total += 1
    return total


def _walk(source: bytes, seen: set[tuple[int, int]], on_closed: Callable[[Path], None]) -> Iterator[FoundFile]:
    waiting = [source]  # a stack instead of recursion: depth is the archive's choice
    while waiting:
        path = waiting.pop()
        status = _status(path)
        if status is None:
            continue  # gone since its folder was listed
        if stat.S_ISREG(status.st_mode) or stat.S_ISLNK(status.st_mode):
            yield FoundFile(Path(os.fsdecode(path)), status.st_size, status.st_mtime_ns)
        elif stat.S_ISDIR(status.st_mode) and (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            try:
                names = sorted(os.listdir(path), reverse=True)  # noqa: PTH208 - bytes, for names that are no UTF-8
            except OSError:
                on_closed(Path(os.fsdecode(path)))
            else:
                waiting.extend(os.path.join(path, name) for name in names)  # noqa: PTH118 - bytes


def _status(path: bytes) -> os.stat_result | None:
    """Of what a link points at; of a dangling link, of the link: a file that cannot be read, but is there."""
    for stat_of in (os.stat, os.lstat):
        try:
            return stat_of(path)
        except OSError:
            continue
    return None
