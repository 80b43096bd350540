"""A posed person before a camera."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from simulation.geometry.camera import Camera
from simulation.geometry.mesh import Matrix, Mesh, Vector
from simulation.people.disease import Fracture
from simulation.people.person import Person
from simulation.spec import HipState
from simulation.surgery.choice import Implant


@dataclass(frozen=True, slots=True)
class Pose:
    """Turns of the pelvis and of each leg."""

    pelvis: Matrix  # patient -> table
    legs: Mapping[str, Matrix]  # left-leg coordinates -> patient
    both_legs: bool  # both legs are posed for the view (frog leg)


@dataclass(frozen=True, slots=True)
class Scene:
    """A posed person before a camera."""

    person: Person
    pose: Pose
    camera: Camera
    side: str
    implants: Mapping[str, Implant]
    pelvis: bool = True  # the trunk is drawn; else one leg alone
    hips: Mapping[str, HipState] = field(default_factory=dict)  # a side left out is native

    def state(self, side: str) -> HipState:
        """What has happened to this hip."""
        return self.hips.get(side, HipState())

    def hip(self, side: str) -> Vector:
        """Where the femoral head sits, in the patient frame."""
        centre = self.person.hip_centres[side]
        return centre + self.implants[side].femur_shift if side in self.implants else centre

    def fracture(self, side: str) -> Fracture | None:
        """How this femur is broken; a stem's is not, the break went with the head."""
        installed = self.implants.get(side)
        return self.person.fracture(side) if installed is None or installed.resection is None else None

    def on_table(self, point: Vector) -> Vector:
        """A point of the patient frame in the table frame."""
        return self.pose.pelvis @ point

    def femur_on_table(self, side: str) -> Mesh:
        """The femur's surface in the table frame, its fragments where they are."""
        mesh, broken = self.person.legs[side]["femur"].outer, self.fracture(side)
        if broken is not None:
            mesh = Mesh(broken.applied(mesh.vertices), mesh.faces)
        return mesh.moved(self.pose.pelvis @ self.pose.legs[side], self.on_table(self.hip(side)))
