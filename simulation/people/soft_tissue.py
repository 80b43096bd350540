"""Skin, muscle and bowel gas round a posed person, as closed surfaces in the patient frame."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.geometry.mesh import Matrix, Mesh, Vector, unit
from simulation.geometry.signed_distance import Field, Grid, add_blobs, smooth_noise
from simulation.people.habitus import Habitus
from simulation.people.person import Person
from simulation.people.skeleton import SIDES, FemurFrame

_STEP_MM = 12.0
# z, half width, half depth, centre y of the trunk without its fat
_TRUNK = np.array(
    [
        [-70, 60, 45, 25], [-20, 165, 106, 14], [30, 174, 112, 5], [80, 168, 108, 0], [130, 155, 102, -5],
        [180, 148, 98, -6], [230, 145, 98, -6], [280, 148, 100, -6], [330, 155, 104, -6], [380, 160, 106, -6],
        [430, 162, 108, -6],
    ],
    dtype=float,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SoftTissue:
    """Nested surfaces: gas lies in muscle compartment or fat, muscle in the body."""

    body: Mesh
    muscle: Mesh | None
    gas: Mesh | None


def around_pelvis(person: Person, legs: Mapping[str, Matrix], rng: np.random.Generator) -> SoftTissue:
    """Trunk and thighs."""
    habitus = person.habitus
    grid = Grid.spanning([-290, -230, -420], [290, 290, 425], _STEP_MM)
    places = {side: _thigh(person, side, legs[side]) for side in SIDES}
    skin = np.array([capsule for side in SIDES for capsule in _skin(person, side, places[side])])
    body = grid.with_capsules(grid.trunk(_trunk_skin(habitus)), skin, 30.0)
    if habitus.apron_mm:
        body = grid.with_capsules(body, _apron(habitus), 45.0)
    muscles = [capsule for side in SIDES for capsule in _muscles(person, side, places[side])]
    muscles += [np.array([sign * 38, 62, 60, sign * 35, 55, 420, 26, 30.0]) for sign in (-1, 1)]
    rows = _TRUNK.copy()
    rows[:, 1:3] = rows[:, 1:3] * habitus.girth - [22, 20]
    rows[0, 1:3] *= 0.5
    wall = grid.trunk(rows)
    muscle = grid.with_capsules(wall, np.array(muscles), 0.0) + smooth_noise(rng, grid.shape, 12) * np.float32(2.5)
    organs = grid.with_capsules(_cavity(grid, wall), _organs(rng), 6.0)
    muscle = np.maximum(np.minimum(muscle, organs), body + np.float32(habitus.fat_mm * 0.55))
    skin_surface = grid.surface(body)
    if skin_surface is None:
        raise ValueError(f"person {person.number} has no body")
    return SoftTissue(skin_surface, grid.surface(muscle), _gas(rng))


def around_leg(person: Person, side: str, leg: Matrix) -> SoftTissue:
    """Thigh, knee and shank."""
    bones, centre = person.legs[side], person.hip_centres[side]
    femur, tibia = bones["femur"].outer.vertices, bones["tibia"].outer.vertices
    above = leg @ femur[femur[:, 2] > -140].mean(0) + centre
    knee = leg @ femur[femur[:, 2] < femur[:, 2].min() + 30].mean(0) + centre
    below = leg @ tibia[tibia[:, 2] < tibia[:, 2].min() + 60].mean(0) + centre
    fat, back = person.habitus.thigh_fat_mm * 0.35, np.array([0, 14.0, 0])
    calf = knee + (below - knee) * 0.35 + back * 1.4
    capsules = np.array(
        [
            [*(above + back * 0.3), *(knee + back * 0.4), 80 + fat, 54 + fat * 0.6],
            [*(knee + back * 0.4), *calf, 52 + fat * 0.6, 56 + fat * 0.6],
            [*calf, *below, 56 + fat * 0.6, 34 + fat * 0.5],
        ]
    )
    grid = Grid.spanning(knee - np.array([115, 115, 430]), knee + np.array([115, 115, 330]), 8.0)
    distance = grid.with_capsules(None, capsules, 25.0)
    body = grid.surface(distance)
    if body is None:
        raise ValueError(f"person {person.number} has no leg")
    return SoftTissue(body, grid.surface(distance + np.float32(6 + fat * 0.7)), None)


def _trunk_skin(habitus: Habitus) -> NDArray[np.float64]:
    trunk = _TRUNK.copy()
    belly = habitus.belly * np.clip((trunk[:, 0] - 60) / 80, 0, 1)
    trunk[:, 1] = trunk[:, 1] * habitus.girth + habitus.fat_mm - 18
    trunk[:, 2] = trunk[:, 2] * habitus.girth + habitus.fat_mm * 0.8 - 16 + belly * 14
    trunk[:, 3] -= belly * 12
    return trunk


def _apron(habitus: Habitus) -> NDArray[np.float64]:
    """The fold of a belly that hangs in front of the groins, with its dense lower edge."""
    front = -(104 * habitus.girth + habitus.fat_mm * 0.8 + habitus.belly * 20) + 30
    side, low, thick = 150 * habitus.girth, 70 - habitus.apron_mm, 16 + habitus.fat_mm * 0.22
    middle, ends = [0, front, low], [[sign * side, front + 85, low + 55] for sign in (-1, 1)]
    edge = [[*middle, *end, thick, thick * 0.6] for end in ends]
    sheet = [[x, front + 8, low + 12, x * 1.1, front + 25, 200, thick * 0.9, thick] for x in (-70, 0, 70)]
    return np.array(edge + sheet, dtype=float)


def _organs(rng: np.random.Generator) -> NDArray[np.float64]:
    """Bladder, empty to full, and what lies behind it."""
    full = rng.uniform(14, 46)
    wide, height = full * 0.45, full * 0.75 - 2
    return np.array(
        [
            [-wide, -22, height, wide, -22, height, full * 0.8, full * 0.8],
            [rng.normal(0, 10), 18, 20, rng.normal(0, 12), 5, rng.uniform(40, 65), 14, rng.uniform(12, 24)],
        ]
    )


Place = Callable[[float, float, float], Vector]  # mm along the femur, left-leg x, left-leg y -> patient frame


def _thigh(person: Person, side: str, leg: Matrix) -> Place:
    frame: FemurFrame = person.femurs[side]
    centre = person.hip_centres[side]

    def place(along: float, x: float, y: float) -> Vector:
        return leg @ (frame.origin + frame.axis * along + np.array([x, y, 0.0])) + centre

    return place


def _skin(person: Person, side: str, at: Place) -> list[NDArray[np.float64]]:
    fat, girth = person.habitus.thigh_fat_mm, person.habitus.girth
    buttock = person.hip_centres[side] + [-15 * SIDES[side], 50, 0]
    return [
        np.r_[at(-10, -18, 8), at(200, -12, 8), 78 * girth + fat - 18, 70 * girth + fat - 18],
        np.r_[at(200, -12, 8), at(400, -5, 5), 70 * girth + fat - 18, 52 * girth + fat * 0.6 - 9],
        np.r_[buttock, at(60, -15, 30), 80 * girth + fat - 16, 62 * girth + fat - 16],
    ]


def _muscles(person: Person, side: str, at: Place) -> list[NDArray[np.float64]]:
    """Quadriceps, adductors, hamstrings, iliopsoas and glutei as tapering capsules."""
    hip, sign = person.hip_centres[side], SIDES[side]

    def pelvic(x: float, y: float, z: float) -> Vector:
        return hip + np.array([sign * x, y, z])

    pairs = [
        (at(50, -8, -34), at(330, -4, -28), 24, 27), (at(30, 24, -8), at(320, 16, -6), 20, 22),
        (at(80, -34, -18), at(300, -26, -14), 16, 16), (pelvic(-48, -18, -48), at(230, -26, 6), 18, 26),
        (pelvic(-30, 35, -62), at(330, -12, 40), 18, 24), (at(60, 8, 40), at(330, 12, 34), 14, 20),
        (pelvic(-45, 22, 170), pelvic(-12, -32, 20), 26, 20), (pelvic(-12, -32, 20), at(62, -10, -8), 20, 10),
        (pelvic(10, -8, 95), at(12, 10, 0), 30, 12), (pelvic(-5, 35, 85), at(18, 12, 12), 30, 14),
        (pelvic(-45, 70, 70), at(60, 14, 30), 34, 22), (pelvic(-60, 75, 20), at(80, 10, 34), 36, 24),
        (pelvic(12, -48, 90), at(30, 16, -22), 14, 10), (pelvic(-45, -10, -28), at(30, -8, 12), 13, 9),
    ]  # fmt: skip
    return [np.r_[start, end, first, last] for start, end, first, last in pairs]


def _cavity(grid: Grid, wall: Field) -> Field:
    """Abdominal contents: inside the wall and above a bowl that the pelvis holds."""
    x, y, z = grid.axes()
    bowl = (np.sqrt((x / 150) ** 2 + ((y - 15) / 125) ** 2 + ((z - 230) / 225) ** 2) - 1) * 110
    return np.maximum(wall, np.where(z > 230, -30, bowl)).astype(np.float32)


def _gas(rng: np.random.Generator) -> Mesh | None:
    """Gas and stool in rectum, small bowel and both colons."""
    grid = Grid(np.array([-160.0, -80.0, -10.0]), 4.5, (72, 40, 92))
    field = np.full(grid.shape, 9.0, np.float32)
    starts = [(rng.normal(0, 12), 62.0, rng.uniform(15, 45), 0.55)]
    starts += [
        (float(np.clip(rng.normal(0, 50), -75, 75)), rng.uniform(-40, 20), rng.uniform(85, 330), 0.75)
        for _ in range(rng.integers(2, 9))
    ]
    starts += [
        (-92 + rng.normal(0, 6), -10, rng.uniform(95, 200), 0.9),
        (95 + rng.normal(0, 6), 0, rng.uniform(95, 250), 0.6),
    ]
    blobs = [blob for start in starts if rng.random() > 0.2 for blob in _bowel(rng, *start)]
    if not blobs:
        return None
    add_blobs(field, grid.origin, grid.step_mm, np.array(blobs), 7.0)
    return grid.surface(field + smooth_noise(rng, grid.shape, 22) * np.float32(1.3))


def _bowel(rng: np.random.Generator, x: float, y: float, z: float, size: float) -> list[NDArray[np.float64]]:
    """A winding row of bubbles with some crumbs."""
    point, direction = np.array([x, y, z]), unit(rng.normal(size=3) * [1, 0.3, 1])
    flatness = rng.uniform(0.35, 1)
    blobs = []
    for _ in range(rng.integers(4, 14)):
        radius = rng.uniform(6, 15) * size
        wide, deep, high = rng.uniform(0.8, 1.3), rng.uniform(0.35, 0.7) * flatness, rng.uniform(0.8, 1.3)
        blobs.append(np.r_[point, radius * wide, radius * deep, radius * high])
        direction = unit(direction + rng.normal(size=3) * [0.6, 0.2, 0.6])
        point = point + direction * radius * 0.9
        point[0], point[2] = np.clip(point[0], -112, 112), max(point[2], 14)
    for _ in range(rng.integers(0, 40)):
        crumb = point + rng.normal(size=3) * [20, 8, 20]
        crumb[0] = np.clip(crumb[0], -115, 115)
        blobs.append(np.r_[crumb, np.full(3, rng.uniform(1.8, 4.2))])
    return blobs
