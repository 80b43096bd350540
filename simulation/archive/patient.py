"""The files of one invented patient, and what is true of each."""

import contextlib
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
from pydicom import Dataset, dcmread

from simulation.archive import refused
from simulation.archive.cells import angle_cells
from simulation.archive.dicom import TRANSFER_SYNTAXES, Identity, build_dicom, encode, uid
from simulation.archive.life import Life
from simulation.archive.representation import represented
from simulation.archive.vendors import BODY_PARTS, VENDOR_SHARES, VENDORS, TagTruth, Vendor, habits
from simulation.body import chest, lower_limb, skull, spine, upper_limb
from simulation.body.other import render_other
from simulation.film import simulate
from simulation.spec import HIP_VIEWS, FilmSpec
from simulation.truth import Film, FilmTruth

_BUILDERS = {
    "chest": chest.chest, "lateral_chest": chest.lateral_chest, "spine": spine.spine, "abdomen": spine.abdomen,
    "knee": lower_limb.knee, "shoulder": upper_limb.shoulder, "hand": upper_limb.hand, "foot": lower_limb.foot,
    "ankle": lower_limb.ankle, "skull": skull.skull, "leg": lower_limb.leg,
}  # fmt: skip
_ATTEMPTS = 12  # draws of pose and exposure until the hip is on the film
_EXTRAS = {  # share of a patient's films that leave such a file too: what makes it, disposition, reason
    "same": (0.025, refused.copy, "duplicate", "same_image"),
    "conflict": (0.006, refused.conflict, "duplicate", "conflicting_image"),
    "truncated": (0.030, refused.truncated, "undecodable", "truncated"),
    "empty": (0.010, refused.empty, "screened_out", "empty_file"),
    "text": (0.030, refused.text, "screened_out", "not_dicom"),
    "magnetic": (0.060, refused.magnetic_resonance, "screened_out", "modality"),
    "report": (0.045, refused.report, "screened_out", "no_pixel_data"),
    "dicomdir": (0.010, refused.directory, "screened_out", "dicomdir"),
}
_SECOND_ID_SHARE = 0.015  # of patients: filed under two identifiers, as before records were merged
_NAMES = {
    "ISO_IR 100": "SIMULATED^Jos\u00e9",
    "ISO_IR 192": "SIMULATED^\u5c71\u7530=\u5c71\u7530",
    "ISO_IR 6": "SIMULATED^P",
}


@dataclass(frozen=True, slots=True)
class TruthRow:
    """One file of a cohort; empty where a column does not apply. Angles are as measured on that film."""

    path: str  # within the cohort's folder
    disposition: str  # how an ingest with perfect models ends with it
    reason: str
    person: str = ""  # the invented patient, the same under every identifier
    patient_id: str = ""
    study_date: str = ""
    sop_instance_uid: str = ""
    view: str = ""
    side: str = ""  # as the film shows it
    right_implant: str = ""
    left_implant: str = ""
    right_inclination_deg: str = ""
    right_version_deg: str = ""
    left_inclination_deg: str = ""
    left_version_deg: str = ""
    markers: str = ""  # sides that legible letters say
    body_part_tag: str = ""  # right, wrong, missing
    view_position_tag: str = ""
    laterality_tag: str = ""
    vendor: str = ""
    transfer_syntax: str = ""
    twin_of: str = ""  # of a duplicate or a conflict: the path of the other


def write_patient(root: Path, life: Life, person: int, seed: int, size: int) -> list[TruthRow]:
    """Write all files of a patient under ``root``; returns their rows in the order of paths."""
    rng = np.random.default_rng([seed, life.number, 22])
    second_id = bool(rng.random() < _SECOND_ID_SHARE)
    vendors = [VENDORS[int(v)] for v in rng.choice(len(VENDORS), 2, p=VENDOR_SHARES)]
    rows, number = [], 0
    for visit_index, visit in enumerate(visit for visit in life.visits if visit.day is not None):
        vendor = vendors[int(rng.random() < 0.25)]
        patient = life.number + (500_000 if second_id and visit_index % 2 else 0)
        for shot_index, shot in enumerate(visit.shots, start=1):
            film_rng = np.random.default_rng([seed, life.number, 24, number])
            number += 1
            subject, _, side = shot.partition(":")
            film = _film(life, person, visit.day, subject, side or "right", film_rng, size)
            if film is None:
                continue
            identity = Identity(
                patient, life.sex, life.birth_date, visit.day, shot_index, BODY_PARTS[subject][0], tagged=True
            )
            rows.append(_write_film(root, film, identity, subject, vendor, film_rng))
    rows += _extras(root, rows, rng)
    return sorted((replace(row, person=f"{life.number}") for row in rows), key=lambda row: row.path)


def _film(  # noqa: PLR0917 (one film of one life)
    life: Life, person: int, day: date, subject: str, side: str, rng: np.random.Generator, size: int
) -> Film | None:
    """The first of some draws on which the hip can be seen."""
    first = int(rng.integers(1 << 40))
    if subject not in HIP_VIEWS:
        return render_other(_BUILDERS[subject], rng, FilmSpec(first, person, "other", side, size=size))
    hips = {hip.side: hip.state(day) for hip in life.hips}
    for attempt in range(_ATTEMPTS):
        with contextlib.suppress(ValueError):
            return simulate(FilmSpec(first + attempt, person, subject, side, hips, size))
    return None


def _write_film(  # noqa: PLR0917 (a film and where it goes)
    root: Path, film: Film, identity: Identity, subject: str, vendor: Vendor, rng: np.random.Generator
) -> TruthRow:
    dataset = build_dicom(film, identity, photometric="MONOCHROME2", iod=vendor.modality)
    represented(rng, dataset, film, vendor)
    told = habits(rng, vendor, dataset, subject)
    if vendor.character_set == "ISO_IR 6":  # the default repertoire is not named
        del dataset.SpecificCharacterSet
    else:
        dataset.SpecificCharacterSet = vendor.character_set
    dataset.PatientName = f"{_NAMES[vendor.character_set]}{identity.patient % 1000}"
    if rng.random() < 0.02:
        dataset.PatientBirthDate = ""
    syntax = str(rng.choice(vendor.syntaxes))
    encode(dataset, TRANSFER_SYNTAXES[syntax])
    path = root / _path(identity, subject, rng)
    _save(dataset, path)
    return _row(path.relative_to(root.parent).as_posix(), film.truth, identity, told, (vendor.model, syntax, dataset))


def _save(dataset: Dataset, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.partial")
    dataset.save_as(temporary, enforce_file_format=True)
    temporary.chmod(0o640)
    temporary.rename(path)


def _extras(root: Path, rows: list[TruthRow], rng: np.random.Generator) -> list[TruthRow]:
    """Copies, conflicts, broken files and what is no film, in folders that sort behind the films'."""
    found = []
    for row in list(rows):
        film = root.parent / row.path
        for kind, (share, make, disposition, reason) in _EXTRAS.items():
            if rng.random() >= share or (kind in ("truncated", "conflict") and not _whole(film)):
                continue
            path = root / "zz incoming" / kind / f"{uid('extra', row.path, kind)[5:21]}.dcm"
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary = path.with_name(f".{path.name}.partial")
            make(temporary, film)
            temporary.chmod(0o640)
            temporary.rename(path)
            twin = row.path if disposition == "duplicate" else ""
            found.append(TruthRow(path.relative_to(root.parent).as_posix(), disposition, reason, twin_of=twin))
    return found


def _whole(film: Path) -> bool:
    """Whether a shorter copy of the file, or one with other pixels, is surely told from it: plain values of 16 bits."""
    header = dcmread(film, stop_before_pixels=True)
    return header.file_meta.TransferSyntaxUID == TRANSFER_SYNTAXES["explicit"] and header.BitsAllocated == 16


def _path(identity: Identity, subject: str, rng: np.random.Generator) -> str:
    """Archives name files as they please: CD exports, folders by year, by study, by UID; never by name."""
    day, patient, number = identity.study_date, identity.patient, identity.number
    code = uid("file", patient, day, number, subject)[5:25]
    names = (
        f"CD {patient % 97:02d}/DICOM/P{patient:06d}/ST{day:%y%m%d}/IM{number:06d}",
        f"archive/{day:%Y}/{day:%m}/SIM{patient:06d}/IMG-{day:%d}-{number:04d}.dcm",
        f"export/study {uid('study', patient, day)[5:17]}/{number} {subject}.dcm",
        f"pacs/{code[:2]}/{code}",
    )
    return names[int(rng.choice(4, p=[0.15, 0.45, 0.15, 0.25]))]


def _row(path: str, truth: FilmTruth, identity: Identity, told: TagTruth, stored: tuple[str, str, Dataset]) -> TruthRow:
    model, syntax, dataset = stored
    is_hip = truth.view != "other"
    return TruthRow(
        path=path,
        disposition="registered" if is_hip else "not_hip",
        reason="hip_film" if is_hip else "view_other",
        patient_id=dataset.PatientID,
        study_date=identity.study_date.isoformat(),
        sop_instance_uid=dataset.SOPInstanceUID,
        view=truth.view,
        side=truth.side,
        markers="|".join(sorted({marker.side for marker in truth.markers})),
        body_part_tag=told.body_part,
        view_position_tag=told.view_position,
        laterality_tag=told.laterality,
        vendor=model,
        transfer_syntax=syntax,
        **{f"{hip.side}_implant": hip.implant for hip in truth.hips},
        **angle_cells(truth),
    )
