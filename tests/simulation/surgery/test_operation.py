"""Implants in place."""

import numpy as np
import pytest

from simulation.people.person import make_person
from simulation.people.skeleton import SIDES
from simulation.spec import HipState
from simulation.surgery.choice import KINDS, choose
from simulation.surgery.operation import implanted
from simulation.views.positioning import leg_matrix

SURGERY = [kind for kind in KINDS if kind != "none"]


def operate(kind, side="left", person=4, cup=None):
    who = make_person(person)
    return who, implanted(choose(person, side, HipState(kind, cup=cup)), who, side, leg_matrix(side, 0, 3, 12))


@pytest.mark.parametrize("kind", SURGERY)
@pytest.mark.parametrize("side", list(SIDES))
def test_every_part_lies_at_its_own_hip(kind, side):
    person, implant = operate(kind, side)
    for solid in implant.solids:
        nearest = np.linalg.norm(solid.mesh.vertices - person.hip_centres[side], axis=1).min()
        assert nearest < 100
        assert (solid.mesh.vertices[:, 0].mean() * SIDES[side]) > 30


@pytest.mark.parametrize("kind", SURGERY)
def test_every_part_encloses_a_volume(kind):
    for solid in operate(kind, "right")[1].solids:
        corners = solid.mesh.vertices[solid.mesh.faces]
        assert np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() > 0


@pytest.mark.parametrize("kind", ["tha", "resurfacing"])
@pytest.mark.parametrize("side", list(SIDES))
def test_the_cup_opens_down_and_outwards_as_its_angles_say(kind, side):
    _, implant = operate(kind, side, cup=(45.0, 20.0))
    outwards, posterior, superior = implant.cup.rim.normal * [SIDES[side], 1, 1]
    assert np.degrees(np.arctan2(outwards, -superior)) == pytest.approx(45.0)
    assert np.degrees(np.arcsin(-posterior)) == pytest.approx(20.0)


def test_the_prosthetic_head_sits_in_the_middle_of_the_cup():
    for person in range(6):
        _, implant = operate("tha", person=person)
        head = implant.solids[-1].mesh.vertices
        distance = np.linalg.norm(head - implant.cup.centre, axis=1)
        assert distance.max() == pytest.approx(implant.cup.head_radius, abs=1e-6)


def test_the_head_is_smaller_than_the_cup_by_its_liner():
    for person in range(12):
        _, implant = operate("tha", person=person)
        assert 10 <= implant.cup.head_radius <= implant.cup.reamed_radius - 7


def test_the_pole_is_one_cup_radius_behind_the_centre():
    _, implant = operate("tha")
    rim = implant.cup.rim
    assert np.cross(rim.pole - implant.cup.centre, rim.normal) == pytest.approx(np.zeros(3), abs=1e-9)
    assert (rim.pole - implant.cup.centre) @ rim.normal < -rim.radius + 3


def test_a_person_keeps_the_same_implant():
    assert choose(11, "right", HipState("tha")) == choose(11, "right", HipState("tha"))
    assert choose(11, "right", HipState("tha")) != choose(11, "left", HipState("tha"))


def test_cups_are_spread_widely_within_their_limits():
    drawn = [choose(person, "left", HipState("tha")) for person in range(300)]
    inclinations = np.array([choice.inclination_deg for choice in drawn])
    anteversions = np.array([choice.anteversion_deg for choice in drawn])
    assert inclinations.min() >= 20
    assert inclinations.max() <= 65
    assert anteversions.min() >= -10
    assert anteversions.max() <= 45
    assert 6 < inclinations.std() < 10
    assert 8 < anteversions.std() < 12


def test_fracture_hardware_leaves_the_joint_alone():
    _, implant = operate("fixation")
    assert (implant.cup, implant.resection) == (None, None)
    assert (implant.femur_shift == 0).all()
