"""Pieces that several body parts are made of. Lengths are millimetres."""

import numpy as np
from numpy.random import Generator
from numpy.typing import ArrayLike

from simulation.body.stage import Points, Pose, Stage, oval, smooth, trace


def small_bone(  # noqa: PLR0917 (where it starts and the sizes of one bone, always in this order)
    stage: Stage, start: ArrayLike, angle: float, length: float, mid: float, near: float, far: float
) -> Points:
    """A small long bone from ``start``, ``angle`` degrees clockwise from up; returns where the next one begins."""
    begin, way = np.asarray(start, float), toward(angle, 1)
    at = (near * 0.7, length * 0.2, length * 0.5, length * 0.8, length - far * 0.85)
    points = [begin + way * a for a in at]
    cortex = np.array([0.7, 1.0, 1.7, 1.0, 0.7]) * (0.5 + mid / 8)
    stage.long_bone(points, [near, mid * 1.18, mid, mid * 1.15, far * 0.9], cortex)
    return begin + way * (length + 1.6)


def toward(angle_deg: float, length: float) -> Points:
    """The step of ``length`` mm in a direction in degrees clockwise from up."""
    return length * np.array([np.sin(np.radians(angle_deg)), -np.cos(np.radians(angle_deg))])


def plated(stage: Stage, ends: ArrayLike, rng: Generator) -> None:
    """A plate on a shaft with its screws."""
    a, b = np.asarray(ends, float)
    stage.tube(stage.metal, [a, b], 4, depth=0.35)
    across = np.array([(b - a)[1], -(b - a)[0]]) / np.linalg.norm(b - a)
    for t in np.linspace(0.05, 0.95, int(rng.integers(4, 8))):
        head = a + t * (b - a)
        stage.tube(stage.metal, [head - across, head + across * rng.choice([14, 16, 18])], 1.5)


def column(stage: Stage, levels: range, step: float, wide: float, level: float) -> None:
    """A column of vertebrae with pedicles, spinous and transverse processes; ``step`` mm apart."""
    half = step * 0.41
    for k in levels:
        y, w = level + k * step, wide * (1 + 0.008 * k)
        body = trace("-1,-1 0,-0.93 1,-1 0.86,0 1,1 0,0.93 -1,1 -0.86,0") * [w, half]
        stage.flat_bone(smooth(body, count=5, at=(0, y)), 32, cortex=1.5, edge=8)
        for side in (-1, 1):
            ring = oval((side * w * 0.62, y - half * 0.25), (w * 0.16, half * 0.42))
            stage.flat_bone(ring, 20, cortex=1.2, edge=2)
            stage.long_bone(
                [(side * w * 0.8, y - half * 0.2), (side * w * 1.75, y - half * 0.35)], [4.5, 3], 1.2, depth=0.6
            )
            stage.long_bone([(side * w * 0.5, y + half * 0.4), (side * w * 0.55, y + half * 1.5)], [4.2, 4], 1.3)
        stage.flat_bone(oval((0, y + half * 0.7), (w * 0.14, half * 0.6)), 24, cortex=1.4, edge=2)


def random_pose(rng: Generator, tilt: float, shift: tuple[float, float] = (0.0, 0.0)) -> Pose:
    """Anatomy a little turned (``tilt`` degrees at most, mostly), larger or smaller, and either way round."""
    jitter = rng.normal(0, 6, 2)
    mirror = bool(rng.random() < 0.5)
    x = -shift[0] if mirror else shift[0]
    return Pose(rng.normal(0, tilt / 2), rng.uniform(0.88, 1.12), mirror, (x + jitter[0], shift[1] + jitter[1]))
