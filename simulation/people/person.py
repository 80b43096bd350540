"""A person: bones in the patient frame, habitus, bone quality. All of it follows from the person's number.

Patient frame (mm): origin midway between the hip centres, x left, y posterior, z superior. Legs are kept as left
legs about their own head centre; the positioning turns them into place.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from simulation.geometry.mesh import Mesh, Vector, Vertices, ball, rotation, sphere_through, unit
from simulation.people.atlas import LEG_BONES, OWN, PELVIC_BONES, Atlas, load_atlas
from simulation.people.body_shape import Build, random_build, random_deformation
from simulation.people.disease import (
    Conditions,
    Disease,
    Fracture,
    Lump,
    afflicted,
    fracture,
    lumps,
    own_diseases,
)
from simulation.people.habitus import Habitus, draw_habitus
from simulation.people.skeleton import (
    SIDES,
    FemurFrame,
    Joint,
    femur_frame,
    leg_shape,
    random_shape,
    registered,
    reshaped_leg,
    seated,
)

_THINNEST = 0.5  # of the atlas's cortex, where it is thin
_LEG_SPREAD = 0.3  # standard deviation of the mode weights of the right leg against the left


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
    build: Build
    pelvis: Mapping[str, Bone]  # hip_left, hip_right, sacrum
    legs: Mapping[str, Mapping[str, Bone]]  # side -> bone, as left legs about the head centre
    femurs: Mapping[str, FemurFrame]
    hip_centres: Mapping[str, Vector]
    diseases: Mapping[str, Disease]
    vertebrae: tuple[Mesh, ...]
    coccyx: tuple[Mesh, ...]
    habitus: Habitus
    trabecular_fraction: float  # of cortical density, in trabecular bone
    core_fraction: float  # of trabecular bone, missing in the core
    tilt_deg: float  # habitual pelvic tilt
    source: str = OWN  # of the bones, see people.atlas

    def fracture(self, side: str) -> Fracture | None:
        """How this femur is broken, if it is."""
        return fracture(self.diseases[side], self.femurs[side])

    def lumps(self, side: str) -> tuple[Lump, ...]:
        """What grew or went at this hip."""
        return lumps(self.diseases[side], side, self.femurs[side], unit([0.25 * SIDES[side], 0, 1.0]))


@lru_cache(maxsize=8)
def make_person(number: int, conditions: Conditions = (), source: str = OWN) -> Person:
    """The person with this number, always the same; ``conditions`` of a side override the person's own."""
    rng = np.random.default_rng([number, 1])
    atlas = load_atlas(source)
    build = random_build(rng)
    weights, nodes, head = random_shape(atlas, rng)
    right_nodes = atlas.nodes(weights + rng.normal(0, _LEG_SPREAD, len(weights)))
    _, head_radius = sphere_through(atlas.shape("femur", nodes)[atlas.landmarks["head"]])
    register, right_head = registered(atlas, nodes, head, build.head_diameter_mm / 2 / head_radius)
    deformed = random_deformation(rng, build.sex)
    pelvis = {name: deformed(register(atlas.shape(name, nodes))) for name in PELVIC_BONES}
    diseases = own_diseases(number, build, conditions)
    joints = {}
    for side, own, socket in (("left", nodes, head), ("right", right_nodes, right_head)):
        leg = reshaped_leg(atlas, leg_shape(atlas, own, register), *rng.normal(0, [7.0, 4.0]))
        joint = Joint(side, pelvis[f"hip_{side}"], leg, register(socket[None])[0])
        joints[side] = afflicted(atlas, seated(atlas, joint, rng.uniform(3.0, 5.0)), diseases[side])
        pelvis[f"hip_{side}"] = joints[side].hip
    origin = (joints["left"].centre + joints["right"].centre) / 2
    pelvis = {name: bone - origin for name, bone in pelvis.items()}
    density = build.density
    return Person(
        number=number,
        build=build,
        pelvis={name: _layered(atlas, name, pelvis[name], density, rng) for name in PELVIC_BONES},
        legs={
            side: {name: _layered(atlas, name, joints[side].leg[name], density, rng) for name in LEG_BONES}
            for side in SIDES
        },
        femurs={side: femur_frame(atlas, joints[side].leg["femur"]) for side in SIDES},
        hip_centres={side: joints[side].centre - origin for side in SIDES},
        diseases=diseases,
        vertebrae=_spine(atlas, pelvis["sacrum"], register.scale),
        coccyx=_coccyx(pelvis["sacrum"]),
        habitus=draw_habitus(rng, build.sex),
        trabecular_fraction=float(np.clip(0.30 * density**0.8 * rng.uniform(0.85, 1.15), 0.12, 0.42)),
        core_fraction=rng.uniform(0.35, 0.6),
        tilt_deg=rng.normal(0, 5),
        source=source,
    )


def _layered(atlas: Atlas, name: str, outer: Vertices, quality: float, rng: np.random.Generator) -> Bone:
    """Denser bone has a thicker cortex."""
    template = atlas.bones[name]
    pattern = template.patterns @ unit(rng.standard_normal(template.patterns.shape[1]))
    uneven = 1 + 0.28 * np.clip(pattern, -2, 2)
    thin = np.clip(template.cortex_mm / 2.2, _THINNEST, 1.0)  # away from the shaft the shell is a mere skin
    return Bone(*template.shells(outer, quality * uneven * thin))


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
