"""The exported graphs of classifier and detector: everything between a canvas and an answer, around their networks.

What was fitted on validation films (temperature, score curves, outlier statistics, error intervals) is in the graphs
too, as buffers, so that a score means the same wherever the graph runs.

A film may be stored turned by a quarter or a half. The classifier says how; the others look at it as it was taken, and
answer in pixels of the canvas as it is stored. A canvas is square, so turning it about its middle is exact.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ingest.records import CANVAS_SIZE, DETECTION_CLASSES
from training import detector
from training.films import VIEWS
from training.networks.efficientnet import EfficientNet
from training.networks.yolo import Yolo
from training.turns import TURNS, box_as_stored, turn_of, upright

OTHER = VIEWS.index("other")


class ScoreCurve(nn.Module):
    """A score on the scale of chances: sigmoid(slope * logit(score) + shift) (Platt 1999)."""

    def __init__(self, slope: float = 1.0, shift: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("slope", torch.tensor(slope))
        self.register_buffer("shift", torch.tensor(shift))

    def forward(self, score: Tensor) -> Tensor:
        """Scores of any shape in [0, 1] to the same shape."""
        p = score.clamp(1e-6, 1 - 1e-6)
        return (self.slope * (p.log() - (1 - p).log()) + self.shift).sigmoid()


class Outliers(nn.Module):
    """Distance of a film's features from the nearest view's films, in units of the validation films' 99th percentile.

    Mahalanobis distance to class means under one covariance (Lee 2018), on leading directions of the features.
    """

    def __init__(self, features: int, classes: int, directions: int) -> None:
        super().__init__()
        self.register_buffer("whiten", torch.zeros(features, directions))
        self.register_buffer("means", torch.zeros(classes, directions))  # whitened
        self.register_buffer("unit", torch.ones(()))

    def forward(self, features: Tensor) -> Tensor:
        """(B, features) to (B, 1); 1 is as far as one validation film in a hundred."""
        apart = (features @ self.whiten).unsqueeze(1) - self.means  # (B, classes, directions)
        return (apart**2).mean(-1).amin(1, keepdim=True).clamp(min=1e-12).sqrt() / self.unit


class ClassifierGraph(nn.Module):
    """Image (B, 768, 768) uint8 to calibrated scores of views (B, 6) and turns (B, 4), and the outlier score (B, 1)."""

    def __init__(self, net: EfficientNet, size: int, temperature: float, outliers: Outliers) -> None:
        super().__init__()
        self.net, self.block, self.temperature, self.outliers = net, CANVAS_SIZE // size, temperature, outliers

    def features(self, image: Tensor) -> Tensor:
        """Block average, then the network up to its last average: (B, 1536)."""
        x = F.avg_pool2d(image.float().unsqueeze(1) / 255, self.block)
        return self.net.pooled(x)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """View scores, turn scores and outlier score."""
        features = self.features(image)
        views, turns = self.net.classify(features).split((len(VIEWS), len(TURNS)), 1)
        return (views / self.temperature).softmax(1), turns.softmax(1), self.outliers(features)


class DetectorGraph(nn.Module):
    """Image, view and turn scores to the best box per class (B, 6, 5) in canvas pixels."""

    def __init__(self, net: Yolo, hips: ScoreCurve, markers: ScoreCurve) -> None:
        super().__init__()
        self.net, self.hips, self.markers = net, hips, markers
        self.hip_classes = sum("hip" in name for name in DETECTION_CLASSES)

    def forward(self, image: Tensor, view_scores: Tensor, turn_scores: Tensor) -> Tensor:
        """Hips are believed as far as the film is believed to show one."""
        film, turn = image.float().unsqueeze(1) / 255, turn_of(turn_scores)
        best = detector.best_boxes(self.net, upright(F.avg_pool2d(film, CANVAS_SIZE // detector.SIZE), turn))
        boxes = (best[..., :4] * (CANVAS_SIZE / detector.SIZE) - 0.5).clamp(0, CANVAS_SIZE - 1)
        hips, markers = best[:, : self.hip_classes, 4:], best[:, self.hip_classes :, 4:]
        believed = self.hips(hips) * (1 - view_scores[:, None, OTHER : OTHER + 1])
        answer = torch.cat((box_as_stored(boxes, turn), torch.cat((believed, self.markers(markers)), 1)), 2)
        return answer.reshape(-1, len(DETECTION_CLASSES), 5)  # a shape that a reader of the graph can see
