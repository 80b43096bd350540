"""Things on films that are neither bone nor implant: skin staples, snaps, zips, leads, phleboliths.

They keep a model from taking any metal for an implant.
"""

from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np

from simulation.beam.projection import Lengths
from simulation.geometry.camera import Camera, Raster
from simulation.scene import Scene

_SHARE = 0.16  # of films with something on them
_STAPLED_SHARE = 0.15  # of films with a fresh wound beside an operated hip
_PHLEBOLITH_SHARE = 0.2
_SUBPIXEL = 4  # bits of fraction in drawn coordinates


def cluttered(rng: np.random.Generator, scene: Scene, lengths: Lengths) -> Lengths:
    """The lengths with what else may lie in the beam."""
    steel, calcium = scene.camera.blank(), scene.camera.blank()
    if rng.random() < _SHARE:
        draw = (_snaps, _zip, _lead)[rng.integers(3)]
        draw(rng, scene.camera, steel)
    if scene.implants and rng.random() < _STAPLED_SHARE:
        _staples(rng, scene, steel)
    if scene.pelvis and rng.random() < _PHLEBOLITH_SHARE:
        _phleboliths(rng, scene, calcium)
    if not steel.any() and not calcium.any():
        return lengths
    parts = {**lengths.parts, "steel": lengths.parts.get("steel", 0) + steel}
    return replace(lengths, cortex=lengths.cortex + calcium, parts=parts)


def _staples(rng: np.random.Generator, scene: Scene, steel: Raster) -> None:
    """A row of staples over the thigh, below or beside the hip."""
    camera = scene.camera
    side = str(rng.choice(list(scene.implants)))
    start = scene.hip(side) + scene.pose.legs[side] @ np.array([rng.uniform(25, 70), rng.uniform(-30, 30), 60.0])
    end = start + scene.pose.legs[side] @ np.array([rng.normal(0, 20), rng.normal(0, 15), -rng.uniform(90, 190)])
    first, last = camera.project(np.stack([scene.on_table(start), scene.on_table(end)]))
    across = np.array([-(last - first)[1], (last - first)[0]])
    across /= max(np.linalg.norm(across), 1e-6)
    for share in np.linspace(0, 1, rng.integers(9, 24)):
        middle = first + share * (last - first) + rng.normal(0, 0.8 / camera.spacing_mm, 2)
        reach = across * rng.uniform(2.6, 3.4) / camera.spacing_mm
        _line(steel, middle - reach, middle + reach, 0.6 / camera.spacing_mm, 0.7)


def _snaps(rng: np.random.Generator, camera: Camera, steel: Raster) -> None:
    """Press studs of a gown, or coins and rings in a pocket."""
    for _ in range(rng.integers(1, 5)):
        centre = rng.uniform(0, 1, 2) * camera.shape[::-1]
        radius = rng.uniform(3, 9) / camera.spacing_mm
        filled = rng.random() < 0.5
        _circle(steel, centre, radius, -1 if filled else max(1, round(radius * 0.25)), rng.uniform(0.4, 1.5))
        if filled:
            _circle(steel, centre, radius * 0.5, -1, rng.uniform(0.0, 1.0))


def _zip(rng: np.random.Generator, camera: Camera, steel: Raster) -> None:
    """A zip fastener."""
    start = rng.uniform(0.2, 0.8, 2) * camera.shape[::-1]
    direction = np.array([rng.normal(0, 0.2), rng.choice([-1, 1])])
    for k in range(rng.integers(20, 60)):
        middle = start + direction * k * 2.4 / camera.spacing_mm
        reach = np.array([1.8 if k % 2 else -1.8, 0.0]) / camera.spacing_mm
        _line(steel, middle, middle + reach, 1.2 / camera.spacing_mm, 0.9)


def _lead(rng: np.random.Generator, camera: Camera, steel: Raster) -> None:
    """A monitoring wire or catheter across the film."""
    turns = np.cumsum(rng.normal(0, 0.25, 60)) + rng.uniform(0, 2 * np.pi)
    steps = np.stack([np.cos(turns), np.sin(turns)], 1) * rng.uniform(5, 12) / camera.spacing_mm
    path = rng.uniform(0.1, 0.9, 2) * camera.shape[::-1] + np.cumsum(steps, 0)
    width, depth = rng.uniform(0.7, 2.5) / camera.spacing_mm, rng.uniform(0.1, 0.6)
    for first, last in pairwise(path):
        _line(steel, first, last, width, depth)
    if rng.random() < 0.5:
        _circle(steel, path[-1], 5 / camera.spacing_mm, -1, 0.8)


def _phleboliths(rng: np.random.Generator, scene: Scene, calcium: Raster) -> None:
    """Calcified veins low in the pelvis."""
    for _ in range(rng.integers(1, 6)):
        place = np.array([rng.choice([-1, 1]) * rng.uniform(30, 65), rng.uniform(10, 50), rng.uniform(-30, 25)])
        centre = scene.camera.project(scene.on_table(place))[0]
        radius = rng.uniform(1.2, 3.0) / scene.camera.spacing_mm
        _circle(calcium, centre, radius, -1, rng.uniform(1.5, 4))


def _line(raster: Raster, first: np.ndarray, last: np.ndarray, width_px: float, depth_mm: float) -> None:
    ends = [tuple(int(v) for v in np.round(point * 2**_SUBPIXEL)) for point in (first, last)]
    cv2.line(raster, *ends, depth_mm, max(1, round(width_px)), cv2.LINE_AA, _SUBPIXEL)


def _circle(raster: Raster, centre: np.ndarray, radius_px: float, thickness: int, depth_mm: float) -> None:
    middle = tuple(int(v) for v in np.round(centre * 2**_SUBPIXEL))
    cv2.circle(raster, middle, round(radius_px * 2**_SUBPIXEL), depth_mm, thickness, cv2.LINE_AA, _SUBPIXEL)
