"""The part of the detector that the beam reaches."""

import math
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np
from numpy.typing import NDArray

from simulation.geometry.camera import Camera, Raster
from simulation.spec import FilmSpec


class EmptyFieldError(ValueError):
    """Nothing of the exposed field is on the film."""


Box = tuple[float, float, float, float]  # x0, y0, x1, y1 in pixels


@dataclass(frozen=True, slots=True)
class ExposedField:
    """A convex polygon in pixels."""

    corners: NDArray[np.float64]  # (n, 2), in order
    collimated: bool  # its borders are on the film

    @classmethod
    def whole(cls, width: int, height: int) -> Self:
        """The field when nothing is collimated."""
        right, bottom = width - 1.0, height - 1.0
        return cls(np.array([[0.0, 0.0], [right, 0.0], [right, bottom], [0.0, bottom]]), collimated=False)

    @classmethod
    def rectangle(cls, size: tuple[int, int], insets: NDArray[np.float64], turn_deg: float) -> Self:
        """Four blades ``insets`` pixels from the left, top, right and bottom edge, turned about their middle."""
        width, height = size
        left, top, right, bottom = insets
        far_x, far_y = width - 1 - right, height - 1 - bottom
        corners = np.array([[left, top], [far_x, top], [far_x, far_y], [left, far_y]])
        angle = math.radians(turn_deg)
        turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        middle = corners.mean(0)
        return cls((corners - middle) @ turn + middle, collimated=True).within(width, height)

    @classmethod
    def cone(cls, size: tuple[int, int], centre: NDArray[np.float64], radius: float, sides: int) -> Self:
        """A round cone (many ``sides``) or an octagonal iris, in pixels."""
        angle = (np.arange(sides) + 0.5) * 2 * np.pi / sides
        corners = centre + radius * np.stack([np.cos(angle), np.sin(angle)], 1)
        return cls(corners, collimated=True).within(*size)

    def moved(self, homography: NDArray[np.float64]) -> Self:
        """The field after its film went through a homography."""
        moved = cv2.perspectiveTransform(self.corners.reshape(-1, 1, 2), homography).reshape(-1, 2)
        return type(self)(moved, self.collimated)

    def within(self, width: int, height: int) -> Self:
        """The part on a film of this size.

        Raises:
            EmptyFieldError: there is none.
        """
        film = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]], np.float32)
        area, inside = cv2.intersectConvexConvex(self.corners.astype(np.float32), film)
        if area <= 0 or inside is None:
            raise EmptyFieldError("nothing of the exposed field is on the film; take another seed")
        return type(self)(np.clip(inside.reshape(-1, 2).astype(float), 0, film[2]), self.collimated)

    def contains(self, points: object) -> NDArray[np.bool_]:
        """Which of the points, (n, 2), lie inside or on the border: to the same side of every edge."""
        at = np.atleast_2d(np.asarray(points, np.float32)).astype(np.float64)
        corners = self.corners.astype(np.float32).astype(np.float64)
        to_left, to_right = np.ones((2, len(at)), bool)
        for start, end in zip(corners, np.roll(corners, -1, 0), strict=True):
            (x, y), (dx, dy) = (at - start).T, end - start
            side = dx * y - dy * x
            to_left &= side >= 0
            to_right &= side <= 0
        return to_left | to_right

    def clip(self, box: Box) -> tuple[Box, float] | None:
        """The bounds of the box's part inside the field, and that part's share of the box; None where none is."""
        x0, y0, x1, y1 = box
        outline = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)
        area, part = cv2.intersectConvexConvex(outline, self.corners.astype(np.float32))
        if area <= 0 or part is None:
            return None
        points = part.reshape(-1, 2)
        low, high = points.min(0), points.max(0)
        bounds = (float(low[0]), float(low[1]), float(high[0]), float(high[1]))
        return bounds, float(area / ((x1 - x0) * (y1 - y0)))

    def mask(self, shape: tuple[int, int], blur_px: float) -> Raster:
        """One inside the field, zero outside, soft at collimator borders."""
        if not self.collimated:
            return np.ones(shape, np.float32)
        mask = np.zeros(shape, np.float32)
        cv2.fillPoly(mask, [self.corners.round().astype(np.int32)], 1.0)
        return cv2.GaussianBlur(mask, (0, 0), blur_px)


def random_field(spec: FilmSpec, taken_by: Camera, view: str) -> ExposedField:
    """The field of a specification: tight on single hips, often open on the pelvis."""
    rng = spec.stream("collimation")
    size = (taken_by.width, taken_by.height)
    if "collimation" in spec.without or rng.random() > (0.45 if view == "ap_pelvis" else 0.75):
        return ExposedField.whole(*size)
    if rng.random() < 0.06:
        centre = np.array(size) / 2 + rng.normal(0, 0.03, 2) * size
        radius = rng.uniform(0.46, 0.6) * min(size) if view != "ap_pelvis" else rng.uniform(0.52, 0.62) * max(size)
        return ExposedField.cone(size, centre, radius, int(rng.choice([8, 72])))
    deepest = float(rng.choice([0.07, 0.14, 0.22], p=[0.6, 0.3, 0.1]))
    insets = rng.uniform(0, deepest, 4) * [*size, *size]
    if rng.random() < 0.3:  # one pair of blades is open
        insets[rng.integers(2) :: 2] = -20.0  # beyond the edge, also when turned
    turn_deg = rng.normal(0, 1.2) if rng.random() < 0.85 else rng.uniform(-12, 12)
    return ExposedField.rectangle(size, insets, turn_deg)
