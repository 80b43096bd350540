"""Calcifications, devices and remains of treatment inside a patient. Each function draws one kind."""

import numpy as np

from simulation.clutter.layers import Layers, wandering
from simulation.geometry.mesh import ball, cylinder
from simulation.people.skeleton import SIDES

Rng = np.random.Generator
_FRONT, _BACK = -70.0, 95.0  # y of groins and buttocks


def phleboliths(rng: Rng, layers: Layers) -> None:
    """Calcified veins low in the pelvis: rings with a lucent middle."""
    for _ in range(rng.integers(1, 7)):
        place = np.array([rng.choice([-1, 1]) * rng.uniform(30, 65), rng.uniform(10, 50), rng.uniform(-30, 25)])
        radius = rng.uniform(1.2, 3.2)
        layers.solid("calcium", ball(radius, place))
        if rng.random() < 0.5:
            layers.solid("calcium", ball(radius * 0.6, place), -0.8)


def vessels(rng: Rng, layers: Layers) -> None:
    """Calcified iliac and femoral arteries: broken tram lines."""
    for sign in SIDES.values():
        points = np.array(
            [
                [sign * 20, -5, 140.0], [sign * 45, 5, 90], [sign * 62, -25, 45], [sign * 72, -55, 5],
                [sign * 78, -50, -120], [sign * 70, -30, -260],
            ]
        )  # fmt: skip
        dense = np.linspace(0, len(points) - 1, 90)
        path = np.stack([np.interp(dense, np.arange(len(points)), points[:, k]) for k in range(3)], 1)
        path += np.cumsum(rng.normal(0, 0.5, path.shape), 0)
        for wall in (-3.2, 3.2):
            for start in range(0, 88, 3):
                if rng.random() < 0.5:
                    piece = path[start : start + 3] + np.array([wall, 0, 0])
                    layers.tube("calcium", piece, rng.uniform(0.2, 0.7))


def granulomas(rng: Rng, layers: Layers) -> None:
    """Calcified injections in the buttocks."""
    for _ in range(rng.integers(1, 5)):
        place = np.array([rng.choice([-1, 1]) * rng.uniform(60, 120), _BACK, rng.uniform(0, 110)])
        layers.solid("calcium", ball(rng.uniform(2, 7), place, rng.uniform(0.5, 1.2, 3)), 0.5)


def fibroid(rng: Rng, layers: Layers) -> None:
    """A calcified fibroid, prostate or lymph node: a cluster of crumbs."""
    centre = np.array([rng.normal(0, 25), rng.uniform(-10, 30), rng.uniform(10, 70)])
    for _ in range(rng.integers(8, 30)):
        layers.solid("calcium", ball(rng.uniform(0.8, 2.5), centre + rng.normal(0, rng.uniform(4, 11), 3)), 0.7)


def clips(rng: Rng, layers: Layers) -> None:
    """Surgical clips after an operation in pelvis or groin."""
    centre = np.array([rng.normal(0, 50), rng.uniform(-40, 20), rng.uniform(-20, 120)])
    for _ in range(rng.integers(2, 14)):
        place = centre + rng.normal(0, [25, 15, 25])
        layers.tube("titanium", np.stack([place, place + rng.normal(0, 1, 3) * 3.5]), 0.6)


def mesh_tacks(rng: Rng, layers: Layers) -> None:
    """Spiral tacks of a hernia mesh."""
    sign = rng.choice([-1, 1])
    turns = np.linspace(0, 5 * np.pi, 24)
    for _ in range(rng.integers(4, 12)):
        place = np.array([sign * rng.uniform(30, 110), _FRONT, rng.uniform(20, 110)])
        coil = np.stack([1.7 * np.cos(turns), turns * 0.22, 1.7 * np.sin(turns)], 1)
        layers.tube("titanium", place + coil, 0.3)


def intrauterine_device(rng: Rng, layers: Layers) -> None:
    """A T or a ring in the uterus."""
    centre = np.array([rng.normal(0, 12), 10.0, rng.uniform(30, 65)])
    tilt = rng.normal(0, 0.4)
    down = np.array([np.sin(tilt), 0.2, -np.cos(tilt)])
    across = np.array([np.cos(tilt), 0, np.sin(tilt)])
    layers.tube("steel", np.stack([centre, centre + down * 32]), 0.35)
    layers.tube("plastic", np.stack([centre - across * 16, centre + across * 16]), 0.9)


def urinary_catheter(rng: Rng, layers: Layers) -> None:
    """A tube through the bladder, its balloon, and the way down between the thighs."""
    top = np.array([rng.normal(0, 8), -15.0, rng.uniform(20, 45)])
    neck = np.array([0.0, -10.0, -15.0])
    below = wandering(rng, neck, np.array([rng.normal(0, 0.4), -0.3, -1.0]), rng.uniform(90, 260), 0.12)
    layers.tube("silicone", np.vstack([top, (top + neck) / 2 + [3, 0, 0], below]), 2.6)
    layers.solid("silicone", ball(rng.uniform(10, 16), top - [0, 0, 12]), 0.25)


def drain(rng: Rng, layers: Layers) -> None:
    """A wound drain beside a hip, with its opaque stripe."""
    side = str(rng.choice(list(SIDES)))
    start = layers.scene.hip(side) + np.array([SIDES[side] * 30, rng.uniform(-20, 20), 10.0])
    path = wandering(rng, start, np.array([SIDES[side] * 0.4, 0, -1.0]), rng.uniform(120, 260), 0.15)
    layers.tube("plastic", path, 2.0)
    layers.tube("calcium", path, 0.4)


def stent(rng: Rng, layers: Layers) -> None:
    """A stent in an iliac or femoral artery."""
    sign = rng.choice([-1, 1])
    start = np.array([sign * 45, 0, rng.uniform(20, 90)])
    end = start + np.array([sign * 14, -18, -rng.uniform(35, 70)])
    turns = np.linspace(0, 1, 160)[:, None]
    axis = start + (end - start) * turns
    for phase in (0.0, np.pi):
        angle = 2 * np.pi * 11 * turns[:, 0] + phase
        coil = np.stack([np.cos(angle), np.sin(angle), 0 * angle], 1) * 4.0
        layers.tube("steel", axis + coil, 0.18)


def stimulator(rng: Rng, layers: Layers) -> None:
    """A nerve stimulator in a buttock, its lead to the sacrum."""
    sign = rng.choice([-1, 1])
    place = np.array([sign * rng.uniform(75, 110), _BACK, rng.uniform(60, 110)])
    layers.solid("titanium", ball(20, place, (1.0, 0.22, 1.15)), 0.35)
    layers.solid("steel", ball(9, place + np.array([0, 0, 5]), (1, 0.4, 1)), 0.6)
    lead = np.vstack([place, place * [0.5, 0.9, 1.1], [sign * 12, 60, 75], [sign * 8, 35, 68]])
    layers.tube("steel", lead, 0.5)


def contrast_bladder(rng: Rng, layers: Layers) -> None:
    """A bladder with contrast medium."""
    size = rng.uniform(22, 45)
    centre = np.array([rng.normal(0, 6), -15, size * 0.7 + 5])
    layers.solid("contrast", ball(size, centre, (1.25, 0.9, 0.75)), rng.uniform(0.2, 0.7))


def shrapnel(rng: Rng, layers: Layers) -> None:
    """Pellets or fragments."""
    centre = np.array([rng.normal(0, 60), rng.uniform(-60, 90), rng.normal(0, 60)])
    for _ in range(rng.integers(1, 25)):
        layers.solid("lead", ball(rng.uniform(0.6, 2.2), centre + rng.normal(0, 35, 3)))


def penile_prosthesis(rng: Rng, layers: Layers) -> None:
    """Two silicone cylinders."""
    for sign in (-1, 1):
        start = np.array([sign * 14.0, -30, -25])
        end = np.array([sign * 8.0 + rng.normal(0, 8), -100, -rng.uniform(40, 90)])
        layers.solid("silicone", cylinder(start, end, 6, 5.5))
