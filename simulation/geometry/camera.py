"""A point source and a flat detector: where things fall, and how much of them a ray crosses."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from simulation.geometry.mesh import Mesh, Vector, Vertices, basis, unit
from simulation.geometry.rasteriser import NO_CLIP, accumulate

Raster = NDArray[np.float32]  # (H, W)
Interval = tuple[Raster, Raster]  # where each ray enters and leaves a convex body, in ray units


@dataclass(frozen=True, slots=True)
class Camera:
    """The geometry of one exposure, in table coordinates (x patient left, y posterior, z superior; mm)."""

    source: Vector
    direction: Vector  # unit, source towards detector, normal to the detector
    corner: Vector  # centre of pixel (0, 0)
    step_x: Vector  # from one pixel to the next, to the right
    step_y: Vector  # downwards
    width: int
    height: int
    spacing_mm: float
    source_to_detector_mm: float
    source_to_object_mm: float
    ray_mm: Raster  # from the source to each pixel

    @classmethod
    def aimed(
        cls,
        target: Vector,
        direction: Vector,
        down: Vector,
        *,
        source_to_detector_mm: float,
        source_to_object_mm: float,
        spacing_mm: float,
        width: int,
        height: int,
        flipped: bool = False,
    ) -> Self:
        """A camera whose central ray goes through the target; ``flipped`` shows the film from its other face."""
        ahead = unit(direction)
        below = unit(down - ahead * (down @ ahead))
        right = np.cross(below, ahead) * (-1.0 if flipped else 1.0)
        source = target - ahead * source_to_object_mm
        step_x, step_y = right * spacing_mm, below * spacing_mm
        corner = source + ahead * source_to_detector_mm - step_x * (width - 1) / 2 - step_y * (height - 1) / 2
        across = (np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)) * np.float32(spacing_mm)
        along = (np.arange(height, dtype=np.float32) - np.float32((height - 1) / 2)) * np.float32(spacing_mm)
        ray = np.sqrt(across[None] ** 2 + along[:, None] ** 2 + np.float32(source_to_detector_mm**2))
        return cls(
            source, ahead, corner, step_x, step_y, width, height, spacing_mm,
            source_to_detector_mm, source_to_object_mm, ray,
        )  # fmt: skip

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.height, self.width

    @property
    def object_spacing_mm(self) -> float:
        """Size of a pixel at the depth of the aimed-at object."""
        return self.spacing_mm * self.source_to_object_mm / self.source_to_detector_mm

    def blank(self) -> Raster:
        """A raster of zeros."""
        return np.zeros(self.shape, np.float32)

    def project(self, points: Vertices) -> NDArray[np.float64]:
        """Pixel coordinates, (n, 2), of points, (n, 3)."""
        rays = np.atleast_2d(points) - self.source
        hits = rays * (self.source_to_detector_mm / (rays @ self.direction))[:, None] + self.source - self.corner
        return np.c_[hits @ self.step_x, hits @ self.step_y] / self.spacing_mm**2

    def add(self, out: Raster, mesh: Mesh, weight: float = 1.0, clip: Interval | None = None) -> None:
        """Add weight x the crossed length of a mesh to ``out``, in ray units (x ``ray_mm`` gives mm)."""
        near, far = clip if clip is not None else (NO_CLIP, NO_CLIP)
        accumulate(
            out,
            np.ascontiguousarray(mesh.vertices, dtype=np.float64),
            mesh.faces,
            self.source,
            self.corner,
            self.step_x,
            self.step_y,
            near,
            far,
            clip is not None,
            float(weight),
        )

    def lengths(self, mesh: Mesh, clip: Interval | None = None) -> Raster:
        """Millimetres of a mesh that each ray crosses."""
        out = self.blank()
        self.add(out, mesh, clip=clip)
        return np.maximum(out * self.ray_mm, 0)

    def within_halfspace(self, point: Vector, outward: Vector) -> Interval:
        """The part of each ray on the side of a plane that ``outward`` points away from."""
        slope = self._along_rays(outward)
        slope = np.where(np.abs(slope) < 1e-6, np.float32(1e-6), slope)
        crossing = np.float32((point - self.source) @ outward) / slope
        leaving = slope > 0
        return (
            np.where(leaving, np.float32(-9), crossing),
            np.where(leaving, crossing, np.float32(9)),
        )

    def within_ball(self, centre: Vector, radius: float) -> Interval:
        """The part of each ray inside a ball; empty (near 1, far 0) where it misses."""
        offset = self.source - centre
        square = self.ray_mm**2
        half = self._along_rays(offset)
        root = half * half - square * np.float32(offset @ offset - radius * radius)
        hit = root > 0
        root = np.sqrt(np.maximum(root, 0))
        return (
            np.where(hit, (-half - root) / square, np.float32(1)),
            np.where(hit, (-half + root) / square, np.float32(0)),
        )

    def _along_rays(self, vector: Vector) -> Raster:
        """Dot product of each ray, source to pixel, with a vector."""
        across = np.arange(self.width, dtype=np.float32)[None] * np.float32(self.step_x @ vector)
        along = np.arange(self.height, dtype=np.float32)[:, None] * np.float32(self.step_y @ vector)
        return np.float32((self.corner - self.source) @ vector) + across + along


@dataclass(frozen=True, slots=True)
class Ellipse:
    """An ellipse in pixels."""

    centre: NDArray[np.float64]  # (2,)
    semi_major: float
    semi_minor: float
    axis: NDArray[np.float64]  # (2,), unit, along the major axis

    def points(self, count: int = 64) -> NDArray[np.float64]:
        """Points round the ellipse, (count, 2)."""
        angle = np.arange(count) * 2 * np.pi / count
        normal = np.array([-self.axis[1], self.axis[0]])
        return (
            self.centre
            + np.outer(self.semi_major * np.cos(angle), self.axis)
            + np.outer(self.semi_minor * np.sin(angle), normal)
        )


def rim_points(centre: Vector, normal: Vector, radius: float, count: int = 64) -> Vertices:
    """Points round a circle in space, (count, 3)."""
    frame = basis(normal)
    angle = np.arange(count) * 2 * np.pi / count
    return centre + radius * (np.outer(np.cos(angle), frame[0]) + np.outer(np.sin(angle), frame[1]))


def project_circle(camera: Camera, centre: Vector, normal: Vector, radius: float) -> Ellipse:
    """The perspective image of a circle in space."""
    return fitted_ellipse(camera.project(rim_points(centre, normal, radius)))


def fitted_ellipse(points: NDArray[np.float64]) -> Ellipse:
    """The ellipse through points, (n, 2), that lie on one, as the image of a circle under any homography does."""
    middle = points.mean(0)
    scale = np.abs(points - middle).max()
    x, y = ((points - middle) / scale).T
    a, b, c, d, e, f = np.linalg.svd(np.c_[x * x, x * y, y * y, x, y, np.ones(len(points))])[2][-1]
    quadratic = np.array([[a, b / 2], [b / 2, c]])
    origin = np.linalg.solve(-2 * quadratic, [d, e])
    level = -(origin @ quadratic @ origin + d * origin[0] + e * origin[1] + f)
    values, vectors = np.linalg.eigh(quadratic / level)
    semi = scale / np.sqrt(np.maximum(values, 1e-12))
    major = int(np.argmax(semi))
    return Ellipse(origin * scale + middle, float(semi[major]), float(semi[1 - major]), vectors[:, major])


def angle_deg(vector: NDArray[np.float64]) -> float:
    """Direction of an image vector against the x axis, y down, in degrees."""
    return math.degrees(math.atan2(vector[1], vector[0]))
