"""A flat stage on which simple solids leave the length of their path along the beam, in millimetres.

Good enough for films that are not hips: every solid is given by its outline and its depth, and overlapping solids add.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Map = NDArray[np.float32]
Points = NDArray[np.float64]
Window = tuple[slice, slice]

TRABECULAR = 0.22  # density of spongy bone relative to cortical bone


@dataclass(frozen=True, slots=True)
class Pose:
    """How anatomy in millimetres (x right, y down, origin at the centre of the field) lies on the stage."""

    angle_deg: float = 0.0
    scale: float = 1.0
    mirror: bool = False
    shift: tuple[float, float] = (0.0, 0.0)

    def place(self, points: ArrayLike) -> Points:
        """Stage millimetres of ``points`` (N, 2)."""
        flat = np.asarray(points, float).reshape(-1, 2) * [(-1 if self.mirror else 1), 1] * self.scale
        return flat @ _turn(self.angle_deg) + self.shift


@dataclass(slots=True)
class Stage:
    """The film while it is built: paths through soft tissue, bone (in excess of it) and metal, each (H, W) mm."""

    width_mm: float
    height_mm: float
    size: int  # pixels along the long edge
    pose: Pose = field(default_factory=Pose)
    soft: Map = field(init=False)
    bone: Map = field(init=False)
    metal: Map = field(init=False)
    _fusing: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        shape = (round(self.height_mm * self.px_per_mm), round(self.width_mm * self.px_per_mm))
        self.soft, self.bone, self.metal = (np.zeros(shape, np.float32) for _ in range(3))

    @property
    def px_per_mm(self) -> float:
        """Pixels per millimetre, the same both ways."""
        return self.size / max(self.width_mm, self.height_mm)

    def pixels(self, points: ArrayLike) -> Points:
        """Pixel coordinates (N, 2) of anatomy in millimetres."""
        height, width = self.soft.shape
        return self.pose.place(points) * self.px_per_mm + [(width - 1) / 2, (height - 1) / 2]

    def lengths(self, millimetres: ArrayLike) -> NDArray[np.float64]:
        """Pixels of a length of anatomy."""
        return np.asarray(millimetres, float) * self.px_per_mm * self.pose.scale

    def tube(self, layer: Map, points: ArrayLike, radii: ArrayLike, *, depth: float = 1.0, merge: bool = False) -> None:
        """Add a bent, tapered bar; ``depth`` stretches it along the beam (negative: a hole).

        ``merge`` makes it one body with what the layer holds already, instead of adding to it.
        """
        path = self.pixels(points)
        radius = np.broadcast_to(self.lengths(radii), len(path))
        reach = radius.max() + 1
        window = _window(layer.shape, path.min(0) - reach, path.max(0) + reach)
        if window is not None:
            chord = _chord(path, radius, window) * np.float32(abs(depth) / self.px_per_mm)
            _put(layer[window], chord, sign=depth, merge=merge)

    def plate(self, layer: Map, outline: ArrayLike, thick: float, edge: float, *, merge: bool = False) -> None:
        """Add a slab ``thick`` mm deep with a closed outline and a rim rounded over ``edge`` mm (negative: a hole)."""
        inside = self._inside(layer, outline)
        if inside is not None:
            window, distance = inside
            _put(layer[window], self._rounded(distance, edge) * abs(thick), sign=thick, merge=merge)

    def flat_bone(self, outline: ArrayLike, thick: float, *, cortex: float = 1.2, edge: float = 6.0) -> None:
        """Add a bone with a closed outline: spongy inside, a bright cortical line around it."""
        inside = self._inside(self.bone, outline)
        if inside is not None:
            window, distance = inside
            shell = np.exp(-((distance / max(float(self.lengths(cortex)), 0.8)) ** 2)) * (distance > 0)
            profile = self._rounded(distance, edge) * (thick * TRABECULAR * 1.3)
            profile += shell * np.float32(thick * 0.24 * self.pose.scale)
            _put(self.bone[window], profile, sign=1, merge=self._fusing)

    def long_bone(self, points: ArrayLike, radii: ArrayLike, cortex: ArrayLike, *, depth: float = 1.0) -> None:
        """Add a hollow shaft: a cortical wall of ``cortex`` mm around spongy bone."""
        path, outer = self.pixels(points), np.asarray(radii, float)
        outer, cortex = np.broadcast_to(outer, len(path)), np.broadcast_to(np.asarray(cortex, float), len(path))
        reach = float(self.lengths(outer.max())) + 1
        window = _window(self.bone.shape, path.min(0) - reach, path.max(0) + reach)
        if window is not None:
            hollow = _chord(path, self.lengths(np.maximum(outer - cortex, 0.05)), window) * (1 - TRABECULAR)
            chord = (_chord(path, self.lengths(outer), window) - hollow) * np.float32(depth / self.px_per_mm)
            _put(self.bone[window], chord, sign=1, merge=self._fusing)

    @contextmanager
    def fused(self) -> Iterator[None]:
        """Bones drawn inside are one bone: where they overlap the longer path counts, not the sum."""
        others, self.bone, self._fusing = self.bone, np.zeros_like(self.bone), True
        yield
        self.bone, self._fusing = self.bone + others, False

    def ellipse(
        self, layer: Map, centre: ArrayLike, semi: tuple[float, float], thick: float, *, angle_deg: float = 0.0
    ) -> None:
        """Add an ellipsoid ``thick`` mm through its middle (negative: a hole)."""
        middle = self.pixels(centre)[0]
        axes = self.pixels(oval(centre, semi, angle_deg=angle_deg, count=4)[:2]) - middle
        reach = float(self.lengths(max(semi))) + 1
        window = _window(layer.shape, middle - reach, middle + reach)
        if window is None:
            return
        y, x = (g.astype(np.float32) for g in np.mgrid[window])
        (a, b), (c, d) = np.linalg.inv(axes.T).astype(np.float32)
        x, y = x - np.float32(middle[0]), y - np.float32(middle[1])
        height = np.sqrt(np.maximum(1 - (a * x + b * y) ** 2 - (c * x + d * y) ** 2, 0))
        layer[window] += np.float32(thick * self.pose.scale) * height

    def _rounded(self, distance: Map, edge: float) -> Map:
        rise = np.clip(1 - distance / max(float(self.lengths(edge)), 1.0), 0, 1)
        return np.sqrt(1 - rise * rise) * np.float32(self.pose.scale)

    def _inside(self, layer: Map, outline: ArrayLike) -> tuple[Window, Map] | None:
        """Window around the outline, and the distance (pixels) from the outline of each pixel in it; 0 outside."""
        path = self.pixels(outline)
        window = _window(layer.shape, path.min(0) - 1, path.max(0) + 1)
        if window is None:
            return None
        rows, columns = window
        # two pixels more on each side, so that an outline beyond the film does not end at the film's edge
        mask = np.zeros((rows.stop - rows.start + 4, columns.stop - columns.start + 4), np.uint8)
        corner = [columns.start - 2, rows.start - 2]
        cv2.fillPoly(mask, [np.round((path - corner) * 16).astype(np.int32)], 1, shift=4)
        distance = cv2.GaussianBlur(cv2.distanceTransform(mask, cv2.DIST_L2, 5), (0, 0), 0.6)[2:-2, 2:-2]
        return window, np.maximum(distance - 0.5, 0)


def smooth(points: ArrayLike, *, closed: bool = True, count: int = 8, at: tuple[float, float] = (0.0, 0.0)) -> Points:
    """A Catmull-Rom curve through ``points`` (N, 2), moved by ``at``, with ``count`` points a segment."""
    p = np.asarray(points, float) + at
    n = len(p)
    index = np.arange(n if closed else n - 1)
    a, b, c, d = (
        (p[(index + k) % n] if closed else p[np.clip(index + k, 0, n - 1)])[:, None, :] for k in (-1, 0, 1, 2)
    )
    t = (np.arange(count) / count)[None, :, None]
    curve = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    flat = curve.reshape(-1, p.shape[1])
    return flat if closed else np.vstack([flat, p[-1]])


def trace(points: str) -> Points:
    """Points (N, 2) of an outline or a line written as "x,y x,y"."""
    return np.array([[float(number) for number in point.split(",")] for point in points.split()])


def oval(centre: ArrayLike, semi: tuple[float, float], *, angle_deg: float = 0.0, count: int = 40) -> Points:
    """Points (count, 2) around an ellipse; the first is the end of the first axis, then clockwise on the film."""
    t = np.arange(count) * 2 * math.pi / count
    return np.c_[semi[0] * np.cos(t), semi[1] * np.sin(t)] @ _turn(angle_deg) + np.asarray(centre, float)


def _turn(angle_deg: float) -> Points:
    c, s = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return np.array([[c, s], [-s, c]])


def _put(view: Map, solid: Map, *, sign: float, merge: bool) -> None:
    if merge:
        np.maximum(view, solid, out=view)
    else:
        view += np.float32(math.copysign(1, sign)) * solid


def _window(shape: tuple[int, ...], low: Points, high: Points) -> Window | None:
    """The part of ``shape`` between two corners (x, y); None where there is none."""
    x0, y0 = np.floor(low).astype(int)
    x1, y1 = np.ceil(high).astype(int) + 1
    rows, columns = slice(max(y0, 0), min(y1, shape[0])), slice(max(x0, 0), min(x1, shape[1]))
    return (rows, columns) if rows.start < rows.stop and columns.start < columns.stop else None


def _chord(path: Points, radius: NDArray[np.float64], window: Window) -> Map:
    """Chord length (pixels) over ``window`` of the union of tapered bars along ``path``."""
    corner = np.array([window[1].start, window[0].start])
    best = np.zeros([s.stop - s.start for s in window], np.float32)
    for k in range(len(path) - 1):
        a, along = path[k], path[k + 1] - path[k]
        ra, rb = radius[k], radius[k + 1]
        reach = max(ra, rb) + 1
        part = _window(best.shape, np.minimum(a, a + along) - reach - corner, np.maximum(a, a + along) + reach - corner)
        if part is None:
            continue
        y = np.arange(part[0].start, part[0].stop, dtype=np.float32)[:, None] + np.float32(corner[1] - a[1])
        x = np.arange(part[1].start, part[1].stop, dtype=np.float32)[None, :] + np.float32(corner[0] - a[0])
        u, v = np.float32(along[0]), np.float32(along[1])
        t = np.clip((x * u + y * v) / np.float32(max(along @ along, 1e-6)), 0, 1)
        r = np.float32(ra) + np.float32(rb - ra) * t
        np.maximum(best[part], r * r - (x - u * t) ** 2 - (y - v * t) ** 2, out=best[part])
    return 2 * np.sqrt(best)
