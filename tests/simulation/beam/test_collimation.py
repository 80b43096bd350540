"""The exposed field."""

import cv2
import numpy as np
import pytest

from simulation.beam.collimation import EmptyFieldError, ExposedField, random_field
from simulation.geometry.camera import Camera
from simulation.spec import FilmSpec


def make_camera(width, height):
    ahead, down = np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, -1.0])
    return Camera.aimed(
        np.zeros(3), ahead, down, source_to_detector_mm=1150, source_to_object_mm=1000, spacing_mm=1,
        width=width, height=height,
    )  # fmt: skip


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


@pytest.mark.parametrize("view", ["ap_pelvis", "ap_hip"])
def test_the_field_is_a_convex_polygon_on_the_film(view):
    taken_by = make_camera(400, 300)
    for seed in range(120):
        field = random_field(FilmSpec(seed, 1, view, "left"), taken_by, view)
        assert (field.corners >= 0).all()
        assert (field.corners <= [399, 299]).all()
        assert cv2.isContourConvex(field.corners.astype(np.float32))
        assert cv2.contourArea(field.corners.astype(np.float32)) > 0.25 * 400 * 300


def test_without_collimation_the_film_is_open():
    taken_by = make_camera(400, 300)
    for seed in range(20):
        spec = FilmSpec(seed, 1, "ap_hip", "left", without=frozenset({"collimation"}))
        assert not random_field(spec, taken_by, "ap_hip").collimated


def test_a_cone_is_as_large_as_its_radius_says():
    field = ExposedField.cone((400, 400), np.array([200.0, 200.0]), 100.0, 72)
    assert cv2.contourArea(field.corners.astype(np.float32)) == pytest.approx(np.pi * 100**2, rel=0.01)


def test_a_field_follows_its_film_through_a_turn():
    quarter = np.array([[0.0, -1.0, 299.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])  # clockwise; the film was 300 high
    moved = make_field().moved(quarter)
    assert sorted(map(tuple, moved.corners)) == [(79, 10), (79, 110), (279, 10), (279, 110)]


def test_a_field_that_leaves_the_film_is_an_error():
    with pytest.raises(EmptyFieldError, match="another seed"):
        make_field(500.0, 500.0, 600.0, 600.0).within(400, 300)


@pytest.mark.parametrize("reversed_order", [False, True], ids=["one way round", "the other"])
def test_a_turned_field_holds_what_opencv_says_it_holds(reversed_order):
    field = ExposedField.rectangle((300, 400), np.array([40.0, 30.0, 60.0, 90.0]), 17.0)
    corners = field.corners[::-1] if reversed_order else field.corners
    points = np.random.default_rng(3).uniform(-20, 420, (2000, 2))
    polygon = corners.astype(np.float32)
    inside = [cv2.pointPolygonTest(polygon, (float(x), float(y)), measureDist=False) >= 0 for x, y in points]
    assert 0.2 < np.mean(inside) < 0.8
    assert ExposedField(corners, collimated=True).contains(points).tolist() == inside
