"""YOLOv5 v6, the network of the detector."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from training.networks.layers import C3, SPPF, ConvUnit, double, round_to_8, standardised


class Yolo(nn.Module):
    """YOLOv5 v6: CSP backbone, PAN neck, anchor heads at strides 8, 16 and 32."""

    strides = (8, 16, 32)

    def __init__(
        self, classes: int, anchors: Sequence[Sequence[tuple[float, float]]], width: float, depth: float
    ) -> None:
        super().__init__()
        c = [round_to_8(width * base) for base in (64, 128, 256, 512, 1024)]
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
        p8 = self.down8(self.stem(standardised(x)))
        p16 = self.down16(p8)
        top32 = self.lateral32(self.down32(p16))
        top16 = self.lateral16(self.up16(torch.cat((double(top32), p16), 1)))
        n8 = self.up8(torch.cat((double(top16), p8), 1))
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
            y, x = torch.meshgrid(torch.arange(h, device=p.device), torch.arange(w, device=p.device), indexing="ij")
            cell = torch.stack((x, y), -1).to(p)
            centre = (p[..., :2] * 2 - 0.5 + cell) * stride
            size = (p[..., 2:4] * 2) ** 2 * anchors[None, :, None, None]
            places = 3 * h * w  # not told from the values, of which there may be none
            boxes.append(torch.cat((centre - size / 2, centre + size / 2), -1).reshape(-1, places, 4))
            scores.append((p[..., 4:5] * p[..., 5:]).reshape(-1, places, self.classes))
        return torch.cat(boxes, 1), torch.cat(scores, 1)
