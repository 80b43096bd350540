"""Where a hip is operated on."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from simulation.geometry.mesh import Matrix, Mesh, Vector
from simulation.people.person import Person
from simulation.people.skeleton import SIDES, FemurFrame


@dataclass(frozen=True, slots=True)
class Site:
    """Where a hip lies: pelvic parts mirror with the side, femoral parts follow the leg."""

    person: Person
    side: str
    leg: Matrix

    @property
    def frame(self) -> FemurFrame:
        """The femur's axes."""
        return self.person.femurs[self.side]

    @property
    def centre(self) -> Vector:
        """The native hip centre in the patient frame."""
        return self.person.hip_centres[self.side]

    @property
    def mirror(self) -> Matrix:
        """Left-sided coordinates to this side's."""
        return np.diag([SIDES[self.side], 1.0, 1.0])

    def pelvic(self, point: Vector) -> Vector:
        """A left-sided point about the hip centre, in the patient frame."""
        return self.mirror @ point + self.centre

    def femoral(self, shift: Vector) -> Callable[[Mesh], Mesh]:
        """What moves a part on the femur, in left-leg coordinates, into the patient frame."""
        return lambda mesh: mesh.moved(self.leg, self.centre + shift)
