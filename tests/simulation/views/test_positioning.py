"""How people lie before the tube."""

from dataclasses import replace

import numpy as np
import pytest

from simulation.beam.collimation import ExposedField
from simulation.people.person import make_person
from simulation.people.skeleton import SIDES
from simulation.scene import Scene
from simulation.views.labels import hip_truths
from simulation.views.picture import Picture
from simulation.views.positioning import OTHER_VIEWS, aim, camera, leg_matrix, pelvis_turn_deg, pose, turned


def make_scene(view, seed=0, side="left", person=1):
    rng, who = np.random.default_rng(seed), make_person(person)
    posed = pose(rng, who, view, side)
    return Scene(who, posed, camera(rng, aim(rng, who, posed, view, side), 256), side, {})


def whole_film(scene):
    return Picture.plate(scene.camera, ExposedField.whole(scene.camera.width, scene.camera.height))


@pytest.mark.parametrize("view", OTHER_VIEWS)
def test_views_of_other_parts_reach_no_hip_joint(view):
    for seed in range(8):
        scene = make_scene(view, seed, person=seed)
        assert hip_truths(scene, whole_film(scene), "ap_hip")[0] == ()
        heads = [scene.on_table(scene.person.hip_centres[side]) for side in SIDES]
        if view != "lumbar_lateral":  # there both heads lie below the film
            assert not whole_film(scene).field.contains(scene.camera.project(np.stack(heads))).any()
        else:
            assert (scene.camera.project(np.stack(heads))[:, 1] > scene.camera.height).all()


@pytest.mark.parametrize("side", list(SIDES))
def test_an_ap_film_shows_the_patients_right_at_its_left(side):
    scene = make_scene("ap_pelvis", side=side)
    right, left = (scene.camera.project(scene.on_table(scene.person.hip_centres[s]))[0] for s in ("right", "left"))
    assert right[0] < left[0]


@pytest.mark.parametrize("view", ["ap_pelvis", "ap_hip", "oblique_hip"])
@pytest.mark.parametrize("by_deg", [10.0, 30.0])
def test_a_pelvis_is_turned_under_the_beam_as_far_as_is_asked(view, by_deg):
    ways = set()
    for seed in range(12):
        rng, who = np.random.default_rng(seed), make_person(seed)
        posed = pose(rng, who, view, "left")
        before = aim(rng, who, posed, view, "left")
        after = turned(before, posed, by_deg)
        assert abs(pelvis_turn_deg(after, posed)) == pytest.approx(by_deg)
        assert pelvis_turn_deg(after, posed) * pelvis_turn_deg(before, posed) > 0
        beams = [posed.pelvis.T @ one.direction for one in (before, after)]
        assert beams[0][2] == pytest.approx(beams[1][2])  # turned about its long axis, not tilted
        ways.add(pelvis_turn_deg(after, posed) > 0)
    assert ways == {True, False}


def test_a_pelvis_whose_right_side_is_up_is_turned_to_the_positive_side():
    rng, who = np.random.default_rng(1), make_person(1)
    posed = pose(rng, who, "ap_pelvis", "left")
    for by_deg in (-30.0, 30.0):
        aimed = replace(aim(rng, who, posed, "ap_pelvis", "left"), direction=posed.pelvis @ _beam(by_deg))
        assert pelvis_turn_deg(aimed, posed) == pytest.approx(by_deg)
        nearer = [posed.pelvis @ who.hip_centres[side] @ aimed.direction for side in ("right", "left")]
        assert (nearer[0] < nearer[1]) == (by_deg > 0)  # what is up meets the beam first


def _beam(by_deg):
    """In the patient frame, towards the back and, if positive, the left."""
    turn = np.radians(by_deg)
    return np.array([np.sin(turn), np.cos(turn), 0.0])


@pytest.mark.parametrize("side", list(SIDES))
def test_a_cross_table_lateral_has_anterior_up(side):
    for seed in range(6):
        scene = make_scene("cross_table_lateral", seed, side)
        hip = scene.person.hip_centres[side]
        points = np.stack([scene.on_table(hip + np.array([0, y, 0])) for y in (-30.0, 30.0)])
        anterior, posterior = scene.camera.project(points)
        assert anterior[1] < posterior[1]


def test_cross_table_laterals_come_either_way_round():
    ways = set()
    for seed in range(12):
        scene = make_scene("cross_table_lateral", seed)
        foot, hip = scene.camera.project(np.stack([scene.on_table(np.array([80.0, 0, z])) for z in (-90, 0)]))
        ways.add(bool(foot[0] > hip[0]))
    assert ways == {True, False}


@pytest.mark.parametrize("side", list(SIDES))
def test_abduction_moves_the_knee_outwards(side):
    knee = leg_matrix(side, 0, 40, 0) @ np.array([0, 0, -400.0])
    assert knee[0] * SIDES[side] > 200


@pytest.mark.parametrize("side", list(SIDES))
def test_flexion_moves_the_knee_forwards(side):
    knee = leg_matrix(side, 90, 0, 0) @ np.array([0, 0, -400.0])
    assert knee[1] == pytest.approx(-400)
