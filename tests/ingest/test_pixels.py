from typing import Any

import numpy as np
import pytest
from builders.dicom import make_dicom, make_ramp
from numpy.typing import NDArray
from pydicom import Dataset
from pydicom.pixels import compress
from pydicom.uid import (
    MPEG2MPML,
    HTJ2KLossless,
    JPEG2000Lossless,
    JPEGLSLossless,
    RLELossless,
)

from ingest.description import check_pixels
from ingest.errors import FileError
from ingest.pixels import decode, place, render, to_canvas
from ingest.records import CANVAS_SIZE, Reason

SPOT = (200, 1000)  # row, column of a bright spot on a film of 600 x 1500


def spot_film() -> NDArray[np.uint16]:
    film = np.zeros((600, 1500), np.uint16)
    film[SPOT[0] - 6 : SPOT[0] + 7, SPOT[1] - 6 : SPOT[1] + 7] = 4000
    return film


def refusal(dataset: Dataset) -> str:
    def look(dataset: Dataset) -> None:
        check_pixels(dataset)
        decode(dataset)

    with pytest.raises(FileError) as error:
        look(dataset)
    return error.value.reason


@pytest.mark.parametrize(
    ("stored", "meant"),
    [
        (np.array([[0, 4095]], np.uint16), [[0, 4095]]),
        (np.array([[0x8007, 0x1FFF]], np.uint16), [[7, 4095]]),  # an overlay above the 12 bits
        (np.array([[-2048, 2047]], np.int16), [[-2048, 2047]]),
        (np.array([[0x0FFF, 0x0800]], np.int16), [[-1, -2048]]),  # a sign that does not fill the word
    ],
    ids=["unsigned", "unsigned, more bits used", "signed", "signed, sign at the 12th bit"],
)
def test_of_uncompressed_values_the_bits_that_are_stored_count(stored: NDArray[Any], meant: list[list[int]]) -> None:
    dataset = make_dicom(stored, BitsStored=12, HighBit=11)
    assert decode(dataset).tolist() == meant


def test_uncompressed_values_are_not_copied() -> None:
    dataset = make_dicom(make_ramp(), BitsStored=12, HighBit=11)
    assert np.shares_memory(decode(dataset), np.frombuffer(dataset.PixelData, np.uint8))


@pytest.mark.parametrize("shape", [(600, 1500), (1500, 600), (768, 768), (300, 200), (3, 768)])
def test_a_film_is_centred_with_its_aspect_kept(shape: tuple[int, int]) -> None:
    pixels, scale, *_ = to_canvas(np.ones(shape, np.float32))
    rows, columns = np.nonzero(pixels)
    assert pixels.shape == (CANVAS_SIZE, CANVAS_SIZE)
    assert scale == CANVAS_SIZE / max(shape)
    assert np.ptp(rows) + 1 == pytest.approx(shape[0] * scale, abs=0.6)
    assert np.ptp(columns) + 1 == pytest.approx(shape[1] * scale, abs=0.6)
    assert rows.min() + rows.max() == pytest.approx(CANVAS_SIZE - 1, abs=1)
    assert columns.min() + columns.max() == pytest.approx(CANVAS_SIZE - 1, abs=1)


def test_a_point_of_the_canvas_goes_back_to_its_place_on_the_film() -> None:
    canvas = render(spot_film(), make_dicom(spot_film(), WindowCenter=2000, WindowWidth=4000))
    weights = canvas.pixels / canvas.pixels.sum()
    rows, columns = np.mgrid[:CANVAS_SIZE, :CANVAS_SIZE]
    y, x = float((weights * rows).sum()), float((weights * columns).sum())
    back = ((y - canvas.offset_y) / canvas.scale, (x - canvas.offset_x) / canvas.scale)
    assert back == pytest.approx(SPOT, abs=0.2)


def test_training_and_reading_place_a_film_alike() -> None:
    film = make_ramp(600, 900, top=4095)
    canvas = render(film, make_dicom(film, WindowCenter=2048, WindowWidth=4096, VOILUTFunction="LINEAR_EXACT"))
    pixels, *placement = to_canvas(film, 0, 4096)
    assert placement == [canvas.scale, canvas.offset_x, canvas.offset_y]
    assert np.abs(pixels.astype(int) - canvas.pixels).max() <= 1


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int32, np.float64])
def test_any_number_type_shrinks(dtype: Any) -> None:
    film = np.full((900, 900), 100, dtype)
    pixels, *_ = to_canvas(film, 0, 200)
    assert np.unique(pixels).tolist() == [128]


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_lossless_syntaxes_give_the_same_image(syntax: str) -> None:
    plain, packed = make_dicom(make_ramp()), make_dicom(make_ramp())
    compress(packed, syntax, generate_instance_uid=False)
    assert render(decode(packed), packed).pixel_sha256 == render(decode(plain), plain).pixel_sha256


def test_another_value_or_shape_is_another_image() -> None:
    film = make_ramp()
    changed = film.copy()
    changed[0, 0] += 1
    hashes = {render(image, make_dicom(image)).pixel_sha256 for image in (film, changed, film.T, film[:-1])}
    assert len(hashes) == 4


def test_signed_values_keep_their_sign() -> None:
    stored = decode(make_dicom(np.array([[-5, 5]], np.int16)))
    assert stored.tolist() == [[-5, 5]]


def test_an_overlay_in_the_high_bits_is_taken_off() -> None:
    film = make_ramp(top=4095)
    assert (decode(make_dicom(film | 0x8000, BitsStored=12, HighBit=11)) == film).all()


def test_colour_becomes_grey_by_its_luminance() -> None:
    colours = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]], np.uint8)
    assert decode(make_dicom(colours))[0].tolist() == pytest.approx([76.2, 149.7, 29.1, 255.0], abs=0.1)


def test_a_palette_becomes_grey() -> None:
    palette = {
        f"{name}PaletteColorLookupTable{part}": value
        for name in ("Red", "Green", "Blue")
        for part, value in (("Descriptor", [2, 0, 16]), ("Data", np.array([0, 65535], np.uint16).tobytes()))
    }
    film = make_dicom(np.array([[0, 1]], np.uint8), PhotometricInterpretation="PALETTE COLOR", **palette)
    assert decode(film)[0].tolist() == pytest.approx([0, 65535], rel=1e-3)


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        ({"NumberOfFrames": 2}, Reason.MULTI_FRAME),
        ({"Rows": 60000, "Columns": 60000}, Reason.TOO_MANY_PIXELS),
        ({"Rows": 100}, Reason.TRUNCATED),
        ({"PixelData": None}, Reason.TRUNCATED),
        ({"BitsAllocated": 13}, Reason.BAD_HEADER),
        ({"PhotometricInterpretation": None}, Reason.BAD_HEADER),
        ({"BitsStored": 17}, Reason.BAD_HEADER),
    ],
    ids=lambda value: "" if isinstance(value, Reason) else ",".join(value),
)
def test_pixels_that_cannot_be_had_say_why(tags: dict[str, Any], reason: Reason) -> None:
    assert refusal(make_dicom(**tags)) == reason


def test_a_video_is_no_radiograph_that_can_be_decoded() -> None:
    dataset = make_dicom()
    dataset.file_meta.TransferSyntaxUID = MPEG2MPML
    assert refusal(dataset) == Reason.UNSUPPORTED_TRANSFER_SYNTAX


def test_high_throughput_jpeg_2000_has_a_decoder() -> None:
    dataset = make_dicom()
    dataset.file_meta.TransferSyntaxUID = HTJ2KLossless
    check_pixels(dataset)


def test_the_detail_of_a_broken_stream_does_not_quote_the_header() -> None:
    film = make_dicom(PatientName="Secret^Person")
    compress(film, JPEG2000Lossless, generate_instance_uid=False)
    film.PixelData = film.PixelData[:40] + b"\0" * (len(film.PixelData) - 40)
    with pytest.raises(FileError) as error:
        decode(film)
    assert "Secret" not in str(error.value)


def test_a_film_smaller_than_a_pixel_across_still_has_one() -> None:
    placement = place(1, 100_000)
    assert (placement.width, placement.height) == (768, 1)
