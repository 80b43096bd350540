"""What the landmark networks see in crops, looked at as they are or also in a mirror."""

import torch
from torch import Tensor

from ingest.records import CUP_LANDMARKS
from training.cup_geometry import outer
from training.landmark_examples import CROP
from training.networks.landmarks import LandmarkNet, located


def seen(net: LandmarkNet, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Landmarks (M, K, 2) on crops (M, 1, 192, 192), their covariances (M, K, 3) and the network's logits (M, P)."""
    heat, logits = net(crops)
    return *located(heat), logits


def seen_from_both_faces(net: LandmarkNet, crops: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What a rim network sees in crops and in their mirror images, averaged; shapes as of ``seen``.

    The covariances and the stated scales of the landmarks' errors grow by how far the two answers lie apart.
    """
    (plain, one), (mirrored, other), logits = _both_faces(net, crops)
    apart = plain - mirrored
    count = len(CUP_LANDMARKS)
    scale = (logits[..., -count:].exp().mean(0) ** 2 + (apart**2).sum(-1)).sqrt()
    told = torch.cat((logits[..., :-count].mean(0), scale.log()), 1)
    return (plain + mirrored) / 2, (one + other) / 2 + outer(apart), told


def ischia_from_both_faces(net: LandmarkNet, crops: Tensor) -> tuple[Tensor, Tensor]:
    """Points (M, 2, 2) and covariances (M, 2, 3) of the ischia, averaged likewise; a mirror exchanges the two."""
    (plain, one), (mirrored, other), _ = _both_faces(net, crops)
    mirrored, other = mirrored.flip(1), other.flip(1)
    return (plain + mirrored) / 2, (one + other) / 2 + outer(plain - mirrored)


def _both_faces(net: LandmarkNet, crops: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor], Tensor]:
    """Landmarks and covariances of the crops (M, 1, 192, 192) and of their mirror images, where the former lie.

    And the logits (2, M, P) of both.
    """
    points, covariance, logits = seen(net, torch.cat((crops, crops.flip(3))))
    plain, mirrored = points.reshape(2, -1, *points.shape[1:]).unbind(0)
    mirrored = torch.stack((CROP - 1 - mirrored[..., 0], mirrored[..., 1]), -1)
    one, other = covariance.reshape(2, -1, *covariance.shape[1:]).unbind(0)
    other = torch.cat((other[..., :2], -other[..., 2:]), -1)
    return (plain, one), (mirrored, other), logits.reshape(2, -1, logits.shape[1])
