"""Pictures that no beam made directly: slices, ultrasound, printouts, broken decodes; (H, W) from 0 to 1."""

import cv2
import numpy as np
from numpy.random import Generator

from simulation.body.stage import Map


def slice_image(rng: Generator, size: int) -> Map:
    """A slice of a body as CT or MR shows it, perhaps several on one sheet."""
    rows, columns = [(1, 1), (1, 1), (2, 2), (3, 4), (1, 2)][int(rng.integers(5))]
    cell = size // max(rows, columns)
    modality = rng.random()
    sheet = np.zeros((rows * cell, columns * cell), np.float32)
    for row in range(rows):
        for column in range(columns):
            sheet[row * cell : (row + 1) * cell, column * cell : (column + 1) * cell] = _slice(rng, cell, modality)
    if rng.random() < 0.7:
        cv2.putText(sheet, f"Im: {rng.integers(1, 200)}", (6, 18), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 1.0, 1, cv2.LINE_AA)
    return sheet


def _slice(rng: Generator, size: int, modality: float) -> Map:
    """Fat, muscle, organs and bone as nested blobs; in MR fat is bright and cortical bone black."""
    y, x = (np.mgrid[:size, :size].astype(np.float32) - size / 2) / (size / 2)
    wide, deep = rng.uniform(0.6, 0.95), rng.uniform(0.45, 0.8)
    wobble = 1 + 0.04 * np.cos(np.arctan2(y, x) * rng.integers(2, 5) + rng.uniform(0, 6))
    body = np.sqrt((x / wide) ** 2 + (y / deep) ** 2) * wobble
    mr = modality < 0.5
    fat, muscle, organ, bone, marrow = (0.85, 0.4, 0.5, 0.03, 0.7) if mr else (0.28, 0.5, 0.55, 1.0, 0.72)
    out = np.where(body < 1, np.float32(fat), np.float32(0.0))
    out = np.where(body < rng.uniform(0.72, 0.93), np.float32(muscle), out)
    for _ in range(int(rng.integers(3, 14))):
        cx, cy, r = rng.normal(0, 0.3), rng.normal(0, 0.25), rng.uniform(0.04, 0.22)
        inside = np.sqrt(((x - cx) / rng.uniform(0.7, 1.5)) ** 2 + (y - cy) ** 2) < r
        out = np.where(inside & (body < 0.8), np.float32(organ * rng.uniform(0.6, 1.3)), out)
    for _ in range(int(rng.integers(1, 5))):
        cx, cy, r = rng.normal(0, 0.35), rng.normal(0.1, 0.3), rng.uniform(0.05, 0.2)
        reach = np.sqrt((x - cx) ** 2 + ((y - cy) / rng.uniform(0.6, 1.4)) ** 2)
        out = np.where((reach < r) & (body < 0.95), np.float32(bone), out)
        out = np.where((reach < 0.75 * r) & (body < 0.95), np.float32(marrow), out)
    out = cv2.GaussianBlur(out, (0, 0), max(0.6, size / 350))
    return np.clip(out + rng.normal(0, rng.uniform(0.01, 0.06), out.shape).astype(np.float32), 0, 1)


def ultrasound(rng: Generator, size: int) -> Map:
    """A sector or a strip of speckle on black."""
    height, width = round(size * 0.75), size
    y, x = np.mgrid[:height, :width].astype(np.float32)
    dx, dy = (x - width / 2) / width, (y + 0.05 * height) / height
    depth, angle = np.sqrt(dx * dx + dy * dy), np.arctan2(dx, dy)
    seen = (np.abs(angle) < rng.uniform(0.5, 0.8)) & (depth < 0.95) & (depth > 0.08)
    speckle = np.abs(cv2.GaussianBlur(rng.standard_normal((height, width), np.float32), (0, 0), 2.2, sigmaY=1.0)) * 2.6
    layers = 0.5 + 0.35 * np.sin(depth * rng.uniform(20, 60) + 2 * np.sin(angle * 3))
    picture = np.where(seen, np.clip(speckle * layers * np.exp(-0.8 * depth), 0, 1), 0).astype(np.float32)
    cv2.putText(picture, "MI 0.8", (8, 20), cv2.FONT_HERSHEY_SIMPLEX, 0.5, 0.9, 1, cv2.LINE_AA)
    return picture


def mammogram(rng: Generator, size: int) -> Map:
    """A breast against one edge of the film."""
    height, width = size, round(size * rng.uniform(0.7, 0.85))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    edge = np.sqrt((x / (width * rng.uniform(0.6, 0.9))) ** 2 + ((y - height / 2) / (height * 0.42)) ** 2)
    tissue = np.clip(1 - edge**4, 0, 1)
    fibres = cv2.GaussianBlur(rng.standard_normal((height, width), np.float32), (0, 0), size / 60)
    fibres = np.abs(fibres / fibres.std())
    picture = tissue * (0.35 + 0.25 * fibres * np.clip(1.2 - edge * 1.6, 0, 1))
    picture += rng.normal(0, 0.015, picture.shape)
    return np.clip(picture if rng.random() < 0.5 else picture[:, ::-1], 0, 1).astype(np.float32)


def graph(rng: Generator, size: int) -> Map:
    """A printout with a curve and a table, as bone density reports have."""
    height, width = size, round(size * 0.77)
    paper = np.full((height, width), 0.97, np.float32)
    x0, y0 = int(width * 0.1), int(height * rng.uniform(0.1, 0.5))
    w, h = int(width * rng.uniform(0.5, 0.75)), int(height * 0.3)
    cv2.rectangle(paper, (x0, y0), (x0 + w, y0 + h), 0.2, 1)
    t = np.linspace(0, 1, 60)
    curve = np.c_[x0 + t * w, y0 + h * (0.4 + 0.4 * t + 0.05 * rng.normal(size=60).cumsum() / 3)]
    cv2.polylines(paper, [curve.astype(np.int32)], isClosed=False, color=0.1, thickness=2, lineType=cv2.LINE_AA)
    for row in range(int(rng.integers(4, 12))):
        numbers = "   ".join(f"{v:.2f}" for v in rng.uniform(-3, 3, 4))
        place = (x0, int(height * 0.85) - row * 18)
        cv2.putText(paper, numbers, place, cv2.FONT_HERSHEY_SIMPLEX, 0.45, 0.1, 1, cv2.LINE_AA)
    return 1 - paper if rng.random() < 0.2 else paper


def garbage(rng: Generator, size: int) -> Map:
    """What a broken decode leaves: noise, stripes, blocks, one grey."""
    height, width = round(size * rng.uniform(0.6, 1)), size
    kind = rng.choice(["noise", "stripes", "blocks", "grey"])
    if kind == "noise":
        return rng.random((height, width), np.float32)
    if kind == "stripes":
        row = rng.random(int(rng.integers(20, 400)), np.float32)
        return np.resize(row, height * width).reshape(height, width)
    if kind == "blocks":
        small = rng.random((height // 16 + 1, width // 16 + 1), np.float32)
        return cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
    return np.full((height, width), rng.random(), np.float32) + rng.normal(0, 0.01, (height, width)).astype(np.float32)
