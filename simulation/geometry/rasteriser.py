"""Signed depths of closed meshes along the rays of a point source, accumulated pixel by pixel."""

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(fastmath=True, cache=True)
def _shadow(vertices, source, origin, step_u, step_v):  # noqa: ANN001, ANN202 (numba infers)
    """Pixel coordinates (x, y) of every vertex."""
    normal = np.cross(step_u, step_v)
    uu, vv = np.dot(step_u, step_u), np.dot(step_v, step_v)
    distance = np.dot(origin - source, normal)
    x, y = np.empty(vertices.shape[0]), np.empty(vertices.shape[0])
    for i in range(vertices.shape[0]):
        a, b, c = vertices[i, 0] - source[0], vertices[i, 1] - source[1], vertices[i, 2] - source[2]
        w = distance / (a * normal[0] + b * normal[1] + c * normal[2])
        a = source[0] + a * w - origin[0]
        b = source[1] + b * w - origin[1]
        c = source[2] + c * w - origin[2]
        x[i] = (a * step_u[0] + b * step_u[1] + c * step_u[2]) / uu
        y[i] = (a * step_v[0] + b * step_v[1] + c * step_v[2]) / vv
    return x, y


@njit(fastmath=True, cache=True)
def accumulate(out, vertices, faces, source, origin, step_u, step_v, near, far, clip, weight):  # noqa: ANN001, ANN201, C901, PLR0912, PLR0917 (numba: one flat loop)
    """Add weight x (exit depth - entry depth) of a closed mesh to ``out``, in units of the ray to the detector.

    Each ray may be clipped to one interval [near, far] (``clip``), which cuts the solid by a convex body without
    any mesh boolean. Shared edges are walked from the same end on both faces, so that seams do not leak.
    """
    height, width = out.shape
    x, y = _shadow(vertices, source, origin, step_u, step_v)
    for f in range(faces.shape[0]):
        i0, i1, i2 = faces[f, 0], faces[f, 1], faces[f, 2]
        if y[i1] < y[i0] or (y[i1] == y[i0] and i1 < i0):
            i0, i1 = i1, i0
        if y[i2] < y[i1] or (y[i2] == y[i1] and i2 < i1):
            i1, i2 = i2, i1
        if y[i1] < y[i0] or (y[i1] == y[i0] and i1 < i0):
            i0, i1 = i1, i0
        y0, y1, y2 = y[i0], y[i1], y[i2]
        first, last = max(0, math.ceil(y0)), min(height - 1, math.ceil(y2) - 1)
        if first > last:
            continue
        a, b, c = faces[f, 0], faces[f, 1], faces[f, 2]
        ax, ay, az = vertices[a, 0], vertices[a, 1], vertices[a, 2]
        e1x, e1y, e1z = vertices[b, 0] - ax, vertices[b, 1] - ay, vertices[b, 2] - az
        e2x, e2y, e2z = vertices[c, 0] - ax, vertices[c, 1] - ay, vertices[c, 2] - az
        nx, ny, nz = e1y * e2z - e1z * e2y, e1z * e2x - e1x * e2z, e1x * e2y - e1y * e2x
        k = nx * (ax - source[0]) + ny * (ay - source[1]) + nz * (az - source[2])
        base = nx * (origin[0] - source[0]) + ny * (origin[1] - source[1]) + nz * (origin[2] - source[2])
        slope_u = nx * step_u[0] + ny * step_u[1] + nz * step_u[2]
        slope_v = nx * step_v[0] + ny * step_v[1] + nz * step_v[2]
        signed = weight if k > 0 else -weight  # k = t (n . ray), t > 0: a ray leaves through these faces
        for row in range(first, last + 1):
            left = x[i0] + (x[i2] - x[i0]) * ((row - y0) / (y2 - y0))
            if row < y1:
                right = x[i0] + (x[i1] - x[i0]) * ((row - y0) / (y1 - y0))
            elif y2 > y1:
                right = x[i1] + (x[i2] - x[i1]) * ((row - y1) / (y2 - y1))
            else:
                right = x[i1]
            if left > right:
                left, right = right, left
            start, stop = max(0, math.ceil(left)), min(width - 1, math.ceil(right) - 1)
            denominator = base + slope_v * row
            if clip:
                for column in range(start, stop + 1):
                    low, high = near[row, column], far[row, column]
                    if high > low:
                        depth = k / (denominator + slope_u * column)
                        out[row, column] += signed * min(max(depth, low), high)
            else:
                for column in range(start, stop + 1):
                    out[row, column] += signed * k / (denominator + slope_u * column)


NO_CLIP: NDArray[np.float32] = np.zeros((1, 1), np.float32)
