"""Shifts of the film itself: what they move, the truth follows; what they cover can still be read."""

import cv2
import numpy as np
import pytest

from simulation.beam.collimation import ExposedField
from simulation.film import simulate
from simulation.geometry.camera import Camera
from simulation.look.pasted import paste
from simulation.look.shifts import Subject, jpeg, names, shifted, square_crop, squeezed
from simulation.spec import SHIFTS, FilmSpec, HipState
from simulation.views.picture import Picture

WIDTH, HEIGHT = 720, 560
MOVES = {"square_crop": square_crop, "squeezed": squeezed, "jpeg": jpeg}


def make_picture():
    camera = Camera.aimed(
        np.zeros(3), np.array([0.0, 1, 0]), np.array([0.0, 0, -1]), source_to_detector_mm=1100,
        source_to_object_mm=950, spacing_mm=0.5, width=WIDTH, height=HEIGHT,
    )  # fmt: skip
    return Picture.plate(camera, ExposedField.whole(WIDTH, HEIGHT))


def make_subject(centre=(350.0, 300.0), marks=()):
    return Subject(np.array([centre]), np.array([[300.0, 420.0], [430.0, 425.0]]), marks)


def spot(x, y):
    """A film with one soft bright spot."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH]
    return np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * 9.0**2)).astype(np.float32)


def middle_of_mass(shown):
    weight = np.where(shown > 0.2, shown, 0)
    rows, columns = np.mgrid[: shown.shape[0], : shown.shape[1]]
    return np.array([(columns * weight).sum(), (rows * weight).sum()]) / weight.sum()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("move", MOVES)
def test_the_grey_values_go_where_the_picture_says(move, seed):
    shown, picture = MOVES[move](np.random.default_rng(seed), spot(341.0, 290.0), make_picture(), make_subject())
    assert shown.shape == (picture.height, picture.width)
    assert picture.carry([[341.0, 290.0]])[0] == pytest.approx(middle_of_mass(shown), abs=0.35)


@pytest.mark.parametrize("seed", range(6))
def test_a_square_crop_is_square_and_keeps_its_hip_near_the_middle(seed):
    shown, picture = square_crop(np.random.default_rng(seed), spot(350, 300), make_picture(), make_subject())
    assert shown.shape[0] == shown.shape[1]
    assert np.abs(picture.carry([[350.0, 300.0]])[0] / picture.width - 0.5).max() < 0.3
    assert 120 < picture.width * picture.spacing_mm < 195


@pytest.mark.parametrize("seed", range(6))
def test_a_squeezed_film_has_lost_its_aspect(seed):
    _, picture = squeezed(np.random.default_rng(seed), spot(350, 300), make_picture(), make_subject())
    change = picture.width / picture.height / (WIDTH / HEIGHT)
    assert max(change, 1 / change) > 1.1
    assert max(picture.width, picture.height) <= max(WIDTH, HEIGHT)


def test_a_small_jpeg_is_small_has_eight_bits_and_blocks():
    film = np.random.default_rng(1).random((HEIGHT, WIDTH), np.float32)
    shown, picture = jpeg(np.random.default_rng(2), film, make_picture(), make_subject())
    assert 350 <= max(picture.width, picture.height) <= 500
    assert shown * 255 == pytest.approx(np.round(shown * 255), abs=1e-3)
    steps = np.abs(np.diff(shown, axis=1)).mean(0)
    assert steps[7::8].mean() > 1.02 * np.delete(steps, np.arange(7, len(steps), 8)).mean()


@pytest.mark.parametrize("seed", range(12))
def test_what_is_pasted_leaves_letters_and_landmarks_to_be_seen(seed):
    film, near = np.full((600, 600), 0.4, np.float32), np.array([[300.0, 300.0], [180.0, 420.0]])
    letter = (np.array([500.0, 40.0]), np.array([560.0, 90.0]))
    shown = paste(np.random.default_rng(seed), film, near, [letter], 0.7)
    assert (shown != film).any()
    assert (shown[40:90, 500:560] == film[40:90, 500:560]).all()
    for x, y in near.astype(int):
        assert (shown[y - 20 : y + 20, x - 20 : x + 20] == film[y - 20 : y + 20, x - 20 : x + 20]).mean() > 0.5


def test_a_border_takes_its_width_off_the_field():
    spec = FilmSpec(3, 1, "ap_hip", "left", size=200, shifts=("look",))
    shown, picture = shifted(spec, np.full((HEIGHT, WIDTH), 0.5, np.float32), make_picture(), make_subject())
    low, high = picture.field.corners.min(0), picture.field.corners.max(0)
    assert low.min() >= 0.008 * WIDTH - 1
    assert ([WIDTH - 1, HEIGHT - 1] - high).min() >= 0.008 * WIDTH - 1
    assert (shown[HEIGHT // 2 - 20 : HEIGHT // 2 + 20, WIDTH // 2] == 0.5).all()


@pytest.mark.parametrize("name", SHIFTS)
def test_a_shifted_film_says_so_and_differs_from_the_same_film_without(name):
    spec = FilmSpec(
        41,
        3,
        "ap_pelvis",
        "left",
        {"left": HipState("tha", cup=(44.0, 18.0))},
        320,
        without=frozenset({"reproduction"}),
    )
    plain, film = simulate(spec), simulate(FilmSpec(**_fields(spec) | {"shifts": (name,)}))
    assert film.truth.shows[-1] == f"shift:{name}"
    assert not any(shown.startswith("shift:") for shown in plain.truth.shows)
    assert film.pixels.shape != plain.pixels.shape or (film.pixels != plain.pixels).mean() > 0.001
    cup = next(hip.cup for hip in film.truth.hips if hip.side == "left")
    assert (cup.radiographic_inclination_deg, cup.radiographic_anteversion_deg) == (44.0, 18.0)


@pytest.mark.parametrize("name", ["look", "square_crop", "squeezed", "jpeg", "pasted"])
def test_other_films_are_shifted_too(name):
    for seed in range(5):
        film = simulate(FilmSpec(seed, 1, "other", "left", size=200, shifts=(name,)))
        assert film.truth.shows[-1] == f"shift:{name}"
        assert film.pixels.shape == (film.truth.height, film.truth.width)


def test_an_unknown_shift_is_refused():
    with pytest.raises(ValueError, match="'colour' is no shift: take one of "):
        FilmSpec(1, 1, "ap_hip", "left", shifts=("colour",))


def test_names_are_in_the_order_of_the_specification():
    assert names(FilmSpec(1, 1, "ap_hip", "left", shifts=("look", "jpeg"))) == ("shift:look", "shift:jpeg")


def test_the_squeezed_angle_is_that_of_the_squeezed_plate():
    """A rim at 45 degrees, pulled apart along x by a known factor, is flatter by what trigonometry says."""
    picture = make_picture()
    angle = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    thin = np.c_[np.cos(angle) - 1e-3 * np.sin(angle), np.cos(angle) + 1e-3 * np.sin(angle)] * 40 + [350, 300]
    _, moved = squeezed(np.random.default_rng(5), spot(350, 300), picture, make_subject())
    pull = (moved.width / WIDTH) / (moved.height / HEIGHT)
    (_, _), (one, other), degrees = cv2.fitEllipseDirect(((moved.carry(thin) - moved.width / 2) * 4).astype(np.float32))
    found = degrees if one > other else degrees + 90
    assert found % 180 == pytest.approx(np.degrees(np.arctan2(1, pull)), abs=0.3)


def _fields(spec):
    return {name: getattr(spec, name) for name in spec.__slots__}
