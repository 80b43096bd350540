"""How the fine network tells whether there is a cup: by a line through its features.

It learns its landmarks on cups alone. Its features tell a cup from the head of a hemiarthroplasty all the same, on
twice the pixels that the rim network has of it, and a line through them errs on other hips than the rim network does.
"""

import copy

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ingest.records import CUP_LANDMARKS
from simulation.truth import HipTruth
from training.calibration import fit_line
from training.cup_graph import CupAngleGraph
from training.ensemble import BATCH
from training.films import LabelledFilm, change_look
from training.graphs import ScoreCurve
from training.loop import mixed_precision
from training.networks.landmarks import LandmarkNet
from training.onnx_files import rounded
from training.turns import TURNS, turn_of

CUPS_TO_ONE = 3  # hips with a cup to one with metal and without, of which there are few
RESURFACINGS_TO_ONE = 1  # and of resurfacings besides: in these only a peg tells of a cup
BOX_NOISE = 0.02  # standard deviation of a box' edges, of its width and height: a detector's are off as well
OTHER_LOOKS = 0.5  # of the films from which the line is fitted
LEAST_WITHOUT = 200  # hips with metal and without a cup: of fewer 224 features cannot be told apart

Hips = list[tuple[LabelledFilm, HipTruth]]


class _Features(nn.Module):
    """In place of a network's logits its features, and zeros for the stated errors."""

    def forward(self, pooled: Tensor) -> Tensor:
        """(B, 224) to (B, 224 + 5)."""
        return F.pad(pooled, (0, len(CUP_LANDMARKS)))


def taught(rim: LandmarkNet, fine: LandmarkNet, films: list[LabelledFilm], seed: int = 7) -> LandmarkNet:
    """The fine network with a logit of presence that is fitted on ``films``; as it is where they show too little.

    The crops lie where the rim network places them, as when a film is measured.
    """
    rng = np.random.default_rng(seed)
    hips = shown_hips(films)
    if sum(hip.cup is None for _, hip in hips) < LEAST_WITHOUT:
        return fine
    features = features_of(rim, fine, hips, rng, OTHER_LOOKS)
    weights, shift = fit_line(features.double().numpy(), np.array([hip.cup is not None for _, hip in hips]))
    net = copy.deepcopy(fine)
    with torch.no_grad():
        net.presence.weight[0] = torch.from_numpy(weights)
        net.presence.bias[0] = shift
    return rounded(net)


def shown_hips(films: list[LabelledFilm]) -> Hips:
    """Hips with metal on films that are stored upright: all without a cup, and of the others as many as they need."""
    hips = [(film, hip) for film in films if not film.truth.turned_deg for hip in film.truth.hips]
    without = [(film, hip) for film, hip in hips if hip.implant != "none" and hip.cup is None]
    resurfaced = [(film, hip) for film, hip in hips if hip.cup is not None and hip.implant == "resurfacing"]
    cups = [(film, hip) for film, hip in hips if hip.cup is not None and hip.implant != "resurfacing"]
    return without + _some(cups, CUPS_TO_ONE * len(without)) + _some(resurfaced, RESURFACINGS_TO_ONE * len(without))


def _some(hips: Hips, count: int) -> Hips:
    """So many of them, evenly; all where there are fewer."""
    count = min(count, len(hips))
    return [hips[place * len(hips) // count] for place in range(count)]


def features_of(
    rim: LandmarkNet, fine: LandmarkNet, hips: Hips, rng: np.random.Generator, other_looks: float
) -> Tensor:
    """What the fine network's logits are made of, the mean of its looks at each hip: (N, 224).

    A share ``other_looks`` of the films is given another look first.
    """
    finder, bare = copy.deepcopy((rim, fine))  # theirs stay laid out as they are
    bare.presence = _Features()
    graph = CupAngleGraph(finder, bare, finder, ScoreCurve()).to(memory_format=torch.channels_last).eval()
    shown = torch.tensor([True, False])
    parts = []
    for start in range(0, len(hips), BATCH):
        part = hips[start : start + BATCH]
        canvases = [film.canvas.astype(np.float32) / 255 for film, _ in part]
        seen = np.stack([change_look(canvas, rng) if rng.random() < other_looks else canvas for canvas in canvases])
        boxes = torch.from_numpy(np.stack([_found(hip, rng) for _, hip in part]))[:, None].expand(-1, 2, 4)
        upright = turn_of(torch.eye(len(TURNS))[:1].expand(len(part), -1))
        with torch.no_grad(), mixed_precision(boxes.device):
            _, measured = graph.rims(torch.from_numpy(seen)[:, None], upright, boxes, shown.expand(len(part), 2))
        parts.append(measured.presence[:, 0].float())
    return torch.cat(parts)


def _found(hip: HipTruth, rng: np.random.Generator) -> np.ndarray:
    """The hip's box (4,) as a detector may find it."""
    box = np.array(hip.box, np.float32)
    return box + rng.normal(0, BOX_NOISE, 4).astype(np.float32) * np.tile(box[2:] - box[:2], 2)
