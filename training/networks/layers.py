"""The units that the networks are built of."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

USUAL_CONTRAST = 0.25  # standard deviation of the greys
FLAT = 0.02  # five of 255 greys: less contrast than that is noise, and is not raised as far


def standardised(x: Tensor) -> Tensor:
    """Films or crops (B, 1, S, S) at the same mean and contrast each; usual contrast stays nearly as it is.

    A washed-out film has its cup within a few greys of white, where bf16 has no more than one step for each.
    """
    mean = x.mean((2, 3), keepdim=True)
    apart = x - mean
    spread = (apart * apart).mean((2, 3), keepdim=True).sqrt()
    return 0.5 + apart * (USUAL_CONTRAST / (spread + FLAT))


class Depthwise(nn.Conv2d):
    """A convolution of each channel by itself, in fp32: in bf16 its gradient is four times slower on a CPU."""

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C, H / stride, W / stride), in the type of ``x``."""
        with torch.autocast(x.device.type, enabled=False):
            return super().forward(x.float()).to(x.dtype)


class ConvUnit(nn.Sequential):
    """Convolution, batch normalisation, SiLU: the unit that all networks share."""

    def __init__(
        self, channels_in: int, channels: int, kernel: int = 1, stride: int = 1, groups: int = 1, *, act: bool = True
    ) -> None:
        conv = Depthwise if groups > 1 else nn.Conv2d
        super().__init__(
            conv(channels_in, channels, kernel, stride, kernel // 2, groups=groups, bias=False),
            nn.BatchNorm2d(channels, eps=1e-3, momentum=0.03),
            nn.SiLU(inplace=True) if act else nn.Identity(),
        )


class Bottleneck(nn.Module):
    """Two convolutions with an optional shortcut."""

    def __init__(self, channels: int, *, shortcut: bool) -> None:
        super().__init__()
        self.body = nn.Sequential(ConvUnit(channels, channels, 1), ConvUnit(channels, channels, 3))
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        return x + self.body(x) if self.shortcut else self.body(x)


class C3(nn.Module):
    """Cross-stage partial block with three convolutions."""

    def __init__(self, c_in: int, c_out: int, repeats: int, *, shortcut: bool = True) -> None:
        super().__init__()
        half = c_out // 2
        self.main = nn.Sequential(ConvUnit(c_in, half), *(Bottleneck(half, shortcut=shortcut) for _ in range(repeats)))
        self.skip, self.merge = ConvUnit(c_in, half), ConvUnit(2 * half, c_out)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to (B, C', H, W)."""
        return self.merge(torch.cat((self.main(x), self.skip(x)), 1))


class SPPF(nn.Module):
    """Spatial pyramid pooling: three chained 5 x 5 max pools see 5, 9 and 13 cells."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.reduce, self.merge = ConvUnit(channels, half), ConvUnit(4 * half, channels)
        self.pool = nn.MaxPool2d(5, 1, 2)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, H, W) to the same shape."""
        a = self.reduce(x)
        b = self.pool(a)
        c = self.pool(b)
        return self.merge(torch.cat((a, b, c, self.pool(c)), 1))


def round_to_8(channels: float) -> int:
    """Nearest multiple of 8, at least nine tenths of it: how widths are scaled (Tan & Le 2019)."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


def double(x: Tensor) -> Tensor:
    """(B, C, H, W) to (B, C, 2 H, 2 W)."""
    return F.interpolate(x, scale_factor=2.0, mode="nearest")
