"""Invented patients and what their archive holds: which films, when, and how each is stored."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import PurePosixPath

from simulation.archive.dicom import Identity, uid

Cup = tuple[float, float]  # radiographic inclination and anteversion, degrees

VIEWS = {
    "pelvis": "ap_pelvis",
    "hip": "ap_hip",
    "cross": "cross_table_lateral",
    "frog": "frog_leg_lateral",
    "oblique": "oblique_hip",
}
BODY_PARTS = {"pelvis": "PELVIS", "chest": "CHEST", "knee": "KNEE", "spine": "SPINE", "shoulder": "SHOULDER"}
# A quarter of the films are stored without loss, smaller so that the samples stay small.
STORED = (
    "jpeg_2000_lossy", "jpeg_2000_lossy", "jpeg_ls", "jpeg_2000_lossy", "jpeg_2000_lossy", "explicit",
    "jpeg_2000_lossy", "jpeg_2000_lossy", "jpeg_lossless", "jpeg_2000_lossy", "jpeg_2000_lossy", "jpeg_2000",
    "jpeg_2000_lossy", "jpeg_2000_lossy", "rle", "jpeg_2000_lossy", "jpeg_2000_lossy", "deflated",
    "jpeg_2000_lossy", "jpeg_2000_lossy", "jpeg_ls", "jpeg_2000_lossy", "jpeg_2000_lossy", "implicit",
)  # fmt: skip
LONG_EDGE = {True: 1024, False: 640}  # pixels; True where the syntax loses


@dataclass(frozen=True, slots=True)
class Visit:
    """One study: its films as "view" or "view:side", and what is implanted on that day."""

    day: date
    films: tuple[str, ...]
    implants: Mapping[str, str] = field(default_factory=dict)
    cups: Mapping[str, Cup] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Patient:
    """One invented patient."""

    number: int
    sex: str
    birth_date: date
    visits: tuple[Visit, ...]


@dataclass(frozen=True, slots=True)
class PlannedFilm:
    """One film of the cohort and how it lies in the archive."""

    path: PurePosixPath
    identity: Identity
    subject: str  # a key of VIEWS, or another body part
    side: str  # the hip it is aimed at
    implants: Mapping[str, str]
    cups: Mapping[str, Cup]
    size: int
    transfer_syntax: str
    photometric: str
    iod: str


def patients() -> tuple[Patient, ...]:
    """The stories: native to replaced, both sides, a revision, and the other implants."""
    right, left = {"right": "tha"}, {"left": "tha"}
    both = right | left
    revised = Visit(date(2018, 10, 2), ("pelvis:right", "cross:right"), right, {"right": (41, 18)})
    return (
        Patient(1, "F", date(1946, 4, 11), (
            Visit(date(2012, 3, 14), ("pelvis:right", "hip:right", "chest")),
            Visit(date(2012, 6, 20), ("pelvis:right", "cross:right"), right, {"right": (43, 19)}),
            Visit(date(2013, 6, 18), ("pelvis:right", "hip:right"), right, {"right": (43, 19)}),
            Visit(date(2017, 6, 27), ("pelvis:right", "cross:right"), right, {"right": (43, 19)}),
        )),
        Patient(2, "M", date(1953, 9, 2), (
            Visit(date(2013, 1, 22), ("pelvis:left", "frog:left")),
            Visit(date(2013, 4, 9), ("pelvis:left", "hip:left", "cross:left"), left, {"left": (47, 13)}),
            Visit(date(2018, 4, 17), ("hip:left",), left, {"left": (47, 13)}),
        )),
        Patient(3, "F", date(1949, 12, 30), (
            Visit(date(2013, 9, 3), ("pelvis:right",)),
            Visit(date(2014, 2, 11), ("pelvis:right", "hip:right"), right, {"right": (38, 22)}),
            Visit(date(2016, 5, 24), ("pelvis:left", "hip:left"), both, {"right": (38, 22), "left": (44, 16)}),
            Visit(date(2020, 5, 12), ("pelvis:left", "cross:left"), both, {"right": (38, 22), "left": (44, 16)}),
        )),
        Patient(4, "M", date(1941, 7, 19), (
            Visit(date(2012, 11, 6), ("pelvis:right", "cross:right"), right, {"right": (57, 27)}),
            Visit(date(2018, 9, 11), ("pelvis:right", "hip:right"), right, {"right": (57, 27)}),
            revised,
        )),
        Patient(5, "F", date(1934, 2, 8), (
            Visit(date(2015, 1, 5), ("pelvis:left", "cross:left")),
            Visit(date(2015, 1, 9), ("pelvis:left", "hip:left"), {"left": "hemi"}),
            Visit(date(2016, 2, 2), ("hip:left",), {"left": "hemi"}),
        )),
        Patient(6, "M", date(1968, 10, 25), (
            Visit(date(2012, 5, 8), ("pelvis:right", "frog:right")),
            Visit(date(2012, 8, 28), ("pelvis:right",), {"right": "resurfacing"}, {"right": (45, 17)}),
            Visit(date(2019, 8, 20), ("hip:right",), {"right": "resurfacing"}, {"right": (45, 17)}),
        )),
        Patient(7, "F", date(1939, 5, 3), (
            Visit(date(2014, 7, 1), ("pelvis:left", "oblique:left"), {"left": "fixation"}),
            Visit(date(2019, 3, 19), ("hip:left",), {"left": "fixation"}),
            Visit(date(2021, 6, 8), ("pelvis:left", "cross:left"), left, {"left": (40, 24)}),
        )),
        Patient(8, "M", date(1975, 8, 16), (
            Visit(date(2016, 10, 11), ("pelvis:right", "oblique:right", "knee")),
            Visit(date(2018, 10, 16), ("frog:right", "hip:right", "spine")),
        )),
        Patient(9, "F", date(1951, 1, 27), (
            Visit(date(2019, 11, 5), ("pelvis:left", "chest")),
            Visit(date(2020, 9, 15), ("pelvis:left", "cross:left"), left, {"left": (35, 15)}),
            Visit(date(2022, 9, 13), ("hip:left", "oblique:left"), left, {"left": (35, 15)}),
        )),
        Patient(10, "M", date(1962, 6, 6), (
            Visit(date(2017, 2, 14), ("cross:right", "hip:right")),
            Visit(date(2022, 3, 8), ("shoulder", "hand")),
        )),
        Patient(11, "F", date(1944, 11, 21), (Visit(date(2021, 12, 7), ("page", "phantom", "foot")),)),
    )  # fmt: skip


def films() -> Iterator[PlannedFilm]:
    """Every film of the cohort, in a fixed order."""
    index = 0
    for patient in patients():
        for visit in patient.visits:
            for number, shot in enumerate(visit.films, start=1):
                yield _film(patient, visit, number, shot, index)
                index += 1


def _film(patient: Patient, visit: Visit, number: int, shot: str, index: int) -> PlannedFilm:
    subject, _, side = shot.partition(":")
    syntax = STORED[index % len(STORED)]
    tagged = index % 7 != 3
    codable = subject in VIEWS or subject in BODY_PARTS
    part = BODY_PARTS.get(subject, "HIP" if subject in VIEWS else "")
    identity = Identity(
        patient.number, patient.sex, patient.birth_date, visit.day, number, part, tagged=tagged and codable
    )
    return PlannedFilm(
        path=_path(identity, subject, side),
        identity=identity,
        subject=subject,
        side=side or "right",
        implants=visit.implants,
        cups=visit.cups,
        size=LONG_EDGE[syntax == "jpeg_2000_lossy"],
        transfer_syntax=syntax,
        photometric="MONOCHROME1" if index % 5 in (1, 3) else "MONOCHROME2",
        iod="DX" if identity.tagged and index % 2 else "CR",
    )


def _path(identity: Identity, subject: str, side: str) -> PurePosixPath:
    """Archives name files as they please: CD exports, folders by year, by hand, by UID."""
    day, patient, number = identity.study_date, identity.patient, identity.number
    names = (
        f"CD {patient:02d}/DICOM/ST{day:%y%m%d}/IM{number:06d}",
        f"archive/{day:%Y}/SIM{patient:06d}_{day:%Y%m%d}/IMG-{number:04d}.dcm",
        f"export hip clinic/patient {patient}/{day} {subject} {side}".rstrip() + ".dcm",
        f"pacs/{uid('file', patient, day, number)[5:25]}",
    )
    return PurePosixPath(names[patient % 4])
