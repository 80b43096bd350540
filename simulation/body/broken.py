"""Exposures and files that show nothing: blank, noise, cut off, scrambled, black or white; (H, W) from 0 to 1."""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.random import Generator

from simulation.body.stage import Map

Ruin = Callable[[Generator, Map], Map]
_LEAST_ROWS = 4


def cut_off(rng: Generator, shown: Map) -> Map:
    """A transfer that ended early: the first rows, then one grey."""
    rows = max(_LEAST_ROWS, int(rng.uniform(0.02, 0.15) * len(shown)))
    out = np.full_like(shown, rng.choice([0.0, 0.5, 1.0]))
    out[:rows] = shown[:rows]
    return out


def scrambled(rng: Generator, shown: Map) -> Map:
    """Rows read at the wrong width, bytes in the wrong order, or blocks in the wrong places."""
    kind = rng.choice(["width", "order", "blocks"])
    if kind == "width":
        wide = max(_LEAST_ROWS, int(shown.shape[1] * rng.uniform(0.3, 0.9)))
        return shown.ravel()[: shown.size // wide * wide].reshape(-1, wide)
    if kind == "order":
        levels = np.round(shown * 4095).astype(np.uint16)
        return ((levels << 4).byteswap() >> 4).astype(np.float32) / np.float32(4095)
    block = max(4, max(shown.shape) // int(rng.integers(12, 40)))
    rows, columns = shown.shape[0] // block, shown.shape[1] // block
    cells = shown[: rows * block, : columns * block].reshape(rows, block, columns, block).swapaxes(1, 2)
    mixed = rng.permutation(cells.reshape(-1, block, block)).reshape(rows, columns, block, block)
    return np.ascontiguousarray(mixed.swapaxes(1, 2).reshape(rows * block, columns * block))


def black(rng: Generator, shown: Map) -> Map:
    """No exposure, or all of the dose: a trace of the film under the detector's noise."""
    noise = rng.normal(0, rng.uniform(0.001, 0.02), shown.shape).astype(np.float32)
    return np.clip(shown * np.float32(rng.uniform(0, 0.02)) + noise, 0, 1)


def white(rng: Generator, shown: Map) -> Map:
    """As black, from the other end of the scale."""
    return 1 - black(rng, 1 - shown)


RUINS: Mapping[str, Ruin] = {ruin.__name__: ruin for ruin in (cut_off, scrambled, black, white)}
