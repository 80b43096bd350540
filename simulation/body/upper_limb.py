"""Films of hand, forearm, elbow and shoulder. Lengths are millimetres."""

import numpy as np
from numpy.random import Generator

from simulation.body.pieces import plated, random_pose, small_bone, toward
from simulation.body.stage import Pose, Stage, oval, smooth, trace


def hand(rng: Generator, size: int) -> Stage:
    """Postero-anterior hand with wrist."""
    stage = Stage(rng.uniform(130, 190), rng.uniform(200, 240), size, random_pose(rng, tilt=12, shift=(0, 40)))
    _hand(stage, rng, spread=rng.uniform(0.2, 1.2))
    return stage


def _hand(stage: Stage, rng: Generator, spread: float) -> None:
    rays = (  # base of the metacarpal, its length, proximal, middle, distal phalanx, direction in degrees from up
        ((-12, -32), 66, 42, 26, 18, -9),
        ((0, -33), 64, 46, 29, 19, -2),
        ((10, -32), 58, 43, 27, 19, 5),
        ((19, -29), 53, 34, 20, 17, 13),
    )
    palm = smooth(trace("-27,10 -30,-30 -36,-70 -36,-105 35,-98 36,-70 30,-25 26,10"))
    stage.plate(stage.soft, palm, 26, 14)
    stage.tube(stage.soft, [(0, 0), (-2, 120)], [27, 34], depth=0.62, merge=True)
    for base, metacarpal, *phalanges, angle in rays:
        metacarpal_angle = angle * 1.1
        tip = small_bone(stage, base, metacarpal_angle, metacarpal, 4.0, 6.4, 6.8)
        direction = angle * (0.6 + spread)
        start = tip
        for length, radius in zip(phalanges, (3.9, 3.1, 2.4), strict=True):
            tip = small_bone(stage, start, direction, length, radius, radius * 1.55, radius * 1.25)
            direction += rng.normal(0, 2)
            stage.tube(stage.soft, [start, tip], [9.5, 8 if length > 20 else 7.2], depth=0.95, merge=True)
        end = np.array(start) + toward(direction, phalanges[-1])
        stage.ellipse(stage.bone, end, (3.4, 2.6), 1.6)
    thumb = small_bone(stage, (-21, -26), -38, 45, 4.8, 7, 7.2)
    second = small_bone(stage, thumb, -28 - 8 * spread, 31, 4.1, 6.3, 5)
    third = small_bone(stage, second, -24 - 8 * spread, 22, 3.2, 5.2, 3.2)
    stage.tube(stage.soft, [(-12, -20), thumb, second, third], [17, 15, 11, 8], depth=0.85, merge=True)
    _wrist(stage)


def humerus(rng: Generator, size: int) -> Stage:
    """Upper arm, sometimes nailed or plated."""
    stage = Stage(rng.uniform(120, 190), rng.uniform(300, 400), size, random_pose(rng, tilt=10))
    stage.tube(stage.soft, [(-10, -240), (0, -60), (4, 120), (2, 240)], [72, 56, 46, 44], depth=0.95, merge=True)
    with stage.fused():
        stage.long_bone(
            [(-6, -175), (-2, -150), (0, -60), (3, 80), (3, 150), (3, 172)],
            [23, 20, 11.5, 10.5, 16, 22], [0.7, 1.6, 4.2, 4.2, 2, 0.8],
        )  # fmt: skip
    stage.flat_bone(smooth(trace("-40,-190 -52,-160 -50,-120 -44,-150")), 14, cortex=1.2)
    stage.long_bone([(0, 185), (0, 260)], [15, 9], [1, 3])
    stage.long_bone([(16, 185), (18, 260)], [10, 7.5], [1, 2.6])
    hardware = rng.random()
    if hardware < 0.15:
        stage.tube(stage.metal, [(-4, -172), (0, -60), (3, 120)], 4)
    elif hardware < 0.35:
        plated(stage, [(13, -60), (14, 90)], rng)
    return stage


def _wrist(stage: Stage) -> None:
    for centre, semi, turn in (
        ((-11, -6), (10, 6), 40),
        ((1, -5), (8, 7), 0),
        ((12, -6), (6.5, 6.5), 30),
        ((15, -9), (4.2, 4.2), 0),
        ((-17, -20), (6, 6), 20),
        ((-10, -21), (5.2, 6.5), 0),
        ((0, -19), (7, 10.5), 5),
        ((12, -19), (6.5, 8), -25),
    ):
        rim = oval(centre, semi, angle_deg=turn, count=9)
        rim = np.array(centre) + (rim - centre) * (1 + 0.1 * np.cos(3 * np.arange(9)))[:, None]
        stage.flat_bone(smooth(rim, count=5), 13, cortex=0.8, edge=3)
    with stage.fused():
        stage.long_bone([(-10, 7), (-10, 16), (-11, 40), (-12, 120)], [12, 13, 8, 7], [0.2, 0.6, 2.2, 3])
        stage.flat_bone(smooth(trace("-24,4 -19,-1 -8,4 4,4 4,14 -10,17 -23,14")), 14, edge=4)
    stage.long_bone([(13, 10), (13, 16), (13, 40), (14, 120)], [6.5, 6.2, 5, 6], [0.8, 1, 1.8, 2.8])
    stage.tube(stage.bone, [(18, 8), (18.5, 2)], [2.2, 1.5])


def forearm(rng: Generator, size: int) -> Stage:
    """Forearm between wrist and elbow."""
    stage = Stage(rng.uniform(110, 150), rng.uniform(300, 340), size, random_pose(rng, tilt=7, shift=(0, -125)))
    stage.tube(
        stage.soft, [(0, 0), (0, 90), (0, 180), (0, 250), (0, 330)], [28, 34, 43, 47, 46], depth=0.75, merge=True
    )
    _hand(stage, rng, spread=0.4)
    stage.bone[:] = 0
    _wrist(stage)
    stage.bone[int(stage.pixels([(0, 40)])[0, 1]) :] = 0
    stage.long_bone(
        smooth([(-11, 40), (-17, 110), (-14, 170), (-6, 215), (-8, 236)], closed=False),
        np.interp(np.linspace(0, 1, 33), [0, 0.4, 0.8, 0.9, 1], [8, 7.5, 7, 6.5, 10]),
        2.8,
    )
    stage.long_bone(
        smooth([(13, 40), (15, 110), (14, 180), (10, 225), (12, 250)], closed=False),
        np.interp(np.linspace(0, 1, 33), [0, 0.4, 0.8, 1], [5, 6.3, 8, 12]),
        2.6,
    )
    _humerus_end(stage, 246)
    if rng.random() < 0.3:
        plated(stage, [(-15, 70), (-17, 150)], rng)
    return stage


def _humerus_end(stage: Stage, y: float) -> None:
    with stage.fused():
        stage.long_bone([(0, y + 110), (0, y + 45), (0, y + 26)], [11, 11.5, 17], [4, 3.2, 0.2], depth=0.9)
        outline = [
            (-25, y + 4),
            (-22, y - 1),
            (-12, y + 1),
            (-6, y + 3),
            (6, y + 1),
            (18, y),
            (22, y + 5),
            (33, y + 14),
            (24, y + 28),
            (9, y + 44),
            (-9, y + 44),
            (-25, y + 24),
            (-27, y + 12),
        ]
        stage.flat_bone(smooth(outline), 21, edge=7)
    stage.ellipse(stage.bone, (1, y + 16), (9, 7), -4)


def elbow(rng: Generator, size: int) -> Stage:
    """Elbow, antero-posterior or lateral."""
    if rng.random() < 0.5:
        return _elbow_ap(rng, size)
    stage = Stage(rng.uniform(150, 190), rng.uniform(170, 220), size, random_pose(rng, tilt=14, shift=(20, 25)))
    stage.tube(stage.soft, [(0, 0), (0, -140)], [38, 46], depth=0.9, merge=True)
    stage.tube(stage.soft, [(0, 0), (-160, 6)], [36, 34], depth=0.9, merge=True)
    with stage.fused():
        stage.long_bone([(2, -160), (2, -45), (-2, -22)], [11.5, 11, 12], [4, 3.2, 0.2])
        stage.flat_bone(oval((-6, -4), (12, 12)), 34, cortex=1.5, edge=9)
        stage.flat_bone(oval((-7, -3), (8, 8)), 14)
    with stage.fused():
        olecranon = trace("20,-18 22,6 8,20 -30,22 -30,9 -18,8 -22,-2 -15,-1 -6,10 6,4 9,-6 12,-16")
        stage.flat_bone(smooth(olecranon), 24, cortex=1.6)
        stage.long_bone([(-24, 16), (-165, 24)], [9, 6.5], [2.4, 2.6])
    stage.long_bone([(-26, -2), (-36, 0), (-60, 4), (-165, 8)], [11, 7.5, 7, 7], [1, 1.6, 2.6, 2.6])
    return stage


def _elbow_ap(rng: Generator, size: int) -> Stage:
    stage = Stage(rng.uniform(120, 160), rng.uniform(190, 230), size, random_pose(rng, tilt=9))
    stage.tube(stage.soft, [(0, -150), (0, -10), (0, 25), (0, 150)], [46, 45, 47, 44], depth=0.8, merge=True)
    turned = Stage(
        stage.width_mm, stage.height_mm, size, Pose(stage.pose.angle_deg + 180, stage.pose.scale, not stage.pose.mirror)
    )
    _humerus_end(turned, 0)
    stage.bone += turned.bone
    stage.long_bone(
        [(-14, 9), (-14, 15), (-13, 26), (-7, 40), (-14, 150)], [11, 11, 7.5, 7, 7.5], [1, 1.4, 2.2, 2.6, 3]
    )
    stage.long_bone([(9, -4), (9, 14), (11, 32), (14, 150)], [11, 12, 9, 7], [1.2, 1.6, 2.4, 2.8])
    return stage


def shoulder(rng: Generator, size: int) -> Stage:
    """Antero-posterior shoulder."""
    stage = Stage(rng.uniform(190, 260), rng.uniform(190, 250), size, random_pose(rng, tilt=7, shift=(10, 15)))
    trunk = smooth(trace("-60,-150 -30,-78 10,-62 48,-52 72,-10 76,80 80,200 -260,200 -260,-150"))
    stage.plate(stage.soft, trunk, rng.uniform(110, 150), 70)
    lung = smooth(trace("-130,-70 -95,-66 -66,-30 -48,40 -44,180 -250,180 -250,-40"))
    stage.plate(stage.soft, lung, -75, 45)
    for k in range(7):
        y = -62 + 27 * k
        path = smooth([(-190, y - 30), (-120, y - 24), (-72 + 3 * k, y), (-48 + k, y + 38)], closed=False)
        stage.long_bone(path, 6.2, 1.3, depth=0.6)
        front = smooth([(-48 + k, y + 38), (-80, y + 70), (-150, y + 92)], closed=False)
        stage.long_bone(front, 6.5, 1.1, depth=0.5)
    scapula = trace("-2,-20 2,0 -2,16 -14,30 -30,80 -46,122 -60,100 -78,20 -86,-28 -60,-26 -34,-22 -20,-30 -6,-26")
    stage.flat_bone(smooth(scapula), 9, cortex=1.8, edge=4)
    stage.flat_bone(oval((-3, -2), (5, 17), angle_deg=-8), 16, cortex=1.2)
    stage.long_bone(
        smooth([(-88, -20), (-40, -30), (10, -44), (34, -40)], closed=False), np.linspace(3, 7, 25), 1.2, depth=0.7
    )
    stage.flat_bone(oval((-6, -20), (11, 7), angle_deg=-30), 12)
    clavicle = smooth([(-130, -40), (-90, -52), (-50, -62), (-5, -58), (22, -52)], closed=False)
    stage.long_bone(clavicle, np.interp(np.linspace(0, 1, len(clavicle)), [0, 0.4, 1], [8, 6, 8]), 2, depth=0.9)
    head = trace("4,-14 14,-26 32,-28 46,-18 50,-2 44,18 38,34 16,34 10,18 3,4")
    replaced = rng.random() < 0.2
    if replaced:
        stage.plate(stage.metal, oval((22, -2), (24, 24)), 22, 18)
        stage.tube(stage.metal, [(24, 10), (28, 120)], [6, 4])
    with stage.fused():
        stage.long_bone([(27, 26), (28, 60), (30, 200)], [15, 11.5, 11], [0.2, 3.2, 4.2])
        if not replaced:
            stage.flat_bone(smooth(head), 36, cortex=1.3, edge=14)
    return stage
