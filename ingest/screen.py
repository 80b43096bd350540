"""The header screen: what can be told from the header alone not to be a radiograph.

Only what a header says excludes; what it leaves out never does.
"""

import re
from dataclasses import dataclass

from pydicom import Dataset

from ingest.records import Reason

# (0008,0060), PS3.3 C.7.3.1.1.1: CR, DX, and RG of digitised film; DR and XR are no terms of it, but devices write them
RADIOGRAPH_MODALITIES = frozenset({"CR", "DX", "DR", "XR", "RG"})
DIGITIZED_FILM = "DF"  # (0008,0064) of a secondary capture with modality OT
STANDARD_ROOT = "1.2.840.10008."  # UIDs below it are DICOM's own; other classes are a vendor's, and pass
RADIOGRAPH_CLASSES = frozenset(
    {
        "1.2.840.10008.5.1.4.1.1.1",  # Computed Radiography
        "1.2.840.10008.5.1.4.1.1.1.1",  # Digital X-Ray, for presentation
        "1.2.840.10008.5.1.4.1.1.1.1.1",  # Digital X-Ray, for processing
        "1.2.840.10008.5.1.4.1.1.7",  # Secondary Capture
        "1.2.840.10008.5.1.4.1.1.7.1",  # Multi-frame Single Bit Secondary Capture
        "1.2.840.10008.5.1.4.1.1.7.2",  # Multi-frame Grayscale Byte Secondary Capture
        "1.2.840.10008.5.1.4.1.1.7.3",  # Multi-frame Grayscale Word Secondary Capture
        "1.2.840.10008.5.1.4.1.1.7.4",  # Multi-frame True Color Secondary Capture
    }
)
DICOMDIR_CLASS = "1.2.840.10008.1.3.10"  # Media Storage Directory


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a file is screened out; ``reason`` None lets it pass."""

    reason: Reason | None = None
    detail: str | None = None  # the value that decided; a code or UID, never patient data


def screen(size_bytes: int, header: Dataset | None, *, has_pixels: bool) -> Verdict:
    """Judge a file by its size and header (None: it is no DICOM); the first rule that speaks decides."""
    if header is None:
        return Verdict(Reason.NOT_DICOM if size_bytes else Reason.EMPTY_FILE)
    meta = getattr(header, "file_meta", Dataset())
    sop_class = _text(header, "SOPClassUID") or _text(meta, "MediaStorageSOPClassUID")
    if sop_class == DICOMDIR_CLASS or "DirectoryRecordSequence" in header:
        return Verdict(Reason.DICOMDIR)
    modality = _text(header, "Modality").upper()
    if not has_pixels:
        return Verdict(Reason.NO_PIXEL_DATA, _code(modality))
    if not _is_radiograph(modality, _text(header, "ConversionType").upper()):
        return Verdict(Reason.MODALITY, _code(modality))
    if sop_class.startswith(STANDARD_ROOT) and sop_class not in RADIOGRAPH_CLASSES:
        return Verdict(Reason.SOP_CLASS, sop_class)
    return Verdict()


def _is_radiograph(modality: str, conversion: str) -> bool:
    if modality == "OT":
        return conversion == DIGITIZED_FILM
    return not modality or modality in RADIOGRAPH_MODALITIES


def _code(value: str) -> str | None:
    """A modality as a detail may show it: what is no code string could be anything, a name included."""
    return value if re.fullmatch(r"[A-Z]{2,16}", value) else None


def _text(header: Dataset, keyword: str) -> str:
    """A code or UID of at most 64 characters; empty where it is absent or cannot be read."""
    try:
        value = header.get(keyword)
    except Exception:  # noqa: BLE001 - pydicom converts on access and raises whatever the bytes provoke
        return ""
    text = value if isinstance(value, str) else ""
    return "".join(c for c in text if c.isascii() and c.isprintable()).strip()[:64]
