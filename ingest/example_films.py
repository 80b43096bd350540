"""A fixed set of films, to calibrate and to compare on: the readable ones of a folder, in the order of their paths."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.errors import PlanError
from ingest.reading import Site, read_film
from ingest.records import FoundFile
from ingest.rules import Rules


def example_films(folder: Path, limit: int | None = None) -> dict[str, NDArray[np.uint8]]:
    """Canvases by path under ``folder``, ``limit`` at most; PlanError where there is none."""
    found: dict[str, NDArray[np.uint8]] = {}
    site = Site(_no_key, Rules.load(None))
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        status = path.stat()
        canvas = read_film(FoundFile(path.absolute(), status.st_size, status.st_mtime_ns), site).canvas
        if canvas is not None:
            found[path.relative_to(folder).as_posix()] = canvas.pixels
        if limit is not None and len(found) >= limit:
            break
    if not found:
        raise PlanError(f"{folder} holds no film that can be read: name a folder of DICOM files with --films")
    return found


def _no_key(*_parts: str) -> str:
    """No identity is kept, so none is hashed."""
    return ""
