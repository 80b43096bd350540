"""The marrow canal of a femur, into which a stem must fit."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulation.geometry.mesh import Mesh
from simulation.people.skeleton import FemurFrame

_STATIONS_MM = np.arange(10.0, 330.0, 12.0)
_HALF_WINDOW_MM = 9.0


@dataclass(frozen=True, slots=True)
class Canal:
    """How far the inner cortex is from the shaft's axis, along the shaft (mm)."""

    along: NDArray[np.float64]  # (n,)
    medial: NDArray[np.float64]
    lateral: NDArray[np.float64]
    depth: NDArray[np.float64]  # half the extent from front to back

    @classmethod
    def measured(cls, frame: FemurFrame, inner: Mesh) -> "Canal":
        """The canal of a left femur from the inside of its cortex."""
        offset = inner.vertices - frame.origin
        along, across, deep = offset @ frame.axis, offset @ frame.medial, offset @ frame.posterior
        rows = []
        for station in _STATIONS_MM:
            near = np.abs(along - station) < _HALF_WINDOW_MM
            if near.sum() < 8:
                continue
            x, y = across[near], deep[near]
            rows.append(
                (station, np.percentile(x, 92), -np.percentile(x, 8), (np.percentile(y, 92) - np.percentile(y, 8)) / 2)
            )
        table = np.array(rows)
        narrow = np.maximum(table[:, 1:], 3.0)
        return cls(table[:, 0], narrow[:, 0], narrow[:, 1], narrow[:, 2])

    def at(self, along: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Medial, lateral and front-to-back reach at stations along the shaft."""
        medial, lateral, depth = (
            np.interp(along, self.along, side) for side in (self.medial, self.lateral, self.depth)
        )
        return medial, lateral, depth
