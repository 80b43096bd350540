"""Diseases of the hip as changes of bone: what moves, what grows, what breaks.

A condition is written "arthritis:3": a name of ``CONDITIONS`` and its grade from 1 to 4 (0 for a fracture that was
reduced); without a grade it is the person's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from simulation.geometry.mesh import Mesh, Vector, Vertices, ball, rotation, unit
from simulation.people.atlas import Atlas
from simulation.people.body_shape import Build
from simulation.people.skeleton import SIDES, FemurFrame, Joint, cleared, femur_frame, reshaped_leg

CONDITIONS = ("normal", "arthritis", "dysplasia", "necrosis", "neck_fracture", "trochanteric_fracture")
FRACTURES = frozenset({"neck_fracture", "trochanteric_fracture"})
Conditions = tuple[tuple[str, str], ...]  # side, condition

_OLD = {"normal": 0.50, "arthritis": 0.40, "dysplasia": 0.03, "necrosis": 0.03, "neck_fracture": 0.025,
        "trochanteric_fracture": 0.015}  # fmt: skip
_YOUNG = {"normal": 0.72, "arthritis": 0.13, "dysplasia": 0.08, "necrosis": 0.06, "neck_fracture": 0.007,
          "trochanteric_fracture": 0.003}  # fmt: skip
_OLD_YEARS = 50
_BOTH_SIDES_ALIKE = 0.55  # of people whose one hip is ill, except by a fracture


@dataclass(frozen=True, slots=True)
class Disease:
    """What is wrong with one hip."""

    condition: str  # of CONDITIONS
    grade: int  # 1 to 4, 0 where nothing is wrong or a fracture is reduced
    seed: tuple[int, ...]  # of its details

    @property
    def label(self) -> str:
        """As it is written: "normal" or "arthritis:3"."""
        return self.condition if self.condition == "normal" else f"{self.condition}:{self.grade}"


@dataclass(frozen=True, slots=True)
class Lump:
    """Bone more (or less, where a weight is negative) than the atlas has, about the hip centre."""

    mesh: Mesh
    cortex: float
    trabecular: float
    on_femur: bool  # in left-leg coordinates; else patient axes


@dataclass(frozen=True, slots=True)
class Fracture:
    """A break across a left femur about its head; the part beyond the plane has moved."""

    point: Vector
    beyond: Vector  # unit, towards the part that moved
    turn: np.ndarray  # (3, 3), about ``point``
    shift: Vector  # mm

    def moved(self, vertices: Vertices) -> Vertices:
        """Where vertices of the part beyond the plane are now."""
        return (vertices - self.point) @ self.turn.T + self.point + self.shift

    def applied(self, vertices: Vertices) -> Vertices:
        """Where all vertices are now."""
        beyond = ((vertices - self.point) @ self.beyond > 0)[:, None]
        return np.where(beyond, self.moved(vertices), vertices)


def own_diseases(number: int, build: Build, conditions: Conditions) -> Mapping[str, Disease]:
    """Each side's disease: as asked for, else as this person has it.

    Raises:
        ValueError: a condition is unknown.
    """
    rng = np.random.default_rng([number, 7])
    shares = _OLD if build.age_years >= _OLD_YEARS else _YOUNG
    drawn = {side: str(rng.choice(list(shares), p=list(shares.values()))) for side in SIDES}
    if drawn["left"] not in FRACTURES and rng.random() < _BOTH_SIDES_ALIKE:
        drawn["right"] = drawn["left"]
    grades = {side: int(rng.choice([1, 2, 3, 4], p=[0.3, 0.3, 0.25, 0.15])) for side in SIDES}
    wanted = drawn | dict(conditions)
    diseases = {}
    for index, side in enumerate(SIDES):
        name, _, grade = wanted[side].partition(":")
        if name not in CONDITIONS:
            raise ValueError(f"{name!r} is no condition: take one of {', '.join(CONDITIONS)}")
        level = 0 if name == "normal" else int(grade) if grade else grades[side]
        diseases[side] = Disease(name, level, (number, 8, index))
    return diseases


def afflicted(atlas: Atlas, joint: Joint, disease: Disease) -> Joint:
    """The joint as the disease has changed its shape; what breaks or grows comes apart (``fracture``, ``lumps``)."""
    rng = np.random.default_rng(disease.seed)
    change = {"arthritis": _narrowed, "dysplasia": _dysplastic, "necrosis": _collapsed}.get(disease.condition)
    return joint if change is None else change(atlas, joint, disease.grade, rng)


def fracture(disease: Disease, frame: FemurFrame) -> Fracture | None:
    """How the femur is broken, if it is."""
    if disease.condition not in FRACTURES:
        return None
    rng = np.random.default_rng([*disease.seed, 1])
    base = frame.at(27, 11)
    neck = unit(base)  # from the head outwards
    tilt = rng.uniform(-0.4, 0.4) * frame.axis
    point = base * rng.uniform(0.42, 0.72) if disease.condition == "neck_fracture" else frame.at(rng.uniform(24, 40), 4)
    beyond = unit(neck + tilt) if disease.condition == "neck_fracture" else unit(frame.axis - frame.medial * 0.9 + tilt)
    drawn = rng.uniform(0.5, 1, 4)  # the same break at every grade
    amount = (0.0, 0.15, 0.4, 0.75, 1.0)[disease.grade]
    turn = rotation(frame.axis, 35 * amount * drawn[0]) @ rotation(frame.posterior, -14 * amount * drawn[1])
    shift = -frame.axis * 22 * amount * drawn[2] + frame.posterior * 6 * amount * (drawn[3] - 0.75)
    return Fracture(point, beyond, turn, shift - beyond * 1.0 + beyond * (1.6 if disease.grade == 0 else 1.2))


def lumps(disease: Disease, side: str, frame: FemurFrame, socket_up: Vector) -> tuple[Lump, ...]:
    """Osteophytes, sclerosis, cysts and necrotic patches; ``socket_up`` points from the centre to the roof."""
    rng = np.random.default_rng([*disease.seed, 2])
    sign, radius = SIDES[side], frame.head_radius
    level = disease.grade if disease.condition in ("arthritis", "dysplasia") else 0
    grown: list[Lump] = []
    for _ in range((0, 4, 10, 18, 28)[level]):  # round the head's edge and the socket's
        around, size = rng.uniform(0, 2 * np.pi), rng.uniform(1.2, 1.8 + 0.6 * level)
        neck = unit(frame.at(27, 11))
        across = unit(np.cross(neck, frame.posterior))
        spot = radius * (0.35 * neck + 0.93 * (np.cos(around) * across + np.sin(around) * frame.posterior))
        grown.append(Lump(ball(size, spot, rng.uniform(0.7, 1.9, 3)), 0.10, 0.6, on_femur=True))
    for _ in range((0, 2, 6, 10, 16)[level]):
        lateral, fore = rng.normal(0.75, 0.12), rng.normal(0, 0.5)
        spot = (radius + 4) * unit([sign * lateral, fore, rng.uniform(0.15, 0.75)])
        size = rng.uniform(1.5, 2 + 0.6 * level)
        grown.append(Lump(ball(size, spot, rng.uniform(0.7, 1.7, 3)), 0.12, 0.6, on_femur=False))
    if level >= 2:
        roof = socket_up * (radius + 5.5)
        grown.append(Lump(ball(9 + 2 * level, roof, (1.0, 1.3, 0.33)), 0.02 * level, 0.10 * level, on_femur=False))
        under = unit(np.array([-0.2, 0, 1.0]))  # the leg hangs: up is up in left-leg coordinates too
        grown.append(
            Lump(ball(8 + 2 * level, under * (radius - 4), (1, 1.2, 0.4)), 0.04 * level, 0.12 * level, on_femur=True)
        )
        for _ in range(rng.integers(0, 2 * level - 1)):
            spot = under * (radius - rng.uniform(3, 8)) + rng.normal(0, 5, 3)
            grown.append(Lump(ball(rng.uniform(1.2, 4.0), spot), -0.05, -0.75, on_femur=True))
    if disease.condition == "necrosis":
        for _ in range(rng.integers(3, 9)):
            spot = np.array([rng.normal(0, 0.35), rng.normal(0, 0.35), rng.uniform(0.2, 0.8)]) * radius
            sign_of = float(rng.choice([-0.6, 0.5]))
            grown.append(Lump(ball(rng.uniform(2, 6), spot, rng.uniform(0.6, 1.5, 3)), 0.0, sign_of, on_femur=True))
    return tuple(grown)


def _narrowed(_atlas: Atlas, joint: Joint, grade: int, rng: np.random.Generator) -> Joint:
    """Cartilage lost where the load is: above, sometimes medially."""
    loss = (0.0, 0.8, 1.7, 2.6, 3.4)[grade] * rng.uniform(0.85, 1.15)
    inwards = -SIDES[joint.side] * (rng.uniform(0.5, 1.0) if rng.random() < 0.25 else rng.normal(-0.15, 0.2))
    towards = unit([inwards, 0, 1.0])
    return Joint(joint.side, joint.hip, joint.leg, joint.centre + towards * loss)


def _dysplastic(atlas: Atlas, joint: Joint, grade: int, rng: np.random.Generator) -> Joint:
    """A shallow, steep socket, the head lateral and high, a steep and anteverted neck."""
    sign = SIDES[joint.side]
    offset = joint.hip - joint.centre
    lateral, height = offset[:, 0] * sign, offset[:, 2]
    near = np.clip((48 - np.linalg.norm(offset, axis=1)) / 14, 0, 1)
    roof = near * np.clip((height - 4) / 10, 0, 1) * np.clip((lateral + 2) / 12, 0, 1)
    steep = (0.0, 0.18, 0.3, 0.42, 0.55)[grade] * rng.uniform(0.85, 1.1)
    hip = joint.hip + np.stack([-sign * roof * 4 * steep, 0 * roof, roof * lateral * steep], 1)
    move = np.array([sign * (2 + 2.2 * grade), 0, 1.5 + 2.2 * grade]) * rng.uniform(0.8, 1.2)
    leg = reshaped_leg(atlas, joint.leg, rng.uniform(4, 14), rng.uniform(2, 9))
    centre = joint.centre + move
    radius = femur_frame(atlas, leg["femur"]).head_radius
    return Joint(joint.side, cleared(atlas, joint.side, hip, centre, radius + rng.uniform(1.5, 4)), leg, centre)


def _collapsed(_atlas: Atlas, joint: Joint, grade: int, rng: np.random.Generator) -> Joint:
    """The loaded part of the head sinks in."""
    femur = joint.leg["femur"]
    reach = np.linalg.norm(femur, axis=1)
    facing = femur @ unit([rng.normal(0, 0.25), rng.normal(0, 0.2), 1.0]) / np.maximum(reach, 1)
    sunk = np.clip((facing - 0.55) / 0.35, 0, 1) * np.clip((30 - reach) / 4, 0, 1)
    flat = (0.0, 0.01, 0.05, 0.11, 0.19)[grade] * rng.uniform(0.8, 1.2)
    return Joint(joint.side, joint.hip, joint.leg | {"femur": femur * (1 - flat * sunk)[:, None]}, joint.centre)
