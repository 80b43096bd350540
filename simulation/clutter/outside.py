"""Clothes, wires, aids and furniture between the tube and the detector. Each function draws one kind."""

import cv2
import numpy as np

from simulation.clutter.layers import Layers, wandering
from simulation.geometry.mesh import ball
from simulation.people.skeleton import SIDES

Rng = np.random.Generator
_SKIN_Y, _TABLE_Y = -120.0, 140.0


def _anywhere(rng: Rng, y: float) -> np.ndarray:
    return np.array([rng.uniform(-190, 190), y, rng.uniform(-150, 190)])


def snaps(rng: Rng, layers: Layers) -> None:
    """Press studs and buttons of a gown."""
    for _ in range(rng.integers(1, 5)):
        place, radius = _anywhere(rng, _SKIN_Y), rng.uniform(4, 8)
        layers.disc("steel", place, radius, rng.uniform(0.3, 0.9), ring_mm=rng.uniform(1, 2.5))
        layers.disc("steel", place, radius * 0.45, rng.uniform(0.3, 1.2))


def coins(rng: Rng, layers: Layers) -> None:
    """What is left in a pocket."""
    place = _anywhere(rng, _SKIN_Y)
    for _ in range(rng.integers(1, 5)):
        layers.disc("steel", place + rng.normal(0, [12, 0, 12]), rng.uniform(8, 13), rng.uniform(0.9, 2.2))


def keys(rng: Rng, layers: Layers) -> None:
    """A ring of keys."""
    place = _anywhere(rng, _SKIN_Y)
    layers.disc("steel", place, 13, 1.8, ring_mm=2)
    for _ in range(rng.integers(1, 4)):
        heading = rng.normal(size=3) * [1, 0.1, 1]
        heading /= np.linalg.norm(heading)
        layers.disc("steel", place + heading * 20, 9, 1.6)
        layers.tube("steel", np.stack([place + heading * 26, place + heading * 52]), 2.2)


def zip_fastener(rng: Rng, layers: Layers) -> None:
    """The teeth of a zip, down the middle or at a side."""
    x, top = rng.normal(0, 40), rng.uniform(0, 150)
    for k in range(int(rng.integers(20, 60))):
        place = np.array([x + 0.02 * k, _SKIN_Y, top - k * 2.4])
        layers.tube("steel", np.stack([place, place + np.array([2.4 if k % 2 else -2.4, 0, 0])]), 0.6)


def leads(rng: Rng, layers: Layers) -> None:
    """Monitoring wires with their electrodes."""
    for _ in range(rng.integers(1, 4)):
        start = _anywhere(rng, _SKIN_Y)
        path = wandering(rng, start, rng.normal(size=3) * [1, 0.1, 1], rng.uniform(150, 500), 0.22)
        layers.tube("steel", path, rng.uniform(0.25, 0.6))
        if rng.random() < 0.6:
            layers.disc("steel", path[0], 5, 0.9)
            layers.disc("plastic", path[0], 16, 0.8)


def tubing(rng: Rng, layers: Layers) -> None:
    """An infusion line or a suction tube across the film."""
    path = wandering(rng, _anywhere(rng, _SKIN_Y), rng.normal(size=3) * [1, 0.1, 1], rng.uniform(200, 600), 0.15)
    layers.tube("plastic", path, rng.uniform(1.5, 3.5))


def staples(rng: Rng, layers: Layers) -> None:
    """A row of staples over the thigh, below or beside an operated hip."""
    scene = layers.scene
    side = str(rng.choice(list(scene.implants or SIDES)))
    leg = scene.pose.legs[side]
    start = scene.hip(side) + leg @ np.array([rng.uniform(25, 70), rng.uniform(-50, 50), 60.0])
    end = start + leg @ np.array([rng.normal(0, 20), rng.normal(0, 15), -rng.uniform(90, 190)])
    across = np.cross(end - start, [0, 1.0, 0])
    across *= rng.uniform(2.6, 3.4) / np.linalg.norm(across)
    for share in np.linspace(0, 1, rng.integers(9, 26)):
        middle = start + share * (end - start) + rng.normal(0, 0.8, 3)
        layers.tube("steel", np.stack([middle - across, middle + across]), 0.28)


def dressing(rng: Rng, layers: Layers) -> None:
    """The edge of a wound dressing or an absorbent pad."""
    side = str(rng.choice(list(SIDES)))
    centre = layers.scene.hip(side) + np.array([SIDES[side] * 45, -20, -30.0])
    half = rng.uniform([25, 60], [50, 120])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]) * half
    outline = centre + np.stack([corners[:, 0], 0 * corners[:, 0], corners[:, 1]], 1)
    layers.tube("plastic", outline, 0.8)


def folds(rng: Rng, layers: Layers) -> None:
    """Creases of a sheet, a nappy or an elastic band."""
    for _ in range(rng.integers(1, 6)):
        path = wandering(
            rng, _anywhere(rng, _TABLE_Y), np.array([1.0, 0, rng.normal(0, 0.3)]), rng.uniform(80, 350), 0.1
        )
        layers.tube("plastic", path, rng.uniform(0.2, 0.8))


def calibration_ball(rng: Rng, layers: Layers) -> None:
    """A steel ball of known size beside a hip or between the thighs, for templating."""
    side = str(rng.choice(list(SIDES)))
    beside = layers.scene.hip(side) + np.array([SIDES[side] * rng.uniform(80, 130), 0, rng.uniform(-70, 20)])
    between = np.array([rng.normal(0, 10), 0, rng.uniform(-110, -70)])
    radius = float(rng.choice([12.5, 12.7, 14.0, 15.0]))
    layers.solid("steel", ball(radius, beside if rng.random() < 0.5 else between))


def calibration_ruler(rng: Rng, layers: Layers) -> None:
    """A ruler with lead marks along a thigh."""
    x, top, step = rng.choice([-1, 1]) * rng.uniform(110, 180), rng.uniform(0, 120), float(rng.choice([5, 10]))
    for k in range(int(rng.integers(10, 31))):
        place = np.array([x, 0, top - k * step])
        layers.tube("lead", np.stack([place, place + np.array([12 if k % 5 == 0 else 7, 0, 0])]), 0.4)


def gonad_shield(rng: Rng, layers: Layers) -> None:
    """A lead shield in front of the pelvis, often not where it should be."""
    centre = np.array([rng.normal(0, 20), _SKIN_Y, rng.uniform(-45, 40)])
    size = rng.uniform(22, 45)
    if rng.random() < 0.5:
        layers.disc("lead", centre, size, 1.0)
        return
    camera, pose = layers.scene.camera, layers.scene.pose
    outline = centre + np.array([[-1.2, 0, 0.7], [1.2, 0, 0.7], [0.35, 0, -1], [-0.35, 0, -1]]) * size
    pixels = camera.project(outline @ pose.pelvis.T).round().astype(np.int32)
    cv2.fillPoly(layers.of("lead"), [pixels], 1.0)


def table(rng: Rng, layers: Layers) -> None:
    """A mattress edge, a rail or a cushion under the patient."""
    at, upright = rng.uniform(-230, 230), rng.random() < 0.5
    ends = [[at, _TABLE_Y, -300], [at, _TABLE_Y, 350]] if upright else [[-300, _TABLE_Y, at], [300, _TABLE_Y, at]]
    path = np.array(ends, float) + rng.normal(0, 6, (2, 3))
    layers.tube("plastic", path, rng.uniform(0.8, 4.0))
    if rng.random() < 0.3:
        layers.tube("steel", path + np.array([14, 0, 14]), rng.uniform(0.5, 1.5))


def phone(rng: Rng, layers: Layers) -> None:
    """A telephone in a pocket."""
    centre = np.array([rng.choice([-1, 1]) * rng.uniform(70, 150), _SKIN_Y, rng.uniform(-80, 80)])
    layers.solid("titanium", ball(36, centre, (1.0, 0.03, 2.0)), 0.5)
    for _ in range(12):
        spot = centre + rng.uniform([-28, 0, -60], [28, 0, 60])
        layers.disc("steel", spot, rng.uniform(2, 9), rng.uniform(0.1, 0.6))
