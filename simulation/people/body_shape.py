"""How bodies differ beyond the atlas of 26 people: size, sex, and smooth changes of shape without a name."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulation.geometry.mesh import Vertices

Deformation = Callable[[Vertices], Vertices]
_WAVES = 10
_WAVE_MM = (90.0, 260.0)  # shortest and longest
_HEAD_DIAMETER_MM = {"F": (44.6, 2.0), "M": (50.0, 2.3)}  # mean and standard deviation of the femoral head


@dataclass(frozen=True, slots=True)
class Build:
    """What decides a skeleton's size and strength."""

    sex: str  # F, M
    age_years: float
    head_diameter_mm: float
    density: float  # of bone; 1 is a healthy adult's, 0.5 severe osteoporosis


def random_build(rng: np.random.Generator) -> Build:
    """Patients of an arthroplasty service: mostly over fifty, more women than men; bone thins with age."""
    sex = "F" if rng.random() < 0.56 else "M"
    age = float(np.clip(rng.normal(66, 14), 18, 97))
    mean, deviation = _HEAD_DIAMETER_MM[sex]
    loss = max(age - 50, 0) * (0.0075 if sex == "F" else 0.0045)
    density = float(np.clip(rng.normal(1.05 - loss, 0.13), 0.42, 1.35))
    return Build(sex, age, float(np.clip(rng.normal(mean, deviation), 39, 57)), density)


def random_deformation(rng: np.random.Generator, sex: str) -> Deformation:
    """A smooth change of the pelvis in the patient frame (mm): mostly the same on both sides, a little not.

    Women's pelves are wider below and their wings flare more.
    """
    wave = 2 * np.pi / rng.uniform(*_WAVE_MM, (_WAVES, 1)) * _directions(rng)
    phase = rng.uniform(0, 2 * np.pi, _WAVES)
    push = rng.normal(0, 3.8 / np.sqrt(_WAVES), (_WAVES, 3))
    uneven = rng.uniform(0.0, 0.45)
    stretch = 1 + rng.normal(0, [0.035, 0.03, 0.035])
    flare = rng.normal(0.11 if sex == "F" else 0.07, 0.05)
    outlet = rng.normal(0.10 if sex == "F" else -0.03, 0.04)

    def deformed(points: Vertices) -> Vertices:
        even = np.abs(points[:, :1]) * [1, 0, 0] + points * [0, 1, 1]
        mirror = np.sign(points[:, :1]) * [1, 0, 0] + [0, 1, 1]
        both = np.cos(even @ wave.T + phase) @ push * mirror
        each = np.cos(points @ wave.T + phase[::-1]) @ push
        fade = np.clip(np.abs(points[:, :1]) / 25, 0, 1) * [1, 0, 0] + [0, 1, 1]  # nothing tears at the middle
        x, z = points[:, 0], points[:, 2]
        wings = flare * np.clip(z - 35, 0, 110) + outlet * np.clip(15 - z, 0, 70) * np.clip(np.abs(x) / 60, 0, 1)
        moved = points * stretch + ((1 - uneven) * both + uneven * each) * fade
        return moved + (np.sign(x) * wings)[:, None] * [1, 0, 0]

    return deformed


def _directions(rng: np.random.Generator) -> Vertices:
    """Unit vectors, (waves, 3)."""
    drawn = rng.normal(size=(_WAVES, 3))
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
