"""Reading side letters inside the detector's graph: the boxes that may hold one, looked at on the whole canvas."""

import torch
from torch import Tensor
from torch.nn import functional as F

from training.letter_examples import CROP, LEAST_SIDE, NONE, READINGS
from training.networks.letters import LetterNet
from training.turns import middle_of, squares

CLOSE, WIDE = 1.1, 1.6  # side of the crop over the longer side of its box; learnt from between, and jittered
IN_A_MIRROR = [2, 3, 0, 1, NONE]  # what each of READINGS is there


def read_letters(reader: LetterNet, film: Tensor, turn: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """What the boxes hold that are taken for letters: looked at closely, then with more around it and in a mirror.

    Args:
        reader: of letters in crops.
        film: (B, 1, 768, 768) in [0, 1], as it is stored.
        turn: (B, 4), 1 for the film's turn.
        boxes: (B, n, 4) x0, y0, x1, y1 in pixels of the upright canvas.

    Returns:
        The box that reads most like each side's letter (B, 2, 4), the chance that it does (B, 2), and the chance that
        it then stands the wrong way round (B, 2); right, then left.
    """
    close, wide = (_crops(film, turn, boxes, margin) for margin in (CLOSE, WIDE))
    told = reader(torch.cat((close, wide.flip(3)))).reshape(2, -1, len(READINGS))
    chances = ((told[0] + told[1][:, IN_A_MIRROR]) / 2).softmax(1)[:, :NONE]
    ways = chances.reshape(-1, boxes.shape[1], 2, 2).transpose(2, 3)  # box, side, way round
    read, box = ways.sum(3).max(1)  # (B, side): as far as the box that reads most like the side's letter does
    picked = boxes.gather(1, box[..., None].expand(-1, -1, 4))
    mirrored = ways[..., 1].gather(1, box[:, None]).squeeze(1)
    return picked, read, mirrored / read.clamp(min=1e-6)


def _crops(film: Tensor, turn: Tensor, boxes: Tensor, margin: float) -> Tensor:
    """Squares (B * n, 1, 96, 96) around the boxes, sampled at twice that and averaged."""
    side = (boxes[..., 2:] - boxes[..., :2]).amax(-1, keepdim=True).clamp(min=LEAST_SIDE) * margin
    doubled = squares(film, turn, middle_of(boxes), side, 2 * CROP).reshape(-1, 1, 2 * CROP, 2 * CROP)
    return F.avg_pool2d(doubled, 2)
