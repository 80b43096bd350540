"""Films stored turned by a quarter or a half, looked at as they were taken; all inside the graphs.

A canvas is square, so turning it about its middle is exact. The upright canvas shows the film as it was taken; the
stored one is what a client knows.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from ingest.records import CANVAS_SIZE

TURNS = (0, 90, 180, 270)  # degrees clockwise by which a film may be stored turned


def turn_of(turn_scores: Tensor) -> Tensor:
    """Scores (B, 4) to 1 for the likeliest turn, 0 for the others (B, 4)."""
    return (turn_scores.argmax(1, keepdim=True) == torch.arange(len(TURNS))).float()


def as_it_is() -> Tensor:
    """1 for the turn of a film that is stored as it was taken, 0 for the others (4,)."""
    return (torch.arange(len(TURNS)) == 0).float()


def upright(film: Tensor, turn: Tensor) -> Tensor:
    """Films (B, 1, S, S) turned back as they were taken."""
    across = film.transpose(2, 3)
    ways = (film, across.flip(2), film.flip((2, 3)), across.flip(3))
    return sum(way * turn[:, k, None, None, None] for k, way in enumerate(ways))


def seen_before(turns: Tensor, turn: Tensor) -> Tensor:
    """What (B, 4) says of films turned back by ``turn`` (B, 4) and seen in a mirror, said of the films as stored.

    What stands turned clockwise in a mirror is turned the other way: a film stored at 90 degrees and turned back by
    them, but seen at 90 in the mirror, was turned back too far and is stored upright.
    """
    count = len(TURNS)
    ways = (turns[:, [(back - way) % count for way in range(count)]] for back in range(count))
    return sum(way * turn[:, back, None] for back, way in enumerate(ways))


def as_stored(points: Tensor, turn: Tensor, *, back: bool = False) -> Tensor:
    """Points (B, ..., 2) of the upright canvas on the stored one; ``back`` the other way."""
    shape = (-1,) + (1,) * (points.ndim - 2)
    cosine, sine = (turn[:, 0] - turn[:, 2]).view(shape), (turn[:, 1] - turn[:, 3]).view(shape)
    sine = -sine if back else sine
    middle = (CANVAS_SIZE - 1) / 2
    x, y = points[..., 0] - middle, points[..., 1] - middle
    return torch.stack((cosine * x - sine * y, sine * x + cosine * y), -1) + middle


def box_as_stored(boxes: Tensor, turn: Tensor, *, back: bool = False) -> Tensor:
    """Boxes (B, N, 4) x0, y0, x1, y1 of the upright canvas on the stored one; ``back`` the other way."""
    first, second = as_stored(boxes[..., :2], turn, back=back), as_stored(boxes[..., 2:4], turn, back=back)
    return torch.cat((torch.minimum(first, second), torch.maximum(first, second)), -1)


def box_as_taken(boxes: Tensor, turn: Tensor) -> Tensor:
    """The inverse of ``box_as_stored``."""
    return box_as_stored(boxes, turn, back=True)


def middle_of(boxes: Tensor) -> Tensor:
    """Of boxes (..., 4) x0, y0, x1, y1: (..., 2)."""
    return (boxes[..., :2] + boxes[..., 2:]) / 2


def squares(film: Tensor, turn: Tensor, centre: Tensor, side: Tensor, size: int) -> Tensor:
    """Squares (B, N, 1, size, size) of ``side`` (B, N, 1) around ``centre`` (B, N, 2), all of the upright canvas."""
    places = centre.shape[1]
    step = (torch.arange(size, dtype=torch.float32) - (size - 1) / 2) / size
    x, y = centre[..., :1] + side * step, centre[..., 1:] + side * step  # (B, N, size)
    across, down = x[:, :, None, :].expand(-1, -1, size, -1), y[:, :, :, None].expand(-1, -1, -1, size)
    points = as_stored(torch.stack((across, down), -1), turn)  # (B, N, size, size, 2)
    grid = (points + 0.5) * (2 / CANVAS_SIZE) - 1  # pixel centres to grid_sample's -1..1
    grid = grid.reshape(-1, places * size, size, 2)  # no shape is left to be told from values: there may be none
    sampled = F.grid_sample(film, grid, align_corners=False)  # (B, 1, N * size, size)
    return sampled.reshape(-1, places, 1, size, size)
