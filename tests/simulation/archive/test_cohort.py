"""A cohort on disk: complete, the same every time, valid DICOM, and true."""

import csv
import hashlib
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import numpy as np
import pydicom
import pytest
from click.testing import CliRunner
from pydicom.uid import ExplicitVRLittleEndian

from simulation.__main__ import main
from simulation.archive import cohort as cohort_module
from simulation.archive.cohort import OtherCohortError, Request, write_cohort
from simulation.archive.vendors import VENDORS

PATIENTS, SEED, SIZE = 3, 5, 128


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digests(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def make_request(out, **changes):
    return Request(**{"out": out, "patients": PATIENTS, "seed": SEED, "size": SIZE, "workers": 1} | changes)


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    out = tmp_path_factory.mktemp("cohort") / "c"
    write_cohort(make_request(out))
    return out


@pytest.fixture(scope="module")
def films(cohort):
    """Rows and headers of every film."""
    rows = [row for row in table(cohort, "truth") if row["disposition"] in ("registered", "not_hip")]
    return [(row, pydicom.dcmread(cohort / row["path"])) for row in rows]


def test_the_truth_has_every_file_exactly_once(cohort):
    there = {path.relative_to(cohort).as_posix() for path in (cohort / "archive").rglob("*") if path.is_file()}
    told = Counter(row["path"] for row in table(cohort, "truth"))
    assert set(told) == there
    assert set(told.values()) == {1}


def test_nothing_is_left_half_written(cohort):
    assert not [path for path in cohort.rglob("*") if path.name.startswith(".")]
    assert all(path.stat().st_mode & 0o777 == 0o640 for path in cohort.rglob("*") if path.is_file())


def test_two_processes_leave_the_same_bytes(cohort, tmp_path):
    write_cohort(make_request(tmp_path / "c", workers=2))
    assert digests(tmp_path / "c") == digests(cohort)


def test_a_killed_run_goes_on_and_ends_with_the_same_bytes(cohort, tmp_path, monkeypatch):
    request, done = make_request(tmp_path / "c"), []

    def killed(job):
        if len(done) == 1:
            raise KeyboardInterrupt
        done.append(job)
        return original(job)

    original = cohort_module._patient
    monkeypatch.setattr(cohort_module, "_patient", killed)
    with pytest.raises(KeyboardInterrupt):
        write_cohort(request)
    assert not (tmp_path / "c" / "truth.csv").exists()
    monkeypatch.setattr(cohort_module, "_patient", original)
    reported = []
    write_cohort(request, reported.append)
    assert len(reported) == PATIENTS - 1
    assert digests(tmp_path / "c") == digests(cohort)


def test_a_finished_cohort_is_left_alone(cohort):
    before, reported = digests(cohort), []
    counts = write_cohort(make_request(cohort), reported.append)
    assert (digests(cohort), reported) == (before, [])
    assert counts == {"files": len(table(cohort, "truth")), "patients": PATIENTS}


@pytest.mark.parametrize("changes", [{"seed": 6}, {"size": 256}, {"patients": 9}])
def test_another_cohort_is_not_written_over_this_one(cohort, changes):
    with pytest.raises(OtherCohortError, match="another folder"):
        write_cohort(make_request(cohort, **changes))


def test_a_folder_of_other_things_is_refused_with_exit_code_two(tmp_path):
    (tmp_path / "mine.txt").write_text("x")
    result = CliRunner().invoke(main, ["cohort", "--patients", "1", "--out", str(tmp_path), "--size", "128"])
    assert result.exit_code == 2
    assert "is not empty and holds no cohort" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_every_film_is_readable_and_says_that_it_is_simulated(films):
    for row, dataset in films:
        assert dataset.pixel_array.ndim == 2
        assert str(dataset.PatientName).startswith("SIMULATED")
        assert dataset.PatientID == row["patient_id"]
        assert dataset.SOPInstanceUID == row["sop_instance_uid"]


def test_no_path_holds_a_name(cohort, films):
    names = {part for _, dataset in films for part in str(dataset.PatientName).split("^")[1:] if len(part) > 2}
    for row in table(cohort, "truth"):
        assert not any(name in row["path"] for name in names)


def test_tags_are_as_right_or_wrong_as_the_truth_says(films):
    for row, dataset in films:
        assert (row["body_part_tag"] == "missing") == (dataset.BodyPartExamined == "")
        assert (row["view_position_tag"] == "missing") == (dataset.ViewPosition == "")
        side = {"left": "L", "right": "R"}.get(row["side"])
        written = dataset.get("ImageLaterality", dataset.get("Laterality", ""))
        if side and row["laterality_tag"] != "missing":
            assert (written == side) == (row["laterality_tag"] == "right")


def test_each_film_is_stored_as_its_vendor_stores(films):
    by_model = {vendor.model: vendor for vendor in VENDORS}
    assert len({row["vendor"] for row, _ in films}) >= 2
    for row, dataset in films:
        vendor = by_model[row["vendor"]]
        assert (dataset.Modality, dataset.BitsStored) == (vendor.modality, vendor.bits)
        assert row["transfer_syntax"] in vendor.syntaxes


def test_the_same_scene_is_bright_bone_through_every_representation(films):
    """After undoing MONOCHROME1, the film's own grey mean is within its range; the letters and metal are bright."""
    for _, dataset in films:
        values = dataset.pixel_array.astype(float)
        values = values if dataset.PhotometricInterpretation == "MONOCHROME2" else values.max() - values
        assert 0 <= values.min() < values.max() <= 2**dataset.BitsStored - 1


def test_every_person_has_one_or_two_identifiers_and_every_identifier_one_person(cohort):
    people = {}
    for row in table(cohort, "truth"):
        if row["patient_id"]:
            people.setdefault(row["patient_id"], set()).add(row["person"])
    assert all(len(persons) == 1 for persons in people.values())


def test_duplicates_name_their_twins(cohort):
    rows = {row["path"]: row for row in table(cohort, "truth")}
    for row in rows.values():
        if row["disposition"] == "duplicate":
            twin = rows[row["twin_of"]]
            assert twin["disposition"] in ("registered", "not_hip")
            assert twin["path"] < row["path"]


def test_the_stories_are_those_of_the_films(cohort):
    """No film before the first replacement shows one, and those after a replacement do."""
    first = {}
    for row in table(cohort, "stories"):
        if row["event"] == "primary":
            first[row["patient_id"], row["side"]] = row["date"]
    shown = 0
    for row in table(cohort, "truth"):
        for side in ("right", "left"):
            kind, day = row[f"{side}_implant"], first.get((f"SIM{int(row['person'] or 0):06d}", side))
            if kind and day:
                shown += 1
                assert (kind in ("tha", "hemi", "resurfacing")) == (row["study_date"] >= day)
    assert shown


@pytest.mark.skipif(shutil.which("dciodvfy") is None, reason="dciodvfy (Debian package dicom3tools) is not installed")
def test_every_film_is_valid_after_the_standard(films, tmp_path):
    """Dciodvfy knows the modules of CR and DX; deflated files, which it cannot read, are checked inflated."""
    for row, dataset in films:
        copy = tmp_path / "film.dcm"
        if row["transfer_syntax"] == "deflated":
            dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        dataset.save_as(copy)
        said = subprocess.run(["dciodvfy", str(copy)], capture_output=True, text=True, check=False)
        assert [line for line in said.stderr.splitlines() if line.startswith("Error")] == [], row["path"]


def test_seeds_share_no_person():
    numbers = [Request(Path(), 500, seed, 128).person(n) for seed in range(4) for n in (0, 499)]
    assert len(set(numbers)) == len(numbers)
    assert np.all(np.diff(sorted(numbers)) > 0)


@pytest.mark.parametrize("command", [["cohort", "--patients", "1"], ["films", "--films", "1"], ["gallery"]])
def test_a_place_that_cannot_be_written_gets_one_line(tmp_path, command):
    (tmp_path / "file").write_text("x")
    result = CliRunner().invoke(main, [*command, "--out", str(tmp_path / "file" / "below")])
    assert result.exit_code == 1
    assert result.output.splitlines()[-1].startswith("Error: cannot write")
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["cohort", "--out", "x"], "Missing option '--patients'"),
        (["cohort", "--out", "x", "--patients", "0"], "0 is not in the range x>=1"),
        (["films", "--out", "x", "--without", "noise"], "'noise' is not one of"),
        (["films", "--out", "x", "--size", "10"], "10 is not in the range"),
    ],
    ids=["no patients", "none", "unknown variation", "too small"],
)
def test_bad_arguments_are_refused_with_exit_code_two(arguments, said):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert said in result.output
