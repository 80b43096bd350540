"""Millimetres of each implant material along every ray."""

import numpy as np

from simulation.geometry.camera import Raster
from simulation.scene import Scene


def implant_paths(scene: Scene) -> dict[str, Raster]:
    """Millimetres of each implant material."""
    lengths: dict[str, Raster] = {}
    for installed in scene.implants.values():
        for solid in installed.solids:
            clip = None
            if solid.above is not None:
                plane = solid.above
                clip = scene.camera.within_halfspace(scene.on_table(plane.point), scene.on_table(plane.outward))
            out = lengths.setdefault(solid.material, scene.camera.blank())
            mesh = solid.mesh.moved(scene.pose.pelvis, np.zeros(3))
            scene.camera.add(out, mesh, solid.weight, clip)
    return {material: np.maximum(out * scene.camera.ray_mm, 0) for material, out in lengths.items()}
