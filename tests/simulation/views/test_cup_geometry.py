"""The cup's angles against Murray's definitions (J Bone Joint Surg Br 1993;75:228-232)."""

import math

import numpy as np
import pytest

from simulation.geometry.camera import Camera, angle_deg, project_circle
from simulation.surgery.solids import cup_axis
from simulation.views.cup_angles import CupAngles

CASES = [(40.0, 15.0), (30.0, 5.0), (55.0, 30.0), (45.0, -8.0), (62.0, 42.0)]


def make_camera(source_to_object_mm=1000.0):
    return Camera.aimed(
        np.array([0.0, 0.0, 30.0]),
        np.array([0.0, 1.0, 0.0]),
        np.array([0.0, 0.0, -1.0]),
        source_to_detector_mm=source_to_object_mm + 150,
        source_to_object_mm=source_to_object_mm,
        spacing_mm=0.5,
        width=700,
        height=600,
    )


def measured(camera, axis, centre=(85.0, 0.0, 0.0)):
    rim = project_circle(camera, np.array(centre), axis, 27.0)
    inclination = abs((angle_deg(rim.axis) + 90) % 180 - 90)
    return inclination, math.degrees(math.asin(rim.semi_minor / rim.semi_major))


@pytest.mark.parametrize(("inclination", "anteversion"), CASES)
def test_in_parallel_light_the_rim_shows_the_radiographic_angles(inclination, anteversion):
    seen = measured(make_camera(2.0e7), cup_axis(inclination, anteversion))
    assert seen == pytest.approx((inclination, abs(anteversion)), abs=0.01)


def test_perspective_flattens_the_rim_of_a_cup_beside_the_central_ray():
    inclination, version = measured(make_camera(), cup_axis(40, 15))
    assert abs(inclination - 40) < 2
    assert 8 < version < 14  # a centred pelvis film reads 3 to 6 degrees low


@pytest.mark.parametrize("mirror", [1.0, -1.0], ids=["left", "right"])
@pytest.mark.parametrize(("inclination", "anteversion"), CASES)
def test_the_three_definitions_satisfy_murrays_identities(inclination, anteversion, mirror):
    """As the paper's table converts radiographic angles into the anatomic and the operative ones."""
    angles = CupAngles.of_axis(cup_axis(inclination, anteversion) * [mirror, 1, 1])
    ri, ra = math.radians(inclination), math.radians(anteversion)
    assert angles.radiographic_inclination_deg == pytest.approx(inclination)
    assert angles.radiographic_anteversion_deg == pytest.approx(anteversion)
    ai, aa = math.radians(angles.anatomic_inclination_deg), math.radians(angles.anatomic_anteversion_deg)
    oi, oa = math.radians(angles.operative_inclination_deg), math.radians(angles.operative_anteversion_deg)
    assert math.cos(ai) == pytest.approx(math.cos(ri) * math.cos(ra), abs=1e-6)
    assert math.tan(aa) == pytest.approx(math.tan(ra) / math.sin(ri), abs=1e-5)
    assert math.tan(oa) == pytest.approx(math.tan(ra) / math.cos(ri), abs=1e-5)
    assert math.sin(oi) == pytest.approx(math.sin(ri) * math.cos(ra), abs=1e-6)


def test_the_rim_ellipse_goes_through_the_projected_circle():
    camera, normal, centre = make_camera(), cup_axis(48, 22), np.array([85.0, 3.0, 4.0])
    rim = project_circle(camera, centre, normal, 27.0)
    first = np.cross(normal, [0, 0, 1.0])
    first /= np.linalg.norm(first)
    point = camera.project(centre + 27.0 * first)[0] - rim.centre
    along, across = point @ rim.axis, point @ np.array([-rim.axis[1], rim.axis[0]])
    assert (along / rim.semi_major) ** 2 + (across / rim.semi_minor) ** 2 == pytest.approx(1, abs=1e-6)
