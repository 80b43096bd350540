"""What perfect models would land of invented lives, and what ours would: with their own measured error.

No film is rendered: a registry's rules are tested on thousands of lives in seconds.
"""

import csv
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simulation.archive.life import HipLife, Life, Rates
from simulation.archive.living import live
from simulation.people.body_shape import random_build
from simulation.spec import HipState
from warehouse.rows import Batch, FileRow, FilmRow, HipRow, InferenceRow, MeasurementRow

LINE, RIM, VERTICAL = "ap_pelvis_rim_trans_ischial", "ap_rim_ellipse_asin", "cross_table_rim_vertical"
MEASURED = {
    "ap_pelvis": (("inclination", LINE), ("version", RIM)),
    "ap_hip": (("version", RIM),),
    "cross_table_lateral": (("version", VERTICAL),),
}  # view -> what can be measured on it, by which method
_REFERENCE = {LINE: "trans_ischial_line", RIM: "none", VERTICAL: "image_vertical"}
_MODEL, _RUN, _READ = "perfect/1-0", "stories", datetime(2026, 1, 1, tzinfo=UTC)

# measure and view -> (N, 2) to draw from, degrees: an error, and the half-width that was stated of it; empty: no errors
Errors = Mapping[tuple[str, str], NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class Shot:
    """One film of a life: who, when, which view, and what each hip on it was then."""

    name: str
    patient: str
    day: date
    view: str
    hips: tuple[tuple[str, HipState], ...]


def read_errors(path: Path, films: str = "usual") -> dict[tuple[str, str], NDArray[np.float64]]:
    """The models' own errors on one set of films, from the angle_errors.csv that training.evaluate writes."""
    errors: dict[tuple[str, str], list[tuple[float, float]]] = defaultdict(list)
    with path.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["films"] == films:
                errors[row["measure"], row["view"]].append((float(row["error_deg"]), float(row["uncertainty_deg"])))
    return {angle: np.array(found) for angle, found in errors.items()}


def make_lives(count: int, seed: int, rates: Rates | None = None) -> list[Life]:
    """Lives as the simulator's archives have them, or happening at other rates."""
    lives = []
    for number in range(count):
        rng = np.random.default_rng([seed, number])
        lives.append(live(number, random_build(rng), rng, rates or Rates()))
    return lives


def shots(life: Life) -> Iterator[Shot]:
    """The films of hips that a life leaves behind, in the order of time."""
    hips = {hip.side: hip for hip in life.hips}
    for visit in life.visits:
        for place, shot in enumerate(visit.shots):
            view, _, side = shot.partition(":")
            if not side or visit.day is None:
                continue
            sides = ("right", "left") if view == "ap_pelvis" else (side,)
            states = tuple((each, _state(hips.get(each), visit.day)) for each in sides)
            yield Shot(f"{life.number}-{visit.day}-{place}", f"p{life.number}", visit.day, view, states)


def true_angle(state: HipState, measure: str, method: str) -> float:
    """As a reader without error would measure it: one AP film has no sign of version."""
    inclination, version = state.cup or (0.0, 0.0)
    if measure == "inclination":
        return inclination
    return abs(version) if method == RIM else version


def batch_of(films: Iterator[Shot], errors: Errors, rng: np.random.Generator) -> Batch:
    """The rows of all these films as one batch."""
    batch = Batch("stories-000000", _RUN)
    files, images, inferences, hips, measurements = [], [], [], [], []
    for shot in films:
        files.append(_file(shot))
        images.append(_film(shot))
        inferences.append(_inference(shot))
        for index, (side, state) in enumerate(shot.hips):
            hips.append(_hip(shot, index, side, state))
            measurements += _measurements(shot, index, state, errors, rng)
    return Batch(batch.batch_id, _RUN, tuple(files), tuple(images), tuple(inferences), tuple(hips), tuple(measurements))


def surgeries_of(life: Life) -> Iterator[dict[str, Any]]:
    """What a hospital's theatre book has of a life, as supplied rows; the site is a matter of its number."""
    for hip in life.hips:
        for number, operation in enumerate(hip.operations):
            yield {
                "surgery_key": f"{life.number}-{hip.side}-{number}",
                "patient_key": f"p{life.number}",
                "side": hip.side,
                "surgery_date": operation.day,
                "kind": "revision" if number else "primary",
                "cause": operation.reason,
                "site_code": "north" if life.number % 3 else "south",
            }


def _state(hip: HipLife | None, day: date) -> HipState:
    return HipState() if hip is None else hip.state(day)


def _has_cup(state: HipState) -> bool:
    return state.implant in ("tha", "resurfacing") and state.cup is not None


def _file(shot: Shot) -> FileRow:
    return FileRow(
        file_key=f"file-{shot.name}",
        run_id=_RUN,
        path=f"/{shot.name}",
        size_bytes=1,
        modified_at=_READ,
        content_sha256=shot.name,
        disposition="registered",
        reason="hip_film",
        detail=None,
        sop_instance_uid=shot.name,
        film_key=f"film-{shot.name}",
        seconds=0.0,
        finished_at=_READ,
    )


def _film(shot: Shot) -> FilmRow:
    nothing = dict.fromkeys(
        ("patient_sex", "patient_age_years", "accession_key", "body_part_tag", "view_position_tag", "laterality_tag")
    )
    return FilmRow(
        film_key=f"film-{shot.name}",
        file_key=f"file-{shot.name}",
        run_id=_RUN,
        **{f"{kind}_instance_uid": shot.name for kind in ("sop", "study", "series")},
        sop_class_uid="1.2.840.10008.5.1.4.1.1.1.1",
        transfer_syntax_uid="1.2.840.10008.1.2.1",
        modality="DX",
        patient_key=shot.patient,
        study_date=shot.day,
        acquired_at=datetime(shot.day.year, shot.day.month, shot.day.day, 10),  # noqa: DTZ001 - as a header has it
        **nothing,
        manufacturer="SIMULATED",
        device_model="stories",
        photometric="MONOCHROME2",
        **dict.fromkeys(("rows", "columns", "bits_stored"), 1),
        **dict.fromkeys(("spacing_mm", "spacing_source")),
        canvas_scale=1.0,
        canvas_offset_x=0.0,
        canvas_offset_y=0.0,
        pixel_sha256=shot.name,
        **dict.fromkeys(("canvas_scale_y", "calibrated_mm", "calibration")),
    )


def _inference(shot: Shot) -> InferenceRow:
    return InferenceRow(
        film_key=f"film-{shot.name}",
        model_version=_MODEL,
        preprocessing="none",
        run_id=_RUN,
        view=shot.view,
        view_score=1.0,
        view_scores=[0.0] * 6,
        side="both" if len(shot.hips) > 1 else shot.hips[0][0],
        side_evidence="anatomy",
        side_conflict=False,
        detections=[[0.0] * 5] * 6,
        pelvis_landmarks=[[0.0] * 3] * 2,
        review=[],
        inferred_at=_READ,
        outlier_score=None,
    )


def _hip(shot: Shot, index: int, side: str, state: HipState) -> HipRow:
    implant = state.implant != "none"
    return HipRow(
        film_key=f"film-{shot.name}",
        model_version=_MODEL,
        hip_index=index,
        side=side,
        implant=implant,
        score=1.0,
        implant_score=float(implant),
        box=[0.0] * 4,
        has_cup=_has_cup(state),
        cup_score=float(_has_cup(state)),
        landmarks=[[0.0] * 3] * 5,
    )


def _measurements(
    shot: Shot, index: int, state: HipState, errors: Errors, rng: np.random.Generator
) -> Iterator[MeasurementRow]:
    for measure, method in MEASURED.get(shot.view, ()) if _has_cup(state) else ():
        error_deg, stated_deg = rng.choice(errors[measure, shot.view]).tolist() if errors else (0.0, None)
        value = true_angle(state, measure, method) + error_deg
        if abs(value) > 90:  # no cup lies so: the client declines it
            continue
        yield MeasurementRow(
            film_key=f"film-{shot.name}",
            model_version=_MODEL,
            hip_index=index,
            measure=measure,
            value_deg=abs(value) if method == RIM else value,
            method=method,
            definition="cross_table" if method == VERTICAL else "radiographic",
            reference=_REFERENCE[method],
            confidence=1.0,
            accepted=True,
            why_not=None,
            uncertainty_deg=stated_deg,
        )
