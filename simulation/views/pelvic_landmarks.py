"""Landmarks of a pelvis: what a reader draws on a film, and the frame that surgeons measure against."""

import math
from dataclasses import dataclass
from functools import cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

from simulation.geometry.mesh import Vector, sphere_through
from simulation.people.atlas import OWN, Atlas, load_atlas
from simulation.people.person import Person
from simulation.people.skeleton import SIDES, articular
from simulation.scene import Scene

Points = NDArray[np.float64]  # (n, 2), or one of them, (2,)
_ISCHIUM_BELOW_MM = 30.0  # what lies this far below the hip's centre is ischium or ramus
_SYMPHYSIS_MM = 12.0  # what lies nearer to the midline belongs to the symphysis
_TANGENT_STEPS = 12  # three are enough for any pelvis seen so far


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


def trans_ischial_line(right: Points, left: Points) -> tuple[Points, Points]:
    """Where the line that touches both ischia from below touches each: two points (2,) of a film, its rows downwards.

    Args:
        right: the lower part of the right hip bone as a film shows it, (n, 2), in any plane coordinates.
        left: the same of the left one, (m, 2), to the right of it on the film.

    A common tangent does not depend on how the patient or the plate was turned, as the lowest rows do.
    """
    line = np.array([1.0, 0.0])
    for _ in range(_TANGENT_STEPS):
        down = np.array([-line[1], line[0]])
        touched = right[np.argmax(right @ down)], left[np.argmax(left @ down)]
        across = touched[1] - touched[0]
        if np.isclose(abs(line[0] * across[1] - line[1] * across[0]), 0):
            break
        line = across / np.linalg.norm(across)
    return touched


@cache
def ischium_vertices(side: str, source: str = OWN) -> NDArray[np.int64]:
    """Vertices of the hip bone's lower part: ischial tuberosity and ramus, up to beside the symphysis.

    The tuberosity alone would end somewhere on the ramus, where nothing on a film tells its end; yet with the inlet
    turned forwards that very end is what lies lowest. Chosen on a source's mean: the same vertices in all its people.
    """
    atlas = load_atlas(source)
    hip = atlas.shape(f"hip_{side}", atlas.mean)
    centre, _ = sphere_through(hip[articular(atlas, side)])
    from_middle = np.abs(hip[:, 0] - _middle(atlas))
    return np.flatnonzero((hip[:, 2] < centre[2] - _ISCHIUM_BELOW_MM) & (from_middle > _SYMPHYSIS_MM))


@cache
def teardrop_vertices(side: str, source: str = OWN) -> NDArray[np.int64]:
    """Vertices of the hip bone at the lower end of the radiographic teardrop.

    The teardrop is the floor of the socket seen edge on, against the inner surface of the pelvis; its lower end is
    where both meet below, at the acetabular notch. Chosen on a source's mean: the same vertices in all its people.
    """
    atlas = load_atlas(source)
    hip = atlas.shape(f"hip_{side}", atlas.mean)
    centre, radius = sphere_through(hip[articular(atlas, side)])
    offset = hip - centre
    inwards = offset[:, 0] * np.sign(_middle(atlas) - centre[0])
    floor = (inwards > 0.8 * radius) & (inwards < 1.3 * radius) & (np.abs(offset[:, 1]) < 0.55 * radius)
    floor &= (offset[:, 2] < -0.2 * radius) & (offset[:, 2] > -1.1 * radius)
    return np.flatnonzero(floor)


def _middle(atlas: Atlas) -> float:
    """The x of the plane between both hip bones of the mean."""
    return float(np.vstack([atlas.shape(f"hip_{side}", atlas.mean) for side in SIDES])[:, 0].mean())
