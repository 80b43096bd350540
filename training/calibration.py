"""What makes scores mean something, fitted on validation films: chances, error intervals, distance from the known.

Nothing here sees a test film. Each function takes plain arrays, so that what it computes can be checked by hand.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import minimize
from torch import Tensor

from training.graphs import Outliers, ScoreCurve

Floats = NDArray[np.float64]

DIRECTIONS = 48  # of the features, that the outlier score looks along
SHRINKAGE = 0.1  # of the covariance towards a ball: later directions are known from few films
COVERED = 0.95  # share of errors that an interval holds
POWERS = np.linspace(0.2, 2.0, 37)


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The temperature (Guo 2017) of least negative log-likelihood; logits (N, classes), labels (N,)."""
    candidates = np.geomspace(0.3, 3, 93)
    entropy = torch.nn.functional.cross_entropy
    return float(min(candidates, key=lambda t: entropy(logits / t, labels).item()))


def fit_curve(scores: Floats, hits: NDArray[np.bool_]) -> ScoreCurve:
    """The curve (Platt 1999) on which ``scores`` (N,) are the chances of ``hits`` (N,).

    Its targets are softened by one hit and one miss, so that validation without a miss promises no certainty.
    """
    logit = np.log(np.clip(scores, 1e-6, 1 - 1e-6)) - np.log(1 - np.clip(scores, 1e-6, 1 - 1e-6))
    yes, no = int(hits.sum()), int((~hits).sum())
    target = np.where(hits, (yes + 1) / (yes + 2), 1 / (no + 2))

    def cost(curve: Floats) -> float:
        z = curve[0] * logit + curve[1]
        return float(np.mean(np.logaddexp(0, z) - target * z))

    slope, shift = minimize(cost, [1.0, 0.0], method="Nelder-Mead").x
    return ScoreCurve(max(float(slope), 0.05), float(shift))


def fit_errors(stated: Floats, errors: Floats) -> tuple[float, float]:
    """Scale and power by which ``scale * stated ** power`` holds 95 % of absolute ``errors``; both (N,), degrees.

    The scale is a quantile of validation errors, as split conformal prediction takes it (Lei 2018); the power is the
    one whose intervals are best by the pinball loss.
    """
    size, rank = np.abs(errors), min(1.0, COVERED * (len(errors) + 1) / len(errors))

    def scale(power: float) -> float:
        return float(np.quantile(size / stated**power, rank))

    def pinball(power: float) -> float:
        missed = size - scale(power) * stated**power
        return float(np.mean(np.maximum(COVERED * missed, (COVERED - 1) * missed)))

    power = float(min(POWERS, key=pinball))
    return scale(power), power


def fit_outliers(known: Tensor, views: Tensor, held_out: Tensor, classes: int) -> Outliers:
    """From features of films learnt from, (N, F) with their views (N,), and of validation films (M, F)."""
    means = torch.stack([known[views == view].mean(0) for view in range(classes)])
    inside = known - means[views]
    variance, directions = torch.linalg.eigh(inside.T @ inside / len(inside))
    kept = variance[-DIRECTIONS:]
    spread = (1 - SHRINKAGE) * kept + SHRINKAGE * kept.mean()
    outliers = Outliers(known.shape[1], classes, DIRECTIONS)
    outliers.whiten.copy_(directions[:, -DIRECTIONS:] / spread.sqrt())
    outliers.means.copy_(means @ outliers.whiten)
    outliers.unit.copy_(torch.quantile(outliers(held_out), 0.99))
    return outliers
