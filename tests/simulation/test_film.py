"""Films and their truth."""

from dataclasses import replace

import numpy as np
import pytest

from simulation.film import simulate
from simulation.look.contrasts import contrast, step_at_end
from simulation.people.person import make_person
from simulation.spec import HIP_VIEWS, VIEW_SHARES, FilmSpec, HipState, random_spec
from simulation.truth import FilmTruth


def make_spec(view="ap_pelvis", seed=41, person=3, side="left", size=192, **changes):
    base = FilmSpec(seed, person, view, side, {"left": HipState("tha")}, size, without=frozenset({"reproduction"}))
    return replace(base, **changes)


@pytest.fixture(scope="module")
def films():
    """One small film of every hip view with a left replacement."""
    return {view: simulate(make_spec(view, marker=True)) for view in HIP_VIEWS}


@pytest.mark.parametrize("view", HIP_VIEWS)
def test_every_view_shows_the_hip_it_is_aimed_at(films, view):
    film = films[view]
    hips = {hip.side: hip for hip in film.truth.hips}
    assert film.truth.view == view
    assert hips["left"].implant == "tha"
    assert film.pixels.shape == (film.truth.height, film.truth.width)
    assert max(film.pixels.shape) == 192
    assert film.pixels.dtype == np.uint16
    assert film.pixels.max() <= 4095
    assert film.pixels.std() > 100


@pytest.mark.parametrize("view", HIP_VIEWS)
def test_boxes_and_landmarks_lie_on_the_film(films, view):
    truth = films[view].truth
    for box in [hip.box for hip in truth.hips] + [marker.box for marker in truth.markers]:
        assert 0 <= box[0] < box[2] <= truth.width
        assert 0 <= box[1] < box[3] <= truth.height
    for hip in truth.hips:
        assert 0.5 <= hip.visible_fraction <= 1.0


@pytest.mark.parametrize("view", HIP_VIEWS)
def test_truth_survives_json(films, view):
    assert FilmTruth.from_json(films[view].truth.to_json()) == films[view].truth


@pytest.mark.parametrize("view", HIP_VIEWS)
def test_each_view_has_only_the_angles_that_are_defined_on_it(films, view):
    truth = films[view].truth
    cup = next(hip.cup for hip in truth.hips if hip.side == "left")
    both_ischia = truth.ischium_left is not None and truth.ischium_right is not None
    assert (cup.inclination_deg is not None) == (view == "ap_pelvis" and both_ischia)
    assert (cup.version_ap_deg is not None) == (view in {"ap_pelvis", "ap_hip"})
    assert (cup.version_lateral_deg is not None) == (view == "cross_table_lateral")


@pytest.mark.parametrize("view", HIP_VIEWS)
def test_how_far_the_pelvis_is_turned_is_told_where_it_is_seen_from_before(films, view):
    turn = films[view].truth.pelvis_turn_deg
    if view == "cross_table_lateral":
        assert turn is None
    else:
        assert (abs(turn) > 23) == (view == "oblique_hip")


def test_a_pelvis_is_turned_as_far_as_a_specification_says():
    truth = simulate(make_spec("ap_hip", pelvis_turn_deg=19.0)).truth
    assert (truth.view, abs(truth.pelvis_turn_deg)) == ("ap_hip", 19.0)


@pytest.mark.parametrize("view", HIP_VIEWS)
def test_the_opening_lies_away_from_the_dome(films, view):
    cup = next(hip.cup for hip in films[view].truth.hips if hip.side == "left")
    centre, dome = np.array(cup.centre), np.array(cup.dome)
    assert (np.array(cup.minor_opening) - centre) @ (dome - centre) <= 0
    assert (np.array(cup.minor_dome) - centre) @ (dome - centre) >= 0
    assert cup.major_upper[1] <= cup.major_lower[1]


def test_how_well_hips_and_rims_stand_out_is_read_off_the_film():
    film = simulate(make_spec("ap_hip", hips={"left": HipState("tha")}))
    for hip in film.truth.hips:
        assert hip.contrast == pytest.approx(contrast(film.pixels, hip.box) / 4095, abs=1e-4)
    cup = next(hip.cup for hip in film.truth.hips if hip.cup is not None)
    grey = (film.pixels >> 4).astype(np.uint8)
    ends = step_at_end(grey, cup.major_upper, cup.major_lower), step_at_end(grey, cup.major_lower, cup.major_upper)
    assert cup.edge == pytest.approx(min(ends), abs=1e-4)
    assert cup.measurable


def test_the_same_specification_makes_the_same_film():
    first, second = simulate(make_spec()), simulate(make_spec())
    assert first.truth == second.truth
    assert (first.pixels == second.pixels).all()


def test_another_seed_makes_another_film_of_the_same_cup():
    first, second = (simulate(make_spec(seed=seed)) for seed in (41, 42))
    cups = [next(hip.cup for hip in film.truth.hips if hip.side == "left") for film in (first, second)]
    assert first.truth.spacing_mm != second.truth.spacing_mm
    assert cups[0].radiographic_inclination_deg == cups[1].radiographic_inclination_deg


def test_a_person_keeps_the_same_bones():
    first = make_person(7)
    make_person.cache_clear()
    again, somebody_else = make_person(7), make_person(8)
    femur = first.legs["right"]["femur"].outer.vertices
    assert (femur == again.legs["right"]["femur"].outer.vertices).all()
    assert not np.allclose(femur, somebody_else.legs["right"]["femur"].outer.vertices)


def test_the_two_femurs_of_a_person_differ_a_little():
    person = make_person(7)
    apart = person.legs["left"]["femur"].outer.vertices - person.legs["right"]["femur"].outer.vertices
    assert 0.2 < np.linalg.norm(apart, axis=1).mean() < 20


def test_hips_are_fourteen_to_twenty_one_centimetres_apart():
    for number in range(5):
        centres = make_person(number).hip_centres
        assert 140 < np.linalg.norm(centres["left"] - centres["right"]) < 210


def test_a_fixed_cup_is_the_cup_that_is_put_in():
    film = simulate(make_spec(hips={"left": HipState("tha", cup=(51.0, 9.0))}))
    cup = next(hip.cup for hip in film.truth.hips if hip.side == "left")
    assert (cup.radiographic_inclination_deg, cup.radiographic_anteversion_deg) == (51.0, 9.0)
    assert abs(cup.inclination_deg - 51.0) < 8


@pytest.mark.parametrize(("anteversion", "sign"), [(40.0, 1), (-10.0, -1)])
def test_a_cup_that_faces_forward_has_positive_lateral_version(anteversion, sign):
    versions = []
    for side in ("left", "right"):
        spec = make_spec("cross_table_lateral", side=side, hips={side: HipState("tha", cup=(42.0, anteversion))})
        versions.append(simulate(spec).truth.hips[0].cup.version_lateral_deg)
    assert all(version * sign > -6 for version in versions)
    assert sum(versions) * sign > 0


def test_a_retroverted_cup_keeps_an_unsigned_version_on_an_ap_film():
    cup = simulate(make_spec("ap_hip", hips={"left": HipState("tha", cup=(42.0, -10.0))})).truth.hips[0].cup
    assert cup.version_ap_deg >= 0


@pytest.mark.parametrize("kind", ["hemi", "fixation"])
def test_hardware_without_a_cup_has_no_cup_truth(kind):
    hip = next(hip for hip in simulate(make_spec(hips={"left": HipState(kind)})).truth.hips if hip.side == "left")
    assert (hip.implant, hip.cup) == (kind, None)


def test_a_resurfaced_hip_has_a_cup():
    hip = next(
        hip for hip in simulate(make_spec(hips={"left": HipState("resurfacing")})).truth.hips if hip.side == "left"
    )
    assert hip.cup is not None


def test_metal_is_brighter_than_the_hip_it_replaces():
    native, replaced = (
        simulate(make_spec("ap_hip", hips={"left": HipState(kind, cup=(42.0, 15.0))})) for kind in ("none", "tha")
    )
    x, y = (round(value) for value in replaced.truth.hips[0].cup.centre)
    assert replaced.pixels[y, x] > native.pixels[y, x]


def test_an_unmarked_lateral_says_nothing_about_its_side():
    assert simulate(make_spec("cross_table_lateral", marker=False)).truth.side == "unknown"


@pytest.mark.parametrize("side", ["left", "right"])
def test_a_marked_lateral_has_the_side_of_its_marker(side):
    truth = simulate(make_spec("cross_table_lateral", seed=45, side=side, marker=True)).truth
    assert truth.side == side
    assert {marker.side for marker in truth.markers} == {side}


def test_letters_on_a_pelvis_film_are_on_their_own_side():
    for seed in range(4):
        truth = simulate(make_spec(seed=seed, marker=True)).truth
        for marker in truth.markers:
            left_half = marker.box[0] + marker.box[2] < truth.width
            assert left_half == (marker.side == "right")


def test_films_of_other_parts_show_no_hip():
    for seed in range(6):
        truth = simulate(make_spec("other", seed=seed)).truth
        assert (truth.view, truth.side, truth.hips, truth.ischium_left) == ("other", "unknown", (), None)
        assert truth.pelvis_turn_deg is None


def test_the_training_mixture_asks_for_every_view_and_both_sides():
    rng = np.random.default_rng(0)
    drawn = [random_spec(rng, 1, seed) for seed in range(300)]
    assert {spec.view for spec in drawn} == set(VIEW_SHARES)
    assert {spec.side for spec in drawn} == {"left", "right"}
    native = sum(hip.implant == "none" for spec in drawn for hip in spec.hips.values()) / 600
    assert 0.38 < native < 0.52
