"""What PyTorch answered to fixed films when the models were exported, for tests that hold other runtimes against it.

Of a model that was kept it is what PyTorch answered when that was exported.
"""

import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.reading import Site, read_film
from ingest.records import FoundFile, RawFindings
from ingest.rules import Rules

FILMS = 12  # of the samples, the first in the order of their paths


def canvases(samples: Path) -> dict[str, NDArray[np.uint8]]:
    """The first films of the samples on their canvases, by path under ``samples``."""
    found: dict[str, NDArray[np.uint8]] = {}
    site = Site(_no_key, Rules.load())
    for path in sorted(p for p in samples.rglob("*") if p.is_file()):
        status = path.stat()
        canvas = read_film(FoundFile(path.absolute(), status.st_size, status.st_mtime_ns), site).canvas
        if canvas is not None:
            found[path.relative_to(samples).as_posix()] = canvas.pixels
        if len(found) == FILMS:
            break
    return found


def write(
    path: Path,
    films: dict[str, NDArray[np.uint8]],
    answer: Callable[[Sequence[NDArray[np.uint8]]], list[RawFindings]],
    kept: Collection[str] = (),
) -> None:
    """The answers as JSON: film -> tensor -> values. The tensors ``kept`` stay as the file has them of these films."""
    before = json.loads(path.read_text()) if kept else {}
    told = {
        name: {field.name: np.round(getattr(raw, field.name), 5).tolist() for field in fields(raw)}
        for name, raw in zip(films, answer(list(films.values())), strict=True)
    }
    for name, tensors in before.items():
        if name in told:
            told[name] |= {key: tensors[key] for key in kept}
    path.write_text(json.dumps(told, indent=0) + "\n")


def _no_key(*_parts: str) -> str:
    """No identity is kept, so none is hashed."""
    return ""
