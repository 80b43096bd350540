"""Millimetres of cortical and trabecular bone along every ray."""

from collections.abc import Iterable

import numpy as np

from simulation.beam.foramina import open_foramina
from simulation.geometry.camera import Interval, Raster
from simulation.geometry.mesh import Matrix, Mesh, Vector
from simulation.people.atlas import LEG_BONES
from simulation.people.person import Bone
from simulation.people.skeleton import SIDES
from simulation.scene import Scene
from simulation.surgery.choice import Plane

_CANAL_FROM_MM = (60, 90)  # along the shaft: the marrow canal empties in these steps


def bone_paths(scene: Scene) -> tuple[Raster, Raster]:
    """Cortical and trabecular bone, each (H, W) mm."""
    camera = scene.camera
    cortex, trabecular = camera.blank(), camera.blank()
    if scene.pelvis:
        _draw_pelvis(scene, cortex, trabecular)
        _draw_spine(scene, cortex, trabecular)
    for side in SIDES if scene.pelvis else (scene.side,):
        _draw_leg(scene, side, cortex, trabecular)
    cortex = np.maximum(cortex * camera.ray_mm, 0)
    return cortex, np.maximum(trabecular * camera.ray_mm, 0.02 * cortex)


def _draw(
    scene: Scene,
    cortex: Raster,
    trabecular: Raster,
    bone: Bone,
    *,
    clips: Iterable[tuple[float, Interval | None]] = ((1.0, None),),
    weight: float = 1.0,
) -> None:
    """Add a bone, its surfaces already on the table; each clip adds (1) or takes away (-1) an interval."""
    camera = scene.camera
    for sign, clip in clips:
        share = sign * weight
        camera.add(cortex, bone.outer, share, clip)
        within = camera.blank()
        camera.add(within, bone.inner, share, clip)
        cortex -= within
        trabecular += within
        camera.add(trabecular, bone.core, -scene.person.core_fraction * share, clip)


def _draw_pelvis(scene: Scene, cortex: Raster, trabecular: Raster) -> None:
    """Hip bones, reamed where a cup sits, sacrum and coccyx."""
    turn, origin = scene.pose.pelvis, np.zeros(3)
    for side in SIDES:
        clips: list[tuple[float, Interval | None]] = [(1.0, None)]
        installed = scene.implants.get(side)
        if installed is not None and installed.cup is not None:
            centre = scene.on_table(installed.cup.centre)
            clips.append((-1.0, scene.camera.within_ball(centre, installed.cup.reamed_radius)))
        _draw(scene, cortex, trabecular, _turned(scene.person.pelvis[f"hip_{side}"], turn, origin), clips=clips)
    sacrum_cortex, sacrum_trabecular = scene.camera.blank(), scene.camera.blank()
    sacrum = _turned(scene.person.pelvis["sacrum"], turn, origin)
    _draw(scene, sacrum_cortex, sacrum_trabecular, sacrum, weight=0.85)
    open_foramina(scene, sacrum_cortex, sacrum_trabecular)
    cortex += sacrum_cortex
    trabecular += sacrum_trabecular
    for segment in scene.person.coccyx:
        mesh = segment.moved(turn, origin)
        scene.camera.add(cortex, mesh, 0.06)
        scene.camera.add(trabecular, mesh, 0.5)


def _turned(bone: Bone, turn: Matrix, offset: Vector) -> Bone:
    return Bone(bone.outer.moved(turn, offset), bone.inner.moved(turn, offset), bone.core.moved(turn, offset))


def _draw_spine(scene: Scene, cortex: Raster, trabecular: Raster) -> None:
    for vertebra in scene.person.vertebrae:
        outer = vertebra.moved(scene.pose.pelvis, np.zeros(3))
        inner = outer.inflated(-0.9)
        scene.camera.add(cortex, outer, 0.8)
        scene.camera.add(cortex, inner, -0.8)
        scene.camera.add(trabecular, inner, 0.8)


def _draw_leg(scene: Scene, side: str, cortex: Raster, trabecular: Raster) -> None:
    bones = scene.person.legs[side]
    turn = scene.pose.pelvis @ scene.pose.legs[side]
    offset = scene.on_table(scene.hip(side))
    for name in ("femur",) if scene.pelvis else LEG_BONES:
        bone = _turned(bones[name], turn, offset)
        clips: list[tuple[float, Interval | None]] = [(1.0, None)]
        installed = scene.implants.get(side)
        if name == "femur" and installed is not None and installed.resection is not None:
            clips.append((-1.0, _beyond(scene, installed.resection)))
        _draw(scene, cortex, trabecular, bone, clips=clips)
        if name == "femur":
            _empty_canal(scene, side, trabecular, bone.core)


def _beyond(scene: Scene, planes: tuple[Plane, Plane]) -> Interval:
    """The part of each ray beyond both planes."""
    first, second = (
        scene.camera.within_halfspace(scene.on_table(plane.point), -scene.on_table(plane.outward)) for plane in planes
    )
    return np.maximum(first[0], second[0]), np.minimum(first[1], second[1])


def _empty_canal(scene: Scene, side: str, trabecular: Raster, core: Mesh) -> None:
    frame = scene.person.femurs[side]
    turn = scene.pose.pelvis @ scene.pose.legs[side]
    share = (0.93 - scene.person.core_fraction) / len(_CANAL_FROM_MM)
    for along in _CANAL_FROM_MM:
        start = turn @ frame.at(along) + scene.on_table(scene.hip(side))
        scene.camera.add(trabecular, core, -share, scene.camera.within_halfspace(start, -(turn @ frame.axis)))
