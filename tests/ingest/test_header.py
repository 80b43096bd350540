import zlib
from datetime import date, datetime
from io import BytesIO
from typing import Any

import pytest
from builders.dicom import make_dicom
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from ingest.errors import FileError
from ingest.header import open_header, read_header, transfer_syntax
from ingest.records import Header


def key_of(kind: str, *parts: str) -> str:
    return f"{kind}:{'/'.join(parts)}"


def header(**tags: Any) -> Header:
    return read_header(make_dicom(**tags), key_of)


def as_file(*, preamble: bool = True, **tags: Any) -> BytesIO:
    file = BytesIO()
    dataset = make_dicom(**tags)
    if preamble:
        dataset.save_as(file, enforce_file_format=True)
    else:
        syntax = dataset.file_meta.TransferSyntaxUID
        del dataset.file_meta
        dataset.save_as(file, implicit_vr=syntax.is_implicit_VR, little_endian=True)
    file.seek(0)
    return file


def test_the_patient_is_known_by_id_and_issuer_only() -> None:
    assert header(PatientID=" P1 ", IssuerOfPatientID="A").patient_key == "patient:P1/A"


def test_films_without_a_patient_id_are_one_patient_per_study() -> None:
    assert header(PatientID=None).patient_key == "patient of study:1.2.3"
    assert header(PatientID="").patient_key == "patient of study:1.2.3"


def test_no_name_or_birth_date_is_kept() -> None:
    kept = repr(header())
    assert "Doe" not in kept
    assert "1950" not in kept


@pytest.mark.parametrize(
    ("age", "years"), [("045Y", 45.0), ("006M", 0.5), ("", None), ("old", None)], ids=["years", "months", "no", "odd"]
)
def test_the_age_is_in_years(age: str, years: float | None) -> None:
    assert header(PatientAge=age).patient_age_years == years


def test_dates_and_times_are_read_or_left_out() -> None:
    kept = header(StudyDate="20200229", AcquisitionDate="20200301", AcquisitionTime="235960.5")
    assert kept.study_date == date(2020, 2, 29)
    assert kept.acquired_at == datetime(2020, 3, 1, 23, 59, 59)  # noqa: DTZ001 - a device's wall clock
    assert header(StudyDate="20200230").study_date is None


def test_a_date_without_a_time_is_no_time_of_acquisition() -> None:
    assert header(StudyDate="20200229").acquired_at is None


def test_the_image_laterality_goes_before_the_series_laterality() -> None:
    assert header(ImageLaterality="L", Laterality="R").laterality == "L"
    assert header(ImageLaterality="U", Laterality="R").laterality == "R"
    assert header().laterality is None


def test_spacing_says_where_it_was_measured() -> None:
    kept = header(ImagerPixelSpacing=[0.148, 0.148], PixelSpacing=[0.12, 0.12])
    assert (kept.spacing_mm, kept.spacing_source) == (0.148, "imager")
    assert header(PixelSpacing=[0.12, 0.12]).spacing_source == "pixel"
    assert header(ImagerPixelSpacing=[0, 0]).spacing_mm is None


def test_a_film_without_a_size_is_refused() -> None:
    with pytest.raises(FileError, match="bad_header"):
        header(Rows=None)


@pytest.mark.parametrize("preamble", [True, False])
def test_a_file_opens_with_and_without_preamble(preamble: bool) -> None:  # noqa: FBT001 - pytest fills it
    opened = open_header(as_file(preamble=preamble))
    assert opened is not None
    dataset, has_pixels = opened
    assert has_pixels
    assert "PixelData" not in dataset
    assert transfer_syntax(dataset) == ExplicitVRLittleEndian


def test_a_file_without_meta_header_is_read_as_it_is_encoded() -> None:
    dataset = make_dicom()
    del dataset.file_meta
    file = BytesIO()
    dataset.save_as(file, implicit_vr=True, little_endian=True)
    file.seek(0)
    opened = open_header(file)
    assert opened is not None
    assert transfer_syntax(opened[0]) == ImplicitVRLittleEndian


def test_pixels_are_seen_without_being_read() -> None:
    without = open_header(as_file(PixelData=None))
    assert without is not None
    assert not without[1]


def test_a_deflated_file_opens() -> None:
    dataset, file = make_dicom(), BytesIO()
    dataset.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    dataset.save_as(file, enforce_file_format=True)
    file.seek(0)
    opened = open_header(file)
    assert opened is not None
    assert opened[1]


@pytest.mark.parametrize("content", [b"", b"a text", b"\0" * 300, bytes(range(256)) * 9])
def test_what_is_no_dicom_opens_as_nothing(content: bytes) -> None:
    assert open_header(BytesIO(content)) is None


def test_a_deflated_bomb_is_refused_before_it_is_unpacked() -> None:
    """Zeros that take a megabyte, and a gigabyte and more once they are unpacked."""
    file = as_file(PixelData=b"")
    start = 132 + 12 + int.from_bytes(file.getvalue()[140:144], "little")
    meta = file.getvalue()[:start].replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.1.99", 1)
    meta = meta.replace(b"UI\x14\x001.2.840.10008.1.2.1.99", b"UI\x16\x001.2.840.10008.1.2.1.99", 1)
    meta = meta[:140] + (int.from_bytes(meta[140:144], "little") + 2).to_bytes(4, "little") + meta[144:]
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    bomb = b"".join(packer.compress(bytes(1 << 24)) for _ in range(66)) + packer.flush()
    with pytest.raises(FileError, match="too_many_pixels"):
        open_header(BytesIO(meta + bomb))
