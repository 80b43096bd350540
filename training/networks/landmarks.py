"""The landmark U-Net, of the cup and of the ischia."""

import itertools
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from training.networks.layers import C3, SPPF, ConvUnit, double, standardised

BLOB = 2.0  # variance of the sharpest maps, square cells; what is learnt from has 1.5 squared


class LandmarkNet(nn.Module):
    """A U-Net whose heat maps give sub-pixel landmarks, and whose bottleneck says which of them are there."""

    def __init__(self, landmarks: int, presences: int, channels: Sequence[int] = (24, 48, 96, 160, 224)) -> None:
        super().__init__()
        self.stem = ConvUnit(1, channels[0], 5, 2)  # heat maps are at half the input's resolution
        self.down = nn.ModuleList(
            nn.Sequential(ConvUnit(a, b, 3, 2), C3(b, b, 1)) for a, b in itertools.pairwise(channels)
        )
        self.context = SPPF(channels[-1])
        self.up = nn.ModuleList(
            C3(a + b, b, 1, shortcut=False) for a, b in zip(channels[:0:-1], channels[-2::-1], strict=True)
        )
        self.heat = nn.Conv2d(channels[0], landmarks, 1)
        self.presence = nn.Linear(channels[-1], presences)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 1, S, S) to heat-map logits (B, K, S / 2, S / 2) and presence logits (B, P)."""
        skips = [self.stem(standardised(x))]
        for stage in self.down:
            skips.append(stage(skips[-1]))
        y = self.context(skips.pop())
        present = self.presence(y.float().mean((2, 3)))
        for stage in self.up:
            y = stage(torch.cat((double(y), skips.pop()), 1))
        return self.heat(y), present


def soft_argmax(heat: Tensor) -> Tensor:
    """Heat-map logits (B, K, H, W) to expected positions (B, K, 2), x and y in input pixels (twice the map's)."""
    return located(heat)[0]


def located(heat: Tensor) -> tuple[Tensor, Tensor]:
    """Heat-map logits (B, K, H, W) to expected positions and how unsure each is, in input pixels (twice the map's).

    The networks learn maps that are a blob of known width about the landmark, so a map is what they believe of its
    place, widened by that blob: where they hesitate between two places, or along an edge, the map does.

    Returns:
        Positions (B, K, 2), x and y; covariances (B, K, 3), of x, of y and of both, square pixels, less the blob's.
        What a sharp map has less than a blob is negative.
    """
    _, k, h, w = heat.shape
    p = heat.float().reshape(-1, k, h * w).softmax(-1).view(-1, k, h, w)
    across, down = p.sum(2), p.sum(3)
    columns, rows = torch.arange(w, dtype=p.dtype, device=p.device), torch.arange(h, dtype=p.dtype, device=p.device)
    x, y = (across * columns).sum(-1), (down * rows).sum(-1)
    from_x, from_y = columns - x[..., None], rows - y[..., None]
    both = ((p * from_y[..., None]).sum(2) * from_x).sum(-1)
    spread = torch.stack(((across * from_x**2).sum(-1) - BLOB, (down * from_y**2).sum(-1) - BLOB, both), -1)
    return torch.stack((x, y), -1) * 2 + 0.5, spread * 4  # a map's cell covers two input pixels
