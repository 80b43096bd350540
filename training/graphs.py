"""The exported graphs of classifier and detector: everything between a canvas and an answer, around their networks.

What was fitted on validation films (temperature, score curves, outlier statistics, error intervals) is in the graphs
too, as buffers, so that a score means the same wherever the graph runs.

A film may be stored turned by a quarter or a half. The classifier says how; the others look at it as it was taken, and
answer in pixels of the canvas as it is stored. A canvas is square, so turning it about its middle is exact.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ingest.records import CANVAS_SIZE, DETECTION_CLASSES
from ingest.sides import MARKERS
from training import detector
from training.films import VIEWS
from training.letter_graph import logit, read_letters
from training.networks.efficientnet import EfficientNet
from training.networks.letters import LetterNet
from training.networks.yolo import Yolo
from training.places import chosen, spread_over
from training.turns import TURNS, as_it_is, box_as_stored, seen_before, turn_of, upright

OTHER = VIEWS.index("other")
UNSURE = (0.1, 0.8)  # a hip's score between them, as the network gives it, is worth a second look,
FADED = 0.05  # which counts less where the score is nearer than this to either, so that nothing jumps there
SURER = 2.0  # in logits: by so much the second look has to be surer for its box to be taken
IN_A_MIRROR = [2, 3, 0, 1]  # which class of hips a class of hips is there
BENDS_AT = (0.25, 0.6, 0.9)  # quantiles of what is stated: few errors are large, and they bend an interval's curve most


class ScoreCurve(nn.Module):
    """A score on the scale of chances: sigmoid(slope * logit(score) + shift) (Platt 1999)."""

    def __init__(self, slope: float = 1.0, shift: float = 0.0) -> None:
        super().__init__()
        self.register_buffer("slope", torch.tensor(slope))
        self.register_buffer("shift", torch.tensor(shift))

    def forward(self, score: Tensor) -> Tensor:
        """Scores of any shape in [0, 1] to the same shape."""
        return (self.slope * logit(score) + self.shift).sigmoid()


class IntervalCurve(nn.Module):
    """What a stated error means: in logarithms a line with bends, so another power of what is stated between any two.

    ``slopes`` are the powers below the first, between each two and above the last of ``bends`` (of what is stated).
    """

    def __init__(
        self,
        scale: float = 1.0,
        slopes: Sequence[float] = (1.0,) * (len(BENDS_AT) + 1),
        bends: Sequence[float] = (1.0,) * len(BENDS_AT),
    ) -> None:
        super().__init__()
        self.register_buffer("scale", torch.tensor(scale))
        self.register_buffer("slopes", torch.tensor(slopes))
        self.register_buffer("bends", torch.tensor(bends))

    def forward(self, stated: Tensor) -> Tensor:
        """Stated errors of any shape to the half-widths of their intervals, both in degrees."""
        stated = stated.clamp(min=1e-6)  # of nothing, nothing is stated
        along, beyond = stated.log(), (stated.unsqueeze(-1) / self.bends).log().clamp(min=0)
        return self.scale * (self.slopes[0] * along + (beyond * (self.slopes[1:] - self.slopes[:-1])).sum(-1)).exp()


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
    """Image (B, 768, 768) uint8 to calibrated scores of views (B, 6) and turns (B, 4), and the outlier score (B, 1).

    The film is looked at twice: as it is stored, then in a mirror, in which a view is the same view, and upright where
    the first look saw a hip. What else is on films has no upright. Views and turns have a temperature each, and
    ``upright`` is what speaks for a film that is not stored turned before anyone looks at it, in logits.
    """

    def __init__(
        self,
        net: EfficientNet,
        size: int,
        outliers: Outliers,
        temperatures: tuple[float, float] = (1.0, 1.0),
        upright: float = 0.0,
    ) -> None:
        super().__init__()
        self.net, self.block, self.outliers, self.temperatures = net, CANVAS_SIZE // size, outliers, temperatures
        self.register_buffer("before", upright * as_it_is())

    def seen(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Logits of views and of turns, means of both looks; features (B, 1536) of the film as it is stored."""
        film = F.avg_pool2d(image.float().unsqueeze(1) / 255, self.block)
        features = self.net.pooled(film)
        views, turns = self._logits(features)
        hip = (views.argmax(1, keepdim=True) != OTHER).float()
        turn = turn_of(turns) * hip + as_it_is() * (1 - hip)
        again, turns_again = self._logits(self.net.pooled(upright(film, turn).flip(3)))
        return (views + again) / 2, (turns + seen_before(turns_again, turn)) / 2, features

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """View scores, turn scores and outlier score."""
        views, turns, features = self.seen(image)
        of_views, of_turns = self.temperatures
        return (
            (views / of_views).softmax(1),
            (turns / of_turns + self.before).softmax(1),
            self.outliers(features),
        )

    def _logits(self, features: Tensor) -> Sequence[Tensor]:
        return self.net.classify(features).split((len(VIEWS), len(TURNS)), 1)


class DetectorGraph(nn.Module):
    """Image, view and turn scores to the best box per class (B, 6, 5) in canvas pixels, and letters' ways round (B, 2).

    The network finds hips, in two looks where it is unsure, and where letters may lie; the reader says what these hold.
    """

    def __init__(
        self, net: Yolo, reader: LetterNet, hips: ScoreCurve, markers: ScoreCurve, mirrored: ScoreCurve
    ) -> None:
        super().__init__()
        self.net, self.reader, self.hips, self.markers, self.mirrored = net, reader, hips, markers, mirrored
        self.hip_classes = sum("hip" in name for name in DETECTION_CLASSES)

    def forward(self, image: Tensor, view_scores: Tensor, turn_scores: Tensor) -> tuple[Tensor, Tensor]:
        """Hips are believed as far as the film is believed to show one; letters as they are read."""
        film, turn = image.float().unsqueeze(1) / 255, turn_of(turn_scores)
        small = upright(F.avg_pool2d(film, CANVAS_SIZE // detector.SIZE), turn)
        best, likely = detector.found(self.net, small)
        best = self._again(small, best[:, : self.hip_classes])
        hips, places = (_on_canvas(boxes[..., :4]) for boxes in (best, likely))
        believed = self.hips(best[..., 4]) * (1 - view_scores[:, OTHER, None])
        letters, read, mirrored = read_letters(self.reader, film, turn, places, likely[..., 4])
        scores = torch.cat((believed, self.markers(read)), 1)[..., None]
        answer = torch.cat((box_as_stored(torch.cat((hips, letters), 1), turn), scores), 2)
        return (  # in shapes that a reader of the graph can see
            answer.reshape(-1, len(DETECTION_CLASSES), 5),
            self.mirrored(mirrored).reshape(-1, len(MARKERS)),
        )

    def _again(self, films: Tensor, best: Tensor) -> Tensor:
        """Hips (B, 4, 5) found on films (B, 1, 384, 384), and where one is unsure what a mirror shows of them as well.

        A mean of the logits of both looks, and the box of the first unless the second is much surer.
        """
        least, most = UNSURE
        inside = torch.minimum(best[..., 4] - least, most - best[..., 4]).amax(1)  # (B,)
        places = chosen(inside > 0)
        mirrored, _ = detector.found(self.net, films[places].flip(3))
        x0, y0, x1, y1, there = mirrored[:, IN_A_MIRROR].unbind(2)
        again = torch.stack((detector.SIZE - x1, y0, detector.SIZE - x0, y1, logit(there)), 2)
        again = spread_over(again.flatten(1), places, best.shape[0]).view(-1, self.hip_classes, 5)
        first, second = logit(best[..., 4:]), again[..., 4:]
        weight = (inside / FADED).clamp(0, 1)[:, None, None] / 2
        box = torch.where((weight > 0) & (second > first + SURER), again[..., :4], best[..., :4])
        return torch.cat((box, (first + weight * (second - first)).sigmoid()), 2)


def _on_canvas(boxes: Tensor) -> Tensor:
    """Boxes in the detector's pixels, edges at 0, in those of the canvas, centres at integers."""
    return (boxes * (CANVAS_SIZE / detector.SIZE) - 0.5).clamp(0, CANVAS_SIZE - 1)
