"""Side letters on the film: where they lie, whether they are right, and whether they can be read."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from simulation.beam.collimation import Box, ExposedField
from simulation.geometry.camera import Raster
from simulation.look.contrasts import WHITE, contrast
from simulation.look.letters import SideLetter, Stamp, letter, plain_letter
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
_LEAST_SHOWN = 0.5  # of a letter's box and of its strokes; of less nobody reads anything
_SHOWN_WHOLE = 0.8  # of its strokes, and a good reader reads it; by eye, on the 29 of 411 letters with the least
_HARDLY = 0.015  # of the display's range, by which strokes that are hardly seen stand out: four of 256 greys
_INK, _NO_INK = 0.5, 0.35  # of a mask's most, which may have a plate that the letter lies on
_LEAST_WINDOW_PX = 5


@dataclass(frozen=True, slots=True)
class Mark:
    """A letter on the film."""

    mask: Raster  # (H, W), 0 to 1: all that is drawn
    strokes: Raster  # (H, W), 0 to 1: the letter's own, without its frame, plate or note
    digital: bool  # drawn into the image; else lead in the beam
    truth: MarkerTruth


def legible(
    pixels: NDArray[np.uint16], marks: Sequence[Mark], picture: Picture | None = None
) -> tuple[MarkerTruth, ...]:
    """The marks that can be read on a film of 12 bits: all of it is there, and stands out against what lies beside it.

    Lead over the bright end of a lateral drowns, and so does what lies behind metal, in noise or under a cover.
    ``picture`` says how the plate of the marks became the film.
    """
    return tuple(letter.truth for letter in _on_film(pixels, marks, picture) if letter.is_legible)


def faint(pixels: NDArray[np.uint16], marks: Sequence[Mark], picture: Picture | None = None) -> tuple[MarkerTruth, ...]:
    """The other marks of which enough is left that one reader may read them where another does not."""
    letters = _on_film(pixels, marks, picture)
    return tuple(letter.truth for letter in letters if letter.is_faint)


@dataclass(frozen=True, slots=True)
class _Letter:
    """A mark of which at least half of the box is on the film, in the film's pixels."""

    truth: MarkerTruth
    whole: bool  # all of its box is in the field
    contrast: float  # of the display's range, between the dark and the bright twentieth of its box
    shown: float  # share of its own strokes that is on the film and stands out
    hardly_shown: float  # that, with what can hardly be seen

    @property
    def is_legible(self) -> bool:
        return self.whole and self.contrast >= LEGIBLE and self.shown >= _SHOWN_WHOLE

    @property
    def is_faint(self) -> bool:
        return not self.is_legible and self.contrast >= FAINT and self.hardly_shown >= _LEAST_SHOWN


def _on_film(pixels: NDArray[np.uint16], marks: Sequence[Mark], picture: Picture | None) -> Iterator[_Letter]:
    for mark in marks:
        truth, whole = mark.truth, True
        if picture is not None:
            x0, y0, x1, y1 = truth.box
            corners = picture.carry([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
            (left, top), (right, bottom) = corners.min(0), corners.max(0)
            box, whole = (float(left), float(top), float(right), float(bottom)), picture.field.contains(corners).all()
            if not whole:
                clipped = picture.field.clip(box)
                if clipped is None or clipped[1] < _LEAST_SHOWN:
                    continue
                box = clipped[0]
            truth = replace(truth, box=box, mirrored=truth.mirrored != picture.mirrored)
        steps = stroke_steps(pixels, mark, picture)
        shares = (float((steps >= least).mean()) for least in (FAINT, _HARDLY))
        yield _Letter(truth, bool(whole), contrast(pixels, truth.box) / WHITE, *shares)


def stroke_steps(pixels: NDArray[np.uint16], mark: Mark, picture: Picture | None = None) -> NDArray[np.float32]:
    """How much a letter's strokes stand out from what lies beside them on a film, (H, W) of 12 bits.

    Of every pixel of the strokes (n,), as shares of the display's range; NaN off the field. They are brighter than what
    is not drawn, or darker than the plate that they are cut from. Strokes and what lies beside them are averaged over
    half of the letter's lesser side, so that noise and the edge of a stem are no letter.
    """
    most = mark.strokes.max()
    rows, columns = np.nonzero(mark.strokes > _INK * most)
    wide = max(_LEAST_WINDOW_PX, (min(np.ptp(rows), np.ptp(columns)) // 4) * 2 + 1)
    y, x = (slice(max(int(at.min()) - wide, 0), int(at.max()) + wide + 1) for at in (rows, columns))
    strokes, drawn = mark.strokes[y, x] > _INK * most, mark.mask[y, x] / mark.mask.max()
    cut = _is_cut(mark.mask[y, x][strokes], mark.strokes[y, x][strokes])
    grid = np.stack(np.meshgrid(np.arange(drawn.shape[1]) + x.start, np.arange(drawn.shape[0]) + y.start), -1)
    at = (grid if picture is None else picture.carry(grid.reshape(-1, 2)).reshape(grid.shape)).astype(np.float32)
    there = np.ones(drawn.shape, bool) if picture is None else picture.field.contains(at.reshape(-1, 2))
    there = there.reshape(drawn.shape)
    greys = cv2.remap(pixels.astype(np.float32), at[..., 0], at[..., 1], cv2.INTER_LINEAR)
    beside = ~strokes & (drawn > _INK if cut else drawn < _NO_INK)
    step = _local_mean(greys, there & strokes, wide) - _local_mean(greys, there & beside, wide)
    return np.where(there, -step if cut else step, np.nan)[strokes] / WHITE


def _is_cut(drawn: NDArray[np.float32], strokes: NDArray[np.float32]) -> bool:
    """Whether strokes are what a plate leaves out, by how much is drawn where they are (n,)."""
    return bool(np.abs(drawn + strokes - 1).mean() < np.abs(drawn - strokes).mean())


def _local_mean(greys: Raster, chosen: NDArray[np.bool_], wide: int) -> Raster:
    """Of the chosen pixels of (H, W) in a window around each; NaN where there are none."""
    weight = chosen.astype(np.float32)
    total, count = (cv2.blur(part, (wide, wide), borderType=cv2.BORDER_CONSTANT) for part in (greys * weight, weight))
    return np.divide(total, count, out=np.full_like(total, np.nan), where=count > 0.5 / wide**2)


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
    drawn: SideLetter = (plain_letter if plain else letter)(rng, side, height_px)
    low, high = exposed.corners.min(0), exposed.corners.max(0)
    size = np.array(drawn.stamp.shape[::-1])
    anywhere = not plain and rng.random() < _ANYWHERE_SHARE
    for _attempt in range(12):
        inset = rng.uniform(0.02, 0.35 if anywhere else 0.10) * (high[0] - low[0])
        x = low[0] + inset if at_left else high[0] - inset - size[0]
        y = low[1] + rng.beta(0.3, 0.3) * max(high[1] - low[1] - size[1], 1)
        corner = np.round([x, y]).astype(int)
        outline = corner + np.array([[0, 0], [1, 0], [1, 1], [0, 1]]) * size
        if exposed.contains(outline).all() and (corner >= 0).all():
            mask, strokes = (_laid(layer, corner, shape) for layer in (drawn.stamp, drawn.strokes))
            truth = MarkerTruth(side, _bounds(mask), drawn.face_down)
            return Mark(mask, strokes, bool(rng.random() < _DIGITAL_SHARE), truth)
    return None


def _laid(stamp: Stamp, corner: NDArray[np.int64], shape: tuple[int, int]) -> Raster:
    mask = np.zeros(shape, np.float32)
    x, y = corner
    mask[y : y + stamp.shape[0], x : x + stamp.shape[1]] = stamp[: shape[0] - y, : shape[1] - x]
    return mask


def _bounds(mask: Raster) -> Box:
    rows, columns = np.nonzero(mask > 0.3)
    return float(columns.min()), float(rows.min()), float(columns.max()), float(rows.max())
