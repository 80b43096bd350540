"""Signed distances of soft-tissue solids on a grid, blended smoothly, and the surfaces they bound."""

import math
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from skimage.measure import marching_cubes

from simulation.geometry.mesh import Mesh, Vector

Field = NDArray[np.float32]  # (nx, ny, nz), mm, negative inside
_FAR_MM = 80.0  # as far as any distance matters


@dataclass(frozen=True, slots=True)
class Grid:
    """A regular grid in the patient frame."""

    origin: Vector
    step_mm: float
    shape: tuple[int, int, int]

    @classmethod
    def spanning(cls, low: object, high: object, step_mm: float) -> "Grid":
        """A grid over a box."""
        start, stop = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
        x, y, z = (int(count) for count in np.ceil((stop - start) / step_mm) + 1)
        return cls(start, step_mm, (x, y, z))

    def axes(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Coordinates that broadcast over the grid."""
        x, y, z = (self.origin[d] + np.arange(self.shape[d]) * self.step_mm for d in range(3))
        return x[:, None, None], y[None, :, None], z[None, None, :]

    def trunk(self, rows: NDArray[np.float64]) -> Field:
        """Distance to a trunk of equally spaced rows (z, half width, half depth, centre y)."""
        out = np.empty(self.shape, np.float32)
        _trunk(out, self.origin, self.step_mm, rows)
        return out

    def with_capsules(self, field: Field | None, capsules: NDArray[np.float64], blend_mm: float) -> Field:
        """The field (None: empty) joined with capsules of (x0 y0 z0 x1 y1 z1 r0 r1), blended where they meet."""
        out = np.full(self.shape, _FAR_MM, np.float32) if field is None else field.copy()
        _add_capsules(out, self.origin, self.step_mm, capsules, float(blend_mm))
        return out

    def surface(self, field: Field) -> Mesh | None:
        """The zero level of a field, closed at the grid's edge; None where nothing is inside."""
        if field.min() >= 0:
            return None
        closed = field.copy()
        for axis in range(3):
            edge = np.moveaxis(closed, axis, 0)
            edge[0] = edge[-1] = 5.0
        vertices, faces, _, _ = marching_cubes(closed, 0.0, spacing=(self.step_mm,) * 3)
        return Mesh.outward(vertices.astype(float) + self.origin, np.ascontiguousarray(faces, dtype=np.int32))


def smooth_noise(rng: np.random.Generator, shape: tuple[int, int, int], knots: int) -> Field:
    """Noise that varies over the grid in about ``knots`` places along each axis."""
    coarse = rng.standard_normal((knots, knots, knots), np.float32)
    out = np.empty(shape, np.float32)
    _interpolate(coarse, out)
    return out


@njit(fastmath=True, cache=True)
def _interpolate(coarse, out):  # noqa: ANN001, ANN202
    """Fill ``out`` trilinearly from the coarse grid."""
    n = coarse.shape[0] - 1
    for i in range(out.shape[0]):
        x = i * n / (out.shape[0] - 1)
        a = min(int(x), n - 1)
        u = x - a
        for j in range(out.shape[1]):
            y = j * n / (out.shape[1] - 1)
            b = min(int(y), n - 1)
            v = y - b
            for k in range(out.shape[2]):
                z = k * n / (out.shape[2] - 1)
                c = min(int(z), n - 1)
                w = z - c
                front = (coarse[a, b, c] * (1 - u) + coarse[a + 1, b, c] * u) * (1 - v)
                front += (coarse[a, b + 1, c] * (1 - u) + coarse[a + 1, b + 1, c] * u) * v
                back = (coarse[a, b, c + 1] * (1 - u) + coarse[a + 1, b, c + 1] * u) * (1 - v)
                back += (coarse[a, b + 1, c + 1] * (1 - u) + coarse[a + 1, b + 1, c + 1] * u) * v
                out[i, j, k] = front * (1 - w) + back * w


@njit(fastmath=True, cache=True)
def _trunk(out, origin, step, rows):  # noqa: ANN001, ANN202
    for k in range(out.shape[2]):
        z = origin[2] + k * step
        place = (z - rows[0, 0]) / (rows[1, 0] - rows[0, 0])
        row = min(max(int(place), 0), rows.shape[0] - 2)
        part = min(max(place - row, 0.0), 1.0)
        wide = rows[row, 1] * (1 - part) + rows[row + 1, 1] * part
        deep = rows[row, 2] * (1 - part) + rows[row + 1, 2] * part
        centre = rows[row, 3] * (1 - part) + rows[row + 1, 3] * part
        below = max(rows[0, 0] - z, 0.0)
        for i in range(out.shape[0]):
            across = abs(origin[0] + i * step) / wide
            for j in range(out.shape[1]):
                along = abs(origin[1] + j * step - centre) / deep
                if max(across, along) > 1.6 or below > _FAR_MM:
                    out[i, j, k] = _FAR_MM
                    continue
                d = ((across**2.4 + along**2.4) ** (1 / 2.4) - 1) * min(wide, deep)
                if below > 0:
                    d = math.sqrt(max(d, 0.0) ** 2 + below**2)
                out[i, j, k] = d


@njit(fastmath=True, cache=True)
def _add_capsules(out, origin, step, capsules, blend):  # noqa: ANN001, ANN202
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    for e in range(capsules.shape[0]):
        c = capsules[e]
        reach = max(c[6], c[7]) + blend + 2 * step
        for d in range(3):
            low[d] = max(0, int((min(c[d], c[3 + d]) - reach - origin[d]) / step))
            high[d] = min(out.shape[d] - 1, int((max(c[d], c[3 + d]) + reach - origin[d]) / step) + 1)
        for i in range(low[0], high[0] + 1):
            for j in range(low[1], high[1] + 1):
                for k in range(low[2], high[2] + 1):
                    other = _capsule_distance(origin[0] + i * step, origin[1] + j * step, origin[2] + k * step, c)
                    near = out[i, j, k]
                    if blend > 0:
                        h = max(blend - abs(near - other), 0.0) / blend
                        out[i, j, k] = min(near, other) - h * h * blend * 0.25
                    else:
                        out[i, j, k] = min(near, other)


@njit(fastmath=True, cache=True)
def _capsule_distance(x, y, z, c):  # noqa: ANN001, ANN202
    bx, by, bz = c[3] - c[0], c[4] - c[1], c[5] - c[2]
    px, py, pz = x - c[0], y - c[1], z - c[2]
    t = min(max((px * bx + py * by + pz * bz) / (bx * bx + by * by + bz * bz), 0.0), 1.0)
    px, py, pz = px - bx * t, py - by * t, pz - bz * t
    return math.sqrt(px * px + py * py + pz * pz) - (c[6] * (1 - t) + c[7] * t)


@njit(fastmath=True, cache=True)
def add_blobs(out, origin, step, ellipsoids, blend):  # noqa: ANN001, ANN201
    """Blend ellipsoids (centre, semi-axes) into a field, each only near itself."""
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    for e in range(ellipsoids.shape[0]):
        c = ellipsoids[e]
        small = min(c[3], c[4], c[5])
        for d in range(3):
            reach = c[3 + d] * (1 + (blend + 3.0) / small)
            low[d] = max(0, int((c[d] - reach - origin[d]) / step))
            high[d] = min(out.shape[d] - 1, int((c[d] + reach - origin[d]) / step) + 1)
        for i in range(low[0], high[0] + 1):
            px = (origin[0] + i * step - c[0]) / c[3]
            for j in range(low[1], high[1] + 1):
                py = (origin[1] + j * step - c[1]) / c[4]
                for k in range(low[2], high[2] + 1):
                    pz = (origin[2] + k * step - c[2]) / c[5]
                    other = (math.sqrt(px * px + py * py + pz * pz) - 1) * small
                    d0 = out[i, j, k]
                    h = max(blend - abs(d0 - other), 0.0) / blend
                    out[i, j, k] = min(d0, other) - h * h * blend * 0.25
