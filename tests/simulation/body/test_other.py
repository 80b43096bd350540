"""Films that are not hips."""

import numpy as np
import pytest

from simulation.body.other import SHARES, render_other, simulate_other
from simulation.body.stage import Stage, trace
from simulation.spec import FilmSpec
from simulation.truth import FilmTruth

SMALL = 192


def make_spec(seed=11, **changes):
    return FilmSpec(seed, seed, "other", "left", size=SMALL, **changes)


def test_the_same_seed_gives_the_same_film():
    assert np.array_equal(simulate_other(make_spec()).pixels, simulate_other(make_spec()).pixels)


def test_different_seeds_give_different_films():
    first, second = simulate_other(make_spec()), simulate_other(make_spec(12))
    assert first.pixels.shape != second.pixels.shape or not np.array_equal(first.pixels, second.pixels)


@pytest.mark.parametrize("builder", SHARES, ids=lambda builder: builder.__name__)
@pytest.mark.parametrize("draw", [0, 1, 2])
def test_every_subject_gives_a_twelve_bit_film_without_a_hip(builder, draw):
    spec = make_spec(draw, without=frozenset({"reproduction"}))
    film = render_other(builder, np.random.default_rng(draw), spec)
    assert film.pixels.dtype == np.uint16
    assert max(film.pixels.shape) == SMALL
    assert (film.truth.height, film.truth.width) == film.pixels.shape
    assert film.pixels.max() <= 4095
    assert film.truth.shows[0] == builder.__name__
    assert (film.truth.view, film.truth.side, film.truth.hips) == ("other", "unknown", ())


def test_the_truth_survives_json():
    truth = simulate_other(make_spec(3)).truth
    assert FilmTruth.from_json(truth.to_json()) == truth


def test_marker_boxes_lie_on_the_film_and_hold_something_bright():
    marked = [film for film in (simulate_other(make_spec(seed)) for seed in range(40)) if film.truth.markers]
    assert len(marked) > 10
    for film in marked:
        for marker in film.truth.markers:
            x0, y0, x1, y1 = (int(v) for v in marker.box)
            assert 0 <= x0 < x1 <= film.truth.width
            assert 0 <= y0 < y1 <= film.truth.height
            inside = film.pixels[y0 : y1 + 1, x0 : x1 + 1]
            assert np.ptp(inside) > 0.1 * 4095


def make_stage() -> Stage:
    return Stage(100, 80, 200)


def test_a_tube_is_as_deep_as_its_diameter():
    stage = make_stage()
    stage.tube(stage.soft, [(-30, 0), (30, 0)], 10)
    assert stage.soft[stage.soft.shape[0] // 2, stage.soft.shape[1] // 2] == pytest.approx(20, abs=0.1)
    assert stage.soft[0, 0] == 0


def test_an_ellipsoid_has_its_volume():
    stage = make_stage()
    stage.ellipse(stage.soft, (5, -3), (20, 10), 16, angle_deg=30)
    volume_mm3 = stage.soft.sum() / stage.px_per_mm**2
    assert volume_mm3 == pytest.approx(4 / 3 * np.pi * 20 * 10 * 8, rel=0.01)


def test_a_hole_takes_away_what_a_plate_put_there():
    stage = make_stage()
    square = trace("-20,-20 20,-20 20,20 -20,20")
    stage.plate(stage.soft, square, 12, 2)
    stage.plate(stage.soft, square, -12, 2)
    assert np.abs(stage.soft).max() < 1e-4


def test_merged_solids_do_not_add():
    stage = make_stage()
    stage.tube(stage.soft, [(-30, 0), (30, 0)], 10, merge=True)
    stage.tube(stage.soft, [(0, -30), (0, 30)], 10, merge=True)
    assert stage.soft.max() == pytest.approx(20, abs=0.1)


def test_a_fused_bone_is_no_denser_where_its_parts_overlap():
    apart, together = make_stage(), make_stage()
    shaft, radii, cortex = [(-30, 0), (30, 0)], [8, 8], [2, 2]
    for _ in range(2):
        apart.long_bone(shaft, radii, cortex)
    with together.fused():
        for _ in range(2):
            together.long_bone(shaft, radii, cortex)
    assert apart.bone.max() == pytest.approx(2 * together.bone.max())
