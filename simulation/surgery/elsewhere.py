"""Hardware near the hips that is none of them: of the spine, the sacrum and the pubis."""

import numpy as np

from simulation.geometry.mesh import cylinder, lofted, screw, unit
from simulation.people.person import Person
from simulation.people.skeleton import SIDES
from simulation.surgery.choice import Solid

_SHARE = 0.045  # of people


def elsewhere(person: Person) -> tuple[Solid, ...]:
    """What a person has besides implants of the hip; nothing for most, always the same."""
    rng = np.random.default_rng([person.number, 11])
    if rng.random() > _SHARE:
        return ()
    return (_spinal_rods, _sacral_screws, _pubic_plate)[int(rng.choice(3, p=[0.6, 0.25, 0.15]))](person, rng)


def _spinal_rods(person: Person, rng: np.random.Generator) -> tuple[Solid, ...]:
    """Pedicle screws with rods, perhaps a cage between two vertebrae."""
    levels = person.vertebrae[: int(rng.integers(2, 5))]
    parts, heads = [], {side: [] for side in SIDES}
    for vertebra in levels:
        middle = (vertebra.vertices.max(0) + vertebra.vertices.min(0)) / 2
        for side, sign in SIDES.items():
            start = middle + np.array([sign * 19, 22, 4])
            parts.append(Solid("titanium", screw(start, middle + np.array([sign * 9, -22, 2]), 3.0)))
            parts.append(Solid("titanium", cylinder(start, start + np.array([0, 9, 0]), 5, 5, 16)))
            heads[side].append(start + np.array([0, 6, 0]))
    for points in heads.values():
        down, up = points[0] + np.array([0, 0, -9]), points[-1] + np.array([0, 0, 9])
        parts.append(Solid("titanium", cylinder(down, up, 2.8, 2.8, 16)))
    if rng.random() < 0.4:
        lower, upper = (v.vertices.mean(0) for v in levels[:2])
        centre = (lower + upper) / 2 + np.array([0, -14, 0])
        parts.append(
            Solid("titanium", cylinder(centre - np.array([9, 0, 0]), centre + np.array([9, 0, 0]), 5, 5, 6), 0.5)
        )
    return tuple(parts)


def _sacral_screws(person: Person, rng: np.random.Generator) -> tuple[Solid, ...]:
    """One or two long screws from the ilium into the sacrum."""
    sacrum = person.pelvis["sacrum"].outer.vertices
    level = sacrum[:, 2].max() - rng.uniform(20, 32)
    centre = sacrum[np.abs(sacrum[:, 2] - level) < 8].mean(0)
    sign = float(rng.choice(list(SIDES.values())))
    parts = []
    for drop in (0.0, -18.0)[: int(rng.integers(1, 3))]:
        start = centre + np.array([sign * rng.uniform(68, 80), 4, drop])
        parts.append(Solid("titanium", screw(start, centre + np.array([-sign * rng.uniform(-10, 45), 0, drop]), 3.4)))
    return tuple(parts)


def _pubic_plate(person: Person, rng: np.random.Generator) -> tuple[Solid, ...]:
    """A plate over the symphysis with its screws."""
    hip = np.vstack([person.pelvis[f"hip_{side}"].outer.vertices for side in SIDES])
    top = hip[np.abs(hip[:, 0]) < 12]
    centre = np.array([0.0, top[:, 1].min() + 8, top[:, 2].max() + 2])
    span = rng.uniform(26, 42)
    corners = np.array([[0, -4, -1.4], [0, 4, -1.4], [0, 4, 1.4], [0, -4, 1.4]])
    ends = [centre + np.array([-span, 4, -3]), centre, centre + np.array([span, 4, -3])]
    parts = [Solid("steel", lofted([end + corners for end in ends]))]
    for x in np.linspace(-span + 4, span - 4, int(rng.choice([4, 6]))):
        start = centre + np.array([x, 2, 1])
        parts.append(
            Solid("steel", screw(start, start + unit([0.1 * np.sign(x), 0.35, -1]) * rng.uniform(25, 45), 1.8))
        )
    return tuple(parts)
