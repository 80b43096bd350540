"""EfficientNet (Tan & Le 2019), the network of the view classifier."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.networks.layers import ConvUnit, round_to_8, standardised


class SqueezeExcite(nn.Module):
    """Channel gate from the global average (Hu 2018)."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.down, self.up = nn.Conv2d(channels, squeezed, 1), nn.Conv2d(squeezed, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        return x * torch.sigmoid(self.up(F.silu(self.down(x.mean((2, 3), keepdim=True)))))


class MBConv(nn.Module):
    """Inverted bottleneck with squeeze-and-excitation and stochastic depth (Tan & Le 2019)."""

    def __init__(self, c_in: int, c_out: int, kernel: int, stride: int, expand: int, drop: float) -> None:
        super().__init__()
        mid = c_in * expand
        self.drop, self.residual = drop, stride == 1 and c_in == c_out
        self.body = nn.Sequential(
            *([ConvUnit(c_in, mid)] if expand > 1 else []),
            ConvUnit(mid, mid, kernel, stride, groups=mid),
            SqueezeExcite(mid, max(1, c_in // 4)),
            ConvUnit(mid, c_out, act=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H / stride, W / stride)."""
        y = self.body(x)
        if not self.residual:
            return y
        if self.training and self.drop:
            keep = torch.rand(len(x), 1, 1, 1, device=x.device) >= self.drop
            y = y * keep / (1 - self.drop)
        return x + y


# (expansion, channels, repeats, stride, kernel) of the B0 baseline, Tan & Le 2019, table 1
_B0 = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)


class EfficientNet(nn.Module):
    """EfficientNet; the defaults of width and depth are B3's."""

    def __init__(self, classes: int, width: float = 1.2, depth: float = 1.4, drop_path: float = 0.1) -> None:
        super().__init__()
        channels = round_to_8(32 * width)
        layers: list[nn.Module] = [ConvUnit(1, channels, 3, 2)]
        total = sum(math.ceil(stage[2] * depth) for stage in _B0)
        for expand, c_out, repeats, stride, kernel in _B0:
            out = round_to_8(c_out * width)
            for index in range(math.ceil(repeats * depth)):
                drop = drop_path * (len(layers) - 1) / total
                layers.append(MBConv(channels, out, kernel, stride if index == 0 else 1, expand, drop))
                channels = out
        head = round_to_8(1280 * width)
        self.features = nn.Sequential(*layers, ConvUnit(channels, head))
        self.classify = nn.Sequential(nn.Dropout(0.2), nn.Linear(head, classes))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, H, W) to logits (B, classes)."""
        return self.classify(self.pooled(x))

    def pooled(self, x: Tensor) -> Tensor:
        """(B, 1, H, W) to features (B, channels), averaged over the film at its standard contrast."""
        return self.features(standardised(x)).mean((2, 3))
