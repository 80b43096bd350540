"""What an archive holds besides patients: test phantoms, blank exposures, scanned pages, screen captures."""

import cv2
import numpy as np
from numpy.random import Generator

from simulation.body.stage import Map, Pose, Stage, oval

WORDS = [
    "the",
    "of",
    "report",
    "left",
    "right",
    "exam",
    "seen",
    "no",
    "acute",
    "normal",
    "mm",
    "series",
    "date",
    "view",
    "films",
    "study",
    "ref",
    "dept",
    "please",
    "note",
]


def phantom(rng: Generator, size: int) -> Stage:
    """A quality-control phantom: step wedge, line pairs, discs, wire mesh or a ruler in a plastic block."""
    stage = Stage(rng.uniform(180, 300), rng.uniform(180, 300), size, Pose(rng.normal(0, 3)))
    half = np.array([stage.width_mm, stage.height_mm]) * rng.uniform(0.34, 0.55)
    stage.plate(stage.soft, half * [[-1, -1], [1, -1], [1, 1], [-1, 1]], rng.uniform(20, 160), 2)
    for draw in rng.permutation([_wedge, _line_pairs, _discs, _rulers])[: int(rng.integers(2, 5))]:
        draw(stage, rng)
    return stage


def _wedge(stage: Stage, rng: Generator) -> None:
    steps, width = int(rng.integers(6, 14)), rng.uniform(8, 14)
    x0, y0 = -steps * width / 2, rng.choice([-1, 1]) * rng.uniform(45, 80)
    for k in range(steps):
        x = x0 + k * width
        stage.plate(stage.bone, [(x, y0), (x + width, y0), (x + width, y0 + 22), (x, y0 + 22)], 3.5 * (k + 1), 0.1)


def _line_pairs(stage: Stage, rng: Generator) -> None:
    x, y = rng.uniform(-60, -20), rng.uniform(-25, 10)
    for pitch in np.geomspace(6, 1, 9):
        for k in range(4):
            left = x + 2 * pitch * k
            stage.plate(stage.metal, [
                (left, y), (left + pitch, y), (left + pitch, y + 20), (left, y + 20),
            ], 1.5, 0.05)  # fmt: skip
        x += 9 * pitch


def _discs(stage: Stage, rng: Generator) -> None:
    sign = rng.choice([-1, 1])
    for row in range(int(rng.integers(2, 5))):
        for column in range(int(rng.integers(4, 8))):
            radius, thick = 1.2 + row * 1.6, sign * (2 + 7 * column)
            stage.plate(stage.soft, oval((-60 + column * 20, 25 + row * 14), (radius, radius)), thick, 0.1)


def _rulers(stage: Stage, rng: Generator) -> None:
    for radius in (30.0, 60.0):
        stage.tube(stage.metal, np.vstack([oval((0, 0), (radius, radius)), [(radius, 0)]]), 0.4)
    y = rng.uniform(-20, 20)
    stage.tube(stage.metal, [(-90, y), (90, y)], 0.4)
    for k in range(-9, 10):
        stage.tube(stage.metal, [(k * 10, y), (k * 10, y + (8 if k % 5 == 0 else 4))], 0.4)


def blank(rng: Generator, size: int) -> Stage:
    """An exposure of nothing, or of a grid, a cassette edge or a lead apron."""
    stage = Stage(rng.uniform(200, 430), rng.uniform(200, 430), size, Pose(rng.normal(0, 4)))
    kind = rng.choice(["nothing", "filter", "apron"])
    if kind == "filter":
        stage.plate(stage.soft, [(-400, -400), (400, -400), (400, 400), (-400, 400)], rng.uniform(20, 150), 1)
    if kind == "apron":
        edge = np.cumsum(rng.normal(0, 12, 7)) + rng.normal(0, 60)
        outline = np.vstack([np.c_[edge, np.linspace(-300, 300, 7)], [(500, 300), (500, -300)]])
        stage.plate(stage.metal, outline, 0.7, 1)
    return stage


def page(rng: Generator, size: int) -> Map:
    """A scanned page of text, 0 to 1; letters dark on paper, or inverted."""
    height, width = (size, round(size * rng.uniform(0.68, 0.8))) if rng.random() < 0.8 else (round(size * 0.75), size)
    paper = np.full((height, width), rng.uniform(0.82, 1), np.float32)
    font = int(rng.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_DUPLEX]))
    margin, y = round(width * rng.uniform(0.06, 0.12)), height * rng.uniform(0.06, 0.12)
    cv2.putText(paper, " ".join(rng.choice(WORDS, 3)).upper(), (margin, int(y)), font, width / 560, 0.1, 2, cv2.LINE_AA)
    step = height / rng.uniform(28, 48)
    while y < height * rng.uniform(0.85, 0.97):
        y += step * (1 if rng.random() < 0.85 else 2.4)
        line = " ".join(rng.choice(WORDS, int(rng.integers(2, 12))))
        cv2.putText(paper, line, (margin, int(y)), font, width / 1150, rng.uniform(0.02, 0.2), 1, cv2.LINE_AA)
    for _ in range(int(rng.integers(0, 4))):
        a = rng.uniform(0.1, 0.8, 2) * [width, height]
        b = a + rng.uniform(0.05, 0.3, 2) * [width, height]
        cv2.rectangle(paper, a.astype(int).tolist(), b.astype(int).tolist(), 0.3, 1)
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.normal(0, 1), 1)
    paper = cv2.warpAffine(paper, turn, (width, height), borderValue=float(rng.uniform(0, 0.9)))
    paper = paper + rng.normal(0, 0.02, paper.shape).astype(np.float32)
    return 1 - paper if rng.random() < 0.35 else paper


def screen(rng: Generator, size: int) -> Map:
    """A captured screen, 0 to 1: panels, buttons, a curve, text."""
    height, width = round(size * rng.uniform(0.55, 0.8)), size
    shot = np.full((height, width), rng.uniform(0, 0.4), np.float32)
    for _ in range(int(rng.integers(4, 14))):
        x, y = rng.uniform(0, 0.85, 2) * [width, height]
        w, h = rng.uniform(0.06, 0.5, 2) * [width, height]
        corners = (int(x), int(y)), (int(x + w), int(y + h))
        cv2.rectangle(shot, *corners, rng.uniform(0, 1), -1)
        cv2.rectangle(shot, *corners, rng.uniform(0, 1), 1)
        label = " ".join(rng.choice(WORDS, 2))
        cv2.putText(
            shot, label, (int(x) + 6, int(y) + 18), cv2.FONT_HERSHEY_SIMPLEX, 0.45, rng.uniform(0, 1), 1, cv2.LINE_AA
        )
    x = np.linspace(0.1, 0.9, 200) * width
    y = height * (0.5 + 0.1 * np.sin(x / rng.uniform(8, 40)) + 0.03 * rng.normal(size=200).cumsum() / 4)
    cv2.polylines(shot, [np.c_[x, y].astype(np.int32)], False, rng.uniform(0.6, 1), 1, cv2.LINE_AA)
    return np.clip(shot, 0, 1)


def photograph(rng: Generator, size: int) -> Map:
    """A photograph-like picture, 0 to 1: a shaded background with shaded round things in it."""
    height, width = round(size * rng.uniform(0.65, 1)), size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / size
    angle = rng.uniform(0, 6.28)
    picture = 0.5 + 0.5 * (np.cos(angle) * (x - 0.5) + np.sin(angle) * (y - 0.4))
    for _ in range(int(rng.integers(2, 7))):
        cx, cy, r = rng.uniform(0, 1), rng.uniform(0, height / size), rng.uniform(0.05, 0.35)
        u, v = (x - cx) / r, (y - cy) / (r * rng.uniform(0.6, 1.4))
        facing = np.sqrt(np.maximum(1 - u * u - v * v, 0)) + 0.5 * np.cos(angle) * u
        picture = np.where(u * u + v * v < 1, np.clip(rng.uniform(0.2, 1) * facing, 0, 1), picture)
    grain = cv2.GaussianBlur(rng.standard_normal(picture.shape, np.float32), (0, 0), rng.uniform(0.5, 2))
    return cv2.GaussianBlur(picture.astype(np.float32), (0, 0), rng.uniform(0.6, 2.5)) + 0.03 * grain
