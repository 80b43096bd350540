"""YOLOv5's loss: which cells answer for an object, and how far they are from it."""

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from training.networks.yolo import Yolo


def assign(net: Yolo, level: int, shape: torch.Size, objects: Tensor) -> tuple[Tensor, ...]:
    """The cells that answer for each object: anchors within a factor of 4, its cell and the two nearest neighbours.

    ``objects`` is (n, 5 + classes): film, centre x, y, width, height in input pixels, classes. Returns film, anchor,
    row, column, object indices.
    """
    anchors, stride = net.anchors[level], net.strides[level]
    ratio = objects[:, None, 3:5] / anchors[None]
    fits = torch.maximum(ratio, 1 / ratio).amax(2) < 4
    index, anchor = fits.nonzero(as_tuple=True)
    centre = objects[index, 1:3] / stride
    cell = centre.floor()
    inside = centre - cell
    step = torch.where(inside < 0.5, -1.0, 1.0)
    aside, below = torch.eye(2, device=step.device)
    cells = torch.stack((cell, cell + step * aside, cell + step * below), 1)
    index, anchor = index.repeat_interleave(3), anchor.repeat_interleave(3)
    column, row = cells.reshape(-1, 2).long().unbind(1)
    keep = (column >= 0) & (row >= 0) & (column < shape[3]) & (row < shape[2])
    return objects[index[keep], 0].long(), anchor[keep], row[keep], column[keep], index[keep]


def ciou(a: Tensor, b: Tensor) -> Tensor:
    """Complete IoU (Zheng 2020) of boxes given as centre x, y, width, height; shape (n,)."""
    a0, a1, b0, b1 = (
        a[:, :2] - a[:, 2:] / 2,
        a[:, :2] + a[:, 2:] / 2,
        b[:, :2] - b[:, 2:] / 2,
        b[:, :2] + b[:, 2:] / 2,
    )
    overlap = (torch.minimum(a1, b1) - torch.maximum(a0, b0)).clamp(0).prod(1)
    iou = overlap / (a[:, 2:].prod(1) + b[:, 2:].prod(1) - overlap + 1e-7)
    hull = ((torch.maximum(a1, b1) - torch.minimum(a0, b0)) ** 2).sum(1) + 1e-7
    shape = 4 / math.pi**2 * (torch.atan(b[:, 2] / b[:, 3]) - torch.atan(a[:, 2] / (a[:, 3] + 1e-7))) ** 2
    weight = (shape / (1 - iou + shape + 1e-7)).detach()
    return iou - ((a[:, :2] - b[:, :2]) ** 2).sum(1) / hull - weight * shape


def loss(net: Yolo, levels: list[Tensor], objects: Tensor) -> Tensor:
    """YOLOv5's loss: CIoU of the answering cells, objectness towards their IoU, one logistic loss per class.

    An object without a class may be found or not: what its cells say is not asked.
    """
    total = objects.new_zeros(())
    for level, (raw, balance) in enumerate(zip(levels, (4.0, 1.0, 0.4), strict=True)):
        p = raw.float()
        film, anchor, row, column, index = assign(net, level, p.shape, objects)
        wanted, asked = p.new_zeros(p.shape[:4]), p.new_ones(p.shape[:4])
        told = objects[index, 5:].any(1)
        asked[film[~told], anchor[~told], row[~told], column[~told]] = 0
        film, anchor, row, column, index = (part[told] for part in (film, anchor, row, column, index))
        if len(index):
            chosen = p[film, anchor, row, column]
            stride = net.strides[level]
            centre = (chosen[:, :2].sigmoid() * 2 - 0.5 + torch.stack((column, row), 1)) * stride
            size = (chosen[:, 2:4].sigmoid() * 2) ** 2 * net.anchors[level][anchor]
            agreement = ciou(torch.cat((centre, size), 1), objects[index, 1:5])
            wanted[film, anchor, row, column] = agreement.detach().clamp(0)
            asked[film, anchor, row, column] = 1
            total = total + 0.1 * (1 - agreement).mean()
            total = total + 0.2 * F.binary_cross_entropy_with_logits(chosen[:, 5:], objects[index, 5:])
        total = total + 0.4 * balance * F.binary_cross_entropy_with_logits(p[..., 4], wanted, asked)
    return total
