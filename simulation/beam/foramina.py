"""Sacral foramina, which the atlas lacks, drawn where they project."""

import numpy as np

from simulation.geometry.camera import Raster
from simulation.geometry.mesh import Vector
from simulation.people.skeleton import SIDES
from simulation.scene import Scene


def open_foramina(scene: Scene, cortex: Raster, trabecular: Raster) -> None:
    """Sacral foramina: rings of denser rim round thinner bone, where the foramina project."""
    camera = scene.camera
    sacrum = scene.person.pelvis["sacrum"].outer.vertices
    middle, top, bottom = sacrum[:, 0].mean(), sacrum[:, 2].max() - 26, sacrum[:, 2].min() + 14
    pixels_per_mm = camera.source_to_detector_mm / 700 / camera.spacing_mm * 0.62
    for level in range(4):
        z = top + (bottom - top) * level / 3.3
        y = sacrum[np.abs(sacrum[:, 2] - z) < 6][:, 1].mean()
        radius = (6.2 - 0.8 * level) * pixels_per_mm
        for sign in SIDES.values():
            centre = camera.project(scene.on_table(np.array([middle + sign * (17 - 2.6 * level), y, z])))[0]
            _ring(cortex, trabecular, centre, radius)


def _ring(cortex: Raster, trabecular: Raster, centre: Vector, radius: float) -> None:
    reach = int(3 * radius) + 2
    x0, y0 = max(0, int(centre[0]) - reach), max(0, int(centre[1]) - reach)
    x1, y1 = min(cortex.shape[1], int(centre[0]) + reach), min(cortex.shape[0], int(centre[1]) + reach)
    if x0 >= x1 or y0 >= y1:
        return
    y, x = np.mgrid[y0:y1, x0:x1].astype(np.float32)
    distance = np.sqrt(((x - centre[0]) / 1.35) ** 2 + (y - centre[1]) ** 2) / radius
    gain = 1 - 0.75 / (1 + np.exp(np.minimum((distance - 1) * 7, 30)))
    gain *= 1 + 0.25 * np.exp(-(((distance - 1.25) / 0.22) ** 2))
    trabecular[y0:y1, x0:x1] *= gain
    cortex[y0:y1, x0:x1] *= 0.5 + 0.5 * gain
