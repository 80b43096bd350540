"""Where a cup points: Murray's three pairs of angles (Murray, J Bone Joint Surg Br 1993; 75: 228-232)."""

import math
from dataclasses import dataclass
from typing import Self

from simulation.geometry.mesh import Vector, unit


@dataclass(frozen=True, slots=True)
class CupAngles:
    """Inclination and anteversion of a cup's axis against the pelvis, in degrees, + anteverted."""

    radiographic_inclination_deg: float  # long axis of the body to the axis's projection on the coronal plane
    radiographic_anteversion_deg: float  # axis to the coronal plane
    anatomic_inclination_deg: float  # axis to the long axis of the body
    anatomic_anteversion_deg: float  # transverse axis to the axis's projection on the transverse plane
    operative_inclination_deg: float  # axis to the sagittal plane
    operative_anteversion_deg: float  # long axis to the axis's projection on the sagittal plane

    @classmethod
    def of_axis(cls, axis: Vector) -> Self:
        """The angles of an axis that points out of the cup, in the patient frame (x left, y posterior, z superior)."""
        x, y, z = unit(axis)
        lateral, anterior, down = abs(float(x)), -float(y), -float(z)

        def degrees(rise: float, run: float) -> float:
            return round(math.degrees(math.atan2(rise, run)), 4)

        return cls(
            radiographic_inclination_deg=degrees(lateral, down),
            radiographic_anteversion_deg=degrees(anterior, math.hypot(lateral, down)),
            anatomic_inclination_deg=degrees(math.hypot(lateral, anterior), down),
            anatomic_anteversion_deg=degrees(anterior, lateral),
            operative_inclination_deg=degrees(lateral, math.hypot(anterior, down)),
            operative_anteversion_deg=degrees(anterior, down),
        )
