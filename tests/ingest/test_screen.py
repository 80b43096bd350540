from typing import Any

import pytest
from builders.dicom import DX_CLASS, make_dicom

from ingest.records import Disposition, Reason
from ingest.rules import Rules
from ingest.screen import Verdict, screen

RULES = Rules.load()


def judge(**tags: Any) -> Verdict:
    return screen(1000, make_dicom(**tags), RULES, has_pixels=True)


@pytest.mark.parametrize("modality", ["CR", "DX", "DR", "RG", "dx"])
def test_a_radiograph_passes(modality: str) -> None:
    assert judge(Modality=modality) == Verdict()


@pytest.mark.parametrize("tag", ["Modality", "SOPClassUID", "StudyInstanceUID", "PatientID"])
def test_a_missing_tag_never_excludes(tag: str) -> None:
    assert judge(**{tag: None}) == Verdict()


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"Modality": "MR"}, Verdict(Reason.MODALITY, "MR")),
        ({"Modality": "OT"}, Verdict(Reason.MODALITY, "OT")),
        ({"Modality": "OT", "ConversionType": "DF"}, Verdict()),
        ({"SOPClassUID": "1.2.840.10008.5.1.4.1.1.2"}, Verdict(Reason.SOP_CLASS, "1.2.840.10008.5.1.4.1.1.2")),
        ({"SOPClassUID": "1.3.12.2.1107.5.9.1"}, Verdict()),
        ({"SOPClassUID": "1.2.840.10008.1.3.10", "Modality": None}, Verdict(Reason.DICOMDIR)),
    ],
    ids=["mr", "other", "digitised film", "ct class", "private class", "dicomdir"],
)
def test_the_header_decides(tags: dict[str, Any], expected: Verdict) -> None:
    assert judge(**tags) == expected


def test_an_empty_file_is_no_dicom_of_its_own_kind() -> None:
    assert screen(0, None, RULES, has_pixels=False) == Verdict(Reason.EMPTY_FILE)
    assert screen(10, None, RULES, has_pixels=False) == Verdict(Reason.NOT_DICOM)


def test_an_object_without_pixels_is_screened_out_whatever_it_calls_itself() -> None:
    assert screen(1000, make_dicom(SOPClassUID=DX_CLASS), RULES, has_pixels=False).reason is Reason.NO_PIXEL_DATA


def test_a_name_in_the_modality_stays_out_of_the_detail() -> None:
    assert judge(Modality="DOE^JANE").detail is None


def test_every_reason_has_its_disposition() -> None:
    assert {reason.disposition for reason in Reason} == set(Disposition)
