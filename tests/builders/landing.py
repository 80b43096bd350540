"""Synthetic landing rows: plausible values for all columns, a test names the ones that matter to it."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from warehouse.rows import Batch, FileRow, FilmRow, HipRow, InferenceRow, MeasurementRow, RunRow

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
MODEL = "tha_radiograph/1+aaaa"
VIEWS = ("ap_pelvis", "ap_hip", "cross_table_lateral", "frog_leg_lateral", "oblique_hip", "other")


def make_run(run_id: str = "run1", **changes: Any) -> RunRow:
    run = RunRow(
        run_id=run_id,
        started_at=NOON,
        finished_at=None,
        outcome=None,
        software_version="0.1.0",
        sources=["/dicoms"],
        key_fingerprint="f00d",
        model_version=None,
        files_found=None,
        files_known=None,
    )
    return replace(run, **changes)


def make_file(name: str, **changes: Any) -> FileRow:
    """A registered file that holds the film of the same name."""
    file = FileRow(
        file_key=f"file-{name}",
        run_id="run1",
        path=f"/dicoms/{name}.dcm",
        size_bytes=1000,
        modified_at=NOON,
        content_sha256=f"content-{name}",
        disposition="registered",
        reason="hip_film",
        detail=None,
        sop_instance_uid=f"1.2.{name}",
        film_key=f"film-{name}",
        seconds=0.1,
        finished_at=NOON,
    )
    return replace(file, **changes)


def make_refused(name: str, disposition: str, reason: str, **changes: Any) -> FileRow:
    """A file without a film."""
    return make_file(name, disposition=disposition, reason=reason, film_key=None, **changes)


def make_film(name: str, patient: str = "patient1", **changes: Any) -> FilmRow:
    film = FilmRow(
        film_key=f"film-{name}",
        file_key=f"file-{name}",
        run_id="run1",
        sop_instance_uid=f"1.2.{name}",
        study_instance_uid=f"1.3.{name}",
        series_instance_uid=f"1.4.{name}",
        sop_class_uid="1.2.840.10008.5.1.4.1.1.1.1",
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        modality="DX",
        patient_key=patient,
        patient_sex="F",
        patient_age_years=66.0,
        study_date=date(2020, 1, 1),
        acquired_at=datetime(2020, 1, 1, 9, 30),  # noqa: DTZ001 - DICOM's times have no zone
        accession_key=None,
        body_part_tag="HIP",
        view_position_tag="AP",
        laterality_tag=None,
        manufacturer="Maker",
        device_model="Model",
        photometric="MONOCHROME2",
        rows=2500,
        columns=2000,
        bits_stored=12,
        spacing_mm=0.15,
        spacing_source="imager",
        canvas_scale=0.3072,
        canvas_offset_x=76.8,
        canvas_offset_y=0.0,
        pixel_sha256=f"pixels-{name}",
        canvas_scale_y=None,
        calibrated_mm=None,
        calibration=None,
    )
    return replace(film, **changes)


def make_inference(name: str, view: str = "ap_hip", side: str = "right", **changes: Any) -> InferenceRow:
    inference = InferenceRow(
        film_key=f"film-{name}",
        model_version=MODEL,
        preprocessing="canvas768-1",
        run_id="run1",
        view=view,
        view_score=0.98,
        view_scores=[0.98 if each == view else 0.004 for each in VIEWS],
        side=side,
        side_evidence="anatomy",
        side_conflict=False,
        detections=[[10.0, 10.0, 90.0, 90.0, 0.9]] * 6,
        pelvis_landmarks=[[300.0, 600.0, 0.9], [470.0, 600.0, 0.9]],
        review=[],
        inferred_at=NOON,
        outlier_score=0.4,
    )
    return replace(inference, **changes)


def make_hip(name: str, hip_index: int = 0, side: str = "right", *, implant: bool = True, **changes: Any) -> HipRow:
    hip = HipRow(
        film_key=f"film-{name}",
        model_version=MODEL,
        hip_index=hip_index,
        side=side,
        implant=implant,
        score=0.95,
        implant_score=0.99 if implant else 0.02,
        box=[100.0, 200.0, 900.0, 1200.0],
        has_cup=implant,
        cup_score=0.97 if implant else 0.01,
        landmarks=[[400.0, 500.0, 0.9]] * 5,
    )
    return replace(hip, **changes)


def make_measurement(name: str, measure: str = "inclination", **changes: Any) -> MeasurementRow:
    measurement = MeasurementRow(
        film_key=f"film-{name}",
        model_version=MODEL,
        hip_index=0,
        measure=measure,
        value_deg=42.5 if measure == "inclination" else 18.0,
        method="ap_pelvis_rim_trans_ischial" if measure == "inclination" else "ap_rim_ellipse_asin",
        definition="radiographic",
        reference="trans_ischial_line" if measure == "inclination" else "none",
        confidence=0.9,
        accepted=True,
        why_not=None,
        uncertainty_deg=2.0,
    )
    return replace(measurement, **changes)


def make_batch(batch_id: str, *rows: Any, run_id: str = "run1") -> Batch:
    """A batch of any rows, sorted into its lists by their type."""

    def of(row_type: type) -> tuple[Any, ...]:
        return tuple(row for row in rows if isinstance(row, row_type))

    return Batch(
        batch_id=batch_id,
        run_id=run_id,
        files=of(FileRow),
        films=of(FilmRow),
        inferences=of(InferenceRow),
        hips=of(HipRow),
        measurements=of(MeasurementRow),
        runs=of(RunRow),
    )


def make_registered(name: str, patient: str = "patient1", **changes: Any) -> tuple[Any, ...]:
    """All rows of one AP hip film with an implant and a measured cup; ``changes`` go to the film."""
    return (
        make_file(name),
        make_film(name, patient, **changes),
        make_inference(name),
        make_hip(name),
        make_measurement(name, "version"),
    )
