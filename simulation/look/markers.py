"""Side letters on the film: where they lie, whether they are right, and whether they can be read."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from simulation.beam.collimation import Box, ExposedField
from simulation.geometry.camera import Raster
from simulation.look.contrasts import WHITE, contrast
from simulation.look.letters import Stamp, letter, plain_letter
from simulation.people.skeleton import SIDES
from simulation.scene import Scene
from simulation.spec import HIP_VIEWS, FilmSpec
from simulation.truth import MarkerTruth
from simulation.views.picture import Picture
from simulation.views.positioning import Aim, other

_MARKED_SHARE = 0.9  # of films
_WRONG_SHARE = 0.012  # of marked films: the other side's letter
_ANYWHERE_SHARE = 0.12  # of marks: away from the edges
_DIGITAL_SHARE = 0.3  # of marks: drawn into the image
LEGIBLE = 0.16  # of the display's range within the letter's box; chosen by eye on eight films, no reader was asked
FAINT = 0.04  # so much of that range, and half of the letter, and a good reader may still read it
_LEAST_SHOWN = 0.5  # of a letter's box


@dataclass(frozen=True, slots=True)
class Mark:
    """A letter on the film."""

    mask: Raster  # (H, W), 0 to 1
    digital: bool  # drawn into the image; else lead in the beam
    truth: MarkerTruth


def legible(
    pixels: NDArray[np.uint16], marks: Sequence[Mark], picture: Picture | None = None
) -> tuple[MarkerTruth, ...]:
    """The marks that can be read on a film of 12 bits; lead over the bright end of a lateral drowns.

    ``picture`` says how the plate of the marks became the film.
    """
    return tuple(truth for truth, whole in _on_film(marks, picture) if whole and _range(pixels, truth) >= LEGIBLE)


def faint(pixels: NDArray[np.uint16], marks: Sequence[Mark], picture: Picture) -> tuple[MarkerTruth, ...]:
    """The other marks of which enough is left that one reader may read them where another does not."""
    return tuple(
        truth
        for truth, whole in _on_film(marks, picture)
        if FAINT <= _range(pixels, truth) < (LEGIBLE if whole else math.inf)
    )


def _range(pixels: NDArray[np.uint16], truth: MarkerTruth) -> float:
    return contrast(pixels, truth.box) / WHITE


def _on_film(marks: Sequence[Mark], picture: Picture | None) -> Iterator[tuple[MarkerTruth, bool]]:
    """Each mark of which at least half is in the film's field, in its pixels, and whether all of it is."""
    for mark in marks:
        if picture is None:
            yield mark.truth, True
            continue
        x0, y0, x1, y1 = mark.truth.box
        corners = picture.carry([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
        (left, top), (right, bottom) = corners.min(0), corners.max(0)
        box, whole = (float(left), float(top), float(right), float(bottom)), bool(picture.field.contains(corners).all())
        if not whole:
            clipped = picture.field.clip(box)
            if clipped is None or clipped[1] < _LEAST_SHOWN:
                continue
            box = clipped[0]
        yield replace(mark.truth, box=box, mirrored=mark.truth.mirrored != picture.mirrored), whole


def side_marks(spec: FilmSpec, scene: Scene, exposed: ExposedField, aimed: Aim) -> tuple[Mark, ...]:
    """The letters of a film: beside the hip they name, on films of both sides near its edge; a few are wrong."""
    rng = spec.stream("markers")
    if not (spec.marker or (spec.marker is None and rng.random() <= _MARKED_SHARE)):
        return ()
    plain = bool(spec.marker) or "markers" in spec.without
    free = spec.view not in HIP_VIEWS or spec.view == "cross_table_lateral"
    sides = [spec.side]
    if aimed.bilateral:
        sides = [str(rng.choice(list(SIDES)))] if rng.random() < 0.85 else list(SIDES)
    marks = []
    for side in sides:
        at_left = bool(rng.random() < 0.5) if free and not aimed.bilateral else side == "right"
        said = other(side) if not plain and rng.random() < _WRONG_SHARE else side
        mark = side_mark(rng, scene.camera.shape, exposed, scene.camera.spacing_mm, said, at_left=at_left, plain=plain)
        if mark is not None:
            marks.append(mark)
    return tuple(marks)


def side_mark(
    rng: np.random.Generator,
    shape: tuple[int, int],
    exposed: ExposedField,
    spacing_mm: float,
    side: str,
    *,
    at_left: bool,
    plain: bool = False,
) -> Mark | None:
    """A letter for the side near one edge of the exposed field; None where no place was found."""
    height_px = rng.uniform(9, 20) / spacing_mm
    stamp, face_down = (plain_letter(rng, side, height_px), False) if plain else letter(rng, side, height_px)
    low, high = exposed.corners.min(0), exposed.corners.max(0)
    size = np.array(stamp.shape[::-1])
    anywhere = not plain and rng.random() < _ANYWHERE_SHARE
    for _attempt in range(12):
        inset = rng.uniform(0.02, 0.35 if anywhere else 0.10) * (high[0] - low[0])
        x = low[0] + inset if at_left else high[0] - inset - size[0]
        y = low[1] + rng.beta(0.3, 0.3) * max(high[1] - low[1] - size[1], 1)
        corner = np.round([x, y]).astype(int)
        outline = corner + np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * size
        if exposed.contains(outline).all() and (corner >= 0).all():
            mask = _laid(stamp, corner, shape)
            return Mark(mask, bool(rng.random() < _DIGITAL_SHARE), MarkerTruth(side, _bounds(mask), face_down))
    return None


def _laid(stamp: Stamp, corner: NDArray[np.int64], shape: tuple[int, int]) -> Raster:
    mask = np.zeros(shape, np.float32)
    x, y = corner
    mask[y : y + stamp.shape[0], x : x + stamp.shape[1]] = stamp[: shape[0] - y, : shape[1] - x]
    return mask


def _bounds(mask: Raster) -> Box:
    rows, columns = np.nonzero(mask > 0.3)
    return float(columns.min()), float(rows.min()), float(columns.max()), float(rows.max())
