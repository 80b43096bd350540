"""How large a pixel is, what says so, and whether it is square (PS3.3 10.7.1.3).

On a projection nothing is to scale: the spacing at the detector is too large for what lies before it. Only a spacing
that somebody calibrated is one of the patient, and it is kept apart.
"""

import math
from typing import Any, NamedTuple

from pydicom import Dataset

MAX_MM = 5.0  # film at an image intensifier's coarsest; more is a unit error
AT_DETECTOR = (
    ("ImagerPixelSpacing", "imager"),  # (0018,1164)
    ("NominalScannedPixelSpacing", "scanned"),  # (0018,2010), of digitised film
    ("DetectorElementSpacing", "detector"),  # (0018,7022), of the unbinned detector
)
SAME_SHARE = 1e-3  # two spacings that differ by less are one: rounding of decimal strings
ASPECTS = (0.1, 10.0)  # outside, the header is broken rather than the pixel so flat


class Spacing(NamedTuple):
    """Between rows, in mm."""

    mm: float | None = None  # at the detector; where only a calibrated or unexplained one is told, that
    source: str | None = None  # imager, scanned, detector, calibrated, pixel
    calibrated_mm: float | None = None  # in the plane that was calibrated for
    calibration: str | None = None  # geometry, fiducial, unstated: (0028,0A02)


def spacing(dataset: Dataset) -> Spacing:
    """Pixel Spacing (0028,0030) is calibrated where it says how, or where it is another than the detector's."""
    pixel = _pair(dataset, "PixelSpacing")
    told = str(_value(dataset, "PixelSpacingCalibrationType") or "").strip().lower()
    how = told if told in {"geometry", "fiducial"} else None
    for keyword, source in AT_DETECTOR:
        if pair := _pair(dataset, keyword):
            if pixel and (how or abs(pixel[0] / pair[0] - 1) > SAME_SHARE):
                return Spacing(pair[0], source, pixel[0], how or "unstated")
            return Spacing(pair[0], source)
    if pixel and how:
        return Spacing(pixel[0], "calibrated", pixel[0], how)
    return Spacing(pixel[0], "pixel") if pixel else Spacing()


def pixel_aspect(dataset: Dataset) -> float:
    """Height of a pixel over its width: Pixel Aspect Ratio (0028,0034), else of whatever spacing is told."""
    names = ("PixelAspectRatio", "PixelSpacing", *(keyword for keyword, _ in AT_DETECTOR))
    for keyword in names:
        pair = _pair(dataset, keyword, largest=math.inf)
        if pair is None:
            continue
        aspect = pair[0] / pair[1]
        if ASPECTS[0] <= aspect <= ASPECTS[1]:
            return aspect if abs(aspect - 1) > SAME_SHARE else 1.0
    return 1.0


def _value(dataset: Dataset, keyword: str) -> Any:
    try:
        return dataset.get(keyword)
    except Exception:  # noqa: BLE001 - pydicom converts on access and raises whatever the bytes provoke
        return None


def _pair(dataset: Dataset, keyword: str, largest: float = MAX_MM) -> tuple[float, float] | None:
    """Two positive numbers, between rows and between columns; a single one is taken for both."""
    try:
        value = _value(dataset, keyword)
        several = list(value) if hasattr(value, "__iter__") and not isinstance(value, str) else [value]
        first, second = float(several[0]), float(several[-1])
    except (TypeError, ValueError, IndexError):
        return None
    return (first, second) if 0 < first <= largest and 0 < second <= largest else None
