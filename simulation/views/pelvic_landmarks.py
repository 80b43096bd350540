"""Landmarks of a pelvis: what a reader draws on a film, and the frame that surgeons measure against."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from simulation.geometry.mesh import Vector, sphere_through
from simulation.people.atlas import OWN, load_atlas
from simulation.people.person import Person
from simulation.people.skeleton import SIDES, articular
from simulation.scene import Scene


@dataclass(frozen=True, slots=True)
class PelvicPosition:
    """How the anterior pelvic plane (both anterior superior iliac spines and the pubis) lies on the table, degrees."""

    tilt_deg: float  # + the spines in front of the pubis: the inlet opens forwards
    rotation_deg: float  # + turned towards the patient's left
    obliquity_deg: float  # + the left side higher

    @classmethod
    def of(cls, scene: Scene) -> Self:
        """As the person lies in a scene."""
        right, left, pubis = (scene.on_table(point) for point in anterior_plane(scene.person))
        across, up = left - right, (left + right) / 2 - pubis
        return cls(
            round(math.degrees(math.atan2(-up[1], up[2])), 3),
            round(math.degrees(math.atan2(across[1], across[0])), 3),
            round(math.degrees(math.atan2(across[2], across[0])), 3),
        )


def anterior_plane(person: Person) -> tuple[Vector, Vector, Vector]:
    """Right and left anterior superior iliac spine and the middle of the pubis, in the patient frame."""
    spines = []
    for side in ("right", "left"):
        hip = person.pelvis[f"hip_{side}"].outer.vertices
        wing = hip[hip[:, 2] > person.hip_centres[side][2] + 45]
        spines.append(wing[np.argmin(wing[:, 1])])
    both = np.vstack([person.pelvis[f"hip_{side}"].outer.vertices for side in SIDES])
    low = both[(np.abs(both[:, 0]) < 32) & (both[:, 2] < 25)]
    pubis = low[low[:, 1] < low[:, 1].min() + 3].mean(0)
    return spines[0], spines[1], pubis


@cache
def teardrop_vertices(side: str, source: str = OWN) -> NDArray[np.int64]:
    """Vertices of the hip bone at the lower end of the radiographic teardrop.

    The teardrop is the floor of the socket seen edge on, against the inner surface of the pelvis; its lower end is
    where both meet below, at the acetabular notch. Chosen on a source's mean: the same vertices in all its people.
    """
    atlas = load_atlas(source)
    hip = atlas.shape(f"hip_{side}", atlas.mean)
    centre, radius = sphere_through(hip[articular(atlas, side)])
    middle = np.vstack([atlas.shape(f"hip_{each}", atlas.mean) for each in SIDES])[:, 0].mean()
    offset = hip - centre
    inwards = offset[:, 0] * np.sign(middle - centre[0])
    floor = (inwards > 0.8 * radius) & (inwards < 1.3 * radius) & (np.abs(offset[:, 1]) < 0.55 * radius)
    floor &= (offset[:, 2] < -0.2 * radius) & (offset[:, 2] > -1.1 * radius)
    return np.flatnonzero(floor)
