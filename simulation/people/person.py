"""A person: bones in the patient frame, habitus, bone quality. All of it follows from the person's number.

Patient frame (mm): origin midway between the hip centres, x left, y posterior, z superior. Legs are kept as left
legs about their own head centre; the positioning turns them into place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from simulation.geometry.mesh import Mesh, Vector, Vertices, ball, rotation, unit
from simulation.people.atlas import LEG_BONES, PELVIC_BONES, Atlas, load_atlas
from simulation.people.skeleton import (
    SIDES,
    FemurFrame,
    Joint,
    femur_frame,
    leg_shape,
    opened,
    registered,
    seated_shape,
)

_LEG_SPREAD = 0.22  # standard deviation of the mode weights of the right leg against the left


@dataclass(frozen=True, slots=True)
class Habitus:
    """What lies round the bones."""

    fat_mm: float
    girth: float
    belly: float


@dataclass(frozen=True, slots=True)
class Bone:
    """A bone as three nested surfaces."""

    outer: Mesh
    inner: Mesh  # inside of the cortex
    core: Mesh  # inside of the dense trabecular layer


@dataclass(frozen=True, slots=True)
class Person:
    """One simulated person."""

    number: int
    pelvis: Mapping[str, Bone]  # hip_left, hip_right, sacrum
    legs: Mapping[str, Mapping[str, Bone]]  # side -> bone, as left legs about the head centre
    femurs: Mapping[str, FemurFrame]
    hip_centres: Mapping[str, Vector]
    vertebrae: tuple[Mesh, ...]
    coccyx: tuple[Mesh, ...]
    habitus: Habitus
    trabecular_fraction: float  # of cortical density, in trabecular bone
    core_fraction: float  # of trabecular bone, missing in the core
    tilt_deg: float  # habitual pelvic tilt


@lru_cache(maxsize=4)
def make_person(number: int) -> Person:
    """The person with this number, always the same."""
    rng = np.random.default_rng([number, 1])
    atlas = load_atlas()
    weights, nodes, head = seated_shape(atlas, rng)
    register, right_head = registered(atlas, nodes, head, rng.normal(1, 0.04))
    centres = {"left": register(head[None])[0], "right": register(right_head[None])[0]}
    pelvis = {name: register(atlas.shape(name, nodes)) for name in PELVIC_BONES}
    right_nodes = atlas.nodes(weights + rng.normal(0, _LEG_SPREAD, len(weights)))
    legs = {"left": leg_shape(atlas, nodes, register), "right": leg_shape(atlas, right_nodes, register)}
    for side in SIDES:
        joint = opened(atlas, Joint(side, pelvis[f"hip_{side}"], legs[side]["femur"], centres[side]), rng)
        pelvis[f"hip_{side}"], legs[side]["femur"], centres[side] = joint.hip, joint.femur, joint.centre
    quality = rng.uniform(0.75, 1.2)
    return Person(
        number=number,
        pelvis={name: _layered(atlas, name, pelvis[name], quality, rng) for name in PELVIC_BONES},
        legs={
            side: {name: _layered(atlas, name, legs[side][name], quality, rng) for name in LEG_BONES} for side in SIDES
        },
        femurs={side: femur_frame(atlas, legs[side]["femur"]) for side in SIDES},
        hip_centres=centres,
        vertebrae=_spine(atlas, pelvis["sacrum"], register.scale),
        coccyx=_coccyx(pelvis["sacrum"]),
        habitus=Habitus(rng.uniform(12, 50), rng.uniform(0.92, 1.1), rng.uniform(0, 2.5)),
        trabecular_fraction=rng.uniform(0.24, 0.38),
        core_fraction=rng.uniform(0.35, 0.6),
        tilt_deg=rng.normal(0, 5),
    )


def _layered(atlas: Atlas, name: str, outer: Vertices, quality: float, rng: np.random.Generator) -> Bone:
    template = atlas.bones[name]
    pattern = template.patterns @ unit(rng.standard_normal(template.patterns.shape[1]))
    return Bone(*template.shells(outer, quality * (1 + 0.18 * np.clip(pattern, -2, 2))))


def _spine(atlas: Atlas, sacrum: Vertices, scale: float) -> tuple[Mesh, ...]:
    """Lumbar vertebrae stacked on the sacral endplate with a lordosis."""
    middle = sacrum[np.abs(sacrum[:, 0] - sacrum[:, 0].mean()) < 20]
    top = middle[middle[:, 2] > middle[:, 2].max() - 14]
    base = top[top[:, 1] < np.median(top[:, 1]) + 6].mean(0) + np.array([0, 0, -6])
    stacked = []
    for vertebra, lordosis_deg in zip(atlas.vertebrae, (26, 10, 0, -6, -10), strict=True):
        turn = rotation([1, 0, 0], lordosis_deg)
        upwards = turn @ [0, 0, 1.0]
        base = base + upwards * 7 * scale
        stacked.append(vertebra.moved(turn * 1.3, base))
        base = base + upwards * (vertebra.vertices[:, 2].max() * 0.80) * 1.3
    return tuple(stacked)


def _coccyx(sacrum: Vertices) -> tuple[Mesh, ...]:
    point = sacrum[sacrum[:, 2] < sacrum[:, 2].min() + 6].mean(0) + np.array([0, 2, -3])
    direction = unit([0, -0.15, -1.0])
    segments = []
    for radius in (8, 6.5, 5):
        segments.append(ball(radius, point, (1.2, 0.6, 0.9)))
        point = point + direction * radius * 1.7
        direction = unit(direction + np.array([0, -0.35, 0]))
    return tuple(segments)
