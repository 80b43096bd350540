"""The network that reads a lead letter in a crop."""

import itertools

from torch import Tensor, nn

from training.networks.layers import C3, ConvUnit, standardised


class LetterNet(nn.Module):
    """Four halvings, then one average: what is drawn in a crop and which way round it stands."""

    def __init__(self, classes: int, channels: tuple[int, ...] = (24, 48, 96, 160)) -> None:
        super().__init__()
        self.stem = ConvUnit(1, channels[0], 5, 2)
        self.down = nn.Sequential(
            *(nn.Sequential(ConvUnit(a, b, 3, 2), C3(b, b, 1)) for a, b in itertools.pairwise(channels))
        )
        self.classify = nn.Linear(channels[-1] * 4, classes)
        self.quarters = nn.AvgPool2d(3)

    def forward(self, x: Tensor) -> Tensor:
        """(B, 1, 96, 96) to logits (B, classes)."""
        y = self.quarters(self.down(self.stem(standardised(x))))  # (B, C, 2, 2): what stands where
        return self.classify(y.float().flatten(1))
