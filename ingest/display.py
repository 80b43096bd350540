"""From stored values to what a reader would see: modality, window or look-up table, polarity (PS3.3 C.11)."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom import Dataset

Image = NDArray[np.float32]
Mask = NDArray[np.bool_]

STRETCH_PERCENT = (0.5, 99.5)  # of the exposed field; the rest is dust, burned-in text and lead
FLAT_SHARE = 0.01  # of the value range: what lies this near to its ends may be collimation or padding
FLAT_AREA = 0.02  # of the film: a smaller area at the end of the range is anatomy or metal
LEAST_EXPOSED = 0.05  # of the film: with less left, the flat area was the picture
SAMPLE = 100_000  # values that percentiles are taken of: 1 ms instead of 6, and the same within a grey level
LEAST_CONTRAST = 0.3  # of the display, between the percentiles of the exposed field: less is a window for another film


def show(values: Image, valid: Mask | None = None, *, dataset: Dataset) -> Image:
    """Display values in [0, 1], bone bright, of stored values (H, W).

    The first look-up table or window that shows the film is used; where there is none, the exposed field is
    stretched over the display. What is not ``valid`` is padding, and black.
    """
    valid = not_padding(values, dataset) if valid is None else valid
    values = _modality(values, dataset)
    for shown in _windowed(values, dataset):
        if _has_contrast(shown[valid]):
            break
    else:
        shown = _stretched(values, valid)
    if _is_inverted(dataset):
        shown = 1 - shown
    return np.where(valid, shown, np.float32(0))


def exposed_range(values: NDArray[np.float32]) -> tuple[float, float]:
    """Black and white for a film without a window: percentiles of ``values``, without flat areas at either end.

    Collimated borders and shutters are one value at an end of the range. They may cover most of a film, and
    stretching from there would leave the anatomy a few grey levels.
    """
    if not values.size:
        return 0.0, 1.0
    values = values.ravel()[:: max(1, values.size // SAMPLE)]
    low, high = np.percentile(values, STRETCH_PERCENT)
    margin = (high - low) * FLAT_SHARE
    kept = np.ones(values.shape, bool)
    for flat in (values <= low + margin, values >= high - margin):
        if flat.mean() > FLAT_AREA:
            kept &= ~flat
    if kept.mean() >= LEAST_EXPOSED:
        low, high = np.percentile(values[kept], STRETCH_PERCENT)
    if not high > low:  # a film of little more than background
        low, high = values.min(), values.max()
    return float(low), float(high)


def _stretched(values: Image, valid: Mask) -> Image:
    black, white = exposed_range(values[valid])
    if not white > black:
        return np.zeros_like(values)
    return np.clip((values - black) / (white - black), 0, 1).astype(np.float32)


def _has_contrast(shown: NDArray[np.float32]) -> bool:
    if float(np.mean((shown > FLAT_SHARE) & (shown < 1 - FLAT_SHARE))) < LEAST_EXPOSED:
        return False
    black, white = exposed_range(shown)
    return bool(white - black >= LEAST_CONTRAST)


def not_padding(values: NDArray[Any], dataset: Dataset) -> Mask:
    """False where stored values are PixelPaddingValue (0028,0120), up to the range limit (0028,0121)."""
    first, last = _number(dataset, "PixelPaddingValue"), _number(dataset, "PixelPaddingRangeLimit")
    if first is None:
        return np.ones(values.shape, bool)
    low, high = sorted((first, first if last is None else last))
    outside: Mask = np.logical_or(values < low, values > high)
    return outside if outside.mean() >= LEAST_EXPOSED else np.ones(values.shape, bool)


def _modality(values: Image, dataset: Dataset) -> Image:
    """Modality LUT Sequence (0028,3000), or Rescale Slope and Intercept (0028,1053), (0028,1052)."""
    for table in _tables(dataset, "ModalityLUTSequence", signed=_is_signed(dataset)):
        return _looked_up(values, *table)
    slope, intercept = _number(dataset, "RescaleSlope"), _number(dataset, "RescaleIntercept")
    return values * np.float32(slope or 1) + np.float32(intercept or 0)


def _windowed(values: Image, dataset: Dataset) -> Iterator[Image]:
    """The film through each VOI LUT (0028,3010), then through each window (0028,1050), (0028,1051)."""
    signed = _is_signed(dataset) or bool(values.size and values.min() < 0)
    for first, table in _tables(dataset, "VOILUTSequence", signed=signed):
        span = float(table.max() - table.min())
        if span > 0:
            yield (_looked_up(values, first, table) - table.min()) / np.float32(span)
    function = str(dataset.get("VOILUTFunction") or "LINEAR").strip().upper()
    for centre, width in zip(_numbers(dataset, "WindowCenter"), _numbers(dataset, "WindowWidth"), strict=False):
        if width >= 1 or (function != "LINEAR" and width > 0):
            yield _through_window(values, centre, width, function)


def _through_window(values: Image, centre: float, width: float, function: str) -> Image:
    """PS3.3 C.11.2.1.2 and C.11.2.1.3, output 0 to 1."""
    if function == "SIGMOID":
        exponent = np.clip(-4 * (values - centre) / width, -60, 60)
        return np.asarray(1 / (1 + np.exp(exponent)), np.float32)
    if function == "LINEAR":
        centre, width = centre - 0.5, max(width - 1, 1e-3)
    return np.clip((values - centre) / width + 0.5, 0, 1).astype(np.float32)


def _is_inverted(dataset: Dataset) -> bool:
    """MONOCHROME1 shows low values white; Presentation LUT Shape INVERSE (2050,0020) says the same, not twice."""
    return (
        str(dataset.get("PhotometricInterpretation")).strip() == "MONOCHROME1"
        or str(dataset.get("PresentationLUTShape")).strip() == "INVERSE"
    )


def _tables(dataset: Dataset, keyword: str, *, signed: bool) -> Iterator[tuple[float, NDArray[np.float32]]]:
    """First mapped value and entries of each look-up table that is whole; a broken one is left out.

    ``signed``: what goes in may be negative, and so the first mapped value is two's complement.
    """
    for item in dataset.get(keyword) or []:
        try:
            count, first, bits = (int(n) for n in item.LUTDescriptor)
            data: Any = item.LUTData
            if isinstance(data, bytes):
                data = np.frombuffer(data, "<u2" if bits > 8 or len(data) >= 2 * (count or 65536) else "u1")
            entries = np.asarray(data, np.float32)[: count or 65536]
        except (AttributeError, TypeError, ValueError):
            continue
        if entries.size >= 2:
            yield float((first + 32768) % 65536 - 32768 if signed else first), entries


def _is_signed(dataset: Dataset) -> bool:
    return bool(dataset.get("PixelRepresentation") == 1)


def _looked_up(values: Image, first: float, table: NDArray[np.float32]) -> Image:
    return np.interp(values, first + np.arange(table.size), table).astype(np.float32)


def _numbers(dataset: Dataset, keyword: str) -> list[float]:
    """All finite values of a decimal string; none where it cannot be read."""
    try:
        value = dataset.get(keyword)
        several = list(value) if isinstance(value, list | tuple) or hasattr(value, "append") else [value]
        return [number for one in several if one is not None and math.isfinite(number := float(one))]
    except Exception:  # noqa: BLE001 - pydicom converts on access and raises whatever the bytes provoke
        return []


def _number(dataset: Dataset, keyword: str) -> float | None:
    return next(iter(_numbers(dataset, keyword)), None)
