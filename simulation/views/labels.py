"""The truth of a film, read off its geometry in the film's own pixels."""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from simulation.beam.collimation import Box
from simulation.geometry.camera import Ellipse, angle_deg, fitted_ellipse, rim_points
from simulation.people.atlas import load_atlas
from simulation.people.skeleton import SIDES
from simulation.scene import Scene
from simulation.surgery.choice import Implant
from simulation.truth import PARTLY_SHOWN, CupTruth, HipTruth, MarkerTruth, Point
from simulation.views.cup_angles import CupAngles
from simulation.views.pelvic_landmarks import ischium_vertices, teardrop_vertices, trans_ischial_line
from simulation.views.picture import Picture

_BOX_MARGIN_MM = 3.0  # round the bone, on the film
_LEAST_VISIBLE = 0.5
_ISCHIUM_VIEWS = frozenset({"ap_pelvis", "ap_hip", "frog_leg_lateral"})
_AP_VIEWS = frozenset({"ap_pelvis", "ap_hip"})


def hip_truths(scene: Scene, picture: Picture, view: str) -> tuple[tuple[HipTruth, ...], tuple[HipTruth, ...]]:
    """The hips that the film shows, and those cut just short of that, which a reader may tell or leave out.

    Right first. Shown is a hip of which half and the centre are in the exposed field; on a cross-table lateral only the
    hip it is aimed at can be.
    """
    hips = tuple(_hips_in_field(scene, picture, view))
    return tuple(hip for hip, shown in hips if shown), tuple(hip for hip, shown in hips if not shown)


def shown_view(scene: Scene, picture: Picture, view: str) -> str:
    """What a reader would call the film: an AP film is of the pelvis with both hip centres in its field, else of a hip.

    However it was aimed: an AP pelvis that was cropped to one hip is an AP hip.
    """
    if view not in _AP_VIEWS:
        return view
    centres = np.stack([scene.on_table(scene.person.hip_centres[side]) for side in SIDES])
    return "ap_pelvis" if picture.field.contains(picture.project(centres)).all() else "ap_hip"


def ischium_points(scene: Scene, picture: Picture, view: str) -> dict[str, Point | None]:
    """Where the trans-ischial line touches each ischium, where an AP projection shows it."""
    points: dict[str, Point | None] = dict.fromkeys(SIDES)
    if view not in _ISCHIUM_VIEWS:
        return points
    for side, touched in _touched(scene).items():
        on_film = picture.carry(touched)[0]
        if picture.field.contains(on_film).all():
            points[side] = _point(on_film)
    return points


def _touched(scene: Scene) -> dict[str, NDArray[np.float64]]:
    """Where the trans-ischial line touches each ischium, in pixels of the plate, (2,)."""
    low = {}
    for side in SIDES:
        ischium = scene.person.pelvis[f"hip_{side}"].outer.vertices[ischium_vertices(side, scene.person.source)]
        low[side] = scene.camera.project(ischium @ scene.pose.pelvis.T)
    right, left = trans_ischial_line(low["right"], low["left"])
    return {"right": right, "left": left}


def teardrop_points(scene: Scene, picture: Picture, view: str) -> dict[str, Point | None]:
    """Lower end of each teardrop where an AP projection shows it; a cup's reaming takes it away."""
    points: dict[str, Point | None] = dict.fromkeys(SIDES)
    for side in SIDES if view in _AP_VIEWS else ():
        edge = scene.person.pelvis[f"hip_{side}"].outer.vertices[teardrop_vertices(side, scene.person.source)]
        installed = scene.implants.get(side)
        if installed is not None and installed.cup is not None:
            edge = edge[np.linalg.norm(edge - installed.cup.centre, axis=1) > installed.cup.reamed_radius]
        if not len(edge):
            continue
        projected = scene.camera.project(edge @ scene.pose.pelvis.T)
        lowest = picture.carry(projected[np.argmax(projected[:, 1])])[0]
        if picture.field.contains(lowest).all():
            points[side] = _point(lowest)
    return points


def landmarks(scene: Scene) -> NDArray[np.float64]:
    """What a reader measures by, hips and ischia of both sides, in pixels of the plate, (4, 2)."""
    hips = np.stack([scene.on_table(scene.hip(side)) for side in SIDES])
    return np.vstack([scene.camera.project(hips), *_touched(scene).values()])


def film_side(hips: tuple[HipTruth, ...], view: str, letters: tuple[MarkerTruth, ...], *, mirrored: bool) -> str:
    """What the film says about its side; "unknown" where it says nothing or the wrong thing.

    A cross-table lateral looks the same from either side, so a letter is all that a reader has, and a wrong one
    leaves nothing. A mirrored film shows the wrong side unless a letter gives the mirror away.
    """
    if view == "cross_table_lateral" and {letter.side for letter in letters} != {hips[0].side}:
        return "unknown"
    if mirrored and not letters:
        return "unknown"
    return "both" if len(hips) == 2 else hips[0].side


def _hips_in_field(scene: Scene, picture: Picture, view: str) -> Iterator[tuple[HipTruth, bool]]:
    """Every hip of which the field has more than a little, and whether that is enough to be shown."""
    ischia = ischium_points(scene, picture, view)
    for side in (scene.side,) if view == "cross_table_lateral" else SIDES:
        clipped = picture.field.clip(_hip_box(scene, picture, side))
        if clipped is None or clipped[1] < PARTLY_SHOWN[0]:
            continue
        centre = picture.project(scene.on_table(scene.person.hip_centres[side]))[0]
        shown = clipped[1] >= _LEAST_VISIBLE and bool(picture.field.contains(centre).all())
        yield _hip(scene, picture, view, side, clipped=clipped, ischia=ischia), shown


def _hip(
    scene: Scene,
    picture: Picture,
    view: str,
    side: str,
    *,
    clipped: tuple[Box, float],
    ischia: dict[str, Point | None],
) -> HipTruth:
    installed, state = scene.implants.get(side), scene.state(side)
    cup = None
    if installed is not None and installed.cup is not None:
        cup = _cup(scene, picture, view, installed, ischia)
    return HipTruth(
        side=side,
        box=tuple(round(value, 2) for value in clipped[0]),
        visible_fraction=round(clipped[1], 4),
        implant="none" if installed is None else installed.choice.kind,
        cup=cup,
        parts=() if installed is None else installed.parts,
        condition=scene.person.diseases[side].label,
        loosening=round(state.loosening, 3),
        heterotopic=state.heterotopic,
    )


def _hip_box(scene: Scene, picture: Picture, side: str) -> Box:
    """Bounds of the proximal femur and the socket."""
    landmarks = load_atlas().landmarks
    femur = scene.femur_on_table(side).vertices[landmarks["proximal_femur"]]
    socket = scene.person.pelvis[f"hip_{side}"].outer.vertices[landmarks[f"socket_{side}"]]
    outline = picture.project(np.r_[femur, socket @ scene.pose.pelvis.T])
    margin = _BOX_MARGIN_MM / scene.camera.spacing_mm
    low, high = outline.min(0) - margin, outline.max(0) + margin
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _cup(scene: Scene, picture: Picture, view: str, installed: Implant, ischia: dict[str, Point | None]) -> CupTruth:
    rim = installed.cup.rim
    on_plate = scene.camera.project(rim_points(scene.on_table(rim.centre), scene.on_table(rim.normal), rim.radius))
    ellipse = fitted_ellipse(picture.carry(on_plate))
    pole = picture.project(scene.on_table(rim.pole))[0]
    upwards = _of_the_image(picture.upwards(on_plate.mean(0)))
    long_axis = ellipse.axis * (1.0 if ellipse.axis @ upwards > 0 else -1.0)
    short_axis = np.array([-long_axis[1], long_axis[0]])
    if (pole - ellipse.centre) @ short_axis > 0:
        short_axis = -short_axis  # towards the opening, away from the dome
    angles = CupAngles.of_axis(rim.normal)
    return CupTruth(
        centre=_point(ellipse.centre),
        major_upper=_point(ellipse.centre + ellipse.semi_major * long_axis),
        major_lower=_point(ellipse.centre - ellipse.semi_major * long_axis),
        minor_opening=_point(ellipse.centre + ellipse.semi_minor * short_axis),
        minor_dome=_point(ellipse.centre - ellipse.semi_minor * short_axis),
        dome=_point(pole),
        visible=bool(picture.field.contains(ellipse.points()).all()),
        inclination_deg=_inclination(ellipse, ischia) if view == "ap_pelvis" else None,
        version_ap_deg=_version_ap(ellipse) if view in _AP_VIEWS else None,
        version_lateral_deg=_version_lateral(short_axis, upwards) if view == "cross_table_lateral" else None,
        radiographic_inclination_deg=angles.radiographic_inclination_deg,
        radiographic_anteversion_deg=angles.radiographic_anteversion_deg,
        anatomic_inclination_deg=angles.anatomic_inclination_deg,
        anatomic_anteversion_deg=angles.anatomic_anteversion_deg,
        operative_inclination_deg=angles.operative_inclination_deg,
        operative_anteversion_deg=angles.operative_anteversion_deg,
    )


def _inclination(ellipse: Ellipse, ischia: dict[str, Point | None]) -> float | None:
    """Acute angle of the rim's long axis with the line through both ischia."""
    right, left = ischia["right"], ischia["left"]
    if right is None or left is None:
        return None
    line = angle_deg(np.subtract(left, right))
    return round(abs((angle_deg(ellipse.axis) - line + 90) % 180 - 90), 4)


def _version_ap(ellipse: Ellipse) -> float:
    return round(math.degrees(math.asin(min(1.0, ellipse.semi_minor / ellipse.semi_major))), 4)


def _version_lateral(opening: NDArray[np.float64], upwards: NDArray[np.float64]) -> float:
    """Rise of the opening direction above the horizontal: the long axis against the vertical, + anterior (up)."""
    across = abs(opening[0] * upwards[1] - opening[1] * upwards[0])
    return round(math.degrees(math.atan2(opening @ upwards, across)), 4)


def _of_the_image(upwards: NDArray[np.float64]) -> NDArray[np.float64]:
    """The vertical of the image, up as the film was taken: of a film that is stored askew it is not the plate's."""
    nearest = int(np.argmax(np.abs(upwards)))
    up = np.zeros(2)
    up[nearest] = np.sign(upwards[nearest])
    return up


def _point(xy: NDArray[np.float64]) -> Point:
    return round(float(xy[0]), 3), round(float(xy[1]), 3)
