"""The size that a stream claims, against the image it was made of."""

import struct

import imagecodecs
import numpy as np
import pytest

from ingest.streams import ImageSize, image_size, is_broken_off, jpeg_process

GREY = np.zeros((123, 457), np.uint8)
COLOUR = np.zeros((40, 64, 3), np.uint8)


@pytest.mark.parametrize(
    ("frame", "expected"),
    [
        (imagecodecs.jpeg8_encode(GREY), ImageSize(123, 457, 1)),
        (imagecodecs.jpeg8_encode(COLOUR), ImageSize(40, 64, 3)),
        (imagecodecs.ljpeg_encode(GREY), ImageSize(123, 457, 1)),
        (imagecodecs.jpegls_encode(GREY), ImageSize(123, 457, 1)),
        (imagecodecs.jpeg2k_encode(GREY, codecformat="j2k"), ImageSize(123, 457, 1)),
        (imagecodecs.jpeg2k_encode(COLOUR, codecformat="jp2"), ImageSize(40, 64, 3)),
        (imagecodecs.htj2k_encode(GREY), ImageSize(123, 457, 1)),
        (imagecodecs.jpegxl_encode(GREY), ImageSize(123, 457, 3)),
        (imagecodecs.jpegxl_encode(GREY, usecontainer=True), ImageSize(123, 457, 3)),
        (imagecodecs.jpegxl_encode(np.zeros((64, 256), np.uint8)), ImageSize(64, 256, 3)),
        (imagecodecs.jpegxl_encode(np.zeros((3000, 4000), np.uint8)), ImageSize(3000, 4000, 3)),
    ],
    ids=["jpeg", "colour", "lossless", "ls", "2000", "jp2", "ht", "xl", "xl file", "xl small", "xl by ratio"],
)
def test_a_stream_says_how_large_its_image_is(frame: bytes, expected: ImageSize) -> None:
    assert image_size(bytes(frame)) == expected


@pytest.mark.parametrize(
    "frame", [b"", b"\xff\xd8", b"\xff\xd8\xff\xc0\0", b"\xff\x4f\xff\x51", b"\xff\x0a", b"text" * 9]
)
def test_what_is_no_stream_says_nothing(frame: bytes) -> None:
    assert image_size(frame) in {None, ImageSize(1, 1, 3)}


def test_a_stream_says_how_it_is_coded() -> None:
    assert jpeg_process(imagecodecs.jpeg8_encode(GREY)) == 0xC0
    assert jpeg_process(imagecodecs.ljpeg_encode(GREY)) == 0xC3
    assert jpeg_process(b"\xff\xd8" + struct.pack(">HH", 0xFFE0, 2)) is None


@pytest.mark.parametrize("encode", [imagecodecs.jpeg8_encode, imagecodecs.ljpeg_encode, imagecodecs.jpegls_encode])
@pytest.mark.parametrize("picture", [b"", imagecodecs.jpeg8_encode(GREY[:8, :8])], ids=["plain", "with a picture"])
def test_a_stream_without_its_end_is_broken_off_however_it_is_padded(encode, picture: bytes) -> None:
    whole = bytes(encode(np.random.default_rng(1).integers(0, 256, (90, 80), dtype=np.uint8)))
    whole = whole[:2] + struct.pack(">HH", 0xFFE2, len(picture) + 2) + picture + whole[2:]
    for padding in (b"", b"\0", b" ", b"\xff" * 3000):
        assert not is_broken_off(whole + padding)
        assert is_broken_off(whole[:-2] + padding)
        assert is_broken_off(whole[: len(whole) * 2 // 3] + padding)


def test_only_of_a_jpeg_it_can_be_said() -> None:
    assert not is_broken_off(imagecodecs.jpeg2k_encode(GREY, codecformat="j2k")[:-2])
