"""Rims of cups that no film shows."""

import math

import torch

from training.landmark_examples import CROP

LENGTH = 100.0  # pixels of the long axis


def rim(*, axis_deg=40.0, version_deg=15.0):
    """Landmarks (1, 5, 2) of a rim in the middle of a crop."""
    turn, short = math.radians(axis_deg), math.sin(math.radians(version_deg))
    along, across = torch.tensor([math.cos(turn), math.sin(turn)]), torch.tensor([-math.sin(turn), math.cos(turn)])
    half = LENGTH / 2
    ends = (-half * along, half * along, half * short * across, -half * short * across, -half * across)
    return torch.stack(ends)[None] + CROP / 2


def maps(points, widths):
    """Heat maps (1, 5, S, S) that are blobs about landmarks, of as many ``widths`` in cells."""
    cells, grid = (points - 0.5) / 2, torch.arange(CROP // 2)
    squares = (grid - cells[..., :1, None]) ** 2 + (grid[:, None] - cells[..., 1:, None]) ** 2
    return -squares / (2 * torch.tensor(widths)[:, None, None] ** 2)
