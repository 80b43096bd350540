"""Bone in the soft tissue round a hip, by Brooker's grades (Brooker, J Bone Joint Surg Am 1973; 55: 1629-1632)."""

import numpy as np

from simulation.geometry.mesh import ball
from simulation.people.disease import Lump
from simulation.people.skeleton import SIDES

_ISLANDS = (0, 3, 8, 16, 26)  # by grade: islands, spurs with a gap of a centimetre or more, with less, a bridge


def heterotopic_lumps(number: int, side: str, grade: int) -> tuple[Lump, ...]:
    """Islands between the socket's edge and the greater trochanter, more and closer with the grade."""
    rng = np.random.default_rng([number, 9, list(SIDES).index(side)])
    sign = SIDES[side]
    start, end = np.array([sign * 22.0, 0, 24.0]), np.array([sign * 48.0, 4.0, -8.0])
    grown = []
    for index in range(_ISLANDS[grade]):
        along = rng.uniform(0, 1) if grade >= 3 else rng.choice([rng.uniform(0, 0.3), rng.uniform(0.65, 1)])
        spot = start + (end - start) * along + rng.normal(0, [5, 8, 5])
        size = rng.uniform(1.5, 3.5 + 0.9 * grade)
        shell = 0.10 if index % 3 else 0.2
        grown.append(Lump(ball(size, spot, rng.uniform(0.6, 1.7, 3)), shell, rng.uniform(0.3, 0.8), on_femur=False))
    return tuple(grown)
