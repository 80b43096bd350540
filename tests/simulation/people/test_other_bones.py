"""People whose bones descend from another source than the shape model that training knows."""

import numpy as np
import pytest

from simulation.geometry.mesh import rigid_fit, sphere_through
from simulation.people.atlas import OTHER, load_atlas
from simulation.people.person import make_person
from simulation.people.skeleton import SIDES, articular
from simulation.views.pelvic_landmarks import anterior_plane, ischium_vertices, teardrop_vertices

HEALTHY = (("left", "normal"), ("right", "normal"))


def femur(number, *source):
    return make_person(number, HEALTHY, *source).legs["left"]["femur"].outer.vertices


def apart(first, second):
    """Root mean square distance of corresponding vertices after size, place and turn are taken away."""
    one, two = ((shape - shape.mean(0)) / shape.std(0).mean() for shape in (first, second))
    turn, shift = rigid_fit(one, two)
    return np.sqrt(((one @ turn.T + shift - two) ** 2).sum(1).mean())


@pytest.mark.parametrize("number", range(8))
@pytest.mark.parametrize("side", list(SIDES))
def test_the_head_sits_in_the_middle_of_its_socket(number, side):
    """Both spheres are fitted to the surfaces that meet, and a healthy joint space lies between them."""
    person = make_person(number, HEALTHY, OTHER)
    head, radius = sphere_through(person.legs[side]["femur"].outer.vertices[load_atlas().landmarks["head"]])
    facing = person.pelvis[f"hip_{side}"].outer.vertices[articular(load_atlas(), side)] - person.hip_centres[side]
    socket, reach = sphere_through(facing)
    assert np.linalg.norm(head - socket) < 1.5
    assert radius == pytest.approx(person.femurs[side].head_radius, abs=0.01)
    assert 2.5 < reach - radius < 6.0
    loaded = np.linalg.norm(facing[facing[:, 2] > 0], axis=1) - radius
    assert np.percentile(loaded, 5) > 1.5


def test_their_femora_are_farther_from_those_of_training_than_these_are_from_each_other():
    trained = [femur(number) for number in range(30)]
    unseen = [min(apart(femur(number), own) for own in trained) for number in range(100, 108)]
    foreign = [min(apart(femur(number, OTHER), own) for own in trained) for number in range(100, 108)]
    assert min(foreign) > max(unseen)


@pytest.mark.parametrize("number", range(4))
def test_landmarks_lie_where_anatomy_has_them(number):
    person = make_person(number, HEALTHY, OTHER)
    right, left, pubis = anterior_plane(person)
    assert right[0] < -85
    assert left[0] > 85
    own = anterior_plane(make_person(number, HEALTHY))[2]
    assert np.linalg.norm((pubis - own)[:2]) < 6  # the same body from the front, other bones in it
    assert min(right[2], left[2]) > 50
    for side, sign in SIDES.items():
        hip, centre = person.pelvis[f"hip_{side}"].outer.vertices, person.hip_centres[side]
        tuberosity = hip[ischium_vertices(side, OTHER)]
        lowest = hip[hip[:, 1] > centre[1]][:, 2].min()
        assert tuberosity[:, 2].min() == pytest.approx(lowest, abs=1.0)  # nothing behind the hip lies lower
        drop = hip[teardrop_vertices(side, OTHER)]
        assert len(drop) > 5
        assert ((drop - centre)[:, 0] * sign < -15).all()  # medial of the head
        assert (drop - centre)[:, 2].min() < -10


def test_a_person_of_the_other_source_is_the_same_again_and_has_the_habitus_of_their_number():
    first, own = make_person(5, HEALTHY, OTHER), make_person(5, HEALTHY)
    make_person.cache_clear()
    again = make_person(5, HEALTHY, OTHER)
    assert np.array_equal(first.pelvis["hip_left"].outer.vertices, again.pelvis["hip_left"].outer.vertices)
    assert (first.build, first.habitus, first.source) == (own.build, own.habitus, OTHER)


def test_vertices_correspond_so_that_faces_are_shared():
    own, other = load_atlas(), load_atlas(OTHER)
    for name, bone in other.bones.items():
        assert bone.faces is own.bones[name].faces
        assert (bone.thickness_mm > 0).all()
        assert other.shape(name, other.mean) != pytest.approx(own.shape(name, own.mean), abs=0.5)
