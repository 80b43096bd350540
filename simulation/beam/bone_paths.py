"""Millimetres of cortical and trabecular bone along every ray."""

from collections.abc import Iterable

import cv2
import numpy as np

from simulation.beam.foramina import open_foramina
from simulation.geometry.camera import Interval, Raster
from simulation.geometry.mesh import Matrix, Mesh, Vector, ball
from simulation.people.atlas import LEG_BONES
from simulation.people.heterotopic import heterotopic_lumps
from simulation.people.person import Bone
from simulation.people.skeleton import SIDES
from simulation.scene import Scene
from simulation.surgery.choice import Plane

_CANAL_FROM_MM = (60, 90)  # along the shaft: the marrow canal empties in these steps
_LUMP_BLUR_MM = 1.1  # what grows has no crisp border
_LOST = 0.8  # of trabecular bone, round a loose stem
_DENSE_HEAD = 0.35  # of trabecular bone, more in the head than elsewhere
Clips = tuple[tuple[float, Interval | None], ...]  # weight, interval of each ray
_WHOLE: Clips = ((1.0, None),)


def bone_paths(scene: Scene) -> tuple[Raster, Raster]:
    """Cortical and trabecular bone, each (H, W) mm."""
    camera = scene.camera
    cortex, trabecular = camera.blank(), camera.blank()
    if scene.pelvis:
        _draw_pelvis(scene, cortex, trabecular)
        _draw_spine(scene, cortex, trabecular)
    for side in SIDES if scene.pelvis else (scene.side,):
        _draw_leg(scene, side, cortex, trabecular)
        _draw_lumps(scene, side, cortex, trabecular)
    for installed in scene.implants.values():
        for mesh in installed.lucent:
            camera.add(trabecular, mesh.moved(scene.pose.pelvis, np.zeros(3)), -_LOST)
    cortex = np.maximum(cortex * camera.ray_mm, 0)
    return cortex, np.maximum(trabecular * camera.ray_mm, 0.02 * cortex)


def _draw(
    scene: Scene, cortex: Raster, trabecular: Raster, bone: Bone, *, clips: Clips = _WHOLE, weight: float = 1.0
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
        clips = _WHOLE
        installed = scene.implants.get(side)
        if installed is not None and installed.cup is not None:
            centre = scene.on_table(installed.cup.centre)
            clips = (*_WHOLE, (-1.0, scene.camera.within_ball(centre, installed.cup.reamed_radius)))
        _draw(scene, cortex, trabecular, _turned(scene.person.pelvis[f"hip_{side}"], turn, origin), clips=clips)
    sacrum_cortex, sacrum_trabecular = scene.camera.blank(), scene.camera.blank()
    sacrum = _turned(scene.person.pelvis["sacrum"], turn, origin)
    _draw(scene, sacrum_cortex, sacrum_trabecular, sacrum)
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
        inner = outer.inflated(-0.7)
        scene.camera.add(cortex, outer, 0.8)
        scene.camera.add(cortex, inner, -0.8)
        scene.camera.add(trabecular, inner, 0.8)


def _draw_leg(scene: Scene, side: str, cortex: Raster, trabecular: Raster) -> None:
    bones, place = scene.person.legs[side], _Place(scene, side)
    for name in ("femur",) if scene.pelvis else LEG_BONES:
        for bone, clip in _fragments(scene, place, bones[name], side if name == "femur" else ""):
            clips: Clips = ((1.0, clip),)
            installed = scene.implants.get(side)
            if name == "femur" and installed is not None and installed.resection is not None:
                clips = (*clips, (-1.0, _beyond(scene, installed.resection)))
            _draw(scene, cortex, trabecular, bone, clips=clips)
            if name == "femur":
                _empty_canal(scene, side, trabecular, bone.core, clip)
    kept = side not in scene.implants or scene.implants[side].resection is None
    if kept:
        head = ball(0.86 * scene.person.femurs[side].head_radius, np.zeros(3))
        scene.camera.add(trabecular, place(head), _DENSE_HEAD)


class _Place:
    """Left-leg coordinates of a side to the table frame."""

    def __init__(self, scene: Scene, side: str) -> None:
        self.turn = scene.pose.pelvis @ scene.pose.legs[side]
        self.offset = scene.on_table(scene.hip(side))

    def __call__(self, mesh: Mesh) -> Mesh:
        return mesh.moved(self.turn, self.offset)

    def bone(self, bone: Bone) -> Bone:
        return _turned(bone, self.turn, self.offset)


def _fragments(scene: Scene, place: _Place, bone: Bone, side: str) -> Iterable[tuple[Bone, Interval | None]]:
    """A bone of the leg, in two parts where it is the femur of ``side`` and broken."""
    broken = scene.fracture(side) if side else None
    if broken is None:
        yield place.bone(bone), None
        return
    point, beyond = place.turn @ broken.point + place.offset, place.turn @ broken.beyond
    yield place.bone(bone), scene.camera.within_halfspace(point, beyond)
    distal = Bone(*(Mesh(broken.moved(mesh.vertices), mesh.faces) for mesh in (bone.outer, bone.inner, bone.core)))
    shift, turned = place.turn @ broken.shift, place.turn @ broken.turn @ broken.beyond
    yield place.bone(distal), scene.camera.within_halfspace(point + shift, -turned)


def _draw_lumps(scene: Scene, side: str, cortex: Raster, trabecular: Raster) -> None:
    """What disease added or took away; what sat on a resected head is gone."""
    installed, place, centre = scene.implants.get(side), _Place(scene, side), scene.on_table(scene.hip(side))
    headless = installed is not None and installed.resection is not None
    found = [lump for lump in scene.person.lumps(side) if not (lump.on_femur and headless)]
    if scene.state(side).heterotopic:
        found += heterotopic_lumps(scene.person.number, side, scene.state(side).heterotopic)
    if not found:
        return
    grown = [scene.camera.blank(), scene.camera.blank()]
    for lump in found:
        mesh = place(lump.mesh) if lump.on_femur else lump.mesh.moved(scene.pose.pelvis, centre)
        scene.camera.add(grown[0], mesh, lump.cortex)
        scene.camera.add(grown[1], mesh, lump.trabecular)
    blur = (0, 0), _LUMP_BLUR_MM / scene.camera.object_spacing_mm
    cortex += cv2.GaussianBlur(grown[0], *blur)
    trabecular += cv2.GaussianBlur(grown[1], *blur)


def _beyond(scene: Scene, planes: tuple[Plane, Plane]) -> Interval:
    """The part of each ray beyond both planes."""
    first, second = (
        scene.camera.within_halfspace(scene.on_table(plane.point), -scene.on_table(plane.outward)) for plane in planes
    )
    return np.maximum(first[0], second[0]), np.minimum(first[1], second[1])


def _empty_canal(scene: Scene, side: str, trabecular: Raster, core: Mesh, clip: Interval | None) -> None:
    frame, place = scene.person.femurs[side], _Place(scene, side)
    share = (0.93 - scene.person.core_fraction) / len(_CANAL_FROM_MM)
    for along in _CANAL_FROM_MM:
        start = place.turn @ frame.at(along) + place.offset
        below = scene.camera.within_halfspace(start, -(place.turn @ frame.axis))
        if clip is not None:
            below = np.maximum(below[0], clip[0]), np.minimum(below[1], clip[1])
        scene.camera.add(trabecular, core, -share, below)
