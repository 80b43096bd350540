"""People: joints that fit, bodies that differ, diseases that do what they say."""

from itertools import pairwise

import numpy as np
import pytest

from simulation.people.atlas import load_atlas
from simulation.people.disease import CONDITIONS
from simulation.people.person import make_person
from simulation.people.skeleton import SIDES, articular

HEALTHY = (("left", "normal"), ("right", "normal"))


def joint_gap(person, side):
    """Distance between the ball of the head and the loaded half of the joint surface: (5 %, 50 %) in mm."""
    hip = person.pelvis[f"hip_{side}"].outer.vertices[articular(load_atlas(), side)] - person.hip_centres[side]
    loaded = hip[hip[:, 2] > 0]
    return np.percentile(np.linalg.norm(loaded, axis=1) - person.femurs[side].head_radius, [5, 50])


@pytest.mark.parametrize("number", range(10))
@pytest.mark.parametrize("side", list(SIDES))
def test_a_healthy_joint_space_is_three_to_five_millimetres(number, side):
    least, typical = joint_gap(make_person(number, HEALTHY), side)
    assert least > 1.5
    assert 2.7 < typical < 5.6


def test_arthritis_narrows_the_joint_above_more_with_each_grade():
    heights = []
    for grade in (1, 2, 3, 4):
        person = make_person(7, (("left", f"arthritis:{grade}"), ("right", "normal")))
        hip = person.pelvis["hip_left"].outer.vertices[articular(load_atlas(), "left")] - person.hip_centres["left"]
        roof = hip[hip[:, 2] > 0.8 * np.linalg.norm(hip, axis=1)]
        heights.append(np.median(np.linalg.norm(roof, axis=1)))
    assert all(later < earlier for earlier, later in pairwise(heights))


def test_a_dysplastic_head_lies_lateral_and_high():
    healthy, ill = (make_person(7, (("left", name), ("right", "normal"))) for name in ("normal", "dysplasia:4"))
    shift = (ill.hip_centres["left"] - ill.hip_centres["right"]) - (
        healthy.hip_centres["left"] - healthy.hip_centres["right"]
    )
    assert shift[0] > 5
    assert shift[2] > 5


def test_a_collapsed_head_is_flat_on_top():
    tops = [
        make_person(7, (("left", name), ("right", "normal"))).legs["left"]["femur"].outer.vertices[:, 2].max()
        for name in ("normal", "necrosis:4")
    ]
    assert tops[1] < tops[0] - 1.5


@pytest.mark.parametrize("name", ["neck_fracture", "trochanteric_fracture"])
def test_a_displaced_fracture_moves_the_shaft_and_leaves_the_head(name):
    person = make_person(7, (("left", f"{name}:4"), ("right", "normal")))
    femur, broken = person.legs["left"]["femur"].outer.vertices, person.fracture("left")
    moved = np.linalg.norm(broken.applied(femur) - femur, axis=1)
    along = (femur - person.femurs["left"].origin) @ person.femurs["left"].axis
    assert moved[along > 150].min() > 8
    assert moved[np.linalg.norm(femur, axis=1) < 15].max(initial=0) == 0
    assert person.fracture("right") is None


def test_a_condition_changes_nothing_on_the_other_side():
    first, second = (make_person(7, (("left", name), ("right", "normal"))) for name in ("normal", "arthritis:4"))
    bones = [person.legs["right"]["femur"].outer.vertices for person in (first, second)]
    assert np.array_equal(*bones)


def test_an_unknown_condition_is_refused():
    with pytest.raises(ValueError, match="'gout' is no condition: take one of normal"):
        make_person(7, (("left", "gout"),))


def test_people_differ_as_patients_do():
    people = [make_person(number) for number in range(120)]
    heads = {sex: [p.build.head_diameter_mm for p in people if p.build.sex == sex] for sex in "FM"}
    assert 42 < np.mean(heads["F"]) < 47 < np.mean(heads["M"]) < 53
    for person in people:
        assert 2 * person.femurs["left"].head_radius == pytest.approx(person.build.head_diameter_mm, rel=0.13)
    assert {p.diseases[side].condition for p in people for side in SIDES} >= set(CONDITIONS[:3])
    fat = [p.habitus.fat_mm for p in people]
    assert min(fat) < 12
    assert max(fat) > 50
    assert any(p.habitus.apron_mm for p in people)


def test_left_and_right_femora_are_not_mirror_images():
    person = make_person(5, HEALTHY)
    left, right = (person.legs[side]["femur"].outer.vertices for side in ("left", "right"))
    assert np.linalg.norm(left - right, axis=1).mean() > 0.7


def test_old_bone_is_thinner_than_young_bone():
    people = sorted((make_person(number) for number in range(60)), key=lambda person: person.build.density)
    walls = []
    for person in (people[0], people[-1]):
        femur, frame = person.legs["left"]["femur"], person.femurs["left"]
        shaft = np.abs((femur.outer.vertices - frame.origin) @ frame.axis - 140) < 30
        walls.append(np.linalg.norm(femur.outer.vertices[shaft] - femur.inner.vertices[shaft], axis=1).mean())
    assert walls[0] < 0.75 * walls[1]


@pytest.mark.parametrize("number", range(8))
def test_the_knee_stays_together_whatever_became_of_the_hip(number):
    """The shank begins under the femur's end, its eminence between the condyles."""
    person = make_person(number, (("left", "dysplasia:4"), ("right", "normal")))
    for side in SIDES:
        femur, tibia = (person.legs[side][name].outer.vertices for name in ("femur", "tibia"))
        end = femur[femur[:, 2] < femur[:, 2].min() + 12].mean(0)
        start = tibia[tibia[:, 2] > tibia[:, 2].max() - 12].mean(0)
        assert np.linalg.norm((end - start)[:2]) < 14
        assert tibia[:, 2].max() - femur[:, 2].min() == pytest.approx(4.0, abs=0.5)
