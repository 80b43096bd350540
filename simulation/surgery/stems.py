"""Stems: families by their outline along the shaft, cut to the canal of the femur that takes them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from simulation.geometry.mesh import Mesh, Vector, ball, cylinder, lofted, unit
from simulation.people.skeleton import FemurFrame
from simulation.surgery.canal import Canal
from simulation.surgery.choice import CEMENTED_STEMS, StemChoice

_AROUND = 40
_SHOULDER_MM = 12.0  # along the shaft, below the level of the head
_TOUCH = 0.97  # of the canal that metal may fill


@dataclass(frozen=True, slots=True)
class Outline:
    """Half widths (mm) at shares of the stem's length; what the canal allows is the limit."""

    medial: tuple[float, ...]
    lateral: tuple[float, ...]
    depth: tuple[float, ...]
    square: float  # 1 round, below one squarer
    ridges: int = 0  # flutes round the lower half


_SHARES = (0.0, 0.04, 0.10, 0.18, 0.27, 0.36, 0.46, 0.58, 0.70, 0.82, 0.92, 0.98, 1.0)


def row(numbers: str) -> tuple[float, ...]:
    """Half widths of an outline."""
    return tuple(float(number) for number in numbers.split())


_OUTLINES: Mapping[str, Outline] = {
    "wedge": Outline(
        row("4 9 14 18 19 16 12 9 7.4 6.2 5 3.6 1.2"),
        row("5 8 10 10.5 10 9.2 8.2 7.2 6.4 5.6 4.8 3.4 1.2"),
        row("3.5 4.5 5 5.4 5.6 5.6 5.4 5.2 5 4.6 4 3 1"),
        0.55,
    ),
    "fit_and_fill": Outline(
        row("4 10 15 19 21 18 13.5 10 8.4 7.8 7 5 1.2"),
        row("6 9 11.5 12.5 12 10.5 9.2 8.4 8 7.6 6.8 5 1.2"),
        row("5 7.5 9 10 10.4 9.6 8.8 8.2 7.8 7.4 6.6 4.8 1.2"),
        0.85,
    ),
    "rectangular": Outline(
        row("3 6 9 12 13 12 10.6 9.2 8 7 6 4.6 1.6"),
        row("6 9 11 11.4 11 10.4 9.6 8.6 7.6 6.8 5.8 4.4 1.6"),
        row("3.5 4.4 5 5.4 5.8 6 6 6 5.8 5.4 5 4 1.4"),
        0.35,
    ),
    "short": Outline(
        row("4 10 15 20 21 19 15.5 12 9.4 7 5 3.4 1"),
        row("4 6.5 8.5 9.4 9.6 9.2 8.4 7.4 6.2 5 3.8 2.8 1"),
        row("4 5.6 6.6 7.2 7.4 7.2 6.8 6.2 5.4 4.6 3.8 2.8 1"),
        0.7,
    ),
    "sleeved": Outline(
        row("4 11 16 18 17 10 8.5 8 7.6 7.4 7 6 2"),
        row("6 9 11.5 12 11 9 8.4 8 7.6 7.4 7 6 2"),
        row("6 9 11 12 11 9 8.4 8 7.6 7.4 7 6 2"),
        1.0,
        12,
    ),
    "fluted": Outline(
        row("4 9 12 12.5 12 11 10.2 9.6 8.8 7.8 6.8 5.4 1.6"),
        row("6 9 11.5 12 11.6 11 10.2 9.6 8.8 7.8 6.8 5.4 1.6"),
        row("6 8.5 11 11.6 11.4 11 10.2 9.6 8.8 7.8 6.8 5.4 1.6"),
        1.0,
        9,
    ),
    "cylindrical": Outline(
        row("4 10 14 15 12 9.6 8.6 8.2 8 8 7.8 7 2"),
        row("6 9 11 11.5 10.5 9 8.4 8.2 8 8 7.8 7 2"),
        row("6 8.5 10 10.4 9.6 8.8 8.4 8.2 8 8 7.8 7 2"),
        1.0,
    ),
    "polished": Outline(
        row("3 7 10 12 12 11 9.6 8.2 6.8 5.4 4.2 3.2 1.6"),
        row("5 8 9.4 9.4 9 8.2 7.4 6.6 5.6 4.8 4 3.2 1.6"),
        row("3.5 4.8 5.4 5.6 5.6 5.4 5 4.6 4.2 3.8 3.4 2.8 1.4"),
        0.8,
    ),
    "collared": Outline(
        row("4 9 13 15.5 14 11.5 9 7.6 6.6 5.8 5 3.8 1.4"),
        row("4.5 7 8.4 8.6 8.2 7.6 7 6.6 6 5.4 4.8 3.8 1.4"),
        row("4 5.6 6.4 6.8 6.8 6.4 6 5.6 5.2 4.8 4.4 3.6 1.4"),
        0.95,
    ),
}


@dataclass(frozen=True, slots=True)
class Stem:
    """Meshes in left-leg coordinates."""

    metal: tuple[Mesh, ...]  # shaft, neck, collar
    shaft: Mesh
    tip: Vector
    holes: tuple[Mesh, ...] = ()  # through the metal


def stem(
    choice: StemChoice, frame: FemurFrame, canal: Canal, head_centre: Vector, outline: Outline | None = None
) -> Stem:
    """A stem with its neck to ``head_centre``; ``outline`` is another than its family's."""
    outline = _OUTLINES[choice.family] if outline is None else outline
    along = _SHOULDER_MM + np.array(_SHARES) * choice.length_mm
    room = canal.at(along)
    limit = [side * choice.fit if choice.family in CEMENTED_STEMS else side * _TOUCH for side in room]
    limit[0][:4] = np.maximum(limit[0][:4], 30)  # above the cut there is no bone medially
    wanted = [np.array(side) * choice.size for side in (outline.medial, outline.lateral, outline.depth)]
    if choice.family not in CEMENTED_STEMS:  # what is pressed in fills the canal below
        wanted = [
            np.where(along > 60, np.maximum(w, r * choice.fit * _taper(along)), w)
            for w, r in zip(wanted, room, strict=True)
        ]
    medial, lateral, depth = (np.minimum(w, top) for w, top in zip(wanted, limit, strict=True))
    closing = np.array([1.0] * (len(_SHARES) - 2) + [0.75, 0.25])
    shaft = lofted(_sections(frame, outline, along, (medial * closing, lateral * closing, depth * closing)))
    base = frame.at(_SHOULDER_MM + 15, 11 + choice.offset_mm * 0.3)
    along_neck = unit(head_centre - base)
    metal = [shaft, cylinder(base - along_neck * 6, head_centre, 7.0 * choice.size, 5.2)]
    if choice.collar:
        seat = frame.at(34, 19)
        metal.append(cylinder(seat, seat + along_neck * 2.4, 10, 10))
    return Stem(tuple(metal), shaft, frame.at(float(along[-1])))


def _taper(along: np.ndarray) -> np.ndarray:
    """Pressed-in stems narrow a little towards the tip."""
    return 1 - 0.25 * np.clip((along - along[0]) / (along[-1] - along[0]), 0, 1)


def _sections(
    frame: FemurFrame, outline: Outline, along: np.ndarray, halves: tuple[np.ndarray, np.ndarray, np.ndarray]
) -> list[np.ndarray]:
    """Rings round the stem, (40, 3) each; ``halves`` are its medial, lateral and front-to-back half widths."""
    medial, lateral, depth = halves
    angle = np.arange(_AROUND) * 2 * np.pi / _AROUND
    x = np.sign(np.cos(angle)) * np.abs(np.cos(angle)) ** outline.square
    y = np.sign(np.sin(angle)) * np.abs(np.sin(angle)) ** outline.square
    middle = along[0] + 0.4 * (along[-1] - along[0])
    rings = []
    for k, station in enumerate(along):
        flutes = 1 + 0.07 * np.cos(outline.ridges * angle) if outline.ridges and station > middle else np.ones(_AROUND)
        across = (medial[k] - lateral[k]) / 2 + (medial[k] + lateral[k]) / 2 * x * flutes
        rings.append(
            frame.at(station) + np.outer(across, frame.medial) + np.outer(depth[k] * y * flutes, frame.posterior)
        )
    return rings


def plug(choice: StemChoice, tip: Vector, frame: FemurFrame, canal: Canal) -> list[tuple[str, Mesh, float]]:
    """What closes the canal below cement: material, mesh and weight."""
    along = float((tip - frame.origin) @ frame.axis) + 14
    width = float(min(side[0] for side in canal.at(np.array([along])))) * 0.95
    centre = frame.at(along)
    if choice.plug == "none":
        return []
    body = [("polyethylene", ball(width, centre, (1, 1, 0.9)), 1.0)]
    return [*body, ("steel", ball(1.5, centre), 1.0)] if choice.plug == "ball" else body
