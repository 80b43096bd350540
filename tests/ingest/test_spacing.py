from typing import Any

import pytest
from builders.dicom import make_dicom

from ingest.spacing import Spacing, pixel_aspect, spacing


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({}, Spacing()),
        ({"ImagerPixelSpacing": [0.14, 0.15]}, Spacing(0.14, "imager")),
        ({"NominalScannedPixelSpacing": [0.2, 0.2]}, Spacing(0.2, "scanned")),
        ({"DetectorElementSpacing": [0.1, 0.1]}, Spacing(0.1, "detector")),
        ({"PixelSpacing": [0.12, 0.12]}, Spacing(0.12, "pixel")),
        (
            {"PixelSpacing": [0.12, 0.12], "PixelSpacingCalibrationType": "FIDUCIAL"},
            Spacing(0.12, "calibrated", 0.12, "fiducial"),
        ),
        ({"ImagerPixelSpacing": [0.14, 0.14], "PixelSpacing": [0.14, 0.14]}, Spacing(0.14, "imager")),
        (
            {"ImagerPixelSpacing": [0.14, 0.14], "PixelSpacing": [0.12, 0.12]},
            Spacing(0.14, "imager", 0.12, "unstated"),
        ),
        (
            {
                "ImagerPixelSpacing": [0.14, 0.14],
                "PixelSpacing": [0.12, 0.12],
                "PixelSpacingCalibrationType": "GEOMETRY",
            },
            Spacing(0.14, "imager", 0.12, "geometry"),
        ),
        ({"ImagerPixelSpacing": [140, 140], "PixelSpacing": [0.14, 0.14]}, Spacing(0.14, "pixel")),
        ({"PixelSpacing": [0, 0]}, Spacing()),
    ],
    ids=[
        "nothing",
        "imager",
        "scanned",
        "detector",
        "unexplained",
        "fiducial",
        "two that are one",
        "another one",
        "geometry",
        "a unit error",
        "zero",
    ],
)
def test_a_spacing_says_where_it_is_from(tags: dict[str, Any], expected: Spacing) -> None:
    assert spacing(make_dicom(**tags)) == expected


@pytest.mark.parametrize(
    ("tags", "aspect"),
    [
        ({}, 1.0),
        ({"PixelAspectRatio": [2, 1]}, 2.0),
        ({"PixelSpacing": [0.1, 0.2]}, 0.5),
        ({"ImagerPixelSpacing": [0.1, 0.10001]}, 1.0),
        ({"PixelSpacing": [0.1, 5]}, 1.0),
        ({"PixelAspectRatio": [1, 0]}, 1.0),
    ],
    ids=["square", "aspect ratio", "spacing", "rounding", "absurd", "zero"],
)
def test_a_pixel_is_as_high_as_the_header_says(tags: dict[str, Any], aspect: float) -> None:
    assert pixel_aspect(make_dicom(**tags)) == pytest.approx(aspect)
