"""The DICOM header: opening a file without its pixels, and what is kept of it."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any, BinaryIO, TypeVar

import pydicom
from pydicom import Dataset
from pydicom.errors import InvalidDicomError
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
)

from ingest.deflated import check_deflated
from ingest.errors import FileError
from ingest.records import Header, Reason
from ingest.spacing import spacing

Day = TypeVar("Day", date, datetime)
Keyer = Callable[..., str]  # identity.SiteKey: kind and parts to a pseudonym
PIXEL_GROUP = (b"\xe0\x7f", b"\x7f\xe0")  # (7FE0,xxxx), little and big endian
SHIFT_DAYS = 365  # at most: dates stay in the past, and a trend over years stays
_AGE_YEARS = {"Y": 1.0, "M": 1 / 12, "W": 7 / 365.25, "D": 1 / 365.25}


def open_header(file: BinaryIO) -> tuple[Dataset, bool] | None:
    """Everything before the pixels, and whether pixels follow; None where it is no DICOM.

    A file without the 128-byte preamble counts where its elements are those of an image or an object.

    Raises:
        FileError: too_many_pixels, where a deflated file would unpack to more than is read.
    """
    check_deflated(file)
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


def tells_of_burned_in_text(header: Dataset) -> bool:
    """Whether the header says that the pixels hold text about the patient, (0028,0301); most headers say nothing."""
    return str(header.get("BurnedInAnnotation") or "").strip().upper() == "YES"


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


def read_header(dataset: Dataset, keyer: Keyer, *, shift_dates: bool = False) -> Header:
    """What the registry keeps.

    With ``shift_dates``, all days of a patient lie the same number of days earlier, and UIDs, which may hold a date
    and name the study to whoever has the archive, are replaced by keyed ones.

    Raises:
        FileError: bad_header, where Rows or Columns are absent or absurd.
    """
    rows, columns = whole_of(dataset, "Rows"), whole_of(dataset, "Columns")
    if not (rows and columns and rows > 0 and columns > 0):
        raise FileError(Reason.BAD_HEADER, "Rows or Columns (0028,0010), (0028,0011) are absent or not positive")
    told = spacing(dataset)
    accession = text_of(dataset, "AccessionNumber")
    patient_key = _patient_key(dataset, keyer)
    shift = timedelta(days=_shift_days(patient_key, keyer)) if shift_dates else timedelta()
    uid = partial(_keyed_uid, keyer) if shift_dates else _uid
    return Header(
        sop_instance_uid=uid(dataset, "SOPInstanceUID"),
        study_instance_uid=uid(dataset, "StudyInstanceUID"),
        series_instance_uid=uid(dataset, "SeriesInstanceUID"),
        sop_class_uid=_uid(dataset, "SOPClassUID"),
        transfer_syntax_uid=transfer_syntax(dataset),
        modality=text_of(dataset, "Modality", 16).upper(),
        patient_key=patient_key,
        patient_sex=sex if (sex := text_of(dataset, "PatientSex", 1).upper()) in {"F", "M", "O"} else None,
        patient_age_years=age_years(text_of(dataset, "PatientAge", 4)),
        study_date=_earlier(read_date(text_of(dataset, "StudyDate")), shift),
        acquired_at=_earlier(_acquired_at(dataset), shift),
        accession_key=keyer("accession", accession) if accession else None,
        body_part=text_of(dataset, "BodyPartExamined", 16).upper() or None,
        view_position=text_of(dataset, "ViewPosition", 16).upper() or None,
        laterality=_laterality(dataset),
        manufacturer=text_of(dataset, "Manufacturer") or None,
        device_model=text_of(dataset, "ManufacturerModelName") or None,
        photometric=text_of(dataset, "PhotometricInterpretation", 16).upper(),
        rows=rows,
        columns=columns,
        bits_stored=whole_of(dataset, "BitsStored") or whole_of(dataset, "BitsAllocated") or 0,
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


def text_of(dataset: Dataset, keyword: str, longest: int = 64) -> str:
    """Printable, without padding; the first of several values; empty where there is none."""
    value = _value(dataset, keyword)
    if isinstance(value, pydicom.multival.MultiValue):
        value = value[0] if len(value) else ""
    text = "" if value is None else str(value)
    return "".join(c for c in text if c.isprintable()).strip()[:longest].strip()


def _uid(dataset: Dataset, keyword: str) -> str:
    return re.sub(r"[^0-9A-Za-z.]", "", text_of(dataset, keyword))


def whole_of(dataset: Dataset, keyword: str) -> int | None:
    """None where there is no whole number."""
    value = _value(dataset, keyword)
    return int(value) if isinstance(value, int) else None


def _patient_key(dataset: Dataset, keyer: Keyer) -> str:
    """Of Patient ID and issuer; without an ID of the study, so that strangers never become one patient."""
    patient_id = text_of(dataset, "PatientID")
    if patient_id:
        return keyer("patient", patient_id, text_of(dataset, "IssuerOfPatientID"))
    return keyer("patient of study", _uid(dataset, "StudyInstanceUID") or _uid(dataset, "SOPInstanceUID"))


def _shift_days(patient_key: str, keyer: Keyer) -> int:
    """1 to SHIFT_DAYS, the same for all films of a patient as long as the site key is the same."""
    return 1 + int(keyer("days", patient_key), 16) % SHIFT_DAYS


def _earlier(day: Day | None, shift: timedelta) -> Day | None:
    try:
        return None if day is None else day - shift
    except OverflowError:  # of the year 1
        return None


def _keyed_uid(keyer: Keyer, dataset: Dataset, keyword: str) -> str:
    """Below the UUID root (PS3.5 B.2); the same UID gives the same one. Empty stays empty."""
    uid = _uid(dataset, keyword)
    return f"2.25.{int(keyer('uid', uid), 16)}" if uid else ""


def age_years(text: str) -> float | None:
    """Of an age string (PS3.5 6.2, AS): 045Y, 006M."""
    match = re.fullmatch(r"(\d{1,3})([YMWD])", text.upper())
    return int(match[1]) * _AGE_YEARS[match[2]] if match else None


def read_date(text: str) -> date | None:
    """Of a date (PS3.5 6.2, DA), also as ACR-NEMA wrote it, with dots."""
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
    whole = text_of(dataset, "AcquisitionDateTime")
    pairs = [(whole[:8], whole[8:])] + [
        (text_of(dataset, f"{event}Date"), text_of(dataset, f"{event}Time"))
        for event in ("Acquisition", "Content", "Study")
    ]
    for day, clock in pairs:
        if (on := read_date(day)) and (at := _time(clock)):
            return datetime.combine(on, at)
    return None


def _laterality(dataset: Dataset) -> str | None:
    for keyword in ("ImageLaterality", "Laterality"):  # (0020,0062), (0020,0060)
        if (side := text_of(dataset, keyword, 1).upper()) in {"L", "R", "B"}:
            return side
    return None
