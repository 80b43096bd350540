"""What a rim's landmarks and the ischia tell: angles, how far they may be off, and whether the line is believable."""

import math
from dataclasses import dataclass, fields, replace

import torch
from torch import Tensor

LEAST_COSINE = 0.2  # of the version: nearer to a circle, the ellipse's axes tell no angle
USUAL_TILT_DEG = 8.0  # between the line of the ischia and that of the hips' boxes
LEAST_VARIANCE = 0.1  # of a landmark, square pixels of the canvas: no map is surer than that
MISPLACED_SHARE = 0.08  # of the rim's long axis: a crop's middle further from the rim's lies badly around it,
MISSIZED_SHARE = 0.1  # as does one that was drawn for a rim larger or smaller by more
FOUND = 0.5  # score from which on a hip's box is where a hip is


@dataclass(frozen=True, slots=True)
class Rim:
    """One pass of a rim network over both sides, right then left; pixels of the upright canvas."""

    points: Tensor  # (B, 2, 5, 2) CUP_LANDMARKS
    covariance: Tensor  # (B, 2, 5, 3) of each landmark's place: of x, of y and of both
    presence: Tensor  # (B, 2, P) logits of presence; of a rim network one, of a cup
    spread: Tensor  # (B, 2, 5) Laplace scale of each landmark's error


def mean_of(one: Rim, other: Rim) -> Rim:
    """The mean of two looks at the same rims; the covariances and scales grow by how far the two lie apart."""
    between = outer(one.points - other.points) / 2
    return Rim(
        (one.points + other.points) / 2,
        (one.covariance + other.covariance) / 2 + between,
        (one.presence + other.presence) / 2,
        (((one.spread + other.spread) / 2) ** 2 + between[..., :2].sum(-1)).sqrt(),
    )


def either(condition: Tensor, one: Rim, other: Rim) -> Rim:
    """Of each side ``one`` where the condition (B, 2) holds, the ``other`` elsewhere."""

    def of(name: str) -> Tensor:
        first, second = getattr(one, name), getattr(other, name)
        return torch.where(condition.reshape(*condition.shape, *[1] * (first.dim() - 2)), first, second)

    return Rim(*(of(field.name) for field in fields(Rim)))


def misplaced(found: Rim, measured: Rim) -> Tensor:
    """Where a crop around the rim that was ``found`` lies badly around the one that was ``measured`` in it: (B, 2)."""
    (centre, length), (its_centre, its_length) = placement(found), placement(measured)
    beside = (centre - its_centre).norm(dim=-1) / its_length
    return (beside > MISPLACED_SHARE) | ((length / its_length).log().abs() > MISSIZED_SHARE)


def placement(rim: Rim) -> tuple[Tensor, Tensor]:
    """Where a rim's long axis has its middle (B, 2, 2) and how long it is (B, 2), pixels of the upright canvas."""
    upper, lower = rim.points[:, :, 0], rim.points[:, :, 1]
    return (upper + lower) / 2, (upper - lower).norm(dim=-1).clamp(min=1.0)


def concentric(rim: Rim) -> Rim:
    """The same rim with both axes about one middle; each covariance grows by how far its end was moved."""
    moved = to_one_middle(rim.points, rim.covariance)
    return replace(rim, points=rim.points + moved, covariance=rim.covariance + outer(moved))


def to_one_middle(points: Tensor, covariance: Tensor) -> Tensor:
    """By how much rim landmarks (..., 5, 2) must move for both axes to have one middle, as those of an ellipse have.

    Their four ends move across the long axis, each by as much as its own covariance (..., 5, 3) lets it (least
    squares): of the short axis the end that can be seen stays, and the one that metal hides follows it.
    """
    *_, across = _line(points[..., :2, :])
    unsure = variance(covariance[..., :4, :], across)  # (..., 4)
    between = points[..., 2:4, :].sum(-2) - points[..., :2, :].sum(-2)  # twice the way from middle to middle
    apart = (between * across).sum(-1, keepdim=True)
    by = torch.tensor([1.0, 1.0, -1.0, -1.0], device=apart.device) * apart * unsure / unsure.sum(-1, keepdim=True)
    moved = by[..., None] * across[..., None, :]
    return torch.cat((moved, torch.zeros_like(moved[..., :1, :])), -2)  # the dome stays


def outer(apart: Tensor) -> Tensor:
    """Of vectors (..., 2) the squares of x and of y and their product, (..., 3): the order of a covariance."""
    return torch.stack((apart[..., 0] ** 2, apart[..., 1] ** 2, apart[..., 0] * apart[..., 1]), -1)


def angles(points: Tensor, ischia: Tensor) -> Tensor:
    """Rim landmarks (B, 2, 5, 2) and ischia (B, 2, 2) to degrees (B, 2, 3): inclination, AP and lateral version."""
    upper, lower, _, _, dome = points.unbind(2)
    major = lower - upper
    baseline = (ischia[:, 1] - ischia[:, 0])[:, None]
    cross = major[..., 0] * baseline[..., 1] - major[..., 1] * baseline[..., 0]
    inclination = torch.atan2(cross.abs(), (major * baseline).sum(-1).abs() + 1e-6)
    ratio = _axes_ratio(points)
    version_ap = torch.atan2(ratio, (1 - ratio**2).clamp(min=1e-9).sqrt())
    across = torch.stack((-major[..., 1], major[..., 0]), -1)
    faces = ((upper + lower) / 2 - dome) * across
    across = across * torch.where(faces.sum(-1, keepdim=True) >= 0, 1.0, -1.0)  # now it points out of the cup
    version_lateral = torch.atan2(-across[..., 1], across[..., 0].abs() + 1e-6)  # upwards is anterior
    return torch.stack((inclination, version_ap, version_lateral), -1) * (180 / math.pi)


def stated_errors(rim: Rim, ischia: Tensor, ischia_covariance: Tensor, tilt_deg: Tensor) -> Tensor:
    """What the covariances of a concentric rim's landmarks do to each angle, to first order: degrees (B, 2, 3).

    An end that may lie elsewhere along its own axis turns nothing, so only what lies across counts for a direction. The
    inclination is at least as uncertain as the line of the ischia is tilted more than usual, ``tilt_deg`` (B,).
    """
    length, along, across = _line(rim.points[:, :, :2])
    unsure = variance(rim.covariance[:, :, :4], across)
    long, short = (_apart(ends, unsure.sum(-1)) / length**2 for ends in (unsure[..., :2], unsure[..., 2:]))
    ends = variance(rim.covariance[:, :, :2], along).sum(-1) / length**2
    ratio = _axes_ratio(rim.points)
    cosine = (1 - ratio**2).clamp(min=LEAST_COSINE**2).sqrt()
    between, _, across_it = _line(ischia)
    line = (variance(ischia_covariance, across_it).sum(-1) / between**2)[:, None]
    tilted = (tilt_deg[:, None] * (math.pi / 180)) ** 2
    squares = torch.stack((torch.maximum(long + line, tilted), (short + ratio**2 * ends) / cosine**2, long), -1)
    return squares.clamp(min=1e-12).sqrt() * (180 / math.pi)


def variance(covariance: Tensor, direction: Tensor) -> Tensor:
    """Of places with covariances (..., N, 3) along a unit ``direction`` (..., 2): (..., N), square pixels."""
    x, y = direction[..., None, 0], direction[..., None, 1]
    along = covariance[..., 0] * x**2 + covariance[..., 1] * y**2 + 2 * covariance[..., 2] * x * y
    return along.clamp(min=LEAST_VARIANCE)


def _line(ends: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Of lines between two ends (..., 2, 2): length (...), direction and the direction across it (..., 2)."""
    vector = ends[..., 1, :] - ends[..., 0, :]
    length = vector.norm(dim=-1).clamp(min=1.0)
    along = vector / length[..., None]
    return length, along, torch.stack((-along[..., 1], along[..., 0]), -1)


def _apart(ends: Tensor, total: Tensor) -> Tensor:
    """Variance of how far apart an axis' ends lie, of variances (..., 2), where both axes have one middle.

    ``total`` (...) of all four ends. The middle tells where an end is that says little itself.
    """
    return ends.sum(-1) - (ends[..., 0] - ends[..., 1]) ** 2 / total


def beyond_usual_tilt(ischia: Tensor, hips: Tensor, scores: Tensor) -> Tensor:
    """By how many degrees (B,) the ischia (B, 2, 2) are tilted against both hips' middles (B, 2, 2) more than usual.

    An ischium under a shield, or a wire taken for one, tilts the line and the network may be sure of it. Legs of other
    lengths or a turned pelvis do not tilt it that far. Of a hip whose score (B, 2) says that it was not found, nothing.
    """
    line, across = ischia[:, 1] - ischia[:, 0], hips[:, 1] - hips[:, 0]
    cross = line[:, 0] * across[:, 1] - line[:, 1] * across[:, 0]
    tilt_deg = torch.atan2(cross.abs(), (line * across).sum(-1).abs() + 1e-6) * (180 / math.pi)
    return (tilt_deg - USUAL_TILT_DEG).clamp(min=0) * (scores.amin(1) > FOUND).float()


def _axes_ratio(points: Tensor) -> Tensor:
    """Short over long axis of the rim's ellipse, at most 1: (B, 2)."""
    upper, lower, opening, dome_end, _ = points.unbind(2)
    length = ((lower - upper) ** 2).sum(-1).clamp(min=1e-6).sqrt()
    return (((opening - dome_end) ** 2).sum(-1).clamp(min=1e-6).sqrt() / length).clamp(max=1.0)
