"""Reading side letters inside the detector's graph: the two boxes that may hold one, looked at on the whole canvas."""

from torch import Tensor
from torch.nn import functional as F

from training.letter_examples import CROP, LEAST_SIDE, MARGIN, NONE
from training.networks.letters import LetterNet
from training.turns import squares


def read_letters(reader: LetterNet, film: Tensor, turn: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What the boxes hold that are taken for the right's and the left's letter.

    Args:
        reader: of letters in crops.
        film: (B, 1, 768, 768) in [0, 1], as it is stored.
        turn: (B, 4), 1 for the film's turn.
        boxes: (B, 2, 4) x0, y0, x1, y1 in pixels of the upright canvas; both may lie on one letter.

    Returns:
        The box that reads most like each side's letter (B, 2, 4), the chance that it does (B, 2), and the chance that
        it then stands the wrong way round (B, 2); right, then left.
    """
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2
    side = (boxes[..., 2:] - boxes[..., :2]).amax(-1, keepdim=True).clamp(min=LEAST_SIDE) * MARGIN
    doubled = squares(film, turn, centre, side, 2 * CROP).reshape(-1, 1, 2 * CROP, 2 * CROP)
    chances = reader(F.avg_pool2d(doubled, 2)).softmax(1)[:, :NONE].reshape(-1, 2, 2, 2)  # box, way round, side
    first, second = chances.sum(2).unbind(1)  # (B, 2): whether a box holds the right's or the left's letter
    other = (second > first).float()[..., None]  # (B, 2, 1): the second box reads more like the side's letter
    picked = boxes[:, :1] * (1 - other) + boxes[:, 1:] * other
    ways = chances[:, 0].transpose(1, 2) * (1 - other) + chances[:, 1].transpose(1, 2) * other  # (B, side, way round)
    read = ways.sum(2)
    return picked, read, ways[..., 1] / read.clamp(min=1e-6)
