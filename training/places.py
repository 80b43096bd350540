"""Answering for a part of a batch: where a condition holds, and what was found there put back among the others."""

import torch
from torch import Tensor


def chosen(condition: Tensor) -> Tensor:
    """Where a condition of any shape holds, in its flattened form: (M,)."""
    return condition.flatten().nonzero()[:, 0]


def spread_over(rows: Tensor, places: Tensor, count: int) -> Tensor:
    """Rows (M, D) at their ``places`` (M,) of (count, D), between zeros."""
    return torch.zeros(count, rows.shape[1]).index_put((places,), rows)
