"""One scene through every path to the canvas: where nothing is lost, nothing changes."""

import struct
from collections.abc import Callable

import numpy as np
import pytest
from builders.scenes import (
    JPEG,
    LOSSLESS,
    LOSSY,
    REPRESENTATIONS,
    bits_in_runs,
    deflated_frame,
    make_scene,
    packed,
    twelve_bits,
)
from pydicom import Dataset
from pydicom.encaps import get_frame

from ingest.description import check_pixels
from ingest.errors import FileError
from ingest.pixels import decode, render
from ingest.records import Canvas, Reason

COMPRESSED = {
    name: make
    for name, make in (LOSSLESS | LOSSY).items()
    if name not in {"implicit little endian", "big endian", "deflated file"}
}
SMALL_LOSS = 1.0  # grey levels, mean, of what lossy codecs take at a quality that hides it


def canvas(dataset: Dataset) -> Canvas:
    check_pixels(dataset)
    return render(decode(dataset), dataset)


def difference(one: Canvas, other: Canvas) -> np.ndarray:
    return np.abs(one.pixels.astype(int) - other.pixels)


@pytest.fixture(scope="module")
def plain() -> Canvas:
    return canvas(twelve_bits())


def test_the_plain_scene_is_itself(plain: Canvas) -> None:
    """Blown up from 400 rows to 768: the mean stays, and white lies below and right of black."""
    assert plain.pixels[:, 96:672].mean() == pytest.approx(make_scene().mean() / 4096 * 255, abs=0.5)
    assert plain.pixels[10, 110] == 0
    assert plain.pixels[757, 660] == 255


@pytest.mark.parametrize("make", LOSSLESS.values(), ids=LOSSLESS)
def test_lossless_syntaxes_make_the_same_canvas_and_the_same_image(make: Callable[[], Dataset], plain: Canvas) -> None:
    read = canvas(make())
    assert difference(read, plain).max() == 0
    assert read.pixel_sha256 == plain.pixel_sha256


@pytest.mark.parametrize("make", LOSSY.values(), ids=LOSSY)
def test_lossy_syntaxes_make_nearly_the_same_canvas(make: Callable[[], Dataset], plain: Canvas) -> None:
    assert difference(canvas(make()), plain).mean() < SMALL_LOSS


@pytest.mark.parametrize("name", REPRESENTATIONS)
def test_every_representation_makes_the_same_canvas(name: str, plain: Canvas) -> None:
    """Within one grey level: of 8 of 12 bits, and where every second row is missing, on the mean."""
    difference_to = difference(canvas(REPRESENTATIONS[name]()), plain)
    if name == "padding":  # at its edge the plain scene is blended, and the padded one cut
        difference_to = difference_to[60:]
    if name in {"8 bits", "palette", "rgb", "rgb by plane", "ybr", "rows unequal to columns"}:
        assert difference_to.mean() < SMALL_LOSS
    else:
        assert difference_to.max() <= 1


def test_single_bits_in_runs_are_decoded() -> None:
    film = bits_in_runs()
    check_pixels(film)
    assert (decode(film) == (make_scene(90, 75) > 2000)).all()


def test_a_stream_larger_than_its_header_says_is_refused_before_it_is_decoded() -> None:
    """JPEG 2000 with 60,000 x 60,000 in its own header, 400 x 300 in that of the file."""
    film = LOSSLESS["jpeg 2000"]()
    at = film.PixelData.index(b"\xff\x4f\xff\x51") + 8
    film.PixelData = film.PixelData[:at] + struct.pack(">2I", 60000, 60000) + film.PixelData[at + 8 :]
    with pytest.raises(FileError) as error:
        canvas(film)
    assert error.value.reason == Reason.TOO_MANY_PIXELS


@pytest.mark.parametrize("share", [0.5, 0.95])
@pytest.mark.parametrize("name", COMPRESSED)
def test_a_stream_that_breaks_off_is_no_film_with_a_grey_end(name: str, share: float) -> None:
    """Some decoders fill what is missing and do not complain."""
    film = COMPRESSED[name]()
    frame = get_frame(film.PixelData, 0, number_of_frames=1)
    with pytest.raises(FileError) as error:
        canvas(packed(film.file_meta.TransferSyntaxUID, frame[: round(share * len(frame))], film))
    assert error.value.reason in {Reason.TRUNCATED, Reason.DECODE_ERROR}


def test_a_deflated_frame_is_not_inflated_further_than_its_header_says() -> None:
    film = packed("1.2.840.10008.1.2.8.1", deflated_frame(np.zeros((8000, 8000), np.uint16)))
    assert decode(film).shape == (400, 300)


def test_a_stream_of_another_size_is_no_image_of_this_header() -> None:
    film = packed(JPEG + "110", LOSSLESS["jpeg xl"]().PixelData[16:])
    film.Rows = 399
    with pytest.raises(FileError) as error:
        canvas(film)
    assert error.value.reason == Reason.DECODE_ERROR


def test_pixels_that_are_not_square_become_square() -> None:
    """400 rows of which every second is stored: the canvas is that of 400 rows, and so is the way back."""
    flat = canvas(REPRESENTATIONS["rows unequal to columns"]())
    assert flat.scale_y == pytest.approx(2 * flat.scale)
    rows, _ = np.nonzero(flat.pixels > 250)
    assert (rows.max() - flat.offset_y) / (flat.scale_y or 1) == pytest.approx(199, abs=0.5)


def test_padding_has_no_bright_seam() -> None:
    """Padding of 65535 beside values near 600: the mean of both would be a white line."""
    film = make_scene(1600, 1200)
    film[:, 600:] = 65535
    read = canvas(twelve_bits(film, BitsStored=16, HighBit=15, PixelPaddingValue=65535))
    middle = read.pixels.shape[1] // 2
    assert read.pixels[300, middle + 1 :].max() == 0
    assert read.pixels[300, middle - 4 : middle].max() < 160
