"""The committed samples and the plan that they are made from."""

import csv
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pydicom
import pytest

from simulation.archive.dicom import TRANSFER_SYNTAXES
from simulation.archive.refused import REFUSED
from simulation.archive.samples import TruthRow
from simulation.archive.stories import VIEWS, films, patients

SAMPLES = Path(__file__).parents[3] / "samples"


@pytest.fixture(scope="module")
def truth() -> dict[str, TruthRow]:
    with (SAMPLES / "truth.csv").open(encoding="utf-8", newline="") as file:
        rows = [TruthRow(**row) for row in csv.DictReader(file)]
    assert len({row.path for row in rows}) == len(rows)
    return {row.path: row for row in rows}


@pytest.fixture(scope="module")
def headers(truth) -> dict[str, pydicom.Dataset]:
    readable = [row.path for row in truth.values() if row.disposition in {"registered", "not_hip"}]
    return {path: pydicom.dcmread(SAMPLES / path, stop_before_pixels=True) for path in readable}


def test_the_truth_lists_every_file_exactly_once(truth):
    there = {path.relative_to(SAMPLES).as_posix() for path in SAMPLES.rglob("*") if path.is_file()}
    assert there == set(truth)


def test_the_samples_stay_under_fifteen_megabytes():
    assert sum(path.stat().st_size for path in SAMPLES.rglob("*") if path.is_file()) < 15_000_000


def test_eight_patients_or_more_have_several_study_dates(truth):
    dates = {(row.patient, row.study_date) for row in truth.values() if row.disposition == "registered"}
    several = [patient for patient, count in Counter(patient for patient, _ in dates).items() if count >= 2]
    assert len(several) >= 8


def test_every_view_is_there_with_and_without_implants(truth):
    views = Counter(row.view for row in truth.values() if row.view)
    assert set(views) == {*VIEWS.values(), "other"}
    kinds = {kind for row in truth.values() for kind in (row.right_implant, row.left_implant)}
    assert kinds == {"none", "implant", ""}


def test_every_way_of_storing_a_film_is_there(headers):
    assert {header.file_meta.TransferSyntaxUID for header in headers.values()} == set(TRANSFER_SYNTAXES.values())
    assert {header.PhotometricInterpretation for header in headers.values()} == {"MONOCHROME1", "MONOCHROME2"}
    assert {header.Modality for header in headers.values()} == {"CR", "DX"}


def test_the_headers_are_those_of_the_plan(headers, truth):
    for plan in films():
        header, row = headers[plan.path.as_posix()], truth[plan.path.as_posix()]
        assert f"{header.PatientID}" == row.patient
        assert header.StudyDate == row.study_date.replace("-", "")
        assert header.SOPInstanceUID.is_valid


def test_no_two_films_share_a_uid(headers):
    assert len({header.SOPInstanceUID for header in headers.values()}) == len(headers)


@pytest.mark.parametrize("name", REFUSED)
def test_each_refused_file_has_its_reason(truth, name):
    row = truth[name]
    assert (row.disposition, row.reason) == (REFUSED[name].disposition, REFUSED[name].reason)


def test_a_duplicate_comes_after_its_original(truth, headers):
    originals = {header.SOPInstanceUID: path for path, header in headers.items()}
    for row in truth.values():
        if row.disposition == "duplicate":
            copy = pydicom.dcmread(SAMPLES / row.path, stop_before_pixels=True)
            assert Path(originals[copy.SOPInstanceUID]) < Path(row.path)


def test_a_cup_that_can_be_measured_has_its_angles(truth):
    measured = [row for row in truth.values() if row.right_inclination_deg or row.left_inclination_deg]
    assert len(measured) >= 10
    for row in measured:
        assert row.view == "ap_pelvis"
    versions = [float(v) for row in truth.values() for v in (row.right_version_deg, row.left_version_deg) if v]
    assert all(-40 < version < 60 for version in versions)


def test_the_revision_changes_the_angles_of_the_cup(truth):
    pelves = sorted(
        (row.study_date, float(row.right_inclination_deg))
        for row in truth.values()
        if row.patient == "SIM000004" and row.view == "ap_pelvis"
    )
    before, after = pelves[0][1], pelves[-1][1]
    assert before - after > 8


def test_a_story_runs_forward_in_time():
    for patient in patients():
        days = [visit.day for visit in patient.visits]
        assert all(earlier < later for earlier, later in pairwise(days))
        assert patient.birth_date < days[0]


def test_what_is_implanted_stays_unless_it_is_revised():
    for patient in patients():
        for earlier, later in pairwise(patient.visits):
            assert set(earlier.implants) <= set(later.implants)
