"""What happens to a developed plate before it is stored: crops, turns, mirrored copies, scans and photographs of it."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from simulation.geometry.camera import Raster
from simulation.look.copies import compressed, digitised, photographed, posterised, resampled
from simulation.spec import FilmSpec
from simulation.views.picture import Picture

Points = NDArray[np.float64]  # (n, 2) film pixels
Step = Callable[[np.random.Generator, Raster, Picture, Points], tuple[Raster, Picture]]
_LEAST_PX = 64  # of a crop


def reproduced(
    spec: FilmSpec, shown: Raster, picture: Picture, keep: Points | None = None
) -> tuple[Raster, Picture, tuple[str, ...]]:
    """The film that is stored, where everything now falls on it, and the names of what was done.

    Args:
        spec: its seed decides; nothing is done without "reproduction".
        shown: (H, W) from 0 to 1.
        picture: where things fall on ``shown``.
        keep: plate pixels, (n, 2), that no crop may lose; by default the middle of the field.
    """
    if "reproduction" in spec.without:
        return shown, picture, ()
    rng = spec.stream("reproduction")
    wanted = picture.field.corners.mean(0)[None] if keep is None else picture.carry(keep)
    inside = picture.field.contains(wanted)
    plate = wanted[inside] if inside.any() else picture.field.corners.mean(0)[None]
    done = []
    first = picture
    for step in _drawn(rng):
        here = _between(first, picture, plate)
        shown, picture = step(rng, shown, picture, here)
        done.append(step.__name__.strip("_"))
    return shown, picture, tuple(done)


def planned(spec: FilmSpec) -> tuple[str, ...]:
    """The names of what ``reproduced`` will do to a film."""
    if "reproduction" in spec.without:
        return ()
    return tuple(step.__name__.strip("_") for step in _drawn(spec.stream("reproduction")))


def _drawn(rng: np.random.Generator) -> list[Step]:
    chances = rng.random(len(STEPS))
    return [step for (share, step), chance in zip(STEPS, chances, strict=True) if chance < share]


def _between(first: Picture, now: Picture, points: Points) -> Points:
    """Points of one stage of a picture in the pixels of a later one."""
    back = np.linalg.inv(first.homography)
    return now.carry(cv2.perspectiveTransform(points.reshape(-1, 1, 2), back).reshape(-1, 2))


def _crop(rng: np.random.Generator, shown: Raster, picture: Picture, keep: Points) -> tuple[Raster, Picture]:
    """Somebody cut out what mattered, often a square."""
    size = np.array([picture.width, picture.height], float)
    if rng.random() < 0.4:  # a margin off every edge
        low, high = rng.uniform(0, 0.12, 2) * size, size - rng.uniform(0, 0.12, 2) * size
    else:
        side = rng.uniform(0.55, 0.95) * size.min()
        centre = keep[rng.integers(len(keep))] + rng.normal(0, 0.06, 2) * side
        low, high = centre - side / 2, centre + side / 2
    low = np.minimum(low, keep.min(0) - 0.1 * size.min())
    high = np.maximum(high, keep.max(0) + 0.1 * size.min())
    x0, y0 = np.clip(low, 0, np.maximum(size - _LEAST_PX, 0)).astype(int)
    x1, y1 = np.clip(high, [x0 + _LEAST_PX, y0 + _LEAST_PX], size).astype(int)
    shift = np.array([[1.0, 0, -x0], [0, 1, -y0], [0, 0, 1]])
    return np.ascontiguousarray(shown[y0:y1, x0:x1]), picture.moved(shift, int(x1 - x0), int(y1 - y0))


def _mirrored(_rng: np.random.Generator, shown: Raster, picture: Picture, _keep: Points) -> tuple[Raster, Picture]:
    """Stored from its other face."""
    flip = np.array([[-1.0, 0, picture.width - 1], [0, 1, 0], [0, 0, 1]])
    moved = picture.moved(flip, picture.width, picture.height)
    return np.ascontiguousarray(shown[:, ::-1]), replace(moved, mirrored=not picture.mirrored)


def _turned(rng: np.random.Generator, shown: Raster, picture: Picture, _keep: Points) -> tuple[Raster, Picture]:
    """Stored on its side or on its head."""
    quarters = int(rng.choice([1, 2, 3], p=[0.4, 0.2, 0.4]))
    for _ in range(quarters):
        turn = np.array([[0, -1.0, picture.height - 1], [1, 0, 0], [0, 0, 1]])
        shown = np.rot90(shown, -1)
        moved = picture.moved(turn, picture.height, picture.width)
        picture = replace(moved, turned_deg=(picture.turned_deg + 90) % 360)
    return np.ascontiguousarray(shown), picture


def _askew(rng: np.random.Generator, shown: Raster, picture: Picture, _keep: Points) -> tuple[Raster, Picture]:
    """Straightened by somebody, with empty corners."""
    middle = ((picture.width - 1) / 2, (picture.height - 1) / 2)
    turn = np.vstack([cv2.getRotationMatrix2D(middle, rng.uniform(-8, 8), rng.uniform(0.9, 1.05)), [0, 0, 1]])
    return _warped(shown, picture, turn, (picture.width, picture.height), float(rng.choice([0, 0, 1, 0.5])))


def _padded(rng: np.random.Generator, shown: Raster, picture: Picture, _keep: Points) -> tuple[Raster, Picture]:
    """Made square, or given a margin, by an export."""
    side = max(picture.width, picture.height)
    width, height = (side, side) if rng.random() < 0.6 else (int(v * rng.uniform(1.02, 1.2)) for v in shown.shape[::-1])
    left, top = (width - picture.width) // 2, (height - picture.height) // 2
    shift = np.array([[1.0, 0, left], [0, 1, top], [0, 0, 1]])
    grey = float(rng.choice([0, 1, rng.random()], p=[0.7, 0.2, 0.1]))
    return _warped(shown, picture, shift, (width, height), grey)


def _captured(rng: np.random.Generator, shown: Raster, picture: Picture, _keep: Points) -> tuple[Raster, Picture]:
    """A screen shot with the viewer's window around the film."""
    bar, panel = int(picture.height * rng.uniform(0.03, 0.08)), int(picture.width * rng.uniform(0, 0.2))
    left = panel if rng.random() < 0.5 else 0
    shift = np.array([[1.0, 0, left], [0, 1, bar], [0, 0, 1]])
    out, moved = _warped(shown, picture, shift, (picture.width + panel, picture.height + bar), rng.uniform(0.1, 0.9))
    ink = float(rng.choice([0.0, 1.0]))
    for _ in range(rng.integers(4, 14)):
        x, y = int(rng.integers(0, out.shape[1])), int(rng.integers(0, max(bar, 2)))
        cv2.rectangle(out, (x, y), (x + bar, y + max(bar // 2, 2)), rng.uniform(0.1, 0.9), int(rng.choice([-1, 1])))
    cv2.putText(out, "Viewer 1/1", (4, max(bar - 4, 8)), cv2.FONT_HERSHEY_SIMPLEX, bar / 40, ink, 1, cv2.LINE_AA)
    return out, moved


def _digitised(rng: np.random.Generator, shown: Raster, picture: Picture, _keep: Points) -> tuple[Raster, Picture]:
    """A film on a scanner."""
    margin = rng.uniform(0, 0.05) * max(picture.width, picture.height) if rng.random() < 0.6 else 0.0
    middle = ((picture.width - 1) / 2, (picture.height - 1) / 2)
    turn = np.vstack([cv2.getRotationMatrix2D(middle, rng.normal(0, 0.8), 1.0), [0, 0, 1]])
    turn[:2, 2] += margin
    width, height = (round(v + 2 * margin) for v in (picture.width, picture.height))
    out, moved = _warped(shown, picture, turn, (width, height), float(rng.choice([0.0, 1.0])))
    return digitised(rng, out), moved


def _photographed(rng: np.random.Generator, shown: Raster, picture: Picture, _keep: Points) -> tuple[Raster, Picture]:
    """A photograph of a screen or of a film on a light box."""
    width, height = picture.width, picture.height
    corners = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32)
    margin = rng.uniform(0.0, 0.12) * max(width, height)
    seen = corners + margin + rng.normal(0, 0.018, (4, 2)) * max(width, height)
    matrix = cv2.getPerspectiveTransform(corners, seen.astype(np.float32))
    size = (round(width + 2 * margin), round(height + 2 * margin))
    out, moved = _warped(shown, picture, matrix, size, 0.02)
    return photographed(rng, out), moved


def _resampled(rng: np.random.Generator, shown: Raster, picture: Picture, _keep: Points) -> tuple[Raster, Picture]:
    return resampled(rng, shown), picture


def _compressed(rng: np.random.Generator, shown: Raster, picture: Picture, _keep: Points) -> tuple[Raster, Picture]:
    return compressed(rng, shown), picture


def _posterised(rng: np.random.Generator, shown: Raster, picture: Picture, _keep: Points) -> tuple[Raster, Picture]:
    return posterised(rng, shown), picture


def _warped(
    shown: Raster, picture: Picture, matrix: NDArray[np.float64], size: tuple[int, int], empty: float
) -> tuple[Raster, Picture]:
    out = cv2.warpPerspective(
        shown, matrix, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=empty
    )
    return out, picture.moved(matrix, *size)


STEPS: tuple[tuple[float, Step], ...] = (
    (0.015, _mirrored), (0.09, _crop), (0.05, _digitised), (0.03, _askew), (0.04, _padded), (0.05, _resampled),
    (0.02, _captured), (0.025, _photographed), (0.03, _turned), (0.03, _posterised), (0.08, _compressed),
)  # fmt: skip
