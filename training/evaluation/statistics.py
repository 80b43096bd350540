"""Shares, spreads and resampling: plain functions of arrays."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Figures = dict[str, Any]
Z95 = 1.959964  # of the standard normal distribution
DRAWS = 1000  # of a bootstrap


def wilson(hits: int, n: int, z: float = Z95) -> tuple[float, float, float]:
    """Share of hits and its 95 % interval (Wilson 1927)."""
    if not n:
        return math.nan, math.nan, math.nan
    p, d = hits / n, 1 + z * z / n
    middle, half = (p + z * z / (2 * n)) / d, z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / d
    return p, max(middle - half, 0.0), min(middle + half, 1.0)


def share(hits: ArrayLike) -> Figures:
    """Of yes and no: how many, of how many, the share and its Wilson interval (None of nothing)."""
    yes = np.asarray(hits, bool)
    values = wilson(int(yes.sum()), yes.size) if yes.size else (None, None, None)
    return {"right": int(yes.sum()), "of": int(yes.size), **dict(zip(("share", "low", "high"), values, strict=True))}


def spread(errors: ArrayLike, far_off: float) -> Figures:
    """Mean absolute error, its median and 95th percentile, bias, limits of agreement and the share beyond ``far_off``.

    The limits are bias -+ 1.96 standard deviations (Bland and Altman 1986).
    """
    signed = np.asarray(errors, float)
    if not signed.size:
        names = ("mae", "median", "p95", "bias", "lower_limit", "upper_limit")
        return {"n": 0, **dict.fromkeys(names), "far_off": share([])}
    size = np.abs(signed)
    lower, upper = limits_of_agreement(signed)
    return {
        "n": int(size.size),
        "mae": float(size.mean()),
        "median": float(np.median(size)),
        "p95": float(np.percentile(size, 95)),
        "bias": float(signed.mean()),
        "lower_limit": lower,
        "upper_limit": upper,
        "far_off": share(size > far_off),
    }


def limits_of_agreement(differences: ArrayLike) -> tuple[float, float]:
    """Bland and Altman's 95 % limits of differences."""
    values = np.asarray(differences, float)
    deviation = float(values.std(ddof=1)) if values.size > 1 else 0.0
    return float(values.mean() - Z95 * deviation), float(values.mean() + Z95 * deviation)


def detectable_change(errors: ArrayLike) -> float | None:
    """What 95 % of the differences between two readings of the same thing stay below; None of fewer than two errors.

    Every pair of errors is such a difference, so nothing is assumed of their distribution: a normal one would give
    1.96 x sqrt(2) standard deviations.
    """
    signed = np.asarray(errors, float)
    first, second = np.triu_indices(signed.size, k=1)
    return float(np.percentile(np.abs(signed[first] - signed[second]), 95)) if first.size else None


def f1_scores(confusion: NDArray[np.floating[Any] | np.integer[Any]]) -> NDArray[np.float64]:
    """F1 per class of confusion counts (..., truth, said); NaN for a class that is neither shown nor said."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1).astype(float)
    both = confusion.sum(-1) + confusion.sum(-2)
    return np.divide(2 * hits, both, out=np.full(hits.shape, np.nan), where=both > 0)


def bootstrap_f1(truth: NDArray[np.intp], said: NDArray[np.intp], person: NDArray[np.int64], classes: int) -> Figures:
    """95 % intervals of every class's F1 and of their mean, drawing persons with all their films."""
    _, index = np.unique(person, return_inverse=True)
    counts = np.zeros((index.max() + 1, classes * classes))
    np.add.at(counts, (index, truth * classes + said), 1)
    rng = np.random.default_rng(0)
    drawn = rng.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), DRAWS) @ counts
    scores = f1_scores(drawn.reshape(DRAWS, classes, classes))
    shown = np.isin(np.arange(classes), truth)
    with np.errstate(invalid="ignore"):
        per_class = [
            np.nanpercentile(s, [2.5, 97.5]).tolist() if ok else None for s, ok in zip(scores.T, shown, strict=True)
        ]
    macro = np.nanpercentile(np.nanmean(scores[:, shown], axis=1), [2.5, 97.5]).tolist()
    return {"classes": per_class, "macro": macro}


def auc(positive: ArrayLike, negative: ArrayLike) -> float | None:
    """Chance that a positive scores higher than a negative, ties half (area under the ROC curve)."""
    high, low = np.asarray(positive, float), np.sort(np.asarray(negative, float))
    if not high.size or not low.size:
        return None
    below = np.searchsorted(low, high, "left") + np.searchsorted(low, high, "right")
    return float(below.mean() / 2 / low.size)


def roc(positive: ArrayLike, negative: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """False and true positive rates from the strictest threshold to none."""
    high, low = np.asarray(positive, float), np.asarray(negative, float)
    thresholds = np.unique(np.concatenate([high, low]))[::-1]
    rates = [1 - np.searchsorted(np.sort(v), thresholds, "left") / max(v.size, 1) for v in (low, high)]
    return np.concatenate([[0.0], rates[0]]), np.concatenate([[0.0], rates[1]])


def rounded(figures: Any, digits: int = 6) -> Any:
    """The same figures with shorter numbers, as they are written."""
    if isinstance(figures, dict):
        return {name: rounded(value, digits) for name, value in figures.items()}
    if isinstance(figures, list):
        return [rounded(value, digits) for value in figures]
    return round(figures, digits) if isinstance(figures, float) else figures
