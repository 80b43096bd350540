"""Reading side letters inside the detector's graph: the boxes that may hold one, looked at on the whole canvas."""

import torch
from torch import Tensor
from torch.nn import functional as F

from training.letter_examples import CROP, LEAST_SIDE, NONE, READINGS
from training.networks.letters import LetterNet
from training.turns import middle_of, squares

CLOSE, WIDE = 1.1, 1.6  # side of the crop over the longer side of its box; learnt from between, and jittered
LIKELY = 1 / 3  # of what a crop reads like, in logits: what the detector's belief in the letter counts beside it
IN_A_MIRROR = [2, 3, 0, 1, NONE]  # what each of READINGS is there


def read_letters(
    reader: LetterNet, film: Tensor, turn: Tensor, boxes: Tensor, likely: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """What the boxes hold that are taken for letters: looked at closely, then with more around it and in a mirror.

    Args:
        reader: of letters in crops.
        film: (B, 1, 768, 768) in [0, 1], as it is stored.
        turn: (B, 4), 1 for the film's turn.
        boxes: (B, n, 4) x0, y0, x1, y1 in pixels of the upright canvas.
        likely: (B, n), how likely the detector takes each for a letter.

    Returns:
        The box that is most believed to be each side's letter (B, 2, 4), how far it is, by what it reads like and by
        how likely it is one (B, 2), and the chance that it then stands the wrong way round (B, 2); right, then left.
    """
    close, wide = (_crops(film, turn, boxes, margin) for margin in (CLOSE, WIDE))
    told = reader(torch.cat((close, wide.flip(3)))).reshape(2, -1, len(READINGS))
    chances = ((told[0] + told[1][:, IN_A_MIRROR]) / 2).softmax(1)[:, :NONE]
    ways = chances.reshape(-1, boxes.shape[1], 2, 2).transpose(2, 3)  # box, side, way round
    read = ways.sum(3)  # (B, n, side)
    believed, box = (logit(read) + LIKELY * logit(likely)[..., None]).sigmoid().max(1)  # (B, side)
    picked = boxes.gather(1, box[..., None].expand(-1, -1, 4))
    mirrored, either = (of.gather(1, box[:, None]).squeeze(1) for of in (ways[..., 1], read))
    return picked, believed, mirrored / either.clamp(min=1e-6)


def logit(score: Tensor) -> Tensor:
    """Of scores of any shape in [0, 1]."""
    p = score.clamp(1e-6, 1 - 1e-6)
    return p.log() - (1 - p).log()


def _crops(film: Tensor, turn: Tensor, boxes: Tensor, margin: float) -> Tensor:
    """Squares (B * n, 1, 96, 96) around the boxes, sampled at twice that and averaged."""
    side = (boxes[..., 2:] - boxes[..., :2]).amax(-1, keepdim=True).clamp(min=LEAST_SIDE) * margin
    doubled = squares(film, turn, middle_of(boxes), side, 2 * CROP).reshape(-1, 1, 2 * CROP, 2 * CROP)
    return F.avg_pool2d(doubled, 2)
