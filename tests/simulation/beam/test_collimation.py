"""The exposed field."""

import numpy as np
import pytest

from simulation.beam.collimation import ExposedField


def make_field(x0=10.0, y0=20.0, x1=110.0, y1=220.0):
    return ExposedField(np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]]), collimated=True)


def test_a_box_across_the_border_keeps_the_part_inside():
    bounds, share = make_field().clip((60.0, 120.0, 160.0, 170.0))
    assert bounds == pytest.approx((60.0, 120.0, 110.0, 170.0))
    assert share == pytest.approx(0.5)


def test_a_box_outside_is_gone():
    assert make_field().clip((120.0, 20.0, 140.0, 40.0)) is None


def test_a_box_inside_is_untouched():
    assert make_field().clip((20.0, 30.0, 40.0, 50.0)) == ((20.0, 30.0, 40.0, 50.0), pytest.approx(1.0))


def test_points_are_inside_up_to_the_border():
    assert make_field().contains([[60, 60], [10, 20], [9, 60], [60, 221]]).tolist() == [True, True, False, False]


def test_an_open_field_takes_the_whole_film():
    field = ExposedField.whole(30, 20)
    assert field.mask((20, 30), 1.0).min() == 1.0
    assert field.contains([[0, 0], [29, 19]]).all()


def test_random_blades_stay_on_the_film():
    rng = np.random.default_rng(1)
    for _ in range(50):
        corners = ExposedField.random(rng, 400, 300, 0.14).corners
        assert (corners >= 0).all()
        assert (corners <= [399, 299]).all()
        assert np.ptp(corners[:, 0]) > 0.6 * 400
