"""A JPEG 2000 film at the resolution that is needed: the smaller image that its wavelet keeps, without the rest.

The reversible wavelet (5/3, ISO 15444-1 annex F) keeps a film as its half and what the half lacks. Whoever stops there
has a quarter of the pixels to decode, and most of the bits to leave out, as those are noise of the finest scale.
"""

import io
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Jpeg2KImagePlugin

from ingest.streams import wavelet

LOW_BITS = 8  # of the pixels that Pillow keeps in one byte


def halvings(frame: bytes, rows: int, columns: int, least: int) -> int:
    """How often the film may be halved while its longer side keeps ``least`` pixels; 0 where it must be read whole.

    Only one reversible tile of one unsigned component: its smaller image can be had from the whole film as well.
    """
    coded = wavelet(frame)
    if coded is None or not coded.plain:
        return 0
    most = 0
    while most < coded.levels and max(rows, columns) >> (most + 1) >= least and not (rows | columns) & (1 << most):
        most += 1
    return most


def decode_halved(frame: bytes, times: int) -> NDArray[Any]:
    """The film (H, W) halved ``times`` times, its values as they are stored; uint8 or uint16.

    Raises:
        OSError, ValueError: Pillow does not read it.
    """
    coded = wavelet(frame)
    if coded is None:
        raise ValueError("no JPEG 2000 stream")
    picture = Jpeg2KImagePlugin.Jpeg2KImageFile(io.BytesIO(frame))
    picture.reduce = times
    values: NDArray[Any] = np.asarray(picture)
    kept = LOW_BITS if values.dtype == np.uint8 else 16
    return values >> (kept - coded.bits)


def as_means(stored: NDArray[Any], rows: int) -> NDArray[Any]:
    """Values (H, W) of a film of ``rows`` rows, halved or not, that stand where the means of whole blocks do."""
    times = (rows // stored.shape[0]).bit_length() - 1
    return on_the_grid(stored, times) if times else stored


def on_the_grid(halved: NDArray[Any], times: int) -> NDArray[np.float32]:
    """A halved film with its samples moved to where the means of 2 x 2 (4 x 4, ...) pixels of the film stand.

    Each of its samples stands where the first of those pixels does, and the mean belongs in their middle.
    """
    share = (1 - 0.5**times) / 2  # of the way to the next sample
    towards = np.array([0, 1 - share, share], np.float32)
    moved = cv2.sepFilter2D(halved, cv2.CV_32F, towards, towards, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


def halves(film: NDArray[Any], bits: int) -> Iterator[NDArray[Any]]:
    """What ``decode_halved`` makes of a film (H, W) of so many bits, unsigned: halved once, twice, and so on."""
    low = film.astype(np.int32)
    while low.size and not (low.shape[0] | low.shape[1]) & 1:
        low = _low(_low(low, 0), 1)
        yield low.clip(0, (1 << bits) - 1).astype(film.dtype)


def _low(values: NDArray[np.int32], axis: int) -> NDArray[np.int32]:
    """The low half of one lifting step (ISO 15444-1 F.4.8.1) of an even number of values."""
    x = np.moveaxis(values, axis, 0)
    even, odd = x[0::2], x[1::2]
    detail = odd - ((even + np.concatenate([even[1:], even[-1:]])) >> 1)
    return np.moveaxis(even + ((np.concatenate([detail[:1], detail[:-1]]) + detail + 2) >> 2), 0, axis)
