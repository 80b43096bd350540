"""The trans-ischial line: a common tangent, whatever the patient or the plate was turned by."""

import math

import numpy as np
import pytest

from simulation.people.atlas import OTHER, OWN, load_atlas
from simulation.views.pelvic_landmarks import ischium_vertices, trans_ischial_line


def outline(centre, radius):
    """A round bone, (n, 2)."""
    turn = np.linspace(0, 2 * np.pi, 720, endpoint=False)
    return np.asarray(centre) + radius * np.stack([np.cos(turn), np.sin(turn)], 1)


def direction(points):
    right, left = points
    return math.degrees(math.atan2(*(left - right)[::-1]))


@pytest.mark.parametrize("turned", [-60, -20, 0, 10, 45])
def test_the_line_touches_both_bones_from_below_however_the_plate_was_turned(turned):
    c, s = math.cos(math.radians(turned)), math.sin(math.radians(turned))
    plate = np.array([[c, -s], [s, c]])
    right, left = outline((100, 200), 20) @ plate.T, outline((220, 230), 35) @ plate.T
    touched = trans_ischial_line(right, left)
    across = (touched[1] - touched[0]) / np.linalg.norm(touched[1] - touched[0])
    below = np.array([-across[1], across[0]])  # rows grow downwards
    for bone in (right, left):
        assert ((bone - touched[0]) @ below).max() == pytest.approx(0, abs=1e-6)
    # two circles of radii 20 and 35, 120 to the side and 30 lower: their lower tangent
    wanted = math.degrees(math.atan2(30, 120) + math.asin(15 / math.hypot(120, 30)))
    assert direction(touched) - turned == pytest.approx(wanted, abs=0.3)


def test_a_symmetric_pelvis_has_a_level_line():
    right, left = outline((-60, 0), 25), outline((60, 0), 25)
    assert direction(trans_ischial_line(right, left)) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("source", [OWN, OTHER])
@pytest.mark.parametrize("side", ["right", "left"])
@pytest.mark.parametrize("tilt", [-10, 0, 10, 20])
def test_the_line_never_touches_where_the_chosen_vertices_merely_end(source, side, tilt):
    """With the pelvis tilted as films have it, the lowest vertex is the lowest of the whole lower hip bone."""
    atlas = load_atlas(source)
    hip = atlas.shape(f"hip_{side}", atlas.mean)
    t = math.radians(tilt)
    height = hip[:, 2] * math.cos(t) + hip[:, 1] * math.sin(t)  # the inlet turned forwards
    ids = ischium_vertices(side, source)
    assert height[ids].min() == height.min()
