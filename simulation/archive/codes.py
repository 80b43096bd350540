"""Coded concepts of the headers (SNOMED CT, DICOM PS3.16 CID 4031 and 4010)."""

from collections.abc import Mapping

from pydicom import Dataset
from pydicom.sr.coding import Code

REGION_CODES: Mapping[str, Code] = {
    "HIP": Code("24136001", "SCT", "hip joint"),
    "PELVIS": Code("816092008", "SCT", "pelvis"),
    "CHEST": Code("816094009", "SCT", "chest"),
    "KNEE": Code("72696002", "SCT", "knee"),
    "SPINE": Code("421060004", "SCT", "spine"),
    "SHOULDER": Code("16982005", "SCT", "shoulder"),
    "HAND": Code("85562004", "SCT", "hand"),
    "FOOT": Code("56459004", "SCT", "foot"),
    "ANKLE": Code("70258002", "SCT", "ankle joint"),
    "SKULL": Code("89546000", "SCT", "skull"),
    "ABDOMEN": Code("818981001", "SCT", "abdomen"),
    "LEG": Code("30021000", "SCT", "lower leg"),
    "": Code("38266002", "SCT", "entire body"),
}
VIEW_CODES: Mapping[str, Code] = {  # by the last letter of the view position
    "P": Code("399348003", "SCT", "antero-posterior"),
    "A": Code("272479007", "SCT", "postero-anterior"),
    "L": Code("399067008", "SCT", "lateral"),
    "O": Code("399182000", "SCT", "oblique"),
}


def coded(code: Code) -> Dataset:
    """A sequence item of a code."""
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = code.value, code.scheme_designator, code.meaning
    return item
