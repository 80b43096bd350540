"""Copies of a plate: everything on it is where the picture says."""

import cv2
import numpy as np
import pytest

from simulation.beam.collimation import ExposedField
from simulation.geometry.camera import Camera
from simulation.look import reproduction
from simulation.look.reproduction import reproduced
from simulation.spec import FilmSpec
from simulation.views.picture import Picture

DOTS = np.array([[90.0, 80.0], [210.0, 90.0], [120.0, 200.0], [190.0, 180.0]])
STEPS = [step.__name__.strip("_") for _, step in reproduction.STEPS]


def make_picture(width=300, height=260):
    ahead, down = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, -1.0])
    camera = Camera.aimed(
        np.zeros(3), ahead, down, source_to_detector_mm=1150, source_to_object_mm=1000, spacing_mm=0.5,
        width=width, height=height,
    )  # fmt: skip
    return Picture.plate(camera, ExposedField.whole(width, height))


def make_plate(width=300, height=260):
    plate = np.full((height, width), 0.1, np.float32)
    y, x = np.mgrid[:height, :width]
    for dot in DOTS:
        plate += 0.9 * np.exp(-((x - dot[0]) ** 2 + (y - dot[1]) ** 2) / (2 * 4.0**2)).astype(np.float32)
    return plate


def copied(monkeypatch, name, seed=1, keep=None):
    monkeypatch.setattr(reproduction, "STEPS", ((1.0, getattr(reproduction, f"_{name}")),))
    return reproduced(FilmSpec(seed, 1, "ap_hip", "left"), make_plate(), make_picture(), keep)


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("seed", range(4))
def test_every_copy_keeps_the_dots_where_the_picture_says(monkeypatch, name, seed):
    """Found as the weighted middle of the brightness round each place."""
    film, picture, done = copied(monkeypatch, name, seed, DOTS[:1])
    assert done == (name,)
    assert film.shape == (picture.height, picture.width)
    if name in ("digitised", "captured"):
        return  # dust, a label or the bar of a window may lie over a dot
    y, x = np.mgrid[: picture.height, : picture.width]
    for place in picture.carry(DOTS):
        if not (12 <= place[0] < picture.width - 12 and 12 <= place[1] < picture.height - 12):
            continue
        near = (x - place[0]) ** 2 + (y - place[1]) ** 2 < 11**2
        weight = np.where(near, np.maximum(film - np.percentile(film[near], 45), 0), 0)
        assert (x * weight).sum() / weight.sum() == pytest.approx(place[0], abs=0.6)
        assert (y * weight).sum() / weight.sum() == pytest.approx(place[1], abs=0.6)


def test_without_reproduction_the_plate_is_the_film():
    spec = FilmSpec(1, 1, "ap_hip", "left", without=frozenset({"reproduction"}))
    film, picture, done = reproduced(spec, make_plate(), make_picture())
    assert np.array_equal(film, make_plate())
    assert np.array_equal(picture.homography, np.eye(3))
    assert done == ()


def test_no_crop_loses_what_it_must_keep(monkeypatch):
    for seed in range(60):
        _, picture, _ = copied(monkeypatch, "crop", seed, DOTS[2:3])
        place = picture.carry(DOTS[2:3])[0]
        assert 0 <= place[0] < picture.width
        assert 0 <= place[1] < picture.height


def test_a_mirror_exchanges_left_and_right_and_says_so(monkeypatch):
    film, picture, _ = copied(monkeypatch, "mirrored")
    assert picture.mirrored
    assert np.array_equal(film, make_plate()[:, ::-1])


@pytest.mark.parametrize("seed", range(6))
def test_a_turned_film_is_the_plate_turned_clockwise(monkeypatch, seed):
    film, picture, _ = copied(monkeypatch, "turned", seed)
    assert picture.turned_deg in (90, 180, 270)
    assert np.array_equal(film, np.rot90(make_plate(), -picture.turned_deg // 90))
    up = {90: [1, 0], 180: [0, 1], 270: [-1, 0]}[picture.turned_deg]
    assert picture.upwards(DOTS[0]) == pytest.approx(up, abs=1e-9)


def test_the_pixel_size_follows_a_resizing_step():
    picture = make_picture()
    assert picture.spacing_mm == pytest.approx(0.5)
    assert picture.moved(np.diag([0.5, 0.5, 1.0]), 150, 130).spacing_mm == pytest.approx(1.0)


def test_about_a_third_of_films_are_copies():
    drawn = [reproduced(FilmSpec(seed, 1, "ap_hip", "left"), make_plate(), make_picture())[2] for seed in range(300)]
    assert 0.22 < np.mean([bool(names) for names in drawn]) < 0.48


def test_a_compressed_film_still_has_its_grey_values(monkeypatch):
    film, _, _ = copied(monkeypatch, "compressed")
    assert np.abs(cv2.blur(film, (9, 9)) - cv2.blur(make_plate(), (9, 9))).max() < 0.05


@pytest.mark.parametrize("seed", range(8))
def test_a_crop_of_a_film_narrower_than_the_least_crop_keeps_its_width(monkeypatch, seed):
    monkeypatch.setattr(reproduction, "STEPS", ((1.0, reproduction._crop),))
    spec = FilmSpec(seed, 1, "ap_hip", "left")
    film, picture, _ = reproduced(spec, make_plate(54, 112), make_picture(54, 112))
    assert film.shape == (picture.height, picture.width)
    assert picture.width == 54
