"""Simulated films written as DICOM."""

from datetime import date

import numpy as np
import pydicom
import pytest

from simulation.archive.dicom import TRANSFER_SYNTAXES, Identity, uid, write_dicom
from simulation.truth import Film, FilmTruth

LOSSLESS = sorted(set(TRANSFER_SYNTAXES) - {"jpeg_2000_lossy"})


def make_film(*, view="ap_hip", side="left", seed=5) -> Film:
    """A smooth twelve-bit picture with a little noise, wider than high."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:96, 0:128]
    pixels = np.clip(2000 + 1500 * np.sin(x / 17) * np.cos(y / 11) + rng.normal(0, 20, (96, 128)), 0, 4095)
    truth = FilmTruth(seed, 1, view, side, (), (), None, None, 0.35, 128, 96)
    return Film(pixels.astype(np.uint16), truth)


def make_identity(*, number=1, body_part="HIP", tagged=True) -> Identity:
    return Identity(7, "F", date(1950, 6, 30), date(2014, 6, 29), number, body_part, tagged=tagged)


@pytest.fixture
def written(tmp_path):
    def write(film=None, identity=None, *, syntax="explicit", photometric="MONOCHROME2", iod="DX"):
        path = tmp_path / "folder" / "film"
        write_dicom(
            path,
            film or make_film(),
            identity or make_identity(),
            transfer_syntax=syntax,
            photometric=photometric,
            iod=iod,
        )
        return pydicom.dcmread(path)

    return write


@pytest.mark.parametrize("photometric", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("syntax", LOSSLESS)
def test_a_lossless_syntax_gives_back_every_pixel(written, syntax, photometric):
    film = make_film()
    dataset = written(film, syntax=syntax, photometric=photometric)
    assert dataset.file_meta.TransferSyntaxUID == TRANSFER_SYNTAXES[syntax]
    shown = dataset.pixel_array if photometric == "MONOCHROME2" else 4095 - dataset.pixel_array
    assert np.array_equal(shown, film.pixels)


def test_a_lossy_film_says_so_and_stays_close(written):
    film = make_film()
    dataset = written(film, syntax="jpeg_2000_lossy")
    assert (dataset.LossyImageCompression, dataset.ImageType[0]) == ("01", "DERIVED")
    error = dataset.pixel_array.astype(int) - film.pixels
    assert 0 < np.sqrt((error**2).mean()) < 40


@pytest.mark.parametrize(
    ("iod", "photometric", "shape"), [("CR", "MONOCHROME1", "INVERSE"), ("DX", "MONOCHROME2", "IDENTITY")]
)
def test_the_header_agrees_with_how_the_pixels_are_stored(written, iod, photometric, shape):
    dataset = written(iod=iod, photometric=photometric)
    assert (dataset.Modality, dataset.PhotometricInterpretation) == (iod, photometric)
    assert dataset.PresentationLUTShape == shape
    assert (dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit) == (16, 12, 11)
    assert dataset.ImagerPixelSpacing == [0.35, 0.35]


@pytest.mark.parametrize(("side", "expected"), [("left", "L"), ("right", "R"), ("both", "B"), ("unknown", "U")])
def test_a_digital_film_always_has_an_image_laterality(written, side, expected):
    assert written(make_film(side=side)).ImageLaterality == expected


def test_an_untagged_film_tells_neither_part_nor_view_nor_side(written):
    dataset = written(identity=make_identity(tagged=False), iod="CR")
    for name in ("BodyPartExamined", "ViewPosition", "Laterality", "ImageLaterality"):
        assert not dataset.get(name)


def test_the_patient_is_plainly_not_a_person(written):
    dataset = written()
    assert str(dataset.PatientName) == "SIMULATED^P0007"
    assert dataset.PatientAge == "063Y"  # the day before the sixty-fourth birthday


def test_uids_are_valid_and_the_same_for_the_same_film(written):
    first, second = written(), written()
    for name in ("SOPInstanceUID", "StudyInstanceUID", "SeriesInstanceUID"):
        assert first[name].value == second[name].value
        assert first[name].value.is_valid
    assert first.SOPInstanceUID != written(make_film(seed=6)).SOPInstanceUID
    assert uid("a", 1) != uid("a", 2)


def test_films_of_one_study_share_only_the_study(written):
    first, second = written(), written(identity=make_identity(number=2))
    assert first.StudyInstanceUID == second.StudyInstanceUID
    assert first.SeriesInstanceUID != second.SeriesInstanceUID
    assert first.SOPInstanceUID != second.SOPInstanceUID
