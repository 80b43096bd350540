"""Implants in place."""

from dataclasses import replace

import numpy as np
import pytest

from simulation.people.person import make_person
from simulation.people.skeleton import SIDES
from simulation.spec import HipState
from simulation.surgery.canal import Canal
from simulation.surgery.choice import CUPS, KINDS, STEMS, choose
from simulation.surgery.elsewhere import elsewhere
from simulation.surgery.operation import implanted
from simulation.surgery.stems import stem
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
        assert nearest < 380  # a long nail's last screw
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
    inclinations = np.array([choice.cup.inclination_deg for choice in drawn])
    anteversions = np.array([choice.cup.anteversion_deg for choice in drawn])
    assert inclinations.min() >= 20
    assert inclinations.max() <= 65
    assert anteversions.min() >= -10
    assert anteversions.max() <= 50
    assert 6 < inclinations.std() < 10
    assert 8 < anteversions.std() < 12


def test_fracture_hardware_leaves_the_joint_alone():
    _, implant = operate("fixation")
    assert (implant.cup, implant.resection) == (None, None)
    assert (implant.femur_shift == 0).all()


@pytest.mark.parametrize("family", STEMS)
def test_a_stem_stays_within_the_outside_of_its_femur(family):
    """Below the trochanters, where the shaft is round: every vertex of metal is closer to the axis than the bone."""
    for person in range(4):
        who = make_person(person)
        frame, bone = who.femurs["left"], who.legs["left"]["femur"]
        drawn = replace(choose(person, "left", HipState("tha")).stem, family=family, varus_deg=0.0)
        shaft = stem(drawn, frame, Canal.measured(frame, bone.inner), np.zeros(3)).shaft.vertices - frame.origin
        outside = bone.outer.vertices - frame.origin
        for station in (90.0, 110.0, 130.0):
            ring, metal = (
                points[np.abs(points @ frame.axis - station) < 9] @ np.stack([frame.medial, frame.posterior]).T
                for points in (outside, shaft)
            )
            if len(metal):
                reach = np.linalg.norm(ring - ring.mean(0), axis=1).max()
                assert np.linalg.norm(metal - ring.mean(0), axis=1).max() < reach


@pytest.mark.parametrize("operation", [0, 1])
def test_families_come_as_often_as_their_shares_say(operation):
    drawn = [choose(person, "left", HipState("tha", operation=operation)) for person in range(400)]
    for pool, names in ((CUPS, [c.cup.family for c in drawn]), (STEMS, [c.stem.family for c in drawn])):
        total = sum(shares[operation] for shares in pool.values())
        for family, shares in pool.items():
            assert names.count(family) / 400 == pytest.approx(shares[operation] / total, abs=0.08)


def test_without_revision_a_later_operation_uses_parts_of_a_first_one():
    drawn = [choose(person, "left", HipState("tha", operation=1), basic=True).cup.family for person in range(150)]
    assert "caged" not in drawn


def test_both_sides_often_come_from_one_maker():
    pairs = [[choose(p, side, HipState("tha")).stem.family for side in SIDES] for p in range(200)]
    assert np.mean([left == right for left, right in pairs]) > 0.6


def test_a_cup_that_moved_takes_the_joint_with_it():
    who, before = operate("tha")
    leg = leg_matrix("left", 0, 3, 12)
    moved = HipState("tha", cup_moved_mm=(3.0, 8.0))
    after = implanted(choose(4, "left", moved), who, "left", leg, moved)
    assert after.cup.centre - before.cup.centre == pytest.approx([-3.0, 0, 8.0])


def test_a_stem_that_sank_leaves_the_head_in_the_cup():
    who, before = operate("tha")
    leg, sunk = leg_matrix("left", 0, 3, 12), HipState("tha", subsidence_mm=8.0)
    after = implanted(choose(4, "left", sunk), who, "left", leg, sunk)
    assert after.solids[-1].mesh.vertices == pytest.approx(before.solids[-1].mesh.vertices)
    assert np.linalg.norm(after.femur_shift - before.femur_shift) == pytest.approx(8.0)


def test_loosening_takes_bone_round_cup_and_stem():
    who, before = operate("tha")
    state = HipState("tha", loosening=1.0)
    after = implanted(choose(4, "left", state), who, "left", leg_matrix("left", 0, 3, 12), state)
    assert before.lucent == ()
    assert after.lucent
    assert after.cup.reamed_radius > before.cup.reamed_radius + 2


@pytest.mark.parametrize("family", CUPS)
def test_the_rim_lies_on_the_cup_that_is_measured(family):
    """Its circle is the outermost edge of the shell's opening, or the wire of a cemented cup."""
    who = make_person(6)
    choice = choose(6, "left", HipState("tha", cup=(40.0, 15.0)))
    choice = replace(choice, cup=replace(choice.cup, family=family, rough_mm=0.0, wires=1))
    cup = implanted(choice, who, "left", leg_matrix("left", 0, 3, 12)).cup
    material = "steel" if family in ("cemented", "caged") else choice.cup.material
    metal = next(s.mesh.vertices for s in cup.solids if s.material == material) - cup.rim.centre
    height = metal @ cup.rim.normal
    rim = metal[np.abs(height) < 1.0]
    across = np.linalg.norm(rim - np.outer(rim @ cup.rim.normal, cup.rim.normal), axis=1)
    assert across.max() == pytest.approx(cup.rim.radius, abs=1.0)


def test_hardware_elsewhere_is_rare_and_stays_with_its_person():
    people = [make_person(person) for person in range(60)]
    assert 0 < sum(bool(elsewhere(person)) for person in people) < 12
    person = next(person for person in people if elsewhere(person))
    first, second = elsewhere(person), elsewhere(person)
    assert all(np.array_equal(a.mesh.vertices, b.mesh.vertices) for a, b in zip(first, second, strict=True))
