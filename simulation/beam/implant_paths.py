"""Millimetres of each implant material along every ray."""

import numpy as np

from simulation.geometry.camera import Raster
from simulation.scene import Scene
from simulation.surgery.elsewhere import elsewhere


def implant_paths(scene: Scene) -> dict[str, Raster]:
    """Millimetres of each implant material."""
    lengths: dict[str, Raster] = {}
    placed = [installed.solids for installed in scene.implants.values()]
    for solids in [*placed, elsewhere(scene.person) if scene.pelvis else ()]:
        for solid in solids:
            clip = None
            if solid.above is not None:
                plane = solid.above
                clip = scene.camera.within_halfspace(scene.on_table(plane.point), scene.on_table(plane.outward))
            out = lengths.setdefault(solid.material, scene.camera.blank())
            mesh = solid.mesh.moved(scene.pose.pelvis, np.zeros(3))
            scene.camera.add(out, mesh, solid.weight, clip)
    return {material: np.maximum(out * scene.camera.ray_mm, 0) for material, out in lengths.items()}
