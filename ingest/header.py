"""The DICOM header: opening a file without its pixels, and what is kept of it."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from typing import Any, BinaryIO

import pydicom
from pydicom import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from ingest.errors import FileError
from ingest.records import Header, Reason
from ingest.spacing import spacing

Keyer = Callable[..., str]  # identity.SiteKey: kind and parts to a pseudonym
PIXEL_GROUP = (b"\xe0\x7f", b"\x7f\xe0")  # (7FE0,xxxx), little and big endian
_AGE_YEARS = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}


def open_header(file: BinaryIO) -> tuple[Dataset, bool] | None:
    """Everything before the pixels, and whether pixels follow; None where it is no DICOM.

    A file without the 128-byte preamble counts where its elements are those of an image or an object.
    """
    try:
        header: Dataset = pydicom.dcmread(file, stop_before_pixels=True)
    except InvalidDicomError:
        file.seek(0)
        header = _open_bare(file)
        if header is None:
            return None
    if header.file_meta.get("TransferSyntaxUID") == DeflatedExplicitVRLittleEndian:
        return header, "Rows" in header  # what follows in the file is compressed with the rest
    return header, file.read(2) in PIXEL_GROUP


def _open_bare(file: BinaryIO) -> Any:
    try:
        header = pydicom.dcmread(file, stop_before_pixels=True, force=True)
        named = "SOPClassUID" in header or "Modality" in header or ("Rows" in header and "Columns" in header)
    except Exception:  # noqa: BLE001 - any bytes at all are being read as if they were DICOM
        return None
    return header if named else None


def transfer_syntax(dataset: Dataset) -> str:
    """As the file says; where it does not, as its elements are encoded."""
    told = str(getattr(dataset, "file_meta", Dataset()).get("TransferSyntaxUID") or "")
    if told:
        return told
    implicit, little = dataset.original_encoding
    if implicit:
        return str(ImplicitVRLittleEndian)
    return str(ExplicitVRLittleEndian if little or little is None else ExplicitVRBigEndian)


def read_header(dataset: Dataset, keyer: Keyer) -> Header:
    """What the registry keeps.

    Raises:
        FileError: bad_header, where Rows or Columns are absent or absurd.
    """
    rows, columns = _whole(dataset, "Rows"), _whole(dataset, "Columns")
    if not (rows and columns and rows > 0 and columns > 0):
        raise FileError(Reason.BAD_HEADER, "Rows or Columns (0028,0010), (0028,0011) are absent or not positive")
    told = spacing(dataset)
    accession = _text(dataset, "AccessionNumber")
    return Header(
        sop_instance_uid=_uid(dataset, "SOPInstanceUID"),
        study_instance_uid=_uid(dataset, "StudyInstanceUID"),
        series_instance_uid=_uid(dataset, "SeriesInstanceUID"),
        sop_class_uid=_uid(dataset, "SOPClassUID"),
        transfer_syntax_uid=transfer_syntax(dataset),
        modality=_text(dataset, "Modality", 16).upper(),
        patient_key=_patient_key(dataset, keyer),
        patient_sex=sex if (sex := _text(dataset, "PatientSex", 1).upper()) in {"F", "M", "O"} else None,
        patient_age_years=_age(_text(dataset, "PatientAge", 4)),
        study_date=_date(_text(dataset, "StudyDate")),
        acquired_at=_acquired_at(dataset),
        accession_key=keyer("accession", accession) if accession else None,
        body_part=_text(dataset, "BodyPartExamined", 16).upper() or None,
        view_position=_text(dataset, "ViewPosition", 16).upper() or None,
        laterality=_laterality(dataset),
        manufacturer=_text(dataset, "Manufacturer") or None,
        device_model=_text(dataset, "ManufacturerModelName") or None,
        photometric=_text(dataset, "PhotometricInterpretation", 16).upper(),
        rows=rows,
        columns=columns,
        bits_stored=_whole(dataset, "BitsStored") or _whole(dataset, "BitsAllocated") or 0,
        spacing_mm=told.mm,
        spacing_source=told.source,
        calibrated_mm=told.calibrated_mm,
        calibration=told.calibration,
    )


def _value(dataset: Dataset, keyword: str) -> Any:
    try:
        return dataset.get(keyword)
    except Exception:  # noqa: BLE001 - pydicom converts on access and raises whatever the bytes provoke
        return None


def _text(dataset: Dataset, keyword: str, longest: int = 64) -> str:
    """Printable, without padding; the first of several values; empty where there is none."""
    value = _value(dataset, keyword)
    if isinstance(value, pydicom.multival.MultiValue):
        value = value[0] if len(value) else ""
    text = "" if value is None else str(value)
    return "".join(c for c in text if c.isprintable()).strip()[:longest].strip()


def _uid(dataset: Dataset, keyword: str) -> str:
    return re.sub(r"[^0-9A-Za-z.]", "", _text(dataset, keyword))


def _whole(dataset: Dataset, keyword: str) -> int | None:
    value = _value(dataset, keyword)
    return int(value) if isinstance(value, int) else None


def _patient_key(dataset: Dataset, keyer: Keyer) -> str:
    """Of Patient ID and issuer; without an ID of the study, so that strangers never become one patient."""
    patient_id = _text(dataset, "PatientID")
    if patient_id:
        return keyer("patient", patient_id, _text(dataset, "IssuerOfPatientID"))
    return keyer("patient of study", _uid(dataset, "StudyInstanceUID") or _uid(dataset, "SOPInstanceUID"))


def _age(text: str) -> float | None:
    match = re.fullmatch(r"(\d{1,3})([YMWD])", text.upper())
    return int(match[1]) * _AGE_YEARS[match[2]] if match else None


def _date(text: str) -> date | None:
    try:
        return datetime.strptime(text.replace(".", "")[:8], "%Y%m%d").replace(tzinfo=UTC).date()
    except ValueError:
        return None


def _time(text: str) -> time | None:
    match = re.match(r"(\d{2}):?(\d{2})?:?(\d{2})?", text)
    if match is None:
        return None
    hour, minute, second = (int(part or 0) for part in match.groups())
    try:
        return time(hour, minute, min(second, 59))  # a leap second is written as 60
    except ValueError:
        return None


def _acquired_at(dataset: Dataset) -> datetime | None:
    """Acquisition time as the device's wall clock shows it; a date without a time is left to study_date."""
    whole = _text(dataset, "AcquisitionDateTime")
    pairs = [(whole[:8], whole[8:])] + [
        (_text(dataset, f"{event}Date"), _text(dataset, f"{event}Time"))
        for event in ("Acquisition", "Content", "Study")
    ]
    for day, clock in pairs:
        if (on := _date(day)) and (at := _time(clock)):
            return datetime.combine(on, at)
    return None


def _laterality(dataset: Dataset) -> str | None:
    for keyword in ("ImageLaterality", "Laterality"):  # (0020,0062), (0020,0060)
        if (side := _text(dataset, keyword, 1).upper()) in {"L", "R", "B"}:
            return side
    return None
