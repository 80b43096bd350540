"""How a person lies and how the tube is aimed, for every view.

The table frame is the patient frame before the pelvis turned.
"""

import math
from dataclasses import dataclass, replace

import numpy as np

from simulation.geometry.camera import Camera
from simulation.geometry.mesh import Matrix, Vector, rotation, unit
from simulation.people.person import Person
from simulation.people.skeleton import SIDES
from simulation.scene import Pose

OTHER_VIEWS = (
    "knee_ap", "knee_lateral", "lumbar_ap", "lumbar_lateral", "lumbar_oblique", "femoral_shaft", "tibia_ap",
    "tibia_lateral",
)  # fmt: skip
_DOWN = np.array([0.0, 0.0, -1.0])  # image down is the patient's feet
_BACK = np.array([0.0, 1.0, 0.0])  # an AP beam runs to the patient's back


@dataclass(frozen=True, slots=True)
class Aim:
    """Where the central ray goes and what the film covers."""

    target: Vector
    direction: Vector
    down: Vector
    field_mm: float  # long edge, at the detector
    aspect: float  # width / height
    object_to_detector_mm: tuple[float, float] = (120, 170)
    flipped: bool = False
    bilateral: bool = False
    roll_deg: float = 2.0


def other(side: str) -> str:
    """The other side."""
    return "left" if side == "right" else "right"


def pose(rng: np.random.Generator, person: Person, view: str, side: str) -> Pose:
    """The person as positioned for a view of one side."""
    pelvis = (
        rotation([0, 0, 1], _mostly(rng, 2.5, 7.0))
        @ rotation([0, 1, 0], _mostly(rng, 1.8, 5.0))
        @ rotation([1, 0, 0], person.tilt_deg + _mostly(rng, 2.0, 9.0))  # lying, sitting up, standing
    )
    turns = {s: (rng.uniform(0, 8), rng.normal(2, 5), _mostly(rng, 10.0, 25.0) + 8) for s in SIDES}
    both = view == "frog_leg_lateral" and rng.random() < 0.5
    if view == "frog_leg_lateral":
        for posed in SIDES if both else (side,):
            turns[posed] = (rng.uniform(22, 55), rng.uniform(28, 52), -rng.uniform(25, 65))
    if view == "cross_table_lateral":
        turns[side] = (0.0, rng.uniform(0, 6), rng.normal(8, 8))
        turns[other(side)] = (rng.uniform(80, 100), rng.uniform(15, 30), 0.0)
    return Pose(pelvis, {s: leg_matrix(s, *turns[s]) for s in SIDES}, both)


def _mostly(rng: np.random.Generator, usual: float, careless: float) -> float:
    """A deviation: mostly of the usual size, on one film in seven of a careless one."""
    return float(rng.normal(0, usual if rng.random() < 0.86 else careless))


def leg_matrix(side: str, flexion_deg: float, abduction_deg: float, internal_deg: float) -> Matrix:
    """Left-leg coordinates to the patient frame for a leg so turned about its head."""
    sign = SIDES[side]
    turn = (
        rotation([1, 0, 0], -flexion_deg)
        @ rotation([0, 1, 0], -sign * abduction_deg)
        @ rotation([0, 0, 1], -sign * internal_deg)
    )
    return turn @ np.diag([sign, 1.0, 1.0])


def aim(rng: np.random.Generator, person: Person, posed: Pose, view: str, side: str) -> Aim:
    """The tube as aimed for a view; ``view`` may be one of ``OTHER_VIEWS``."""
    hip = posed.pelvis @ person.hip_centres[side]
    builders = {
        "ap_pelvis": _ap_pelvis,
        "ap_hip": _ap_hip,
        "cross_table_lateral": _cross_table,
        "oblique_hip": _oblique,
    }
    if view == "frog_leg_lateral":
        return _ap_pelvis(rng, hip, SIDES[side]) if posed.both_legs else _frog(rng, hip, SIDES[side])
    if view in builders:
        return builders[view](rng, hip, SIDES[side])
    if view.startswith("lumbar"):
        return _lumbar(rng, view)
    return _leg(rng, person, posed, view, side)


def pelvis_turn_deg(aimed: Aim, posed: Pose) -> float:
    """How far the pelvis is turned about its long axis under the central ray, -180 to 180, + with its right side up."""
    x, y, _ = posed.pelvis.T @ aimed.direction
    return math.degrees(math.atan2(x, y))


def turned(aimed: Aim, posed: Pose, by_deg: float) -> Aim:
    """The same aim with the pelvis turned by so much, to the side to which it is."""
    now = pelvis_turn_deg(aimed, posed)
    further = rotation([0, 0, 1], now - math.copysign(by_deg, now))
    return replace(aimed, direction=posed.pelvis @ further @ posed.pelvis.T @ aimed.direction)


def camera(rng: np.random.Generator, aimed: Aim, size: int, fat_mm: float = 20.0) -> Camera:
    """The camera of an aim, its film's long edge ``size`` pixels; fat keeps the bones off the detector."""
    distance = rng.uniform(1000, 1250) if rng.random() < 0.9 else rng.uniform(1300, 1850)
    gap = rng.uniform(*aimed.object_to_detector_mm) + 0.5 * max(fat_mm - 20, 0)
    roll = float(np.clip(rng.normal(0, aimed.roll_deg), -6, 6))
    return Camera.aimed(
        aimed.target,
        aimed.direction,
        rotation(aimed.direction, roll) @ aimed.down,
        source_to_detector_mm=distance,
        source_to_object_mm=distance - gap,
        spacing_mm=aimed.field_mm / size,
        width=round(size * min(1.0, aimed.aspect)),
        height=round(size / max(1.0, aimed.aspect)),
        flipped=aimed.flipped,
    )


def _ap_pelvis(rng: np.random.Generator, _hip: Vector, _sign: float) -> Aim:
    """Centred on the pelvis, or low on the hips as after a replacement."""
    low = rng.random() < 0.4
    target = np.array([_mostly(rng, 8, 24), 0, rng.normal(-8, 18) if low else rng.normal(38, 12)])
    aspect = 1 / rng.uniform(0.72, 0.95) if rng.random() < 0.88 else rng.uniform(0.8, 1.0)
    return Aim(target, _angled(rng, _BACK), _DOWN, rng.uniform(355, 480), aspect, bilateral=True)


def _ap_hip(rng: np.random.Generator, hip: Vector, sign: float) -> Aim:
    long = rng.random() < 0.2  # down to the tip of a stem
    target = hip + np.array([sign * _mostly(rng, 9, 20), 0, rng.normal(-75 if long else -25, 18)])
    field, aspect = (
        (rng.uniform(280, 400), rng.uniform(0.5, 0.7)) if long else (rng.uniform(170, 320), rng.uniform(0.7, 1.15))
    )
    return Aim(target, _angled(rng, _BACK), _DOWN, field, aspect)


def _frog(rng: np.random.Generator, hip: Vector, sign: float) -> Aim:
    target = hip + np.array([sign * rng.normal(22, 8), 0, rng.normal(-25, 10)])
    return Aim(target, _BACK, _DOWN, rng.uniform(220, 290), rng.uniform(0.78, 1.2))


def _oblique(rng: np.random.Generator, hip: Vector, _sign: float) -> Aim:
    """Judet views: the beam at 45 degrees to either side, on one hip or on the whole pelvis."""
    turn = rng.choice([-1, 1]) * (rng.uniform(30, 55) if rng.random() < 0.92 else rng.uniform(58, 68))  # false profile
    direction = rotation([0, 0, 1], turn) @ _BACK
    if rng.random() < 0.35:
        return Aim(np.array([0, 0, rng.normal(32, 8)]), direction, _DOWN, rng.uniform(390, 440), 1.2, bilateral=True)
    target = hip + np.array([0, 0, rng.normal(12, 10)])
    return Aim(target, direction, _DOWN, rng.uniform(240, 320), rng.uniform(0.75, 1.0))


def _cross_table(rng: np.random.Generator, hip: Vector, sign: float) -> Aim:
    """A horizontal beam from the medial side below, at about 45 degrees to the body; anterior is up."""
    angle = math.radians(rng.uniform(30, 58))
    direction = np.array([sign * math.sin(angle), 0, math.cos(angle)])
    along = np.array([sign * math.cos(angle), 0, -math.sin(angle)])
    target = hip + along * rng.normal(28, 14) + np.array([0, rng.normal(8, 10), 0])
    return Aim(
        target, direction, _BACK, rng.uniform(220, 310), rng.uniform(1.0, 1.3),
        object_to_detector_mm=(170, 240), flipped=bool(rng.random() < 0.5), roll_deg=2.6,
    )  # fmt: skip


def _angled(rng: np.random.Generator, direction: Vector) -> Vector:
    """A tube not quite square to the table, as on portable films."""
    return rotation([1, 0, 0], _mostly(rng, 0.8, 7.0)) @ rotation([0, 0, 1], _mostly(rng, 0.8, 5.0)) @ direction


def _lumbar(rng: np.random.Generator, view: str) -> Aim:
    """Lumbar spine, high enough that no hip is on the film."""
    if view == "lumbar_ap":
        return Aim(np.array([0, 0, 205.0]), _BACK, _DOWN, rng.uniform(290, 330), rng.uniform(0.7, 0.9), bilateral=True)
    sign = rng.choice([-1, 1])
    target = np.array([0, rng.normal(5, 8), 205.0])
    if view == "lumbar_oblique":
        direction = rotation([0, 0, 1], sign * rng.uniform(35, 50)) @ _BACK
        return Aim(target, direction, _DOWN, rng.uniform(290, 320), rng.uniform(0.65, 0.85))
    return Aim(target, sign * np.array([1.0, 0, 0]), _DOWN, rng.uniform(290, 330), rng.uniform(0.6, 0.8))


def _leg(rng: np.random.Generator, person: Person, posed: Pose, view: str, side: str) -> Aim:
    """The knee, or the middle of the thigh or of the shank."""
    leg, femur = posed.legs[side], person.legs[side]["femur"].outer.vertices
    low = femur[femur[:, 2] < femur[:, 2].min() + 25].mean(0)
    shaft = view == "femoral_shaft"
    middle = low * rng.uniform(0.56, 0.62) if shaft else low
    if view.startswith("tibia"):
        middle = person.legs[side]["tibia"].outer.vertices.mean(0)
    target = posed.pelvis @ (person.hip_centres[side] + leg @ middle)
    back = unit(posed.pelvis @ leg[:, 1])
    lateral = view.endswith("_lateral") or (shaft and rng.random() < 0.5)
    direction = np.cross([0, 0, 1.0], back) * SIDES[side] if lateral else back
    field = rng.uniform(250, 290) if shaft else rng.uniform(220, 300)
    narrow = shaft or view.startswith("tibia")
    return Aim(target, direction, _DOWN, field, rng.uniform(0.45, 0.8) if narrow else rng.uniform(0.65, 0.9))
