"""Side letters laid onto films that are learnt from. A film has one or two; who reads letters needs thousands."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from simulation.look.contrasts import WHITE
from simulation.look.letters import SideLetter, Stamp, letter
from simulation.look.markers import Mark, faint, legible
from simulation.people.skeleton import SIDES
from simulation.truth import MarkerTruth
from training.films import LabelledFilm

_COUNT_SHARES = (0.3, 0.5, 0.2)  # of films that get none, one, two
_HEIGHTS_PX = (11.0, 60.0)  # of an R on the canvas: 9 to 20 mm, on a pelvis and on a hip seen closely
_DRAWN_SHARE = 0.5  # drawn into the image; the others let a part of what they lie on shine through
_EDGE_SHARE = 0.6  # near an edge
_ATTEMPTS = 6
_AROUND_PX = 8  # what a letter has to stand out from

Box = tuple[float, float, float, float]


def with_letters(film: LabelledFilm, rng: np.random.Generator) -> LabelledFilm:
    """The film with up to two more letters, which say either side; they cover no letter.

    Those that can be read, and those that may be read or not, are told by the rule that tells the film's own.
    """
    count = int(rng.choice(len(_COUNT_SHARES), p=_COUNT_SHARES))
    if not count:
        return film
    canvas, markers, faint_markers = film.canvas.copy(), list(film.truth.markers), list(film.truth.faint_markers)
    for _ in range(count):
        side = str(rng.choice(list(SIDES)))
        drawn = letter(rng, side, float(np.exp(rng.uniform(*np.log(_HEIGHTS_PX)))))
        corner = _free_corner(rng, drawn.stamp, canvas.shape, [marker.box for marker in markers + faint_markers])
        if corner is None:
            continue
        x, y = corner
        place = (slice(y, y + drawn.stamp.shape[0]), slice(x, x + drawn.stamp.shape[1]))
        before = canvas[place].copy()
        canvas[place] = _laid(before, drawn.stamp, rng)
        truth = MarkerTruth(side, _box(drawn.stamp, corner), drawn.face_down)
        seen = _seen(canvas, drawn, corner, truth)
        if legible(*seen):
            markers.append(truth)
        elif faint(*seen):
            faint_markers.append(truth)
        else:
            canvas[place] = before
    return LabelledFilm(canvas, replace(film.truth, markers=tuple(markers), faint_markers=tuple(faint_markers)))


def _free_corner(
    rng: np.random.Generator, stamp: Stamp, shape: tuple[int, ...], taken: list[Box]
) -> tuple[int, int] | None:
    """Where the stamp's upper left corner may lie: x, y."""
    room = np.array([shape[1] - stamp.shape[1], shape[0] - stamp.shape[0]])
    if (room <= 0).any():
        return None
    for _ in range(_ATTEMPTS):
        where = rng.beta(0.3, 0.3, 2) if rng.random() < _EDGE_SHARE else rng.random(2)
        x, y = (where * room).astype(int)
        x1, y1 = x + stamp.shape[1], y + stamp.shape[0]
        if all(x1 < box[0] or x > box[2] or y1 < box[1] or y > box[3] for box in taken):
            return int(x), int(y)
    return None


def _laid(below: NDArray[np.uint8], stamp: Stamp, rng: np.random.Generator) -> NDArray[np.uint8]:
    level = 255 * rng.uniform(0.6, 1)
    if rng.random() < _DRAWN_SHARE:
        return np.maximum(below, stamp * level).astype(np.uint8)
    cover = stamp * rng.uniform(0.1, 1)
    return np.maximum(below, below * (1 - cover) + level * cover).astype(np.uint8)


def _seen(
    canvas: NDArray[np.uint8], drawn: SideLetter, corner: tuple[int, int], truth: MarkerTruth
) -> tuple[NDArray[np.uint16], list[Mark]]:
    """The part of a film that a letter was laid on, (h, w) of 12 bits, and the letter's mark there."""
    (x, y), (height, width) = corner, drawn.stamp.shape
    top, left = (min(_AROUND_PX, edge) for edge in (y, x))
    part = canvas[y - top : y + height + _AROUND_PX, x - left : x + width + _AROUND_PX]
    layers = [np.zeros(part.shape, np.float32) for _ in range(2)]
    for layer, stamp in zip(layers, (drawn.stamp, drawn.strokes), strict=True):
        layer[top : top + height, left : left + width] = stamp
    mark = Mark(*layers, digital=True, truth=replace(truth, box=_box(drawn.stamp, (left, top))))
    return part.astype(np.uint16) * (WHITE // 255), [mark]


def _box(stamp: Stamp, corner: tuple[int, int]) -> Box:
    rows, columns = np.nonzero(stamp > 0.3)
    x, y = corner
    return float(x + columns.min()), float(y + rows.min()), float(x + columns.max()), float(y + rows.max())
