"""Films of the skull. Lengths are millimetres."""

import numpy as np
from numpy.random import Generator

from simulation.body.pieces import column, random_pose
from simulation.body.stage import Stage, oval, smooth, trace


def skull(rng: Generator, size: int) -> Stage:
    """Skull from the side or from the front."""
    if rng.random() < 0.5:
        return _skull_front(rng, size)
    stage = Stage(rng.uniform(220, 270), rng.uniform(230, 280), size, random_pose(rng, tilt=5, shift=(0, 20)))
    vault = smooth(trace("-88,-20 -94,-54 -78,-98 -30,-126 30,-126 78,-98 96,-48 86,-6 56,16 30,20 -20,10 -50,-4"))
    skin = smooth(
        trace(
            "-98,-20 -104,-60 -84,-110 -30,-136 34,-136 88,-106 106,-48 94,10 62,30 66,120 20,160 -20,160 "
            "-28,108 -86,112 -96,84 -106,58 -120,34 -102,6"
        )
    )
    stage.plate(stage.soft, skin, 135, 50)
    stage.flat_bone(vault, 20, cortex=3.2, edge=30)
    for layer_mm in (4, 6):
        stage.flat_bone(np.array([0, -50]) + (vault - [0, -50]) * (1 - layer_mm / 90), 5, cortex=1.1, edge=20)
    for path in (
        trace("-92,-18 -60,-16 -26,0 -6,-4 4,10 30,8 56,18"),
        [(0, -14), (8, -4), (20, -6), (24, -16)],
        [
            (-4, -6),
            (-16, -14),
            (-18, -2),
            (-4, 4),
        ],
    ):
        stage.tube(stage.bone, smooth(path, closed=False), 2.4)
    stage.ellipse(stage.bone, (34, 8), (24, 13), 34, angle_deg=-25)
    for _ in range(16):
        stage.ellipse(stage.soft, rng.normal([48, 24], [8, 8]), (3, 3), -7)
    stage.flat_bone(smooth(trace("-96,-12 -72,-10 -58,6 -66,24 -92,20 -98,2")), 16, cortex=2)
    stage.plate(stage.soft, smooth([(-88, 20), (-52, 14), (-46, 40), (-82, 48)]), -45, 8)
    stage.ellipse(stage.soft, (-16, 10), (12, 10), -30)
    stage.flat_bone(smooth(trace("-100,46 -96,52 -50,50 -44,10 -40,50 -60,60 -96,60")), 14, cortex=1.6)
    jaw = trace("-92,78 -88,104 -66,106 -24,88 -2,72 8,18 -2,16 -18,44 -26,64 -60,76")
    stage.flat_bone(smooth(jaw), 22, cortex=2.4, edge=6)
    _teeth(stage, [(-94 + 6 * k, 64.0) for k in range(10)])
    for k in range(4):
        y = 44 + 24 * k
        stage.flat_bone(smooth([(-9, -8), (10, -9), (10, 8), (-9, 9)], at=(28, y)), 20, edge=5)
        stage.flat_bone(smooth([(14, -4), (48, 2), (46, 10), (14, 6)], at=(28, y)), 12, edge=4)
    return stage


def _skull_front(rng: Generator, size: int) -> Stage:
    stage = Stage(rng.uniform(190, 240), rng.uniform(240, 290), size, random_pose(rng, tilt=5, shift=(0, 15)))
    skin = smooth(
        trace("0,-134 60,-116 82,-60 78,10 66,70 40,104 52,170 -52,170 -40,104 -66,70 -78,10 -82,-60 -60,-116")
    )
    stage.plate(stage.soft, skin, 170, 60)
    stage.flat_bone(
        smooth(trace("0,-124 54,-106 73,-60 70,-8 52,34 0,44 -52,34 -70,-8 -73,-60 -54,-106")),
        30,
        cortex=4.5,
        edge=26,
    )
    for side in (-1, 1):
        orbit = smooth(trace("14,-14 30,-24 50,-18 54,2 40,16 20,12") * [side, 1])
        stage.plate(stage.bone, orbit, -5, 5)
        stage.flat_bone(orbit, 9, cortex=2.2, edge=2)
        stage.tube(stage.bone, smooth(np.array([(12, 10), (34, 2), (58, -2)]) * [side, 1], closed=False), [4] * 17)
        stage.plate(
            stage.soft, smooth(np.array([(15, 20), (38, 18), (42, 32), (24, 52), (14, 44)]) * [side, 1]), -40, 8
        )
        stage.flat_bone(
            smooth(
                np.array(
                    [
                        (15, 20),
                        (38, 18),
                        (42, 32),
                        (24, 52),
                        (14, 44),
                    ]
                )
                * [side, 1]
            ),
            8,
            cortex=1.5,
        )
        jaw = smooth(np.array([(58, 20), (62, 60), (46, 90), (22, 106), (0, 110)]) * [side, 1], closed=False)
        stage.long_bone(jaw, np.interp(np.linspace(0, 1, len(jaw)), [0, 0.4, 1], [5, 7, 9]), 2.2)
        stage.plate(stage.soft, oval((side * 12, -32), (10, 10)), -22, 5)
    stage.plate(stage.soft, smooth(trace("0,-10 9,20 13,40 0,46 -13,40 -9,20")), -40, 6)
    stage.tube(stage.bone, [(0, -5), (1, 44)], 1.4)
    _teeth(stage, [(-27 + 6.0 * k, 72 - 0.012 * (6 * k - 27) ** 2) for k in range(10)])
    column(stage, range(6, 9), 20, wide=13, level=-10)
    return stage


def _teeth(stage: Stage, spots: list[tuple[float, float]]) -> None:
    for x, y in spots:
        stage.tube(stage.bone, [(x, y - 11), (x, y - 2)], [1.4, 2.8], depth=1.8)
        stage.tube(stage.bone, [(x, y + 3), (x, y + 12)], [2.6, 1.3], depth=1.8)
        if (x * 7 + y) % 5 < 0.8:
            stage.ellipse(stage.metal, (x, y), (2.4, 2.2), 3)
