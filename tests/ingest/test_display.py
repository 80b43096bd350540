from typing import Any

import numpy as np
import pytest
from builders.dicom import make_dicom
from numpy.typing import NDArray
from pydicom import Dataset

from ingest.display import exposed_range, show

RAMP = np.tile(np.linspace(0, 4000, 401, dtype=np.float32), (50, 1))


def shown(values: NDArray[np.float32] = RAMP, **tags: Any) -> NDArray[np.float32]:
    return show(values, dataset=make_dicom(**tags))


def make_lut(entries: list[int], first: int = 0) -> Dataset:
    table = Dataset()
    table.LUTDescriptor = [len(entries), first, 16]
    table.LUTData = np.array(entries, np.uint16).tobytes()
    return table


def test_a_linear_window_follows_the_standard() -> None:
    """PS3.3 C.11.2.1.2.1: y = (x - (c - 0.5)) / (w - 1) + 0.5."""
    row = shown(WindowCenter=2000, WindowWidth=2001)[0]
    assert row[200] == pytest.approx((2000 - 1999.5) / 2000 + 0.5)
    assert (row[0], row[-1]) == (0, 1)


def test_linear_exact_and_sigmoid_windows_follow_the_standard() -> None:
    exact = shown(WindowCenter=2000, WindowWidth=2000, VOILUTFunction="LINEAR_EXACT")[0]
    assert exact[250] == pytest.approx(0.75)
    sigmoid = shown(WindowCenter=2000, WindowWidth=2000, VOILUTFunction="SIGMOID")[0]
    assert sigmoid[250] == pytest.approx(1 / (1 + np.exp(-1)))


def test_the_rescale_comes_before_the_window() -> None:
    plain = shown(WindowCenter=2000, WindowWidth=4000)
    moved = shown(WindowCenter=3000, WindowWidth=8000, RescaleSlope=2, RescaleIntercept=-1000)
    assert moved == pytest.approx(plain, abs=1e-3)


def test_a_voi_table_goes_before_a_window() -> None:
    table = make_lut([0, 65535, 65535, 65535], first=0)
    row = shown(RAMP / 1000, VOILUTSequence=[table], WindowCenter=2, WindowWidth=4)[0]
    assert row[50] == pytest.approx(0.5, abs=0.01)
    assert row[100:].min() == pytest.approx(1)


def test_a_modality_table_is_applied() -> None:
    table = make_lut([0, 1000, 4000], first=0)
    row = shown(
        np.tile(np.linspace(0, 2, 401, dtype=np.float32), (9, 1)),
        ModalityLUTSequence=[table],
        WindowCenter=2000,
        WindowWidth=4000,
        VOILUTFunction="LINEAR_EXACT",
    )[0]
    assert row[200] == pytest.approx(0.25)


@pytest.mark.parametrize(
    "window",
    [
        {},
        {"WindowCenter": 90000, "WindowWidth": 100},
        {"WindowCenter": 2000, "WindowWidth": 2},
        {"WindowCenter": 2000, "WindowWidth": 0},
        {"WindowCenter": 32000, "WindowWidth": 64000},
        {"WindowCenter": 2000},
    ],
    ids=["none", "beside the data", "binary", "zero", "far too wide", "half"],
)
def test_without_a_window_that_shows_the_film_it_is_stretched(window: dict[str, float]) -> None:
    row = shown(**window)[0]
    assert (row[0], row[-1]) == (0, 1)
    assert row[200] == pytest.approx(0.5, abs=0.01)


def test_the_second_window_is_used_where_the_first_shows_nothing() -> None:
    row = shown(WindowCenter=[90000, 1000], WindowWidth=[10, 2001])[0]
    assert row[100] == pytest.approx(0.5, abs=0.01)
    assert row[250] == 1


@pytest.mark.parametrize(
    ("tags", "inverted"),
    [
        ({"PhotometricInterpretation": "MONOCHROME2"}, False),
        ({"PhotometricInterpretation": "MONOCHROME1"}, True),
        ({"PhotometricInterpretation": "MONOCHROME1", "PresentationLUTShape": "INVERSE"}, True),
        ({"PhotometricInterpretation": "MONOCHROME2", "PresentationLUTShape": "INVERSE"}, True),
        ({"PhotometricInterpretation": "MONOCHROME2", "PresentationLUTShape": "IDENTITY"}, False),
    ],
)
def test_the_polarity_is_turned_once(tags: dict[str, str], inverted: bool) -> None:  # noqa: FBT001 - pytest fills it
    row = shown(WindowCenter=2000, WindowWidth=4000, **tags)[0]
    assert bool(row[0] > row[-1]) is inverted


@pytest.mark.parametrize("border", [0.0, 4095.0], ids=["black", "white"])
def test_collimation_does_not_take_the_contrast(border: float) -> None:
    """Three quarters of the film are a shutter; the anatomy between 2000 and 2400 must still fill the display."""
    film = np.full((200, 200), border, np.float32)
    film[50:150, 50:150] = np.linspace(2000, 2400, 100)
    black, white = exposed_range(film)
    assert black == pytest.approx(2000, abs=10)
    assert white == pytest.approx(2400, abs=10)


def test_a_few_burned_in_pixels_do_not_take_the_contrast() -> None:
    film = RAMP.copy()
    film[0, :50] = 65535
    black, white = exposed_range(film)
    assert white - black == pytest.approx(4000, rel=0.03)


def test_padding_is_black_and_takes_no_part() -> None:
    film = RAMP.copy()
    film[:, 300:] = 30000
    row = shown(film, PixelPaddingValue=30000, PhotometricInterpretation="MONOCHROME1")[0]
    assert row[300:].max() == 0
    assert row[0] == 1
    assert row[298] < 0.01


def test_a_blank_film_is_black_and_no_error() -> None:
    assert shown(np.full((20, 20), 7, np.float32)).max() == 0


def test_broken_windows_and_tables_are_left_out() -> None:
    broken = Dataset()
    broken.LUTDescriptor = [0, 0, 16]
    row = shown(VOILUTSequence=[broken], WindowCenter=[], WindowWidth=5)[0]
    assert (row[0], row[-1]) == (0, 1)
