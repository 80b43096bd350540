"""Side letters: styles, places, and which can be read."""

from dataclasses import replace

import numpy as np
import pytest

from simulation.beam.collimation import ExposedField
from simulation.look.contrasts import contrast
from simulation.look.letters import letter, plain_letter
from simulation.look.markers import Mark, faint, legible, side_mark, stroke_steps
from simulation.truth import MarkerTruth
from simulation.views.picture import Picture


def mark_of(seed, side="left", **options):
    rng = np.random.default_rng(seed)
    field = ExposedField.whole(400, 300)
    return side_mark(rng, (300, 400), field, 1.0, side, at_left=side == "right", **options)


def test_every_mark_lies_within_its_box_and_the_film():
    for seed in range(200):
        mark = mark_of(seed)
        x0, y0, x1, y1 = mark.truth.box
        rows, columns = np.nonzero(mark.mask > 0.3)
        assert 0 <= x0 <= columns.min() <= columns.max() <= x1 < 400
        assert 0 <= y0 <= rows.min() <= rows.max() <= y1 < 300


def test_letters_come_in_many_shapes():
    rng = np.random.default_rng(2)
    ratios = [drawn.stamp.shape[1] / drawn.stamp.shape[0] for drawn in (letter(rng, "right", 18) for _ in range(150))]
    assert min(ratios) < 0.7
    assert max(ratios) > 1.8


@pytest.mark.parametrize("height_px", [2, 3, 5, 9, 60])
def test_letters_can_be_drawn_however_small_the_film(height_px):
    for seed in range(150):
        drawn = letter(np.random.default_rng(seed), "left", height_px)
        assert drawn.stamp.size > 0
        assert drawn.stamp.max() > 0.3
        assert drawn.strokes.shape == drawn.stamp.shape
        assert drawn.strokes.max() > 0.2


def test_a_letter_face_down_says_so():
    assert 0 < sum(mark_of(seed).truth.mirrored for seed in range(400)) < 40
    assert not any(mark_of(seed, plain=True).truth.mirrored for seed in range(100))


def test_a_plain_letter_is_an_r_or_an_l():
    """An L has its ink low, an R high."""
    rng = np.random.default_rng(1)
    low_ink, high_ink = (plain_letter(rng, side, 40).stamp for side in ("left", "right"))
    half = low_ink.shape[0] // 2
    assert low_ink[half:].sum() > 1.2 * low_ink[:half].sum()
    assert high_ink[:half].sum() > high_ink[half:].sum()


def film_of_l(grey=4095):
    """Even grey with an L of another grey on it, and its mark, a little more than which is its box."""
    pixels, mask = np.full((60, 60), 2048, np.uint16), np.zeros((60, 60), np.float32)
    mask[20:40, 23:27] = mask[36:40, 23:37] = 1
    pixels[mask > 0] = grey
    return pixels, Mark(mask, mask, digital=False, truth=MarkerTruth("left", (20.0, 18.0, 40.0, 42.0)))


@pytest.mark.parametrize(("grey", "count"), [(4095, 1), (2100, 0)])
def test_a_letter_counts_only_where_it_can_be_read(grey, count):
    pixels, mark = film_of_l(grey)
    assert len(legible(pixels, [mark])) == count
    assert contrast(pixels, mark.truth.box) == pytest.approx(abs(grey - 2048))


@pytest.mark.parametrize(
    ("grey", "left_of_it", "read", "may_be_read"),
    [
        (4095, 1.0, 1, 0),
        (2500, 1.0, 0, 1),
        (2100, 1.0, 0, 0),
        (4095, 0.7, 0, 1),
        (4095, 0.3, 0, 0),
    ],
)
def test_a_letter_that_is_faint_or_cut_may_be_read_or_not(grey, left_of_it, read, may_be_read):
    pixels, mark = film_of_l(grey)
    edge = 20.0 + 20.0 * left_of_it
    field = ExposedField.whole(60 if left_of_it == 1 else round(edge) + 1, 60)
    picture = Picture(camera=None, homography=np.eye(3), field=field, width=60, height=60)
    letters = faint(pixels, [mark], picture)
    assert (len(legible(pixels, [mark], picture)), len(letters)) == (read, may_be_read)
    assert all(letter.box == (20.0, 18.0, edge, 42.0) for letter in letters)


def test_a_letter_half_behind_a_stem_may_be_read_or_not_and_one_wholly_behind_it_is_gone():
    for from_row, (read, may_be_read) in {50: (1, 0), 33: (0, 1), 15: (0, 0)}.items():
        pixels, mark = film_of_l()
        pixels[from_row:] = 4095
        picture = Picture(camera=None, homography=np.eye(3), field=ExposedField.whole(60, 60), width=60, height=60)
        assert (len(legible(pixels, [mark], picture)), len(faint(pixels, [mark], picture))) == (read, may_be_read)


def test_a_ring_around_a_letter_that_cannot_be_seen_is_no_letter():
    """Nor are a frame, a note or pellets: what is read are the letter's own strokes."""
    grid_y, grid_x = np.mgrid[:60, :60]
    ring = np.abs(np.hypot(grid_x - 30, grid_y - 30) - 24) < 1.5
    for grey, (read, may_be_read) in {4095: (1, 0), 2048: (0, 0)}.items():
        pixels, letter_alone = film_of_l(grey)
        pixels[ring] = 4095
        truth = replace(letter_alone.truth, box=(5.0, 5.0, 55.0, 55.0))
        mark = replace(letter_alone, mask=np.maximum(letter_alone.mask, ring), truth=truth)
        assert contrast(pixels, truth.box) > 0.16 * 4095
        assert (len(legible(pixels, [mark])), len(faint(pixels, [mark]))) == (read, may_be_read)


def test_a_letter_cut_from_a_plate_is_read_where_it_is_darker_than_the_plate():
    _, letter_alone = film_of_l()
    mask = np.zeros((60, 60), np.float32)
    mask[12:48, 14:46] = 1 - letter_alone.strokes[12:48, 14:46]
    mark = replace(letter_alone, mask=mask, truth=replace(letter_alone.truth, box=(14.0, 12.0, 45.0, 47.0)))
    for below, count in {1000: 1, 3700: 0}.items():  # the film under the plate
        pixels = np.full((60, 60), below, np.uint16)
        pixels[mask > 0] = 4095
        assert len(legible(pixels, [mark])) == count
        assert len(faint(pixels, [mark])) == 1 - count


def test_noise_is_no_letter_and_a_letter_in_noise_is_one():
    noise = np.random.default_rng(5).normal(0, 350, (60, 60))
    for grey, count in ((2048, 0), (3300, 1)):
        pixels, mark = film_of_l(grey)
        pixels = np.clip(pixels + noise, 0, 4095).astype(np.uint16)
        assert contrast(pixels, mark.truth.box) > 0.16 * 4095
        assert len(legible(pixels, [mark])) == count


def shown(*film):
    """Share of a mark's ink that stands out."""
    return float((stroke_steps(*film) >= 0.04).mean())


def test_ink_is_looked_for_where_the_film_has_it():
    """Turned by a quarter and made half as large, as copies are."""
    pixels, mark = film_of_l()
    small = np.rot90(pixels, -1)[::2, ::2]
    onto = np.array([[0, -0.5, 29.5], [0.5, 0, 0], [0, 0, 1.0]])
    field = ExposedField.whole(30, 30)
    assert shown(small, mark, Picture(None, onto, field, 30, 30)) > 0.9
    assert shown(np.roll(small, 10, 1), mark, Picture(None, onto, field, 30, 30)) < 0.1


@pytest.mark.parametrize("height_px", [2, 3, 5])
def test_the_ink_of_letters_of_a_few_pixels_is_found(height_px):
    for seed in range(30):
        drawn = letter(np.random.default_rng(seed), "left", height_px)
        mask, strokes = np.zeros((2, 60, 60), np.float32)
        for layer, stamp in ((mask, drawn.stamp), (strokes, drawn.strokes)):
            layer[20 : 20 + stamp.shape[0], 20 : 20 + stamp.shape[1]] = stamp
        mark = Mark(mask, strokes, digital=True, truth=MarkerTruth("left", (20.0, 20.0, 30.0, 30.0)))
        assert shown((mask * 4095).astype(np.uint16), mark) > 0
        assert shown(np.zeros((60, 60), np.uint16), mark) == 0
