"""Frontal chest films. Lengths are millimetres."""

import numpy as np
from numpy.random import Generator

from simulation.body.pieces import column, random_pose
from simulation.body.stage import Stage, oval, smooth, trace


def chest(rng: Generator, size: int) -> Stage:
    """Frontal chest, sometimes with a pacemaker, sternal wires or leads."""
    stage = Stage(rng.uniform(330, 400), rng.uniform(360, 430), size, random_pose(rng, tilt=5, shift=(0, 10)))
    build = rng.uniform(0.9, 1.15)
    trunk = trace(
        "-52,-215 -70,-170 -160,-140 -200,-95 -178,-40 -165,60 -168,260 168,260 165,60 178,-40 "
        "200,-95 160,-140 70,-170 52,-215"
    )
    stage.plate(stage.soft, smooth(trunk), 215 * build, 120)
    _lungs(stage, rng)
    column(stage, range(-8, 9), 25, wide=17, level=0)
    stage.tube(stage.soft, [(1, -215), (2, -120), (5, -62)], [9, 8.5, 8], depth=-1)
    for side in (-1, 1):
        stage.tube(stage.soft, [(3, -64), (side * 22, -38)], [6.5, 5], depth=-1)
        for k in range(10):
            _rib(stage, side, k)
        clavicle = smooth([(12, -128), (50, -136), (95, -150), (140, -152)], closed=False) * [side, 1]
        stage.long_bone(clavicle, 6, 1.8)
        stage.flat_bone(
            smooth(trace("112,-142 138,-120 134,-70 118,-28 104,-60 98,-125") * [side, 1]),
            7,
            cortex=2,
        )
        stage.long_bone(np.array([(165, -128), (176, -60), (190, 40)]) * [side, 1], [21, 12, 11], [1.5, 4, 4])
    _chest_hardware(stage, rng)
    return stage


def lateral_chest(rng: Generator, size: int) -> Stage:
    """Lateral chest: both lungs over each other, spine behind, sternum in front."""
    stage = Stage(rng.uniform(300, 360), rng.uniform(350, 420), size, random_pose(rng, tilt=5, shift=(0, 10)))
    trunk = trace("-60,-210 -110,-150 -125,-40 -118,60 -110,260 120,260 128,60 120,-60 96,-150 50,-210")
    stage.plate(stage.soft, smooth(trunk), rng.uniform(280, 340), 90)
    dome = rng.uniform(80, 115)
    lung = [(-40, -150), (-86, -100), (-96, 20), (-92, dome + 50), (-30, dome), (60, dome + 8), (92, dome + 30),
            (98, 0), (84, -90), (40, -140)]  # fmt: skip
    stage.plate(stage.soft, smooth(lung), -rng.uniform(90, 140), 70)
    heart = smooth([(20, 10), (70, 30), (86, 80), (40, dome + 4), (-10, dome - 4), (-14, 50)])
    stage.plate(stage.soft, heart, rng.uniform(80, 120), 45)
    for k in range(-7, 9):
        y, lean = 25.0 * k, 8 * np.cos(k / 4)
        body = trace("-14,-9 14,-10 13,0 14,10 -14,9 -12,0") + np.array([-78 + lean, y])
        stage.flat_bone(smooth(body, count=4), 30, cortex=1.0, edge=7)
        stage.long_bone([(-96 + lean, y), (-118 + lean, y + 14)], [5, 3], 1.2)
    for k in range(10):
        for shift in (-4, 5):
            start = np.array([-84, -120 + 24 * k + shift])
            bends = ((0, 0), (60, 34), (130, 62 - 3 * k), (168, 66))
            rib = smooth([start + np.array(bend) for bend in bends], closed=False)
            stage.long_bone(rib, 4.2, 0.9, depth=0.5)
    stage.flat_bone(smooth([(98, -90), (106, -88), (116, 40), (108, 44)]), 16, cortex=1.2)
    return stage


def _lungs(stage: Stage, rng: Generator) -> None:
    dome = rng.uniform(70, 105)
    right = [
        (-22, -128),
        (-52, -150),
        (-84, -128),
        (-112, -70),
        (-128, 10),
        (-134, dome + 45),
        (-120, dome + 30),
        (-80, dome),
        (-44, dome + 6),
        (-26, dome + 20),
        (-24, -20),
    ]
    left = [
        (22, -128),
        (52, -150),
        (84, -128),
        (112, -70),
        (128, 10),
        (134, dome + 55),
        (120, dome + 40),
        (88, dome + 16),
        (70, dome + 18),
        (34, -2),
        (24, -40),
    ]
    for outline in (right, left):
        stage.plate(stage.soft, smooth(outline), -rng.uniform(120, 150), 46)
    heart = smooth(
        [
            (-34, 20),
            (-30, 60),
            (-10, dome + 22),
            (40, dome + 26),
            (84, dome + 20),
            (80, 66),
            (48, 16),
            (20, -20),
            (-14, -30),
        ]
    )
    stage.plate(stage.soft, heart, 52, 30)
    stage.ellipse(stage.soft, (27, -62), (15, 17), 30)
    stage.ellipse(stage.soft, (70, dome + 50), (34, 16), -35, angle_deg=12)
    for side in (-1, 1):
        for _ in range(9):
            angle = rng.uniform(-1.1, 1.2)
            length = rng.uniform(45, 85)
            way = np.array([side * np.cos(angle), np.sin(angle)])
            bend = rng.normal(0, 8, 2)
            root = np.array([side * 30, -22 + 18 * angle])
            path = smooth([root, root + way * length * 0.5 + bend, root + way * length], closed=False)
            stage.tube(stage.soft, path, np.linspace(4.2, 0.7, len(path)))


def _rib(stage: Stage, side: int, k: int) -> None:
    """Back part falls gently outwards, front part turns inwards and down."""
    y = -142 + 23 * k
    reach = float(np.interp(k, [0, 1, 3, 6, 9], [62, 90, 120, 136, 140]))
    back = smooth(
        [(18, y), (48, y - 8 + k), (reach * 0.75, y + 4 + 2 * k), (reach, y + 34 + 2 * k)], closed=False, count=4
    )
    stage.long_bone(back * [side, 1], 5.6, 1.4, depth=0.7)
    if k < 7:
        down = 58 + 5 * k
        front = smooth(
            [(reach, y + 34 + 2 * k), (reach * 0.86, y + down), (reach * 0.5, y + down + 20)], closed=False, count=4
        )
        stage.long_bone(front * [side, 1], np.linspace(5.6, 6.8, len(front)), 1.1, depth=0.45)


def _chest_hardware(stage: Stage, rng: Generator) -> None:
    if rng.random() < 0.25:
        stage.plate(stage.metal, smooth(oval((88, -98), (23, 19), count=9)), 7, 3)
        lead = smooth(trace("80,-104 40,-118 -12,-92 -20,-10 10,70 48,84"), closed=False)
        stage.tube(stage.metal, lead, 0.9)
    if rng.random() < 0.2:
        for y in range(-90, 40, 24):
            stage.tube(stage.metal, smooth(oval((4, y), (7, 4), count=8)), 0.7)
    if rng.random() < 0.3:
        for _ in range(3):
            spot = rng.uniform([-120, -120], [120, 80])
            stage.tube(stage.metal, smooth([(0, 0), (30, 40), (10, 160)], closed=False, at=spot), 0.8, depth=0.6)
            stage.plate(stage.metal, oval(spot, (5, 5)), 1.5, 2)
