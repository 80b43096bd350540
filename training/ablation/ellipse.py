"""Landmarks or segmentation: the same network, asked for five heat maps or for the filled ellipse of the rim."""

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional as F

from training.ablation import cups
from training.ablation.cups import Batch
from training.films import load_films
from training.networks.landmarks import LandmarkNet


@dataclass(frozen=True, slots=True)
class Ellipse:
    """A mask of the rim's ellipse, whose second moments give its axes; which end is which, a mask cannot tell."""

    def net(self) -> LandmarkNet:
        """One map."""
        return LandmarkNet(1, 1)

    def loss(self, heat: Tensor, logits: Tensor, batch: Batch) -> Tensor:
        """Cross-entropy and soft Dice of the mask, and presence; as segmentation is commonly trained."""
        _, points, present, _ = batch
        there = present[:, 0].float()
        wanted, told = mask(points, heat.shape[-1]), heat[:, 0].float()
        crossed = F.binary_cross_entropy_with_logits(told, wanted, reduction="none").mean((1, 2))
        p = told.sigmoid()
        dice = 1 - (2 * (p * wanted).sum((1, 2)) + 1) / (p.sum((1, 2)) + wanted.sum((1, 2)) + 1)
        shape = ((crossed + dice) * there).sum() / there.sum().clamp(min=1)
        return shape + F.binary_cross_entropy_with_logits(logits[:, 0], there)

    def points(self, heat: Tensor) -> Tensor:
        """Ends of the long, then of the short axis, then the middle; the upper end first, as the truth has it."""
        centre, halves = axes((heat[:, 0] > 0).float())
        long, short = halves.unbind(1)
        long = long * torch.where(long[:, 1:] > 0, -1.0, 1.0)
        return torch.stack((centre + long, centre - long, centre + short, centre - short, centre), 1)


def mask(points: Tensor, size: int) -> Tensor:
    """Filled ellipses (B, size, size), 0 or 1, of landmarks (B, 5, 2) in pixels of twice that resolution."""
    cells = torch.arange(size) * 2 + 0.5
    y, x = torch.meshgrid(cells, cells, indexing="ij")
    upper, lower, opening, dome_end = (points[:, i, :, None, None] for i in range(4))
    centre = (upper + lower) / 2
    inside = torch.zeros(len(points), size, size)
    for axis in ((upper - lower) / 2, (opening - dome_end) / 2):
        across = (x - centre[:, 0]) * axis[:, 0] + (y - centre[:, 1]) * axis[:, 1]
        inside += (across / (axis**2).sum(1).clamp(min=0.25)) ** 2
    return (inside <= 1).float()


def axes(filled: Tensor) -> tuple[Tensor, Tensor]:
    """Middle (B, 2) and half axes (B, 2, 2), the long one first, of masks (B, S, S): twice the root of the moments."""
    size = filled.shape[-1]
    cells = torch.arange(size) * 2 + 0.5
    weight = filled.flatten(1) / filled.sum((1, 2)).clamp(min=1)[:, None]
    places = torch.stack(torch.meshgrid(cells, cells, indexing="xy"), -1).view(-1, 2)
    centre = weight @ places
    apart = places[None] - centre[:, None]
    moments = torch.einsum("bn,bni,bnj->bij", weight, apart, apart)
    values, directions = torch.linalg.eigh(moments)
    lengths = 2 * values.clamp(min=0).sqrt()
    return centre, (directions * lengths[:, None]).transpose(1, 2).flip(1)


def table(films: Path, validation: Path, steps: int, limit: int) -> tuple[list[str], list[list[str]]]:
    """Errors of both on the validation films."""
    known, tested = cups.subjects(load_films(films)[:limit]), cups.subjects(load_films(validation))
    rows = []
    for name, reading in (("five landmarks", cups.Landmarks()), ("filled ellipse", Ellipse())):
        net = cups.trained(known, steps, reading=reading)
        rows.append([name, str(len(tested)), *cups.score(net, tested, reading).row()])
        print(rows[-1], flush=True)
    return ["the network is asked for", *cups.HEAD], rows
