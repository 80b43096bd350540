"""What else lies in the beam."""

import numpy as np
import pytest

from simulation.beam.materials import ATTENUATION_PER_MM
from simulation.beam.projection import project
from simulation.clutter import clutter, inside, outside
from simulation.clutter.clutter import cluttered
from simulation.clutter.layers import Layers
from simulation.clutter.skin import air_in_folds
from simulation.film import staged
from simulation.geometry.mesh import ball
from simulation.people.soft_tissue import around_pelvis
from simulation.spec import FilmSpec, HipState

KINDS = [draw for _, draw in (*clutter._INSIDE, *clutter._OUTSIDE, *clutter._FRESH)]


@pytest.fixture(scope="module")
def scene():
    return staged(FilmSpec(3, 11, "ap_pelvis", "left", {"left": HipState("tha")}, 256), "ap_pelvis")[0]


@pytest.fixture(scope="module")
def lengths(scene):
    return project(scene, around_pelvis(scene.person, scene.pose.legs, np.random.default_rng(0)))


@pytest.mark.parametrize("draw", KINDS, ids=lambda draw: draw.__name__)
def test_every_kind_leaves_something_of_a_known_material(scene, draw):
    drawn = {}
    for seed in range(6):  # what lies at a random place may miss the film
        layers = Layers(scene)
        draw(np.random.default_rng(seed), layers)
        drawn |= {material: raster for material, raster in layers.drawn.items() if raster.max() > 0}
    assert drawn
    for material, raster in drawn.items():
        assert material == "calcium" or material in ATTENUATION_PER_MM
        assert np.isfinite(raster).all()


def test_most_films_have_little_and_a_few_have_a_lot(scene, lengths):
    counts = [len(cluttered(np.random.default_rng(seed), scene, lengths).shows) for seed in range(300)]
    assert 0.3 < np.mean([count == 0 for count in counts]) < 0.7
    assert max(counts) >= 4


def test_what_is_shown_is_named_and_never_takes_material_away(scene, lengths):
    for seed in range(40):
        busy = cluttered(np.random.default_rng(seed), scene, lengths)
        changed = any(
            not np.array_equal(busy.lengths.parts[m], lengths.parts.get(m, 0)) for m in busy.lengths.parts
        ) or not np.array_equal(busy.lengths.cortex, lengths.cortex)
        assert not changed or busy.shows
        assert all((raster >= 0).all() for raster in busy.lengths.parts.values())


def test_a_bar_has_the_chord_of_its_diameter(scene):
    layers = Layers(scene)
    layers.tube("steel", np.array([[-40.0, 0, 30], [40, 0, 30]]), 6.0)
    assert layers.drawn["steel"].max() == pytest.approx(12 * np.pi / 4, rel=0.06)  # whole pixels wide


def test_a_solid_is_as_thick_as_it_is(scene):
    layers = Layers(scene)
    layers.solid("steel", ball(12.0, np.array([0.0, 0, 30])))
    assert layers.drawn["steel"].max() == pytest.approx(24, abs=0.5)


def test_a_calibration_ball_has_a_size_that_is_sold(scene):
    for seed in range(10):
        layers = Layers(scene)
        outside.calibration_ball(np.random.default_rng(seed), layers)
        thick = layers.drawn["steel"].max()
        assert thick == 0 or any(size - 2.5 < thick <= size for size in (25, 25.4, 28, 30))


def test_staples_lie_beside_the_operated_hip(scene):
    layers = Layers(scene)
    outside.staples(np.random.default_rng(1), layers)
    _, columns = np.nonzero(layers.drawn["steel"])
    assert columns.mean() > scene.camera.width / 2  # the patient's left


def test_folds_hold_air_and_never_less_than_none(scene):
    air = air_in_folds(np.random.default_rng(2), scene)
    assert air.min() >= 0
    assert 1 < air.max() < 40


def test_a_device_in_the_body_moves_with_the_view():
    places = []
    for view in ("ap_pelvis", "oblique_hip"):
        scene = staged(FilmSpec(3, 11, view, "left", {}, 256), view)[0]
        layers = Layers(scene)
        inside.contrast_bladder(np.random.default_rng(5), layers)
        places.append(np.argwhere(layers.drawn["contrast"] > 5).mean(0) / scene.camera.shape)
    assert np.linalg.norm(places[0] - places[1]) > 0.02
