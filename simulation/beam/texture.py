"""Random structure: trabeculae, muscle strands, quantum-free mottle."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from simulation.beam.projection import Lengths
from simulation.geometry.camera import Raster
from simulation.scene import Scene

_REACH_SIGMAS = 2.2


def band_noise(rng: np.random.Generator, shape: tuple[int, int], fine_px: float, coarse_px: float) -> Raster:
    """Unit noise with detail between two scales, made at the resolution it needs."""
    factor = max(1, int(fine_px / 1.2))
    small = rng.standard_normal((shape[0] // factor + 2, shape[1] // factor + 2), np.float32)
    small = cv2.GaussianBlur(small, (0, 0), fine_px / factor) - cv2.GaussianBlur(small, (0, 0), coarse_px / factor)
    small /= small.std()
    if factor > 1:
        size = (small.shape[1] * factor, small.shape[0] * factor)
        small = cv2.resize(small, size, interpolation=cv2.INTER_LINEAR)
    return small[: shape[0], : shape[1]]


def strands(
    rng: np.random.Generator, shape: tuple[int, int], angle_rad: float, length_px: float, width_px: float
) -> Raster:
    """Unit noise of strands that run along an angle: made level, then turned."""
    factor = max(1.0, width_px / 0.9)
    side = math.ceil(math.hypot(*shape) / factor) + 2
    level = rng.standard_normal((side, side), np.float32)
    level = cv2.GaussianBlur(level, (0, 0), length_px / factor, sigmaY=max(width_px / factor, 0.35))
    level -= cv2.GaussianBlur(level, (0, 0), 1.0, sigmaY=2.2 * width_px / factor)
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), -math.degrees(angle_rad), factor)
    turn[:, 2] += np.array(shape[::-1]) / 2 - side / 2
    noise = cv2.warpAffine(level, turn, shape[::-1], flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return noise / noise[::4, ::4].std()


def bone_texture(rng: np.random.Generator, scene: Scene) -> Raster:
    """About unit noise over the film: fine grain, trabeculae along two directions, strands along the femoral necks."""
    pixel = scene.camera.object_spacing_mm
    shape = scene.camera.shape
    noise = 0.45 * band_noise(rng, shape, max(0.7, 0.3 / pixel), max(1.5, 0.8 / pixel))
    upright = math.pi / 2 + rng.normal(0, 0.3)
    for angle, share in ((upright, 0.55), (upright + rng.uniform(0.7, 1.3), 0.35)):
        patches = 0.3 + 0.7 * np.abs(band_noise(rng, shape, 6 / pixel, 20 / pixel))
        noise += share * patches * strands(rng, shape, angle, max(1.5, 1.5 / pixel), max(0.5, 0.22 / pixel))
    noise += 0.22 * band_noise(rng, shape, 3 / pixel, 9 / pixel)
    if scene.pelvis:
        for side in scene.person.femurs:
            _add_neck_strands(rng, scene, side, noise, pixel)
    return noise


def _add_neck_strands(rng: np.random.Generator, scene: Scene, side: str, noise: Raster, pixel: float) -> None:
    head, neck = _neck_line(scene, side)
    middle, sigma = (head + neck) / 2, 28 / pixel
    low = np.maximum(np.floor(middle - _REACH_SIGMAS * sigma), 0).astype(int)
    high = np.minimum(np.ceil(middle + _REACH_SIGMAS * sigma), scene.camera.shape[::-1]).astype(int)
    if (high - low < 8).any():
        return
    window = noise[low[1] : high[1], low[0] : high[0]]
    y, x = np.mgrid[low[1] : high[1], low[0] : high[0]].astype(np.float32)
    mask = np.exp(-((x - middle[0]) ** 2 + (y - middle[1]) ** 2) / np.float32(2 * sigma**2))
    angle = math.atan2(head[1] - neck[1], head[0] - neck[0])
    fibres = strands(rng, window.shape, angle, max(2, 3 / pixel), max(0.6, 0.3 / pixel))
    bundles = 0.4 + 0.6 * np.abs(band_noise(rng, window.shape, 2 / pixel, 5 / pixel))
    window *= 1 - 0.45 * mask
    window += 0.7 * mask * fibres * bundles


def _neck_line(scene: Scene, side: str) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    hip = scene.hip(side)
    neck = hip + scene.pose.legs[side] @ scene.person.femurs[side].at(48, 18)
    head_px, neck_px = scene.camera.project(np.stack([scene.on_table(hip), scene.on_table(neck)]))
    return head_px, neck_px


def roughened(rng: np.random.Generator, scene: Scene, lengths: Lengths) -> Lengths:
    """The same lengths with the structure that smooth surfaces lack."""
    noise = bone_texture(rng, scene)
    coarse = rng.uniform(0.06, 0.12) * (
        1.6 - 0.6 * scene.person.build.density
    )  # few thick trabeculae are left in old age
    pixel, shape = scene.camera.object_spacing_mm, scene.camera.shape
    muscle = 0.007 * band_noise(rng, shape, 3 / pixel, 8 / pixel)
    muscle += 0.018 * band_noise(rng, shape, 12 / pixel, 36 / pixel)
    fibres = math.pi / 2 + rng.normal(0, 0.35)
    muscle += rng.uniform(0.001, 0.005) * strands(rng, shape, fibres, 14 / pixel, max(0.8, 0.8 / pixel))
    return Lengths(
        body=lengths.body,
        muscle=np.clip(lengths.muscle * (1 + muscle), 0, lengths.body),
        gas=lengths.gas,
        cortex=lengths.cortex * np.maximum(1 + 0.035 * noise, 0.3),
        trabecular=lengths.trabecular * np.maximum(1 + np.float32(coarse) * noise, 0.2),
        parts=lengths.parts,
    )
