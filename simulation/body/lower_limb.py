"""Films of knee, ankle and foot. Lengths are millimetres."""

from numpy.random import Generator

from simulation.body.pieces import plated, random_pose, small_bone
from simulation.body.stage import Stage, oval, smooth, trace


def knee(rng: Generator, size: int) -> Stage:
    """Antero-posterior knee, sometimes with a knee prosthesis."""
    stage = Stage(rng.uniform(150, 220), rng.uniform(220, 300), size, random_pose(rng, tilt=5))
    stage.tube(
        stage.soft, [(0, -200), (0, -30), (0, 20), (2, 90), (0, 220)], [82, 63, 58, 62, 50], depth=0.9, merge=True
    )
    condyles = trace("-24,-58 -40,-30 -42,-14 -34,-4 -18,-4 -8,-12 0,-17 8,-12 18,-4 34,-4 43,-14 41,-32 24,-58")
    plateau = trace("-39,4 -20,4 -6,-1 -3,3 3,3 6,-1 20,4 39,4 39,16 28,34 16,52 -16,52 -28,32 -39,16")
    prosthesis = rng.random() < 0.35
    with stage.fused():
        stage.long_bone([(0, -220), (0, -80), (0, -52)], [14, 16, 25], [5, 3.6, 0.2])
        stage.flat_bone(smooth(condyles), 52, cortex=1.2, edge=18)
    with stage.fused():
        stage.flat_bone(smooth(plateau), 44, cortex=1.2, edge=14)
        stage.long_bone([(0, 42), (1, 76), (3, 230)], [22, 15, 13.5], [0.2, 3.4, 5])
    stage.flat_bone(smooth(oval((0, -36), (22, 23), count=9)), 20, cortex=1)
    stage.flat_bone(smooth([(30, 17), (38, 12), (46, 22), (42, 36), (34, 36)]), 16, edge=5)
    stage.long_bone([(39, 30), (38, 60), (36, 230)], [7, 5.5, 6.5], [1.4, 2.4, 3])
    if prosthesis:
        cap = trace("-38,-34 -42,-14 -34,-1 -16,-2 -7,-14 0,-18 7,-14 16,-2 34,-1 42,-14 38,-34 20,-24 -20,-24")
        stage.plate(stage.metal, smooth(cap), 16, 5)
        stage.plate(stage.metal, trace("-37,7 37,7 37,12 7,13 5,48 -5,48 -7,13 -37,12"), 14, 2)
    return stage


def leg(rng: Generator, size: int) -> Stage:
    """Tibia and fibula, sometimes with a nail or a plate."""
    stage = Stage(rng.uniform(120, 190), rng.uniform(330, 430), size, random_pose(rng, tilt=8))
    lateral = rng.random() < 0.5
    stage.tube(stage.soft, [(0, -260), (-6, -90), (0, 60), (2, 260)], [58, 58, 42, 34], depth=0.95, merge=True)
    bow = rng.normal(0, 6)
    with stage.fused():
        stage.long_bone(
            [(0, -205), (0, -185), (bow, -60), (bow, 60), (0, 170), (0, 200)],
            [36, 24, 14, 13, 15, 25], [0.8, 2.5, 5.5, 5.5, 3, 0.8],
        )  # fmt: skip
    gap = rng.uniform(6, 14) if lateral else rng.uniform(24, 32)
    stage.long_bone([(gap, -180), (gap + 2, -120), (gap, 80), (gap, 205)], [8, 5.5, 5.5, 8], [1, 2.4, 2.4, 1])
    stage.flat_bone(smooth(trace("-26,207 24,207 26,226 10,232 -18,232")), 34, cortex=1.0, edge=12)
    stage.flat_bone(smooth(trace("-40,-250 -41,-222 -20,-212 0,-220 20,-212 41,-222 40,-250")), 48, cortex=1.0, edge=14)
    hardware = rng.random()
    if hardware < 0.2:
        stage.tube(stage.metal, [(0, -190), (bow, -60), (bow, 60), (0, 175)], 4.6)
    elif hardware < 0.35:
        plated(stage, [(-17, -20), (-17, 150)], rng)
    return stage


def ankle(rng: Generator, size: int) -> Stage:
    """Antero-posterior ankle."""
    stage = Stage(rng.uniform(120, 160), rng.uniform(180, 240), size, random_pose(rng, tilt=6, shift=(0, 25)))
    stage.tube(stage.soft, [(0, -200), (0, -50), (0, 10), (4, 40)], [48, 36, 43, 40], depth=1, merge=True)
    stage.plate(
        stage.soft,
        smooth(trace("-37,-10 -45,30 -46,66 -20,92 20,94 46,70 46,30 40,-10")),
        80,
        30,
        merge=True,
    )
    with stage.fused():
        stage.long_bone([(-4, -220), (-4, -60), (-4, -24)], [11.5, 12, 19], [4, 3.4, 0.2])
        tibia = trace("-24,-26 -26,0 -24,9 -18,9 -15,-1 0,-2 17,-2 18,-14 14,-34 -18,-34")
        stage.flat_bone(smooth(tibia), 36, cortex=1.3, edge=12)
    stage.long_bone([(20, -220), (21, -70), (22, -20), (24, 12)], [6.5, 5.5, 8, 6.5], [2.2, 2, 1.3, 0.9])
    talus = trace("-15,4 0,3 16,4 18,14 23,26 20,33 -16,33 -20,26 -16,14")
    stage.flat_bone(smooth(talus), 38, cortex=1.2, edge=16)
    stage.flat_bone(
        smooth(trace("-16,35 -18,42 -6,48 -8,66 2,78 18,76 24,60 25,44 22,36")),
        40,
        edge=16,
    )
    stage.flat_bone(oval((-10, 62), (24, 20)), 22, cortex=1)
    if rng.random() < 0.35:
        plated(stage, [(27, -60), (29, 4)], rng)
        stage.tube(stage.metal, [(-23, 6), (-6, -22)], 1.8)
    return stage


def foot(rng: Generator, size: int) -> Stage:
    """Dorso-plantar or lateral foot."""
    if rng.random() < 0.5:
        return _foot_lateral(rng, size)
    stage = Stage(rng.uniform(130, 170), rng.uniform(240, 280), size, random_pose(rng, tilt=9, shift=(0, 5)))
    sole = smooth(trace("-26,118 -30,70 -42,0 -49,-60 -40,-112 -22,-118 20,-100 44,-72 48,-35 36,40 26,118 0,128"))
    stage.plate(stage.soft, sole, 45, 26)
    rays = (
        ((-22, 12), -5, 60, 30, 0, 22, 6.3),
        ((-8, 6), -1, 70, 27, 12, 9, 3.8),
        ((3, 9), 3, 66, 24, 11, 8, 3.6),
        ((13, 14), 8, 64, 22, 9, 8, 3.6),
        ((24, 22), 13, 61, 20, 8, 8, 3.8),
    )
    for base, angle, metatarsal, *phalanges, radius in rays:
        start = small_bone(stage, base, angle, metatarsal, radius, radius * 1.55, radius * 1.6)
        for length in (p for p in phalanges if p):
            begin = start
            start = small_bone(stage, begin, angle * 0.7, length, radius * 0.8, radius * 1.35, radius * 1.15)
            stage.tube(stage.soft, [begin, start], radius + 5, depth=1, merge=True)
    for x in (-27, -18):
        stage.flat_bone(oval((x, -45), (4.5, 6)), 9, cortex=0.8)
    for outline in (
        [(-30, 16), (-14, 15), (-14, 32), (-30, 35)],
        [(-13, 9), (-3, 9), (-4, 32), (-12, 32)],
        [(-2, 12), (8, 14), (7, 36), (-3, 33)],
        [(9, 18), (28, 27), (26, 54), (8, 54), (7, 38)],
        [(-29, 37), (6, 37), (5, 49), (-10, 52), (-28, 49)],
        [(-24, 54), (2, 54), (4, 80), (-4, 100), (-22, 90)],
        trace("2,58 25,58 26,92 20,122 -14,122 -16,92"),
    ):
        stage.flat_bone(smooth(outline, count=6), 24, cortex=1.1, edge=7)
    return stage


def _foot_lateral(rng: Generator, size: int) -> Stage:
    stage = Stage(rng.uniform(255, 300), rng.uniform(170, 220), size, random_pose(rng, tilt=6, shift=(-45, 40)))
    skin = smooth(
        trace("-30,-160 -42,-60 -62,-10 -66,30 -50,44 20,36 90,44 150,40 158,28 140,12 90,-6 50,-30 30,-60 28,-160")
    )
    stage.plate(stage.soft, skin, 62, 22)
    with stage.fused():
        stage.long_bone([(-2, -200), (-2, -60), (0, -36)], [14, 14, 18], [4.5, 4, 0.2])
        stage.flat_bone(smooth(trace("-20,-46 20,-46 22,-28 12,-33 0,-35 -12,-32 -20,-24")), 32, cortex=1.4)
    stage.long_bone([(-14, -200), (-12, -60), (-10, -16)], [6, 6, 7], [2.2, 2, 1])
    stage.flat_bone(
        smooth(trace("-20,-22 -8,-31 8,-31 18,-20 36,-22 44,-10 36,0 10,-6 -14,-8")),
        34,
        cortex=1.4,
    )
    stage.flat_bone(
        smooth(trace("-58,2 -56,30 -42,36 -20,24 34,16 36,3 12,-2 -8,-6 -34,-6 -50,-4")),
        32,
        cortex=1.6,
    )
    stage.flat_bone(smooth([(45, -22), (54, -20), (54, 2), (46, 2)]), 26)
    stage.flat_bone(smooth([(38, 4), (60, 4), (62, 20), (40, 18)]), 24)
    stage.flat_bone(smooth([(56, -18), (72, -14), (72, 6), (56, 6)]), 30)
    for k in range(5):
        base, angle = (70 - 3 * k, -8 + 5 * k), 116 - 6 * k
        tip = small_bone(stage, base, angle, 62, 4.8 if k == 0 else 3.5, 6, 6)
        for length in (26 - k, 12):
            tip = small_bone(stage, tip, 96, length, 3.2, 5, 4)
    return stage
