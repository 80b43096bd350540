"""Implants that training never draws."""

from dataclasses import replace

import numpy as np
import pytest

from simulation.people.person import make_person
from simulation.people.skeleton import SIDES
from simulation.spec import HipState
from simulation.surgery import choice as usual
from simulation.surgery import unusual
from simulation.surgery.choice import choose
from simulation.surgery.operation import implanted
from simulation.views.positioning import leg_matrix


def operate(cup="threaded", stem="slotted", side="left", person=6):
    who = make_person(person)
    drawn = choose(person, side, HipState("tha", cup=(40.0, 15.0)))
    drawn = replace(drawn, cup=replace(drawn.cup, family=cup), stem=replace(drawn.stem, family=stem, length_mm=120))
    return who, implanted(drawn, who, side, leg_matrix(side, 0, 3, 12))


def femoral(implant):
    """The parts on the femur, the shaft first."""
    return implant.solids[len(implant.cup.solids) :]


def test_training_knows_none_of_these_families():
    assert not set(unusual.STEMS) & set(usual.STEMS)
    assert not set(unusual.CUPS) & set(usual.CUPS)
    drawn = [unusual.unusual(choose(person, "left", HipState("tha"))) for person in range(80)]
    assert {choice.stem.family for choice in drawn} == set(unusual.STEMS)
    assert {choice.cup.family for choice in drawn} == set(unusual.CUPS)


def test_an_unusual_cup_faces_as_the_usual_one_would():
    before = choose(4, "left", HipState("tha"))
    after = unusual.unusual(before)
    assert (after.cup.inclination_deg, after.cup.anteversion_deg) == (
        before.cup.inclination_deg,
        before.cup.anteversion_deg,
    )


@pytest.mark.parametrize("side", list(SIDES))
@pytest.mark.parametrize("cup", unusual.CUPS)
def test_every_cup_opens_as_its_angles_say_and_is_measured_at_its_metal_edge(cup, side):
    _, implant = operate(cup=cup, side=side)
    rim = implant.cup.rim
    outwards, posterior, superior = rim.normal * [SIDES[side], 1, 1]
    assert np.degrees(np.arctan2(outwards, -superior)) == pytest.approx(40.0)
    assert np.degrees(np.arcsin(-posterior)) == pytest.approx(15.0)
    metal = implant.cup.solids[0].mesh.vertices - rim.centre
    edge = metal[np.abs(metal @ rim.normal) < 1.0]
    across = np.linalg.norm(edge - np.outer(edge @ rim.normal, rim.normal), axis=1)
    assert across.max() == pytest.approx(rim.radius, abs=1.0)
    deepest = (metal @ rim.normal).min()
    assert (rim.pole - rim.centre) @ rim.normal == pytest.approx(deepest, abs=0.2)


@pytest.mark.parametrize("cup", unusual.CUPS)
def test_the_head_fits_into_every_cup(cup):
    for person in range(6):
        _, implant = operate(cup=cup, person=person)
        assert 10 <= implant.cup.head_radius <= implant.cup.reamed_radius - 6


@pytest.mark.parametrize("stem", unusual.STEMS)
@pytest.mark.parametrize("cup", unusual.CUPS)
def test_every_part_encloses_a_volume_and_lies_at_its_hip(cup, stem):
    who, implant = operate(cup, stem, side="right")
    for solid in implant.solids:
        corners = solid.mesh.vertices[solid.mesh.faces]
        assert np.einsum("ij,ij->i", corners[:, 0], np.cross(corners[:, 1], corners[:, 2])).sum() > 0
        assert np.linalg.norm(solid.mesh.vertices - who.hip_centres["right"], axis=1).min() < 320


@pytest.mark.parametrize("stem", unusual.STEMS)
def test_a_stem_stays_within_the_outside_of_its_femur(stem):
    for person in range(4):
        who, implant = operate(stem=stem, person=person)
        frame, bone = who.femurs["left"], who.legs["left"]["femur"]
        back = np.linalg.inv(leg_matrix("left", 0, 3, 12))
        shaft = femoral(implant)[0].mesh.vertices
        local = (shaft - who.hip_centres["left"] - implant.femur_shift) @ back.T - frame.origin
        outside = bone.outer.vertices - frame.origin
        for station in (80.0, 100.0):
            ring, metal = (
                points[np.abs(points @ frame.axis - station) < 9] @ np.stack([frame.medial, frame.posterior]).T
                for points in (outside, local)
            )
            if len(metal):
                reach = np.linalg.norm(ring - ring.mean(0), axis=1).max()
                assert np.linalg.norm(metal - ring.mean(0), axis=1).max() < reach


@pytest.mark.parametrize("stem", ["fenestrated", "slotted"])
def test_windows_and_slots_lie_within_the_metal(stem):
    _, implant = operate(stem=stem)
    holes = [solid for solid in femoral(implant) if solid.weight < 0]
    shaft = femoral(implant)[0].mesh
    assert len(holes) == (2 if stem == "fenestrated" else 1)
    low, high = shaft.vertices.min(0), shaft.vertices.max(0)
    for hole in holes:
        assert (hole.mesh.vertices >= low - 0.5).all()
        assert (hole.mesh.vertices <= high + 0.5).all()


def test_a_partial_replacement_can_have_an_unusual_stem():
    who = make_person(3)
    drawn = unusual.unusual(choose(3, "left", HipState("hemi")))
    implant = implanted(drawn, who, "left", leg_matrix("left", 0, 3, 12))
    assert implant.cup is None
    assert any(part.removeprefix("stem:") in unusual.STEMS for part in implant.parts)
