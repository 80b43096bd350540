"""What is known exactly about a simulated film, in the film's own pixels (centres at integers, x right, y down)."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]
PARTLY_SHOWN = (0.35, 0.65)  # visible shares of a hip between which it may be told or left out
LEAST_EDGE = 0.01  # a step of two or three of 256 greys; by eye, on the 24 faintest of 580 rims
DROWNED = 0.06  # of the display's range: a hip of less contrast may be told or left out; by eye, on the 30 faintest


@dataclass(frozen=True, slots=True)
class CupTruth:
    """The cup's rim as a careful reader would draw it on this film, and where the cup really points."""

    centre: Point  # of the rim ellipse
    major_upper: Point  # ends of the long axis, the smaller y first
    major_lower: Point
    minor_opening: Point  # ends of the short axis: towards the opening first
    minor_dome: Point
    dome: Point  # projected pole of the shell
    visible: bool  # all of the rim inside the exposed field
    inclination_deg: float | None  # long axis against the trans-ischial line; AP pelvis with both ischia exposed
    version_ap_deg: float | None  # asin(minor / major); AP pelvis, AP hip
    version_lateral_deg: float | None  # long axis against image vertical, + anterior; cross-table lateral
    radiographic_inclination_deg: float  # Murray 1993, in 3-D, to the pelvis; so the next five
    radiographic_anteversion_deg: float
    anatomic_inclination_deg: float
    anatomic_anteversion_deg: float
    operative_inclination_deg: float
    operative_anteversion_deg: float
    edge: float = 1.0  # the smaller step of grey at the ends of the long axis, of 256 greys; 1 where none was taken

    @property
    def measurable(self) -> bool:
        """Whether a careful reader could draw the rim: all of it is there, and the ends of its long axis stand out."""
        return self.visible and self.edge >= LEAST_EDGE


@dataclass(frozen=True, slots=True)
class HipTruth:
    """One hip that the film shows."""

    side: str  # left, right: the patient's
    box: tuple[float, float, float, float]  # proximal femur and socket, clipped to the exposed field
    visible_fraction: float  # of the unclipped box
    implant: str  # none, tha, hemi, resurfacing, fixation
    cup: CupTruth | None
    condition: str = "normal"  # a key of people.disease.CONDITIONS
    parts: tuple[str, ...] = ()  # of the implant, for example "cup:cemented", "stem:tapered", "head:ceramic"
    loosening: float = 0.0  # 0 to 1
    heterotopic: int = 0  # Brooker grade
    contrast: float = 1.0  # of the display's range, between the dark and the bright twentieth of its box

    @property
    def doubtful(self) -> bool:
        """Whether one reader may tell it and another leave it out: cut near its half, or drowned in white or black."""
        return self.visible_fraction < PARTLY_SHOWN[1] or self.contrast < DROWNED


@dataclass(frozen=True, slots=True)
class MarkerTruth:
    """A lead marker as it reads on the film."""

    side: str  # left, right: what the letter says, be it wrong
    box: tuple[float, float, float, float]
    mirrored: bool = False  # the letter lies face down, or the film was stored mirrored


@dataclass(frozen=True, slots=True)
class FilmTruth:
    """Everything known about one film."""

    seed: int
    person: int  # films of one person share it; splits go by it
    view: str  # as a reader would call it; an AP pelvis cropped to one hip is an AP hip
    side: str  # left, right, both; unknown where the film itself cannot tell (an unmarked lateral, or mirrored)
    hips: tuple[HipTruth, ...]  # at least half of each, and its centre, is in the exposed field
    markers: tuple[MarkerTruth, ...]
    ischium_right: Point | None  # touched by the trans-ischial line; None where it is not exposed or no landmark
    ischium_left: Point | None
    spacing_mm: float  # at the detector
    width: int
    height: int
    teardrop_right: Point | None = None  # lowest point of the acetabular teardrop; AP pelvis and AP hip
    teardrop_left: Point | None = None
    pelvic_tilt_deg: float = 0.0  # of the anterior pelvic frame against the table, + anterior tilt
    pelvic_rotation_deg: float = 0.0  # about the long axis, + towards the patient's left
    pelvic_obliquity_deg: float = 0.0  # in the coronal plane, + left hip higher
    pelvis_turn_deg: float | None = None  # under the central ray, + right side up; None on cross-table laterals, others
    turned_deg: int = 0  # clockwise, by which the film is stored turned
    mirrored: bool = False  # stored from its other face
    fat_mm: float = 0.0  # over the trunk
    signal_to_noise: float = 0.0  # of the plate in tissue of typical thickness
    shows: tuple[str, ...] = ()  # what else is on it, for example "staples", "photographed", "gonad_shield"
    cut_hips: tuple[HipTruth, ...] = ()  # just beyond that line: no reader is wrong who tells them or leaves them out
    faint_markers: tuple[MarkerTruth, ...] = ()  # on the film, but too faint, cut or hidden for every reader to read

    def to_json(self) -> str:
        """One line of JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def from_json(cls, line: str) -> Self:
        """The inverse of ``to_json``; tuples come back as tuples."""
        raw: dict[str, Any] = json.loads(line)
        for name in ("hips", "cut_hips"):
            raw[name] = tuple(_hip(hip) for hip in raw.get(name, ()))
        for name in ("markers", "faint_markers"):
            raw[name] = tuple(MarkerTruth(**{**mark, "box": tuple(mark["box"])}) for mark in raw.get(name, ()))
        for name in ("ischium_right", "ischium_left", "teardrop_right", "teardrop_left"):
            raw[name] = None if raw.get(name) is None else tuple(raw[name])
        raw["shows"] = tuple(raw.get("shows", ()))
        return cls(**raw)


@dataclass(frozen=True, slots=True)
class Film:
    """A simulated film as a detector would hand it over, with its truth."""

    pixels: NDArray[np.uint16]  # (H, W), 12-bit display values, 0 black, bone bright
    truth: FilmTruth


def _hip(raw: dict[str, Any]) -> HipTruth:
    cup = raw["cup"]
    if cup is not None:
        points = {k: tuple(v) if isinstance(v, list) else v for k, v in cup.items()}
        raw = {**raw, "cup": CupTruth(**points)}
    return HipTruth(**{**raw, "box": tuple(raw["box"]), "parts": tuple(raw.get("parts", ()))})
