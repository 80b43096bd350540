"""The angles of a cup: which of them a view allows, and whether the landmarks carry them.

Definitions: Murray 1993, "The definition and measurement of acetabular orientation". The arithmetic is in the
cup_angle graph; this module decides what of it may be believed.
"""

from dataclasses import dataclass, replace

import numpy as np

from ingest.records import CUP_ANGLES, CUP_LANDMARKS, CupMeasurement, RawFindings, View
from ingest.thresholds import Thresholds

# an axis has no direction, so no cup lies outside; a value that does comes from confused landmarks
PLAUSIBLE_DEG = {"inclination": (0.0, 90.0), "version": (-90.0, 90.0)}
# beyond lies a cup that has come loose or, more often, one that was misread: a person says which
USUAL_DEG = {"inclination": (10.0, 80.0), "version": (-30.0, 60.0)}

AXIS = ("major_upper", "major_lower")
RIM = (*AXIS, "minor_opening", "minor_dome")


@dataclass(frozen=True, slots=True)
class _Method:
    measure: str
    name: str
    definition: str
    reference: str
    angle: str  # of CUP_ANGLES
    widest: str  # of Thresholds: the interval up to which the angle is accepted
    landmarks: tuple[str, ...]
    needs_ischia: bool = False


INCLINATION = _Method(
    "inclination",
    "ap_pelvis_rim_trans_ischial",
    "radiographic",
    "trans_ischial_line",
    "inclination_deg",
    "inclination_uncertainty_deg",
    AXIS,
    needs_ischia=True,
)
AP_VERSION = _Method(
    "version",
    "ap_rim_ellipse_asin",
    "radiographic",
    "none",
    "version_ap_deg",
    "version_ap_pelvis_uncertainty_deg",
    RIM,
)
LATERAL_VERSION = _Method(
    "version",
    "cross_table_rim_vertical",
    "cross_table",
    "image_vertical",
    "version_lateral_deg",
    "version_lateral_uncertainty_deg",
    AXIS,
)
METHODS = {
    View.AP_PELVIS: (INCLINATION, AP_VERSION),
    View.AP_HIP: (INCLINATION, replace(AP_VERSION, widest="version_ap_hip_uncertainty_deg")),
    View.CROSS_TABLE_LATERAL: (LATERAL_VERSION,),
}  # on every other view the beam's direction to the cup is unknown


def measure(
    raw: RawFindings, index: int, view: View, thresholds: Thresholds, *, has_cup: bool
) -> tuple[CupMeasurement, ...]:
    """The measurements of an implanted hip (``index`` 0 right, 1 left): one row per measure, also where it fails."""
    if view not in METHODS:
        return tuple(_missing(method, "view_not_measured") for method in (INCLINATION, AP_VERSION))
    methods = METHODS[view]
    if not has_cup:
        return tuple(_missing(method, "no_cup") for method in methods)
    return tuple(_measured(raw, index, view, method, thresholds) for method in methods)


def _measured(raw: RawFindings, index: int, view: View, method: _Method, thresholds: Thresholds) -> CupMeasurement:
    confidence = _confidence(raw, index, method.landmarks)
    if method.needs_ischia:
        ischia = float(raw.pelvis_landmarks[:, 2].min().clip(0, 1))
        if view is not View.AP_PELVIS or ischia < thresholds.ischium_confidence:
            return _missing(method, "ischium_not_visible")
        confidence = min(confidence, ischia)
    angle = CUP_ANGLES.index(method.angle)
    value_deg, uncertainty_deg = float(raw.cup_angles[index, angle]), float(raw.cup_angle_errors[index, angle])
    low, high = PLAUSIBLE_DEG[method.measure]
    if not low <= value_deg <= high:
        return _missing(method, "implausible")
    certain = uncertainty_deg <= getattr(thresholds, method.widest)
    low, high = USUAL_DEG[method.measure]
    why_not = None if low <= value_deg <= high else "out_of_range"
    if not (certain and confidence >= thresholds.landmark_confidence):
        why_not = "low_confidence"
    return CupMeasurement(
        measure=method.measure,
        value_deg=value_deg,
        method=method.name,
        definition=method.definition,
        reference=method.reference,
        confidence=confidence,
        uncertainty_deg=uncertainty_deg,
        accepted=why_not is None,
        why_not=why_not,
    )


def _missing(method: _Method, why_not: str) -> CupMeasurement:
    return CupMeasurement(
        measure=method.measure,
        value_deg=None,
        method=method.name,
        definition=method.definition,
        reference=method.reference,
        confidence=0.0,
        uncertainty_deg=None,
        accepted=False,
        why_not=why_not,
    )


def _confidence(raw: RawFindings, index: int, landmarks: tuple[str, ...]) -> float:
    """Of the weakest landmark, not more than the certainty that there is a cup."""
    rows = [CUP_LANDMARKS.index(name) for name in landmarks]
    weakest = min(float(raw.cup_landmarks[index, rows, 2].min()), float(raw.cup_scores[index]))
    return float(np.clip(weakest, 0, 1))
