"""What became of a file, as the rows of the landing tables."""

import hashlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ingest.archive import label
from ingest.pixels import PREPROCESSING
from ingest.reading import Reading
from ingest.records import Canvas, Findings, FoundFile, Header, RawFindings, Reason, View
from warehouse.rows import FileRow, FilmRow, HipRow, InferenceRow, MeasurementRow


@dataclass(frozen=True, slots=True)
class Answer:
    """What the models said about a film."""

    raw: RawFindings
    findings: Findings


@dataclass(frozen=True, slots=True)
class Outcome:
    """Everything known about one file at the end of its way."""

    found: FoundFile
    reading: Reading
    reason: Reason
    detail: str | None = None
    film_key: str | None = None  # of a duplicate, the film it repeats
    answer: Answer | None = None  # of a film that is not a duplicate
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of one file."""

    file: FileRow
    film: FilmRow | None = None
    inference: InferenceRow | None = None
    hips: tuple[HipRow, ...] = ()
    measurements: tuple[MeasurementRow, ...] = ()


def file_key(found: FoundFile) -> str:
    """Of a file version: another size or time of change makes it another one."""
    parts = [os.fsencode(found.path), str(found.size_bytes).encode(), str(found.modified_ns).encode()]
    if found.member is not None:
        parts += [os.fsencode(found.member), str(found.offset).encode()]
    return _hashed(*parts)


def film_key(sop_instance_uid: str) -> str:
    """Of a film; other films of the same UID are quarantined, so the UID is enough."""
    return _hashed(sop_instance_uid.encode())


def reason_of(findings: Findings) -> Reason:
    """Why a film that the models have seen is, or is not, in the registry."""
    if findings.view is View.OTHER:
        return Reason.VIEW_OTHER
    return Reason.HIP_FILM if findings.hips else Reason.NO_HIP_FOUND


def rows_of(outcome: Outcome, run_id: str, model_version: str, now: datetime) -> Rows:
    """All rows of one file; a film row only where the models answered for it."""
    file = _file_row(outcome, run_id, now)
    header, canvas = outcome.reading.header, outcome.reading.canvas
    if outcome.answer is None or outcome.film_key is None or header is None or canvas is None:
        return Rows(file)
    key, findings = outcome.film_key, outcome.answer.findings
    return Rows(
        file=file,
        film=_film_row(header, canvas, key, file.file_key, run_id),
        inference=_inference_row(outcome.answer, key, run_id, model_version, now),
        hips=tuple(
            HipRow(
                film_key=key,
                model_version=model_version,
                hip_index=index,
                side=hip.side.value,
                implant=hip.implant,
                score=hip.score,
                implant_score=hip.implant_score,
                box=list(hip.box),
                has_cup=hip.has_cup,
                cup_score=hip.cup_score,
                landmarks=[list(landmark) for landmark in hip.landmarks],
            )
            for index, hip in enumerate(findings.hips)
        ),
        measurements=tuple(
            MeasurementRow(
                film_key=key,
                model_version=model_version,
                hip_index=index,
                measure=measurement.measure,
                value_deg=measurement.value_deg,
                method=measurement.method,
                definition=measurement.definition,
                reference=measurement.reference,
                confidence=measurement.confidence,
                accepted=measurement.accepted,
                why_not=measurement.why_not,
                uncertainty_deg=measurement.uncertainty_deg,
            )
            for index, hip in enumerate(findings.hips)
            for measurement in hip.measurements
        ),
    )


def _file_row(outcome: Outcome, run_id: str, now: datetime) -> FileRow:
    found, header = outcome.found, outcome.reading.header
    return FileRow(
        file_key=file_key(found),
        run_id=run_id,
        path=os.fsencode(label(found)).decode("utf-8", "backslashreplace"),  # a name may be no UTF-8; Parquet is
        size_bytes=found.size_bytes,
        modified_at=_moment(found.modified_ns),
        content_sha256=outcome.reading.content_sha256,
        disposition=outcome.reason.disposition.value,
        reason=outcome.reason.value,
        detail=outcome.detail,
        sop_instance_uid=header.sop_instance_uid if header else None,
        film_key=outcome.film_key,
        seconds=outcome.seconds,
        finished_at=now,
    )


def _film_row(header: Header, canvas: Canvas, key: str, its_file_key: str, run_id: str) -> FilmRow:
    return FilmRow(
        film_key=key,
        file_key=its_file_key,
        run_id=run_id,
        sop_instance_uid=header.sop_instance_uid,
        study_instance_uid=header.study_instance_uid,
        series_instance_uid=header.series_instance_uid,
        sop_class_uid=header.sop_class_uid,
        transfer_syntax_uid=header.transfer_syntax_uid,
        modality=header.modality,
        patient_key=header.patient_key,
        patient_sex=header.patient_sex,
        patient_age_years=header.patient_age_years,
        study_date=header.study_date,
        acquired_at=header.acquired_at,
        accession_key=header.accession_key,
        body_part_tag=header.body_part,
        view_position_tag=header.view_position,
        laterality_tag=header.laterality,
        manufacturer=header.manufacturer,
        device_model=header.device_model,
        photometric=header.photometric,
        rows=header.rows,
        columns=header.columns,
        bits_stored=header.bits_stored,
        spacing_mm=header.spacing_mm,
        spacing_source=header.spacing_source,
        canvas_scale=canvas.scale,
        canvas_offset_x=canvas.offset_x,
        canvas_offset_y=canvas.offset_y,
        pixel_sha256=canvas.pixel_sha256,
        canvas_scale_y=canvas.scale_y,
        calibrated_mm=header.calibrated_mm,
        calibration=header.calibration,
    )


def _inference_row(answer: Answer, key: str, run_id: str, model_version: str, now: datetime) -> InferenceRow:
    raw, findings = answer.raw, answer.findings
    return InferenceRow(
        film_key=key,
        model_version=model_version,
        preprocessing=PREPROCESSING,
        run_id=run_id,
        view=findings.view.value,
        view_score=findings.view_score,
        view_scores=raw.view_scores.tolist(),
        side=findings.side.value,
        side_evidence=findings.side_evidence,
        side_conflict=findings.side_conflict,
        detections=raw.detections.tolist(),
        pelvis_landmarks=raw.pelvis_landmarks.tolist(),
        review=list(findings.review),
        inferred_at=now,
        outlier_score=findings.outlier_score,
    )


def _hashed(*parts: bytes) -> str:
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).hexdigest()[:32]


def _moment(ns: int) -> datetime:
    """UTC; a time outside the years 1 to 9999 (a broken file system clock) is the nearest that can be written."""
    try:
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=ns // 1000)
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC) if ns > 0 else datetime.min.replace(tzinfo=UTC)
