"""Folds of skin that hold air: the natal cleft, creases of groins and buttocks, the fold under a belly."""

import cv2
import numpy as np

from simulation.geometry.camera import Raster
from simulation.people.skeleton import SIDES
from simulation.scene import Scene

_STEPS = 40


def air_in_folds(rng: np.random.Generator, scene: Scene) -> Raster:
    """Millimetres of air along each ray, (H, W); deeper in heavier people."""
    habitus = scene.person.habitus
    heavy = np.clip((habitus.fat_mm - 15) / 40, 0, 1.5)
    out = scene.camera.blank()
    cleft = np.array([[rng.normal(0, 3), 95.0, -75.0], [rng.normal(0, 3), 120, 0], [0, 122, 70]])
    _crease(rng, scene, out, cleft, (rng.uniform(3, 14), rng.uniform(1.0, 4.0)))
    for sign in SIDES.values():
        if rng.random() < 0.35 + 0.4 * heavy:
            groin = np.array([[sign * 22.0, -55, -55], [sign * 70, -85, -8], [sign * 135, -70, 45]])
            _crease(rng, scene, out, groin, (rng.uniform(1, 4 + 5 * heavy), rng.uniform(1.0, 3.5)))
        if rng.random() < 0.6:
            gluteal = np.array([[sign * 18.0, 95, -72], [sign * 70, 110, -80], [sign * 120, 85, -66]])
            _crease(rng, scene, out, gluteal, (rng.uniform(1, 4 + 6 * heavy), rng.uniform(1.0, 3.5)))
    if habitus.apron_mm:
        low = 75 - habitus.apron_mm - 30
        under = np.array([[-150.0, -95, low + 40], [0, -110, low], [150, -95, low + 40]])
        _crease(rng, scene, out, under, (rng.uniform(2, 10), rng.uniform(1.5, 5)))
    return out


def _crease(
    rng: np.random.Generator, scene: Scene, out: Raster, knots: np.ndarray, size_mm: tuple[float, float]
) -> None:
    """A soft line through three points of the patient frame, deepest in its middle, closed at its ends."""
    depth_mm, wide_mm = size_mm
    knots = knots + rng.normal(0, 6, knots.shape)
    t = np.linspace(0, 1, _STEPS)[:, None]
    path = knots[0] * (1 - t) ** 2 + knots[1] * 2 * t * (1 - t) + knots[2] * t**2
    pixels = scene.camera.project(path @ scene.pose.pelvis.T)
    spacing = scene.camera.object_spacing_mm
    drawn = scene.camera.blank()
    line = max(1, round(wide_mm / spacing))
    for index in range(_STEPS - 1):
        depth = depth_mm * np.sin(np.pi * (index + 1) / _STEPS)
        ends = [tuple(int(v) for v in np.clip(np.round(p * 8), -1e6, 1e6)) for p in pixels[index : index + 2]]
        cv2.line(drawn, *ends, float(depth), line, cv2.LINE_AA, 3)
    out += cv2.GaussianBlur(drawn, (0, 0), max(0.6, 0.5 * wide_mm / spacing))
