"""Things placed in space, drawn as millimetres of material where they project."""

from dataclasses import dataclass, field

import cv2
import numpy as np

from simulation.geometry.camera import Raster
from simulation.geometry.mesh import Mesh, Vector, Vertices
from simulation.scene import Scene

_SUBPIXEL = 4  # bits of fraction in drawn coordinates
_ROUND = np.pi / 4  # mean chord of a round bar over its diameter


@dataclass(slots=True)
class Layers:
    """Rasters of what has been drawn so far, by material; lengths in the patient frame."""

    scene: Scene
    drawn: dict[str, Raster] = field(default_factory=dict)

    def of(self, material: str) -> Raster:
        """The raster of a material, (H, W) mm."""
        return self.drawn.setdefault(material, self.scene.camera.blank())

    def tube(self, material: str, points: Vertices, radius_mm: float) -> None:
        """A bent round bar through points of the patient frame, (n, 3)."""
        pixels = self._pixels(points)
        width = 2 * radius_mm / self.scene.camera.object_spacing_mm
        line = max(1, round(width))
        depth = 2 * radius_mm * _ROUND * min(1.0, width / line)
        path = np.round(pixels * 2**_SUBPIXEL).astype(np.int32)
        self._blend(material, path, line, float(depth))

    def _blend(self, material: str, path: np.ndarray, line: int, depth: float) -> None:
        raster = self.of(material)
        low = np.clip(path.min(0) // 2**_SUBPIXEL - line - 2, 0, None)
        high = np.minimum(path.max(0) // 2**_SUBPIXEL + line + 3, raster.shape[::-1])
        if (high <= low).any():
            return
        window = np.zeros((high[1] - low[1], high[0] - low[0]), np.float32)
        shifted = path - low * 2**_SUBPIXEL
        cv2.polylines(window, [shifted.astype(np.int32)], isClosed=False, color=depth, thickness=line,
                      lineType=cv2.LINE_AA, shift=_SUBPIXEL)  # fmt: skip
        raster[low[1] : high[1], low[0] : high[0]] += window

    def solid(self, material: str, mesh: Mesh, weight: float = 1.0) -> None:
        """A closed mesh of the patient frame."""
        camera = self.scene.camera
        out = camera.blank()
        camera.add(out, mesh.moved(self.scene.pose.pelvis, np.zeros(3)), weight)
        self.of(material)[...] += np.maximum(out * camera.ray_mm * np.sign(weight), 0) * np.float32(np.sign(weight))

    def disc(self, material: str, centre: Vector, radius_mm: float, depth_mm: float, ring_mm: float = 0.0) -> None:
        """A flat disc that faces the tube, or with ``ring_mm`` a ring of that width."""
        camera = self.scene.camera
        middle = np.round(self._pixels(centre[None])[0] * 2**_SUBPIXEL).astype(int)
        radius = round(radius_mm / camera.object_spacing_mm * 2**_SUBPIXEL)
        line = max(1, round(ring_mm / camera.object_spacing_mm)) if ring_mm else -1
        if (np.abs(middle) > 2**24).any():
            return
        drawn = camera.blank()
        cv2.circle(drawn, tuple(middle.tolist()), radius, depth_mm, line, cv2.LINE_AA, _SUBPIXEL)
        self.of(material)[...] += drawn

    def _pixels(self, points: Vertices) -> np.ndarray:
        return self.scene.camera.project(points @ self.scene.pose.pelvis.T)


def wandering(rng: np.random.Generator, start: Vector, direction: Vector, length_mm: float, bend: float) -> Vertices:
    """A path of 5 mm steps that turns at random, (n, 3)."""
    points, heading = [start], direction / np.linalg.norm(direction)
    for _ in range(max(2, int(length_mm / 5))):
        heading = heading + rng.normal(0, bend, 3)
        heading /= np.linalg.norm(heading)
        points.append(points[-1] + heading * 5)
    return np.array(points)
