"""What makes scores mean something, fitted on validation films: chances, error intervals, distance from the known.

Nothing here sees a test film. Each function takes plain arrays, so that what it computes can be checked by hand.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import linprog, minimize
from scipy.sparse import csr_matrix, hstack, identity
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from training.graphs import BENDS_AT, IntervalCurve, Outliers, ScoreCurve
from training.turns import as_it_is

Floats = NDArray[np.float64]

DIRECTIONS = 48  # of the features, that the outlier score looks along
SHRINKAGE = 0.1  # of the covariance towards a ball: later directions are known from few films
COVERED = 0.95  # share of errors that an interval holds
LEAST_ERROR_DEG = 0.02  # as good as none
RIDGE = 3e-4  # of a line's weights, beside the mean negative log-likelihood


def fit_temperature(logits: Tensor, labels: Tensor) -> float:
    """The temperature (Guo 2017) of least negative log-likelihood; logits (N, classes), labels (N,)."""
    candidates = np.geomspace(0.3, 3, 93)
    entropy = torch.nn.functional.cross_entropy
    return float(min(candidates, key=lambda t: entropy(logits / t, labels).item()))


def fit_turns(logits: Tensor, turned: Tensor) -> tuple[float, float]:
    """The temperature, and what speaks for a film that is not turned, of least negative log-likelihood.

    Of logits (N, 4) and turns (N,). A network learns from far more turned films than anyone stores, so it believes in a
    turn too soon (Saerens 2002).
    """
    entropy = torch.nn.functional.cross_entropy

    def cost(fit: Floats) -> float:
        return entropy(logits / float(np.exp(fit[0])) + float(fit[1]) * as_it_is(), turned).item()

    log_temperature, upright = minimize(cost, [0.0, 0.0], method="Nelder-Mead").x
    return float(np.exp(log_temperature)), float(upright)


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


def fit_line(features: Floats, hits: NDArray[np.bool_]) -> tuple[Floats, float]:
    """Weights (F,) and shift of the logit of ``hits`` (N,), linear in ``features`` (N, F): logistic regression.

    Of standardised features a weight costs its square (ridge; Le Cessie 1992), so that few hits promise little.
    """
    scaler = StandardScaler()
    line = LogisticRegression(C=1 / (RIDGE * len(hits)), tol=1e-6, max_iter=3000)
    line.fit(scaler.fit_transform(features), hits)
    weights = line.coef_[0] / scaler.scale_
    return weights, float(line.intercept_[0] - weights @ scaler.mean_)


def fit_errors(stated: Floats, errors: Floats) -> IntervalCurve:
    """The curve that holds 95 % of absolute ``errors`` at every height of what is ``stated``; both (N,), degrees.

    A quantile regression (Koenker 1978) of their logarithms: a quantile of the logarithm is the logarithm of the
    quantile, and a large error weighs no more than a small one. The curve never falls. The share is that of split
    conformal prediction (Lei 2018), which promises it of further errors.
    """
    along, size = np.log(stated), np.log(np.maximum(np.abs(errors), LEAST_ERROR_DEG))
    bends = np.quantile(along, BENDS_AT)
    ends = np.array([-np.inf, *bends, np.inf])
    pieces = np.clip(along[:, None], ends[:-1], ends[1:]) - np.array([bends[0], *bends])  # (N, slopes)
    count = len(errors)
    share = min(COVERED * (count + 1), count - 0.5) / count  # of few, the largest error
    above, below = identity(count), -identity(count)  # what an error lies above the curve, and below it
    fitted = linprog(
        np.concatenate((np.zeros(1 + len(BENDS_AT) + 1), np.full(count, share), np.full(count, 1 - share))),
        A_eq=hstack([csr_matrix(np.column_stack((np.ones(count), pieces))), above, below]),
        b_eq=size,
        bounds=[(None, None)] + [(0, None)] * (pieces.shape[1] + 2 * count),
    ).x
    at_first, slopes = fitted[0], fitted[1 : 1 + pieces.shape[1]]
    return IntervalCurve(float(np.exp(at_first - slopes[0] * bends[0])), slopes.tolist(), np.exp(bends).tolist())


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
