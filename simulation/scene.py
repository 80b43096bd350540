"""A posed person before a camera."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from simulation.geometry.camera import Camera
from simulation.geometry.mesh import Mesh, Vector
from simulation.people.person import Person
from simulation.spec import HipState
from simulation.surgery.choice import Implant
from simulation.views.positioning import Pose


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

    def on_table(self, point: Vector) -> Vector:
        """A point of the patient frame in the table frame."""
        return self.pose.pelvis @ point

    def bone_on_table(self, side: str, mesh: Mesh) -> Mesh:
        """A leg bone's surface in the table frame."""
        return mesh.moved(self.pose.pelvis @ self.pose.legs[side], self.on_table(self.hip(side)))
