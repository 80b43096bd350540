"""Films of the spine and the abdomen. Lengths are millimetres."""

import numpy as np
from numpy.random import Generator

from simulation.body.pieces import column, random_pose
from simulation.body.stage import Stage, smooth, trace


def abdomen(rng: Generator, size: int) -> Stage:
    """Frontal abdomen down to the crests: spine, lowest ribs, kidneys, psoas, bowel gas."""
    stage = Stage(rng.uniform(330, 390), rng.uniform(330, 400), size, random_pose(rng, tilt=5, shift=(0, 10)))
    trunk = smooth(trace("-150,-260 -158,-60 -168,60 -180,240 180,240 168,60 158,-60 150,-260"))
    stage.plate(stage.soft, trunk, rng.uniform(190, 270), 110)
    stage.plate(stage.soft, smooth(trace("-140,-190 -40,-180 0,-130 -60,-60 -130,-10 -150,-80")), 26, 20)
    for side in (-1, 1):
        stage.ellipse(stage.soft, (side * 66, -62), (28, 56), 30, angle_deg=side * 14)
        stage.plate(
            stage.soft, smooth(np.array([(16, -90), (30, -80), (62, 60), (70, 160), (30, 160)]) * [side, 1]), 26, 8
        )
        for k in range(3):
            path = smooth([(20, -170 + 28 * k), (70, -160 + 34 * k), (120 - 18 * k, -116 + 32 * k)], closed=False)
            stage.long_bone(path * [side, 1], np.linspace(6, 4.5, len(path)), 1.2, depth=0.7)
        _crest(stage, side, 118)
    column(stage, range(-5, 5), 34, wide=24, level=-20)
    stage.flat_bone(smooth([(-50, 128), (50, 128), (40, 190), (0, 240), (-40, 190)]), 30, edge=10)
    _bowel_gas(stage, rng)
    return stage


def _crest(stage: Stage, side: int, y: float) -> None:
    wing = [
        (38, y + 50),
        (52, y + 12),
        (84, y - 8),
        (118, y),
        (138, y + 26),
        (136, y + 60),
        (120, y + 160),
        (50, y + 160),
        (44, y + 90),
    ]
    stage.flat_bone(smooth(np.array(wing) * [side, 1]), 16, cortex=2.2, edge=8)


def _bowel_gas(stage: Stage, rng: Generator) -> None:
    frame = trace("-125,90 -128,10 -110,-60 -40,-80 40,-78 110,-95 128,-10 122,80 60,110 0,90")
    for spot in frame:
        if rng.random() < 0.72:
            for _ in range(3):
                centre = np.array(spot) + rng.normal(0, 12, 2)
                semi, gas = (rng.uniform(8, 19), rng.uniform(7, 14)), rng.uniform(15, 40)
                stage.ellipse(stage.soft, centre, semi, -gas, angle_deg=rng.uniform(0, 180))
    for _ in range(25):
        stage.ellipse(
            stage.soft, rng.normal([0, 20], [80, 60]), (rng.uniform(3, 9), rng.uniform(3, 7)), rng.uniform(-18, 8)
        )


def spine(rng: Generator, size: int) -> Stage:
    """Thoracic or lumbar spine from the front, or any part of it from the side."""
    kind = rng.choice(["front", "lumbar", "neck"])
    if kind == "front":
        stage = Stage(rng.uniform(150, 240), rng.uniform(330, 400), size, random_pose(rng, tilt=5, shift=(0, 0)))
        stage.plate(
            stage.soft,
            smooth(
                [
                    (-150, -260),
                    (-150, 260),
                    (150, 260),
                    (150, -260),
                ]
            ),
            rng.uniform(180, 260),
            90,
        )
        lumbar = rng.random() < 0.5
        if not lumbar:
            for side in (-1, 1):
                stage.plate(
                    stage.soft,
                    smooth(np.array([(28, -240), (110, -240), (120, 60), (100, 110), (36, 90)]) * [side, 1]),
                    -110,
                    40,
                )
        for side in (-1, 1):
            for k in range(3 if lumbar else 11):
                y = (-190 if lumbar else -220) + (33 if lumbar else 27) * k
                rib = smooth([(18, y), (60, y - 4), (140, y + 34)], closed=False) * [side, 1]
                stage.long_bone(rib, 5.5, 1.3, depth=0.7)
        column(stage, range(-7, 7), 33 if lumbar else 27, wide=23 if lumbar else 17, level=0)
        if rng.random() < 0.25:
            _spine_rods(stage)
        return stage
    return _neck(rng, size) if kind == "neck" else _lumbar_side(rng, size)


def _spine_rods(stage: Stage) -> None:
    for side in (-1, 1):
        stage.tube(stage.metal, [(side * 17, -70), (side * 16, 75)], 2.8)
        for y in (-66, -33, 33, 66):
            stage.tube(stage.metal, [(side * 17, y), (side * 9, y + 2)], 3.2)


def _lumbar_side(rng: Generator, size: int) -> Stage:
    stage = Stage(rng.uniform(180, 240), rng.uniform(330, 400), size, random_pose(rng, tilt=5, shift=(0, 0)))
    stage.plate(
        stage.soft,
        smooth(trace("-140,-300 -130,0 -150,300 110,300 90,60 100,-300")),
        rng.uniform(250, 340),
        80,
    )
    for _ in range(6):
        stage.ellipse(stage.soft, rng.normal([-90, 0], [25, 90]), (rng.uniform(12, 30), rng.uniform(10, 18)), -35)
    for k in range(-6, 5):
        y, lean = 36 * k, 0.05 * k
        x = -16 * np.cos(k / 3.2) + 4
        body = trace("-19,-14 0,-13 19,-14 17,0 19,14 0,13 -19,14 -16,0")
        turn = np.array([[np.cos(lean), np.sin(lean)], [-np.sin(lean), np.cos(lean)]])
        stage.flat_bone(smooth(body @ turn + [x, y], count=5), 44, cortex=1.5, edge=9)
        arch = np.array(trace("20,-8 34,-8 40,-14 40,4 66,12 70,26 44,22 34,22 32,6 20,2"))
        stage.flat_bone(smooth(arch @ turn + [x, y], count=4), 18, cortex=1.5, edge=4)
    stage.flat_bone(smooth(trace("-14,166 26,172 60,230 70,300 40,300 10,220")), 40, edge=9)
    for k in range(3):
        stage.long_bone(
            smooth([(46, -230 + 40 * k), (0, -190 + 40 * k), (-90, -120 + 40 * k)], closed=False), 5, 1.4, depth=0.8
        )
    if rng.random() < 0.25:
        for k in range(-1, 2):
            stage.tube(stage.metal, [(34, 36 * k - 6), (-8, 36 * k - 2)], 2.6)
        stage.tube(stage.metal, [(36, -44), (36, 36)], 2.8)
    return stage


def _neck(rng: Generator, size: int) -> Stage:
    stage = Stage(rng.uniform(150, 190), rng.uniform(200, 240), size, random_pose(rng, tilt=5, shift=(0, 0)))
    stage.plate(
        stage.soft, smooth(trace("-90,-150 -84,-70 -46,-40 -44,40 -60,90 -120,150 130,150 90,70 62,0 70,-150")), 120, 45
    )
    stage.tube(stage.soft, [(-30, -70), (-27, 0), (-32, 60), (-30, 150)], [9, 7, 8, 8], depth=-1)
    for k in range(8):
        y, x = -74 + 21 * k, 6 - 7 * np.sin(k / 2.2)
        body = trace("-9,-7 0,-6 9,-8 8,0 9,7 0,6 -9,8 -8,0")
        stage.flat_bone(smooth(body, count=4, at=(x, y)), 18, cortex=1.2, edge=5)
        stage.flat_bone(smooth([(10, -8), (22, -12), (24, 4), (12, 8)], count=5, at=(x, y)), 18, cortex=1.2, edge=3)
        reach = 40 + 16 * (k in (1, 6, 7))
        stage.flat_bone(
            smooth([(24, -3), (reach, 3), (reach, 11), (24, 6)], count=5, at=(x, y)), 10, cortex=1.2, edge=3
        )
    stage.flat_bone(smooth(trace("-80,-86 -70,-70 -30,-86 -10,-110 -20,-160 -90,-160")), 18, cortex=2)
    stage.flat_bone(smooth([(-10, -100), (30, -92), (70, -110), (90, -170), (-10, -170)]), 22, cortex=2.4)
    return stage
