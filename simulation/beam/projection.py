"""From a posed person to millimetres of each material along every ray."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from simulation.beam.bone_paths import bone_paths
from simulation.beam.implant_paths import implant_paths
from simulation.geometry.camera import Camera, Raster
from simulation.geometry.mesh import Matrix, Mesh
from simulation.people.soft_tissue import SoftTissue
from simulation.scene import Scene


@dataclass(frozen=True, slots=True)
class Lengths:
    """Path lengths in millimetres, each (H, W)."""

    body: Raster
    muscle: Raster
    gas: Raster
    cortex: Raster
    trabecular: Raster
    parts: Mapping[str, Raster]  # implants by material


def project(scene: Scene, tissue: SoftTissue) -> Lengths:
    """Path lengths through everything in the scene."""
    camera, turn = scene.camera, scene.pose.pelvis
    soft = {name: _soft(camera, turn, getattr(tissue, name), blur) for name, blur in _SOFT_BLUR_MM}
    cortex, trabecular = bone_paths(scene)
    return Lengths(
        body=soft["body"],
        muscle=np.minimum(soft["muscle"], soft["body"]),
        gas=soft["gas"],
        cortex=cortex,
        trabecular=trabecular,
        parts=implant_paths(scene),
    )


_SOFT_BLUR_MM = (("body", 2.0), ("muscle", 1.6), ("gas", 0.8))  # hides the facets of the surfaces


def _soft(camera: Camera, turn: Matrix, mesh: Mesh | None, blur_mm: float) -> Raster:
    if mesh is None:
        return camera.blank()
    lengths = camera.lengths(mesh.moved(turn, np.zeros(3)))
    return cv2.GaussianBlur(lengths, (0, 0), blur_mm / camera.spacing_mm)
