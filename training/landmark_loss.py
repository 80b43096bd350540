"""What the landmark networks learn to make small: how far off a landmark is, and how far off what is measured by it."""

import torch
from torch import Tensor
from torch.nn import functional as F

from ingest.records import CUP_LANDMARKS
from training.cup_geometry import to_one_middle
from training.networks.landmarks import located

AXES_WEIGHT = 1.5  # in the loss of a rim, of the error of its axes beside that of its landmarks
STEEPEST = 0.95  # short over long axis: nearer to a circle, version changes with it beyond all bounds


def loss(heat: Tensor, logits: Tensor, points: Tensor, present: Tensor, axes_count: Tensor, blob: float) -> Tensor:
    """Cross-entropy to Gaussian heat maps, distance of the soft-argmax, its Laplace scale, presence; a rim's axes.

    These as they are measured, about one middle, and as much as ``axes_count`` (B, 2) says of each.

    Args:
        heat: (B, K, H, W) heat maps, a cell of them two input pixels.
        logits: (B, P + K) of presence, then the log Laplace scale (input pixels) of each landmark's error.
        points: (B, K, 2) where the landmarks lie, input pixels.
        present: (B, K) which of them are there.
        axes_count: (B, 2) of a rim, how much the errors of its direction and of its version count.
        blob: standard deviation of a target heat map, in its cells.
    """
    _, k, h, w = heat.shape
    found, covariance = located(heat)
    distance = (found - points).abs().sum(-1)  # (B, K) pixels
    cells = (points - 0.5) / 2
    x = torch.exp(-((torch.arange(w, device=heat.device) - cells[..., :1]) ** 2) / (2 * blob**2))
    y = torch.exp(-((torch.arange(h, device=heat.device) - cells[..., 1:]) ** 2) / (2 * blob**2))
    target = (y[..., :, None] * x[..., None, :]).flatten(2)
    target = target / target.sum(-1, keepdim=True).clamp(min=1e-6)
    crossed = -(target * heat.float().flatten(2).log_softmax(-1)).sum(-1)
    scale = logits[:, -k:]  # not clamped: beyond a clamp nothing would pull it back
    laplace = distance.detach() * torch.exp(-scale) + scale
    there = present.float()
    landmarks = ((crossed + 0.2 * distance + 0.2 * laplace) * there).sum() / there.sum().clamp(min=1)
    if k == len(CUP_LANDMARKS):
        axes = (axes_error(found + to_one_middle(found, covariance.detach()), points) * axes_count).sum(-1)
        landmarks = landmarks + AXES_WEIGHT * (axes * there[:, 0]).sum() / there[:, 0].sum().clamp(min=1)
    claimed = logits[:, :-k]
    return landmarks + F.binary_cross_entropy_with_logits(claimed, there[:, : claimed.shape[1]])


def axes_error(found: Tensor, points: Tensor) -> Tensor:
    """What errors of a rim's landmarks (B, 5, 2) do to its angles, as if its long axis were turned by as much.

    Returns:
        (B, 2): pixels by which that would move the axis' ends, for its direction and for the version.
    """
    (along, length, version), (true_along, true_length, true_version) = _axes(found), _axes(points)
    turn = (along[:, 0] * true_along[:, 1] - along[:, 1] * true_along[:, 0]).abs() / (length * true_length)
    return torch.stack((turn, (version - true_version).abs()), 1) * true_length[:, None] / 2


def _axes(points: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Long axis (B, 2), its length (B,) and the version of the ellipse (B,) in radians."""
    upper, lower, opening, dome_end, _ = points.unbind(1)
    along, across = lower - upper, opening - dome_end
    long, short = ((axis**2).sum(-1).clamp(min=1e-2).sqrt() for axis in (along, across))
    return along, long, torch.asin((short / long).clamp(max=STEEPEST))
