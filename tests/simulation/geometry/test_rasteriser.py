"""Path lengths against bodies whose path lengths are known."""

import math

import numpy as np
import pytest

from simulation.geometry.camera import Camera
from simulation.geometry.mesh import Mesh, arc, ball, cylinder, revolved, torus

CENTRE = np.array([12.0, 5.0, -8.0])


def make_camera(source_to_object_mm=1000.0, gap_mm=150.0, spacing_mm=0.8, width=220, height=180):
    return Camera.aimed(
        np.zeros(3),
        np.array([0.0, 1.0, 0.0]),
        np.array([0.0, 0.0, -1.0]),
        source_to_detector_mm=source_to_object_mm + gap_mm,
        source_to_object_mm=source_to_object_mm,
        spacing_mm=spacing_mm,
        width=width,
        height=height,
    )


def parallel_camera(**sizes):
    return make_camera(source_to_object_mm=2.0e6, **sizes)


def make_ball(radius):
    """A ball fine enough to test against the analytic one."""
    mesh = revolved(arc(radius, math.pi, 240), 480)
    return Mesh(mesh.vertices + CENTRE, mesh.faces)


def test_lengths_through_a_ball_are_its_chords():
    camera = make_camera()
    near, far = camera.within_ball(CENTRE, 50.0)
    chords = np.where(far > near, (far - near) * camera.ray_mm, 0)
    lengths = camera.lengths(make_ball(50.0))
    assert lengths.max() == pytest.approx(100.0, abs=0.05)
    assert np.abs(lengths - chords)[chords > 10].max() < 0.1


def test_nothing_leaks_through_the_seams_of_a_mesh():
    camera = make_camera()
    near, far = camera.within_ball(CENTRE, 50.01)
    assert np.abs(camera.lengths(make_ball(50.0))[far <= near]).max() < 1e-3


@pytest.mark.parametrize(
    ("mesh", "volume"),
    [
        pytest.param(
            cylinder(np.array([-20.0, 0, -30]), np.array([25.0, 9, 20]), 12, 12, 160),
            math.pi * 12**2 * math.dist((-20, 0, -30), (25, 9, 20)),
            id="cylinder",
        ),
        pytest.param(torus(40, 6, 256, 64), 2 * math.pi**2 * 40 * 6**2, id="torus"),
        pytest.param(ball(30, np.zeros(3), (1.0, 0.5, 1.4)), 4 / 3 * math.pi * 30**3 * 0.7, id="ellipsoid"),
    ],
)
def test_in_parallel_light_the_lengths_add_up_to_the_volume(mesh, volume):
    camera = parallel_camera()
    total = camera.lengths(mesh).sum() * camera.spacing_mm**2
    assert total == pytest.approx(volume, rel=0.02)


def test_two_half_spaces_split_a_ball_without_loss():
    camera = parallel_camera()
    mesh, normal = make_ball(40.0), np.array([0.3, -0.5, 0.8])
    whole = camera.lengths(mesh)
    halves = [camera.lengths(mesh, camera.within_halfspace(CENTRE, side * normal)) for side in (1, -1)]
    assert np.abs(halves[0] + halves[1] - whole).max() < 0.02
    assert halves[0].sum() == pytest.approx(halves[1].sum(), rel=0.01)


def test_a_ball_cut_by_a_larger_ball_is_untouched():
    camera = make_camera()
    mesh = ball(20.0, CENTRE)
    assert camera.lengths(mesh, camera.within_ball(CENTRE, 60.0)) == pytest.approx(camera.lengths(mesh), abs=0.02)


def test_a_flipped_film_is_the_mirror_image():
    arguments = {
        "source_to_detector_mm": 1150.0,
        "source_to_object_mm": 1000.0,
        "spacing_mm": 1.0,
        "width": 161,
        "height": 121,
    }
    aim = (np.zeros(3), np.array([0.0, 1.0, 0.0]), np.array([0.0, 0.0, -1.0]))
    front, back = (Camera.aimed(*aim, **arguments, flipped=flipped) for flipped in (False, True))
    mesh = ball(25.0, CENTRE)
    assert front.lengths(mesh)[:, ::-1] == pytest.approx(back.lengths(mesh), abs=0.02)
