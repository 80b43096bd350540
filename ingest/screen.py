"""The header screen: what can be told from the header alone not to be a radiograph.

Only what a header says excludes; what it leaves out never does.
"""

import re
from dataclasses import dataclass

from pydicom import Dataset

from ingest.header import age_years, read_date, text_of, whole_of
from ingest.records import Disposition, Reason
from ingest.rules import Facts, Rule, Rules

DICOMDIR_CLASS = "1.2.840.10008.1.3.10"  # Media Storage Directory
PROCEDURE = (  # (0008,1030), (0032,1060), (0040,0254), (0018,1030)
    "StudyDescription",
    "RequestedProcedureDescription",
    "PerformedProcedureStepDescription",
    "ProtocolName",
)
SHOWN = ("modality", "sop_class", "body_part", "view_position", "photometric")  # fields that hold codes, never prose


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why a file is screened out; ``reason`` None lets it pass."""

    reason: Reason | None = None
    detail: str | None = None  # the value that decided; a code or UID, never patient data


def screen(size_bytes: int, header: Dataset | None, rules: Rules, *, has_pixels: bool) -> Verdict:
    """Judge a file by its size and header (None: it is no DICOM); the first rule that speaks decides."""
    if header is None:
        return Verdict(Reason.NOT_DICOM if size_bytes else Reason.EMPTY_FILE)
    facts = facts_of(header)
    if facts["sop_class"] == DICOMDIR_CLASS or "DirectoryRecordSequence" in header:
        return Verdict(Reason.DICOMDIR)
    if not has_pixels:
        return Verdict(Reason.NO_PIXEL_DATA, _code(facts, "modality"))
    for rule in rules.rules:
        if rule.active and rule.excludes(facts):
            return _verdict(rule, facts)
    return Verdict()


def facts_of(header: Dataset) -> Facts:
    """What rules may ask of a header."""
    meta = getattr(header, "file_meta", Dataset())
    return {
        "modality": text_of(header, "Modality", 16).upper(),
        "sop_class": text_of(header, "SOPClassUID") or text_of(meta, "MediaStorageSOPClassUID"),
        "conversion": text_of(header, "ConversionType", 16).upper(),
        "body_part": text_of(header, "BodyPartExamined", 16),
        "procedure": " ".join(filter(None, (text_of(header, keyword) for keyword in PROCEDURE))),
        "series": text_of(header, "SeriesDescription"),
        "view_position": text_of(header, "ViewPosition", 16),
        "photometric": text_of(header, "PhotometricInterpretation", 16),
        "rows": whole_of(header, "Rows"),
        "columns": whole_of(header, "Columns"),
        "bits_stored": whole_of(header, "BitsStored"),
        "study_date": read_date(text_of(header, "StudyDate")),
        "age_years": age_years(text_of(header, "PatientAge", 4)),
    }


def _verdict(rule: Rule, facts: Facts) -> Verdict:
    shown = next((field for field in (one.field for one in rule.conditions) if field in SHOWN), "")
    code = _code(facts, shown)
    if rule.code in {reason.value for reason in Reason if reason.disposition is Disposition.SCREENED_OUT}:
        return Verdict(Reason(rule.code), code)
    return Verdict(Reason.SITE_RULE, f"{rule.code}: {code}" if code else rule.code)


def _code(facts: Facts, field: str) -> str | None:
    """A value as a detail may show it: what is no code string or UID could be anything, a name included."""
    value = str(facts.get(field) or "")
    return value if re.fullmatch(r"[A-Z][A-Z0-9_]{1,15}|[0-9][0-9.]{1,63}", value) else None
