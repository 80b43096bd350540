"""What happens only to films of the "shifted" mixture, after they were copied as films of training are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from simulation.geometry.camera import Raster
from simulation.look.markers import Mark
from simulation.look.pasted import paste
from simulation.look.unseen import framed
from simulation.spec import FilmSpec
from simulation.views.picture import Picture

Points = NDArray[np.float64]  # (n, 2)
_SQUARE_MM = (125.0, 190.0)  # side of a square round one hip, at the detector
_SQUARE_PX = (224, 256, 299, 320, 384, 512)  # what collections of squares are stored at
_SQUEEZE = (1.15, 1.5)  # of one axis against the other
_JPEG_PX = (350, 500)  # long edge
_JPEG_QUALITY = (10, 40)
_LETTER_MARGIN_PX = 2.0


@dataclass(frozen=True, slots=True)
class Subject:
    """What a film is about, in pixels of the plate."""

    centre: Points  # (1, 2) the hip it is aimed at, or the middle
    landmarks: Points  # (n, 2) what a reader measures by
    marks: Sequence[Mark] = ()


_Step = Callable[[np.random.Generator, Raster, Picture, Subject], tuple[Raster, Picture]]


def shifted(spec: FilmSpec, shown: Raster, picture: Picture, subject: Subject) -> tuple[Raster, Picture]:
    """A film, (H, W) from 0 to 1, after the shifts of its specification, and where everything now falls on it."""
    rng = spec.stream("shift")
    for name, step in _STEPS.items():
        if name in spec.shifts:
            shown, picture = step(rng, shown, picture, subject)
    return shown, picture


def names(spec: FilmSpec) -> tuple[str, ...]:
    """What the truth says of a film's shifts."""
    return tuple(f"shift:{name}" for name in spec.shifts)


def square_crop(rng: np.random.Generator, shown: Raster, picture: Picture, subject: Subject) -> tuple[Raster, Picture]:
    """A tight square round one hip, or round the middle of a film without one, stored at a size that networks take."""
    size = np.array([picture.width, picture.height])
    side = int(min(rng.uniform(*_SQUARE_MM) / picture.spacing_mm, *size))
    hip = picture.carry(subject.centre)
    about = hip[0] if picture.field.contains(hip).all() else picture.field.corners.mean(0)
    middle = about + rng.normal(0, 0.06, 2) * side
    x0, y0 = np.clip(np.round(middle - side / 2), 0, size - side).astype(int)
    shift = np.array([[1.0, 0, -x0], [0, 1, -y0], [0, 0, 1]])
    cut = np.ascontiguousarray(shown[y0 : y0 + side, x0 : x0 + side])
    stored = int(rng.choice(_SQUARE_PX))
    return resized(cut, picture.moved(shift, side, side), (stored, stored))


def squeezed(rng: np.random.Generator, shown: Raster, picture: Picture, _subject: Subject) -> tuple[Raster, Picture]:
    """Resized without keeping the aspect: made square, or pulled along one axis."""
    width, height = picture.width, picture.height
    aspect = width / height
    pull = rng.uniform(*_SQUEEZE) ** rng.choice([-1, 1])
    if rng.random() < 0.5 and not 1 / _SQUEEZE[0] < aspect < _SQUEEZE[0]:
        pull = 1 / aspect
    wide, high = width * pull, float(height)
    shrunk = max(width, height) / max(wide, high)
    return resized(shown, picture, (max(1, round(wide * shrunk)), max(1, round(high * shrunk))))


def jpeg(rng: np.random.Generator, shown: Raster, picture: Picture, _subject: Subject) -> tuple[Raster, Picture]:
    """Small, eight bits, compressed until it shows: a figure of a paper, a picture in a message."""
    wanted = int(rng.integers(_JPEG_PX[0], _JPEG_PX[1] + 1))
    scale = min(1.0, wanted / max(picture.width, picture.height))
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    small, moved = resized(shown, picture, size)
    quality = int(rng.integers(_JPEG_QUALITY[0], _JPEG_QUALITY[1] + 1))
    stored = np.round(np.clip(small, 0, 1) * 255).astype(np.uint8)
    _, code = cv2.imencode(".jpg", stored, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imdecode(code, cv2.IMREAD_GRAYSCALE).astype(np.float32) / np.float32(255), moved


def resized(shown: Raster, picture: Picture, size: tuple[int, int]) -> tuple[Raster, Picture]:
    """A film at another (width, height), its aspect kept or not; pixels' centres move as their edges do."""
    x, y = size[0] / picture.width, size[1] / picture.height
    matrix = np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2], [0, 0, 1]])
    way = cv2.INTER_AREA if min(x, y) < 1 else cv2.INTER_CUBIC
    return np.clip(cv2.resize(shown, size, interpolation=way), 0, 1), picture.moved(matrix, *size)


def _pasted(rng: np.random.Generator, shown: Raster, picture: Picture, subject: Subject) -> tuple[Raster, Picture]:
    """Things pasted on the film, which leave its letters and most of its landmarks to be seen."""
    letters = []
    for mark in subject.marks:
        x0, y0, x1, y1 = mark.truth.box
        corners = picture.carry([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
        letters.append((corners.min(0) - _LETTER_MARGIN_PX, corners.max(0) + _LETTER_MARGIN_PX))
    points = picture.carry(np.vstack([subject.centre, subject.landmarks]))
    points = points[picture.field.contains(points)]
    near = points if len(points) else picture.field.corners.mean(0)[None]
    return paste(rng, shown, near, letters, picture.spacing_mm), picture


def _framed(rng: np.random.Generator, shown: Raster, picture: Picture, _subject: Subject) -> tuple[Raster, Picture]:
    return framed(rng, shown, picture)


# In the order in which they happen; bones and implants are before the beam, the tone of a look before the copies.
_STEPS: Mapping[str, _Step] = {
    "look": _framed,
    "square_crop": square_crop,
    "pasted": _pasted,
    "squeezed": squeezed,
    "jpeg": jpeg,
}
