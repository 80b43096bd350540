"""One frozen type per landing table: the columns, in the order of landing.sql, with their units.

Row types are what the client hands over and what the spool's Parquet holds. ``tests/warehouse`` checks them
against the DDL column by column.
"""

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class RunRow:
    """One row per run: landing.run. Spooled when the run starts and again when it ends."""

    run_id: str
    started_at: datetime  # UTC
    finished_at: datetime | None  # UTC; None while it runs, and for ever where it was killed
    outcome: str | None  # finished, interrupted, failed; None while it runs
    software_version: str
    sources: list[str]  # absolute folders, as given
    key_fingerprint: str | None  # of the site key: patient keys of two fingerprints cannot be joined
    model_version: str | None
    files_found: int | None
    files_known: int | None  # skipped, because an earlier run dealt with them
    dates: str | None = None  # kept or shifted; films of both cannot be put on one time line
    rules_sha256: str | None = None  # of the screening rules


@dataclass(frozen=True, slots=True)
class FileRow:
    """One row per attempt at a file version (path, size, mtime): landing.file."""

    file_key: str  # hash of path, size and mtime
    run_id: str
    path: str  # absolute; never leaves the landing schema
    size_bytes: int
    modified_at: datetime  # UTC
    content_sha256: str | None  # None where the file could not be read
    disposition: str
    reason: str
    detail: str | None  # one line, free of patient data
    sop_instance_uid: str | None
    film_key: str | None  # the film this file holds; of a duplicate, the film it repeats
    seconds: float  # from reading to findings
    finished_at: datetime  # UTC


@dataclass(frozen=True, slots=True)
class FilmRow:
    """One row per film (an image that the models answered for, whether or not a hip): landing.film."""

    film_key: str  # hash of the SOP Instance UID and, of a conflict, of the pixels
    file_key: str
    run_id: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    sop_class_uid: str
    transfer_syntax_uid: str
    modality: str
    patient_key: str
    patient_sex: str | None
    patient_age_years: float | None
    study_date: date | None
    acquired_at: datetime | None
    accession_key: str | None
    body_part_tag: str | None
    view_position_tag: str | None
    laterality_tag: str | None
    manufacturer: str | None
    device_model: str | None
    photometric: str
    rows: int
    columns: int
    bits_stored: int
    spacing_mm: float | None
    spacing_source: str | None
    canvas_scale: float
    canvas_offset_x: float
    canvas_offset_y: float
    pixel_sha256: str
    canvas_scale_y: float | None  # None: as canvas_scale; another where pixels are not square
    calibrated_mm: float | None
    calibration: str | None  # geometry, fiducial, unstated


@dataclass(frozen=True, slots=True)
class InferenceRow:
    """One row per film and model version: landing.inference."""

    film_key: str
    model_version: str  # "tha_radiograph/1" and the hash of the served weights and thresholds
    preprocessing: str  # hash of the code version that made the canvas
    run_id: str
    view: str
    view_score: float
    view_scores: list[float]  # 6, order of docs/data_dictionary.md
    side: str
    side_evidence: str
    side_conflict: bool
    detections: list[list[float]]  # 6 x (x0, y0, x1, y1, score), canvas pixels
    pelvis_landmarks: list[list[float]]  # 2 x (x, y, confidence), canvas pixels
    review: list[str]
    inferred_at: datetime  # UTC
    outlier_score: float | None  # None: read by a model that gives none


@dataclass(frozen=True, slots=True)
class HipRow:
    """One row per hip on a film and model version: landing.hip."""

    film_key: str
    model_version: str
    hip_index: int  # 0, 1
    side: str  # left, right, unknown
    implant: bool
    score: float
    implant_score: float
    box: list[float]  # x0, y0, x1, y1, film pixels
    has_cup: bool
    cup_score: float
    landmarks: list[list[float]]  # 5 x (x, y, confidence), film pixels


@dataclass(frozen=True, slots=True)
class MeasurementRow:
    """One row per hip, measure and model version: landing.measurement."""

    film_key: str
    model_version: str
    hip_index: int
    measure: str  # inclination, version
    value_deg: float | None
    method: str
    definition: str
    reference: str
    confidence: float
    accepted: bool
    why_not: str | None
    uncertainty_deg: float | None  # half-width of the 95 % interval around value_deg


@dataclass(frozen=True, slots=True)
class Batch:
    """What one spooled batch holds; every list may be empty."""

    batch_id: str
    run_id: str
    files: tuple[FileRow, ...] = ()
    films: tuple[FilmRow, ...] = ()
    inferences: tuple[InferenceRow, ...] = ()
    hips: tuple[HipRow, ...] = ()
    measurements: tuple[MeasurementRow, ...] = ()
    runs: tuple[RunRow, ...] = ()
