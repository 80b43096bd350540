"""The frozen values that the stages hand to each other, and the vocabulary of the registry."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CANVAS_SIZE = 768  # pixels; 4 x 192 for the classifier and 2 x 384 for the detector, so in-graph scaling is exact


class View(StrEnum):
    """What a film shows; the order is the order of the classifier's scores."""

    AP_PELVIS = "ap_pelvis"
    AP_HIP = "ap_hip"
    CROSS_TABLE_LATERAL = "cross_table_lateral"
    FROG_LEG_LATERAL = "frog_leg_lateral"
    OBLIQUE_HIP = "oblique_hip"
    OTHER = "other"


class Side(StrEnum):
    """The patient's side."""

    LEFT = "left"
    RIGHT = "right"
    BOTH = "both"
    UNKNOWN = "unknown"


class Disposition(StrEnum):
    """Where a file ended; every file has exactly one."""

    REGISTERED = "registered"
    SCREENED_OUT = "screened_out"
    UNDECODABLE = "undecodable"
    DUPLICATE = "duplicate"
    NOT_HIP = "not_hip"
    FAILED = "failed"


class Reason(StrEnum):
    """Why a file has its disposition: the fixed list that docs/dispositions.md explains."""

    # registered
    HIP_FILM = "hip_film"
    # screened_out: decided by the header alone
    EMPTY_FILE = "empty_file"
    NOT_DICOM = "not_dicom"
    OUTSIDE_LINK = "outside_link"
    DICOMDIR = "dicomdir"
    NO_PIXEL_DATA = "no_pixel_data"
    MODALITY = "modality"
    SOP_CLASS = "sop_class"
    SITE_RULE = "site_rule"
    # undecodable: the header is fine, the pixels cannot be had
    TRUNCATED = "truncated"
    UNSUPPORTED_TRANSFER_SYNTAX = "unsupported_transfer_syntax"
    TOO_MANY_PIXELS = "too_many_pixels"
    MULTI_FRAME = "multi_frame"
    BAD_HEADER = "bad_header"
    DECODE_ERROR = "decode_error"
    BROKEN_ARCHIVE = "broken_archive"
    # duplicate
    SAME_IMAGE = "same_image"
    CONFLICTING_IMAGE = "conflicting_image"
    # not_hip: decided by the models
    VIEW_OTHER = "view_other"
    NO_HIP_FOUND = "no_hip_found"
    # failed: none of the file's fault, tried again by the next run
    UNREADABLE = "unreadable"
    CHANGED = "changed"
    WORKER_CRASHED = "worker_crashed"
    INFERENCE_ERROR = "inference_error"

    @property
    def disposition(self) -> Disposition:
        """The one disposition that this reason belongs to."""
        return _DISPOSITIONS[self]


_DISPOSITIONS = {
    reason: disposition
    for disposition, reasons in {
        Disposition.REGISTERED: (Reason.HIP_FILM,),
        Disposition.SCREENED_OUT: (
            Reason.EMPTY_FILE,
            Reason.NOT_DICOM,
            Reason.OUTSIDE_LINK,
            Reason.DICOMDIR,
            Reason.NO_PIXEL_DATA,
            Reason.MODALITY,
            Reason.SOP_CLASS,
            Reason.SITE_RULE,
        ),
        Disposition.UNDECODABLE: (
            Reason.TRUNCATED,
            Reason.UNSUPPORTED_TRANSFER_SYNTAX,
            Reason.TOO_MANY_PIXELS,
            Reason.MULTI_FRAME,
            Reason.BAD_HEADER,
            Reason.DECODE_ERROR,
            Reason.BROKEN_ARCHIVE,
        ),
        Disposition.DUPLICATE: (Reason.SAME_IMAGE, Reason.CONFLICTING_IMAGE),
        Disposition.NOT_HIP: (Reason.VIEW_OTHER, Reason.NO_HIP_FOUND),
        Disposition.FAILED: (Reason.UNREADABLE, Reason.CHANGED, Reason.WORKER_CRASHED, Reason.INFERENCE_ERROR),
    }.items()
    for reason in reasons
}


@dataclass(frozen=True, slots=True)
class FoundFile:
    """One file as the file system reports it, or one member of an archive."""

    path: Path  # absolute; of a member, its archive's
    size_bytes: int
    modified_ns: int
    member: str | None = None  # its name in the archive: a label, never a path on disk
    offset: int = 0  # where the member begins in the archive, unpacked
    refused: Reason | None = None  # why it is not to be opened
    detail: str | None = None  # of the refusal


@dataclass(frozen=True, slots=True)
class Header:
    """What is kept of a DICOM header: no name, no birth date, no free text."""

    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    modality: str
    patient_key: str  # keyed hash of Patient ID and its issuer
    patient_sex: str | None  # "F", "M", "O"
    patient_age_years: float | None  # at the study, from (0010,1010)
    study_date: date | None
    acquired_at: datetime | None
    accession_key: str | None  # keyed hash
    body_part: str | None  # (0018,0015)
    view_position: str | None  # (0018,5101)
    laterality: str | None  # "L", "R", "B", from (0020,0062), else (0020,0060)
    manufacturer: str | None
    device_model: str | None
    photometric: str
    rows: int
    columns: int
    bits_stored: int
    spacing_mm: float | None  # at the detector, row spacing
    spacing_source: str | None  # "imager", "scanned", "detector", "calibrated", "pixel"
    calibrated_mm: float | None  # in the plane that was calibrated for, row spacing
    calibration: str | None  # "geometry", "fiducial", "unstated"


@dataclass(frozen=True, slots=True)
class Canvas:
    """What the models see, and the way back to the film's own pixels: film = (canvas - offset) / scale."""

    pixels: NDArray[np.uint8]  # (768, 768), bone bright, 0 is black padding
    scale: float  # canvas pixels per film pixel
    offset_x: float
    offset_y: float
    pixel_sha256: str  # of the pixels that were read, before any change: what makes two files the same image
    scale_y: float | None = None  # down, where the film's pixels are not square; those of the canvas always are


@dataclass(frozen=True, slots=True)
class RawFindings:
    """The ensemble's answer for one canvas, as it comes from the server. Coordinates are canvas pixels."""

    view_scores: NDArray[np.float32]  # (6,) calibrated, sums to 1, order of View
    detections: NDArray[np.float32]  # (6, 5) x0, y0, x1, y1, score; order of DETECTION_CLASSES
    marker_mirrored: NDArray[np.float32]  # (2,) right's, left's letter: the chance that it stands the wrong way round
    cup_scores: NDArray[np.float32]  # (2,) right, left: is there a cup to measure
    cup_landmarks: NDArray[np.float32]  # (2, 5, 3) right, left; CUP_LANDMARKS; x, y, confidence
    pelvis_landmarks: NDArray[np.float32]  # (2, 3) right, left ischial tuberosity; x, y, confidence
    cup_angles: NDArray[np.float32]  # (2, 3) right, left; CUP_ANGLES in degrees
    cup_angle_errors: NDArray[np.float32]  # (2, 3) as cup_angles: 95 % of validation angles given this erred by less
    outlier_score: NDArray[np.float32]  # (1,) how unlike the films learnt from; 1 is the 99th percentile of such films


DETECTION_CLASSES = (
    "right_hip_native",
    "right_hip_implant",
    "left_hip_native",
    "left_hip_implant",
    "right_marker",
    "left_marker",
)
# The rim of the cup is an ellipse on the film: the ends of its long axis (upper end first), the ends of its short
# axis (opening side first), and the pole of the shell.
CUP_LANDMARKS = ("major_upper", "major_lower", "minor_opening", "minor_dome", "dome")
CUP_ANGLES = ("inclination_deg", "version_ap_deg", "version_lateral_deg")


@dataclass(frozen=True, slots=True)
class CupMeasurement:
    """One angle of one cup, or why it is missing."""

    measure: str  # "inclination" or "version"
    value_deg: float | None
    method: str  # how it was measured: see docs/data_dictionary.md
    definition: str  # "radiographic" (Murray 1993) or "cross_table"
    reference: str  # "trans_ischial_line", "image_vertical" or "none"
    confidence: float  # 0 to 1
    uncertainty_deg: float | None  # half-width of the 95 % interval around value_deg
    accepted: bool
    why_not: str | None


@dataclass(frozen=True, slots=True)
class Hip:
    """One hip on one film."""

    side: Side  # left, right or unknown
    implant: bool
    score: float
    implant_score: float  # share of the implant class in the two classes' scores
    box: tuple[float, float, float, float]  # x0, y0, x1, y1 in film pixels
    has_cup: bool
    cup_score: float
    landmarks: tuple[tuple[float, float, float], ...]  # CUP_LANDMARKS: x, y in film pixels, confidence
    measurements: tuple[CupMeasurement, ...]


@dataclass(frozen=True, slots=True)
class Findings:
    """What one film shows."""

    view: View
    view_score: float
    side: Side
    side_evidence: str  # "anatomy", "marker", "tag", "none"; joined by "+" where several agree
    side_conflict: bool
    hips: tuple[Hip, ...]
    outlier_score: float  # 0 and more; above 1 is stranger than 99 in 100 films like those learnt from
    review: tuple[str, ...]  # reasons why a person should look at this film; empty when none
