"""What a score must reach to be believed: chosen on the films that a model was validated on, so served with it."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Self

PREFIX = "threshold."  # of the parameters in the ensemble's config.pbtxt
HIGHEST = {
    "outlier_score": 1000.0,
    "inclination_uncertainty_deg": 180.0,
    "version_ap_pelvis_uncertainty_deg": 180.0,
    "version_ap_hip_uncertainty_deg": 180.0,
    "version_lateral_uncertainty_deg": 180.0,
}  # every other threshold is a score, at most 1; none is below 0


@dataclass(frozen=True, slots=True)
class Thresholds:
    """One value each; scores and confidences are from 0 to 1."""

    hip_score: float  # below it a box is background
    second_hip_score: float  # below it a box is background where the other side has a better one
    pelvis_hip_score: float  # the same on an AP pelvis; where no second hip reaches it, the film is an AP hip
    overruling_score: float  # from it on a hip seen by the detector overrules a classifier that rather sees none
    marker_score: float  # below it a lead marker is not read
    mirrored_score: float  # from it on a lead marker that is mirrored and contradicts the bones turns the film round
    cup_score: float  # below it a hip with an implant has no cup to measure
    landmark_confidence: float  # the least confident landmark of an accepted angle reaches it
    ischium_confidence: float  # below it an ischial tuberosity is off the film
    sure_side: float  # between the scores of the two sides: by less, the bones do not tell a rotated hip's side
    sure_view: float  # below it a person should look at the view
    sure_hip: float  # below it a person should look at the hip
    outlier_score: float  # above it a film is unlike those that the models learnt from; 1 is the 99th percentile
    inclination_uncertainty_deg: float  # an accepted angle is at most so uncertain
    version_ap_pelvis_uncertainty_deg: float
    version_ap_hip_uncertainty_deg: float
    version_lateral_uncertainty_deg: float

    @classmethod
    def parse(cls, parameters: Mapping[str, str]) -> Self:
        """Of ``threshold.<name>`` in ``parameters``; ValueError names one that is absent or out of its range."""
        return cls(**{field.name: _number(field.name, parameters) for field in fields(cls)})

    @property
    def widest_deg(self) -> tuple[float, float, float]:
        """In the order of CUP_ANGLES: the widest interval with which any view's angle is accepted."""
        version_ap = max(self.version_ap_pelvis_uncertainty_deg, self.version_ap_hip_uncertainty_deg)
        return self.inclination_uncertainty_deg, version_ap, self.version_lateral_uncertainty_deg


def _number(name: str, parameters: Mapping[str, str]) -> float:
    text, highest = parameters.get(PREFIX + name), HIGHEST.get(name, 1.0)
    if text is None:
        raise ValueError(f"it has no parameter {PREFIX}{name}")
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0.0 <= value <= highest:
        raise ValueError(f"{PREFIX}{name} is '{text}' and no number from 0 to {highest:g}")
    return value
