"""The truth follows a plate through every copy: measured again from points that were carried along."""

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from simulation.beam.collimation import ExposedField
from simulation.film import staged
from simulation.look.shifts import Subject, jpeg, square_crop, squeezed
from simulation.spec import FilmSpec, HipState
from simulation.views.labels import film_side, hip_truths, ischium_points, shown_view, teardrop_points
from simulation.views.pelvic_landmarks import PelvicPosition
from simulation.views.picture import Picture

SIZE = 900
ASKEW_DEG = 6.0


def make_scene(view="ap_pelvis", side="left", cup=(44.0, 18.0), seed=12):
    spec = FilmSpec(seed, 5, view, side, {side: HipState("tha", cup=cup)}, SIZE)
    return staged(spec, view)[0]


def plate_of(scene):
    return Picture.plate(scene.camera, ExposedField.whole(scene.camera.width, scene.camera.height))


def turn(picture):
    matrix = np.array([[0, -1.0, picture.height - 1], [1, 0, 0], [0, 0, 1]])
    return picture.moved(matrix, picture.height, picture.width)


def mirror(picture):
    flip = np.array([[-1.0, 0, picture.width - 1], [0, 1, 0], [0, 0, 1]])
    return replace(picture.moved(flip, picture.width, picture.height), mirrored=True)


def crop(picture):
    shift = np.array([[1.0, 0, -60], [0, 1, -40], [0, 0, 1]])
    return picture.moved(shift, picture.width - 90, picture.height - 70)


def photograph(picture):
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32) * [picture.width, picture.height]
    seen = corners + np.array([[14, 20], [-22, 8], [-6, -16], [25, -9]])
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), seen.astype(np.float32))
    return picture.moved(matrix, picture.width, picture.height)


def skew(picture):
    turn = cv2.getRotationMatrix2D((picture.width / 2, picture.height / 2), ASKEW_DEG, 0.9)
    return picture.moved(np.vstack([turn, [0, 0, 1]]), picture.width, picture.height)


def squeeze(picture):
    return squeezed(np.random.default_rng(4), blank(picture), picture, Subject(np.zeros((1, 2)), np.zeros((0, 2))))[1]


def shrink(picture):
    return jpeg(np.random.default_rng(4), blank(picture), picture, Subject(np.zeros((1, 2)), np.zeros((0, 2))))[1]


def blank(picture):
    return np.zeros((picture.height, picture.width), np.float32)


def close_up(scene, picture):
    """The square round the hip that the film is aimed at."""
    hip = scene.camera.project(scene.on_table(scene.hip("left")))
    return square_crop(np.random.default_rng(4), blank(picture), picture, Subject(hip, np.zeros((0, 2))))[1]


COPIES = {
    "plate": lambda picture: picture,
    "turned by 90": turn,
    "turned by 180": lambda picture: turn(turn(picture)),
    "turned by 270": lambda picture: turn(turn(turn(picture))),
    "mirrored": mirror,
    "cropped": crop,
    "photographed": photograph,
    "cropped, mirrored, turned, photographed": lambda picture: photograph(turn(mirror(crop(picture)))),
    "askew": skew,
    "squeezed": squeeze,
    "small JPEG": shrink,
    "turned, squeezed": lambda picture: squeeze(turn(picture)),
}


def vertical_of(copy):
    """The line that is upright on the film as it was taken: after an odd number of quarter turns it lies level."""
    quarters = copy.count("turned by 90") + copy.count("turned by 270") + copy.count("turned,")
    return np.array([1.0, 0.0] if quarters else [0.0, 1.0])


def carried_rim(scene, picture, side="left"):
    """Long and short axis (unit, length) of an ellipse that OpenCV fits to points of the rim, carried one by one."""
    rim = scene.implants[side].cup.rim
    first = np.cross(rim.normal, [0.3, 1.0, 0.2])
    first /= np.linalg.norm(first)
    second = np.cross(rim.normal, first)
    angle = np.linspace(0, 2 * np.pi, 90, endpoint=False)[:, None]
    circle = rim.centre + rim.radius * (np.cos(angle) * first + np.sin(angle) * second)
    points = picture.project(circle @ scene.pose.pelvis.T)
    (_, _), (one, other), degrees = cv2.fitEllipseDirect((points - points.mean(0)).astype(np.float32) * 8)
    direction = math.radians(degrees if one > other else degrees + 90)
    return np.array([math.cos(direction), math.sin(direction)]), max(one, other), min(one, other)


def between(first, second):
    """Acute angle of two directions, degrees."""
    return math.degrees(math.acos(min(1.0, abs(first @ second) / np.linalg.norm(first) / np.linalg.norm(second))))


@pytest.mark.parametrize("copy", COPIES)
def test_the_inclination_is_that_of_the_carried_rim_against_the_carried_ischia(copy):
    scene = make_scene()
    picture = COPIES[copy](plate_of(scene))
    cup = next(h.cup for h in hip_truths(scene, picture, "ap_pelvis")[0] if h.side == "left")
    axis, _, _ = carried_rim(scene, picture)
    ischia = ischium_points(scene, picture, "ap_pelvis")
    line = np.subtract(ischia["left"], ischia["right"])
    assert cup.inclination_deg == pytest.approx(between(axis, line), abs=0.05)


@pytest.mark.parametrize("copy", COPIES)
def test_the_ap_version_is_that_of_the_carried_rim(copy):
    scene = make_scene("ap_hip")
    picture = COPIES[copy](plate_of(scene))
    cup = next(h.cup for h in hip_truths(scene, picture, "ap_hip")[0] if h.side == "left")
    _, major, minor = carried_rim(scene, picture)
    assert cup.version_ap_deg == pytest.approx(math.degrees(math.asin(minor / major)), abs=0.05)


@pytest.mark.parametrize("copy", COPIES)
def test_the_lateral_version_is_measured_against_the_vertical_of_the_image(copy):
    scene = make_scene("cross_table_lateral")
    picture = COPIES[copy](plate_of(scene))
    cup = hip_truths(scene, picture, "cross_table_lateral")[0][0].cup
    axis, _, _ = carried_rim(scene, picture)
    assert abs(cup.version_lateral_deg) == pytest.approx(between(axis, vertical_of(copy)), abs=0.08)


def test_a_film_stored_askew_is_off_by_as_much():
    scene = make_scene("cross_table_lateral")
    straight, crooked = (
        hip_truths(scene, COPIES[copy](plate_of(scene)), "cross_table_lateral")[0][0].cup for copy in ("plate", "askew")
    )
    assert abs(crooked.version_lateral_deg - straight.version_lateral_deg) == pytest.approx(ASKEW_DEG, abs=0.1)


@pytest.mark.parametrize("copy", ["plate", "squeezed", "turned by 90"])
def test_a_close_up_has_the_angles_of_its_carried_rim(copy):
    for view in ("ap_hip", "cross_table_lateral"):
        scene = make_scene(view)
        plate = plate_of(scene)
        picture = COPIES[copy](close_up(scene, plate))
        cup = next(h.cup for h in hip_truths(scene, picture, view)[0] if h.side == "left")
        axis, major, minor = carried_rim(scene, picture)
        if view == "ap_hip":
            assert cup.version_ap_deg == pytest.approx(math.degrees(math.asin(minor / major)), abs=0.05)
            continue
        assert abs(cup.version_lateral_deg) == pytest.approx(between(axis, vertical_of(copy)), abs=0.08)


@pytest.mark.parametrize("copy", COPIES)
def test_the_drawn_landmarks_have_the_angle_that_is_told(copy):
    scene = make_scene()
    picture = COPIES[copy](plate_of(scene))
    cup = next(h.cup for h in hip_truths(scene, picture, "ap_pelvis")[0] if h.side == "left")
    major = np.subtract(cup.major_upper, cup.major_lower)
    minor = np.subtract(cup.minor_opening, cup.minor_dome)
    assert between(major, minor) == pytest.approx(90, abs=0.05)
    assert math.degrees(math.asin(np.linalg.norm(minor) / np.linalg.norm(major))) == pytest.approx(
        cup.version_ap_deg, abs=0.05
    )
    assert minor @ np.subtract(cup.dome, cup.centre) < 0


@pytest.mark.parametrize("copy", ["turned by 90", "turned by 180", "mirrored"])
def test_what_keeps_shape_keeps_every_angle(copy):
    for view in ("ap_pelvis", "cross_table_lateral"):
        scene = make_scene(view)
        plate = plate_of(scene)
        before, after = (
            next(h.cup for h in hip_truths(scene, picture, view)[0] if h.side == "left")
            for picture in (plate, COPIES[copy](plate))
        )
        for name in ("inclination_deg", "version_ap_deg", "version_lateral_deg"):
            first, second = getattr(before, name), getattr(after, name)
            assert (first is None) == (second is None)
            assert first is None or second == pytest.approx(first, abs=0.01)


@pytest.mark.parametrize("copy", COPIES)
def test_boxes_and_points_are_on_the_film(copy):
    scene = make_scene()
    picture = COPIES[copy](plate_of(scene))
    for hip in hip_truths(scene, picture, "ap_pelvis")[0]:
        assert 0 <= hip.box[0] < hip.box[2] <= picture.width
        assert 0 <= hip.box[1] < hip.box[3] <= picture.height
        centre = picture.project(scene.on_table(scene.person.hip_centres[hip.side])[None])[0]
        assert hip.box[0] < centre[0] < hip.box[2]
        assert hip.box[1] < centre[1] < hip.box[3]


def test_teardrops_lie_medial_of_and_below_the_heads_on_native_hips():
    spec = FilmSpec(12, 9, "ap_pelvis", "left", {}, SIZE)
    scene = staged(spec, "ap_pelvis")[0]
    picture = plate_of(scene)
    points = teardrop_points(scene, picture, "ap_pelvis")
    middle = picture.project(np.zeros((1, 3)))[0]
    for side, sign in (("right", -1), ("left", 1)):
        head = picture.project(scene.on_table(scene.person.hip_centres[side])[None])[0]
        radius = scene.person.femurs[side].head_radius / scene.camera.object_spacing_mm
        assert sign * (head[0] - points[side][0]) > 0.5 * radius  # towards the midline
        assert sign * (points[side][0] - middle[0]) > 0
        assert 0.3 * radius < points[side][1] - head[1] < 1.6 * radius


@pytest.mark.parametrize(("turn_deg", "name"), [(6.0, "tilt_deg"), (5.0, "rotation_deg"), (-4.0, "obliquity_deg")])
def test_the_position_of_the_pelvis_changes_by_as_much_as_it_is_turned(turn_deg, name):
    from simulation.geometry.mesh import rotation  # noqa: PLC0415 (only here)

    scene = make_scene()
    axis = {"tilt_deg": [1, 0, 0], "rotation_deg": [0, 0, 1], "obliquity_deg": [0, -1, 0]}[name]
    level = replace(scene, pose=replace(scene.pose, pelvis=np.eye(3)))
    turned = replace(scene, pose=replace(scene.pose, pelvis=rotation(axis, turn_deg)))
    change = getattr(PelvicPosition.of(turned), name) - getattr(PelvicPosition.of(level), name)
    assert change == pytest.approx(turn_deg, abs=0.6)


@pytest.mark.parametrize(
    ("view", "letters", "mirrored", "side"),
    [
        ("cross_table_lateral", (), False, "unknown"),
        ("cross_table_lateral", ("left",), False, "left"),
        ("cross_table_lateral", ("right",), False, "unknown"),
        ("ap_hip", (), False, "left"),
        ("ap_hip", ("right",), False, "left"),
        ("ap_hip", (), True, "unknown"),
        ("ap_hip", ("left",), True, "left"),
    ],
    ids=["unmarked", "marked", "wrongly marked", "AP", "AP, wrongly marked", "mirrored, unmarked", "mirrored, marked"],
)
def test_the_side_is_what_a_reader_can_know(view, letters, mirrored, side):
    from simulation.truth import HipTruth, MarkerTruth  # noqa: PLC0415 (only here)

    hips = (HipTruth("left", (0, 0, 1, 1), 1.0, "none", None),)
    marks = tuple(MarkerTruth(letter, (0, 0, 1, 1)) for letter in letters)
    assert film_side(hips, view, marks, mirrored=mirrored) == side


def test_a_pelvis_cropped_to_one_hip_is_a_film_of_a_hip():
    scene = make_scene()
    plate = plate_of(scene)
    middle = plate.width // 2
    half = plate.moved(np.array([[1.0, 0, -middle], [0, 1, 0], [0, 0, 1]]), plate.width - middle, plate.height)
    assert shown_view(scene, plate, "ap_pelvis") == "ap_pelvis"
    assert shown_view(scene, half, "ap_pelvis") == "ap_hip"
    assert {hip.side for hip in hip_truths(scene, half, "ap_hip")[0]} == {"left"}


def test_other_views_stay_what_they_are_however_cropped():
    scene = make_scene("oblique_hip")
    assert shown_view(scene, crop(plate_of(scene)), "oblique_hip") == "oblique_hip"


@pytest.mark.parametrize(
    ("left_of_right_hip_mm", "where"),
    [(90.0, "shown"), (25.0, "shown"), (5.0, "cut"), (-60.0, "neither")],
    ids=["all of it", "more than half", "less than half", "gone"],
)
def test_a_hip_that_an_edge_cuts_near_its_half_is_told_apart(left_of_right_hip_mm, where):
    """An edge that moves over the right hip, from its outer side inwards."""
    scene = make_scene()
    plate = plate_of(scene)
    right = plate.project(scene.on_table(scene.person.hip_centres["right"]))[0]
    edge = max(0, round(right[0] - left_of_right_hip_mm / plate.spacing_mm))
    shift = np.array([[1.0, 0, -edge], [0, 1, 0], [0, 0, 1]])
    picture = plate.moved(shift, plate.width - edge, plate.height)
    shown, cut = hip_truths(scene, picture, "ap_pelvis")
    sides = {"shown": [hip.side for hip in shown], "cut": [hip.side for hip in cut]}
    assert "left" in sides["shown"]
    assert [name for name, told in sides.items() if "right" in told] == ([where] if where in sides else [])
    assert all(hip.visible_fraction >= 0.35 for hip in shown + cut)
