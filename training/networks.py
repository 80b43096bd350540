"""The networks, written from their published descriptions. Inputs are images in [0, 1], shape (B, 1, H, W)."""

import itertools
import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

USUAL_CONTRAST = 0.25  # standard deviation of a crop's greys
FLAT = 0.02  # five of 255 greys: less contrast than that is noise, and is not raised as far


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


# ------------------------------------------------------------------------------------------- EfficientNet
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
        channels = _round_to_8(32 * width)
        layers: list[nn.Module] = [ConvUnit(1, channels, 3, 2)]
        total = sum(math.ceil(stage[2] * depth) for stage in _B0)
        for expand, c_out, repeats, stride, kernel in _B0:
            out = _round_to_8(c_out * width)
            for index in range(math.ceil(repeats * depth)):
                drop = drop_path * (len(layers) - 1) / total
                layers.append(MBConv(channels, out, kernel, stride if index == 0 else 1, expand, drop))
                channels = out
        head = _round_to_8(1280 * width)
        self.features = nn.Sequential(*layers, ConvUnit(channels, head))
        self.classify = nn.Sequential(nn.Dropout(0.2), nn.Linear(head, classes))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, H, W) to logits (B, classes)."""
        return self.classify(self.features(x).mean((2, 3)))


def _round_to_8(channels: float) -> int:
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded


# ------------------------------------------------------------------------------------------- YOLOv5
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


class Yolo(nn.Module):
    """YOLOv5 v6: CSP backbone, PAN neck, anchor heads at strides 8, 16 and 32."""

    strides = (8, 16, 32)

    def __init__(
        self, classes: int, anchors: Sequence[Sequence[tuple[float, float]]], width: float, depth: float
    ) -> None:
        super().__init__()
        c = [_round_to_8(width * base) for base in (64, 128, 256, 512, 1024)]
        n = [max(1, round(depth * base)) for base in (3, 6, 9)]
        self.classes = classes
        self.register_buffer("anchors", torch.tensor(anchors))  # (3 levels, 3, 2) width, height in input pixels
        self.stem = nn.Sequential(ConvUnit(1, c[0], 6, 2), ConvUnit(c[0], c[1], 3, 2), C3(c[1], c[1], n[0]))
        self.stem[0][0].padding = (2, 2)
        self.down8 = nn.Sequential(ConvUnit(c[1], c[2], 3, 2), C3(c[2], c[2], n[1]))
        self.down16 = nn.Sequential(ConvUnit(c[2], c[3], 3, 2), C3(c[3], c[3], n[2]))
        self.down32 = nn.Sequential(ConvUnit(c[3], c[4], 3, 2), C3(c[4], c[4], n[0]), SPPF(c[4]))
        self.lateral32, self.up16 = ConvUnit(c[4], c[3]), C3(2 * c[3], c[3], n[0], shortcut=False)
        self.lateral16, self.up8 = ConvUnit(c[3], c[2]), C3(2 * c[2], c[2], n[0], shortcut=False)
        self.pan16, self.out16 = ConvUnit(c[2], c[2], 3, 2), C3(2 * c[2], c[3], n[0], shortcut=False)
        self.pan32, self.out32 = ConvUnit(c[3], c[3], 3, 2), C3(2 * c[3], c[4], n[0], shortcut=False)
        self.heads = nn.ModuleList(nn.Conv2d(ch, 3 * (5 + classes), 1) for ch in (c[2], c[3], c[4]))
        for head, stride in zip(self.heads, self.strides, strict=True):
            bias = head.bias.detach().view(3, -1)
            bias[:, 4] = math.log(4 / (384 / stride) ** 2)  # about four objects a film are expected at the start
            bias[:, 5:] = math.log(0.6 / (classes - 0.99999))
            head.bias = nn.Parameter(bias.view(-1))

    def forward(self, x: Tensor) -> list[Tensor]:
        """(B, 1, S, S) to three levels of raw predictions (B, 3, S / stride, S / stride, 5 + classes)."""
        p8 = self.down8(self.stem(x))
        p16 = self.down16(p8)
        top32 = self.lateral32(self.down32(p16))
        top16 = self.lateral16(self.up16(torch.cat((_double(top32), p16), 1)))
        n8 = self.up8(torch.cat((_double(top16), p8), 1))
        n16 = self.out16(torch.cat((self.pan16(n8), top16), 1))
        n32 = self.out32(torch.cat((self.pan32(n16), top32), 1))
        return [self._shape(head(level)) for head, level in zip(self.heads, (n8, n16, n32), strict=True)]

    def _shape(self, raw: Tensor) -> Tensor:
        b, _, h, w = raw.shape
        return raw.view(b, 3, 5 + self.classes, h, w).permute(0, 1, 3, 4, 2)

    def decode(self, levels: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """Raw levels to boxes (B, N, 4) as x0, y0, x1, y1 in input pixels (edges) and class scores (B, N, classes)."""
        boxes, scores = [], []
        for raw, anchors, stride in zip(levels, self.anchors, self.strides, strict=True):
            p = raw.float().sigmoid()
            h, w = p.shape[2:4]
            y, x = torch.meshgrid(torch.arange(h), torch.arange(w), indexing="ij")
            cell = torch.stack((x, y), -1).to(p)
            centre = (p[..., :2] * 2 - 0.5 + cell) * stride
            size = (p[..., 2:4] * 2) ** 2 * anchors[None, :, None, None]
            boxes.append(torch.cat((centre - size / 2, centre + size / 2), -1).flatten(1, 3))
            scores.append((p[..., 4:5] * p[..., 5:]).flatten(1, 3))
        return torch.cat(boxes, 1), torch.cat(scores, 1)


def _double(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


# ------------------------------------------------------------------------------------------- landmarks
def standardised(x: Tensor) -> Tensor:
    """Crops (B, 1, S, S) at the same mean and contrast each; one of usual contrast stays nearly as it is.

    A washed-out film has its cup within a few greys of white, where bf16 has no more than one step for each.
    """
    mean = x.mean((2, 3), keepdim=True)
    apart = x - mean
    spread = (apart * apart).mean((2, 3), keepdim=True).sqrt()
    return 0.5 + apart * (USUAL_CONTRAST / (spread + FLAT))


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
            y = stage(torch.cat((_double(y), skips.pop()), 1))
        return self.heat(y), present


def soft_argmax(heat: Tensor) -> Tensor:
    """Heat-map logits (B, K, H, W) to expected positions (B, K, 2), x and y in input pixels (twice the map's)."""
    _, k, h, w = heat.shape
    p = heat.float().reshape(-1, k, h * w).softmax(-1).view(-1, k, h, w)
    x = (p.sum(2) * torch.arange(w, dtype=p.dtype, device=p.device)).sum(-1)
    y = (p.sum(3) * torch.arange(h, dtype=p.dtype, device=p.device)).sum(-1)
    return torch.stack((x, y), -1) * 2 + 0.5  # a map's cell covers two input pixels
