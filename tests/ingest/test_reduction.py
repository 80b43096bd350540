"""JPEG 2000 at the resolution that the canvas needs."""

import cv2
import imagecodecs
import numpy as np
import pytest
from builders.dicom import make_dicom
from builders.scenes import JPEG, make_scene, packed, twelve_bits
from numpy.typing import NDArray
from openjpeg.utils import encode_array
from pydicom import Dataset

from ingest.errors import FileError
from ingest.pixels import decode, pixel_hash, render, same_film_hashes
from ingest.records import CANVAS_SIZE, Reason
from ingest.reduction import decode_halved, halves, halvings, on_the_grid
from ingest.streams import wavelet

LARGE = (2000, 1600)


def noisy(height: int, width: int, bits: int = 12) -> NDArray[np.uint16]:
    """A film with noise of the finest scale, black and white included."""
    rng = np.random.default_rng(0)
    scene = make_scene(height, width) / 4095 * (2**bits - 1)
    return np.clip(scene + rng.normal(0, 2**bits / 400, scene.shape), 0, 2**bits - 1).astype(np.uint16)


def stored(film: NDArray[np.uint16], bits: int = 12) -> Dataset:
    return packed(JPEG + "90", encode_array(film, bits_stored=bits), twelve_bits(film))


@pytest.mark.parametrize("bits", [10, 12, 16])
@pytest.mark.parametrize("shape", [(240, 320), (404, 300)])
def test_a_halved_film_is_what_the_wavelet_makes_of_the_whole_one(bits: int, shape: tuple[int, int]) -> None:
    film = noisy(*shape, bits)
    stream = encode_array(film, bits_stored=bits)
    for times, half in zip((1, 2), halves(film, bits), strict=False):
        assert (decode_halved(stream, times) == half).all()


def test_of_bytes_too() -> None:
    film = (noisy(240, 320, 8)).astype(np.uint8)
    assert (decode_halved(encode_array(film, bits_stored=8), 1) == next(halves(film, 8))).all()


@pytest.mark.parametrize(("longest", "times"), [(1400, 0), (1536, 1), (3070, 1), (3072, 2), (6144, 3)])
def test_a_film_is_halved_as_often_as_the_canvas_keeps_its_pixels(longest: int, times: int) -> None:
    stream = encode_array(noisy(64, 64), bits_stored=12)
    assert halvings(stream, longest, 1024, CANVAS_SIZE) == times


@pytest.mark.parametrize("shape", [(2001, 1600), (2000, 1601), (3074, 2048)])
def test_odd_films_are_halved_only_while_they_are_even(shape: tuple[int, int]) -> None:
    """3,074 pixels could be halved twice, but 1,537 cannot be halved once."""
    stream = encode_array(noisy(64, 64), bits_stored=12)
    assert halvings(stream, *shape, CANVAS_SIZE) == (1 if shape[0] == 3074 else 0)


def test_what_cannot_be_had_from_the_whole_film_is_read_whole() -> None:
    film = noisy(64, 64)
    colours = np.stack([film >> 4] * 3, -1).astype(np.uint8)
    for stream in (
        imagecodecs.jpeg2k_encode(film, level=70, codecformat="j2k"),  # the wavelet that loses
        encode_array(colours, photometric_interpretation=1),
        encode_array(film.astype(np.int16)),
        b"\xff\x4f\xff\x51" + b"\0" * 9,
        b"",
    ):
        assert halvings(stream, 4000, 4000, CANVAS_SIZE) == 0


def test_a_tiled_film_is_read_whole() -> None:
    stream = bytearray(encode_array(noisy(64, 64), bits_stored=12))
    coded = wavelet(bytes(stream))
    assert coded is not None
    assert coded.plain
    stream[24:32] = (32).to_bytes(4, "big") * 2  # XTsiz, YTsiz
    tiled = wavelet(bytes(stream))
    assert tiled is not None
    assert not tiled.plain


@pytest.mark.parametrize("times", [1, 2])
def test_a_slope_lies_where_the_means_of_blocks_lie(times: int) -> None:
    slope = np.add.outer(3 * np.arange(64), 5 * np.arange(96)).astype(np.float32)
    first = slope[:: 2**times, :: 2**times]  # of a slope, what the wavelet keeps
    means = cv2.resize(slope, first.shape[::-1], interpolation=cv2.INTER_AREA)
    assert on_the_grid(first, times)[:-1, :-1] == pytest.approx(means[:-1, :-1], abs=1e-3)


def test_the_canvas_of_a_halved_film_is_that_of_the_whole_one() -> None:
    """Within a grey level, but for the edges of what is pasted on: they ring as wavelets do."""
    film = noisy(*LARGE)
    dataset = stored(film)
    half = decode(dataset, whole_film=False)
    assert half.shape == (1000, 800)
    read, plain = render(half, dataset), render(film, twelve_bits(film))
    assert (read.scale, read.offset_x, read.offset_y) == (plain.scale, plain.offset_x, plain.offset_y)
    apart = np.abs(read.pixels.astype(int) - plain.pixels)
    assert apart.mean() < 0.3
    assert np.quantile(apart, 0.999) <= 1
    assert decode(dataset).shape == LARGE


def test_a_film_with_padding_is_read_whole() -> None:
    dataset = stored(noisy(*LARGE))
    dataset.PixelPaddingValue = 0
    assert decode(dataset, whole_film=False).shape == LARGE


def test_a_stream_that_ends_early_is_refused_as_it_is_where_it_is_read_whole() -> None:
    film = noisy(*LARGE)
    dataset = packed(JPEG + "90", encode_array(film, bits_stored=12)[:-5000], twelve_bits(film))
    for whole_film in (True, False):
        with pytest.raises(FileError) as error:
            decode(dataset, whole_film=whole_film)
        assert error.value.reason == Reason.DECODE_ERROR


def test_one_film_has_the_same_hashes_however_it_is_stored() -> None:
    film = noisy(*LARGE)
    dataset, plain = stored(film), twelve_bits(film)
    halved = pixel_hash(decode(dataset, whole_film=False))
    assert halved != pixel_hash(film)
    assert {halved, pixel_hash(film)} <= same_film_hashes(dataset) & same_film_hashes(plain)
    film[900:1000, 900:1000] = 0
    assert not same_film_hashes(twelve_bits(film)) & {halved}


def test_signed_films_have_no_halves() -> None:
    film = noisy(64, 64).astype(np.int16)
    assert len(same_film_hashes(make_dicom(film))) == 1
