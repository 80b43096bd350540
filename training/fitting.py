"""What is fitted on validation films, for all graphs together, by running them."""

import tempfile
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ingest.records import CANVAS_SIZE, DETECTION_CLASSES, RawFindings, View
from simulation.truth import FilmTruth, HipTruth
from training.calibration import fit_curve, fit_errors, fit_outliers, fit_temperature
from training.cup_graph import SHOWN_FROM, UNSURE_DEG, CupAngleGraph
from training.detector import targets
from training.ensemble import Ensemble, Networks, answers, batches
from training.evaluation.judged import iou
from training.films import VIEWS, LabelledFilm
from training.graphs import OTHER, ClassifierGraph, DetectorGraph, Outliers, ScoreCurve
from training.networks.efficientnet import EfficientNet
from training.onnx_files import Graph, export
from training.turns import TURNS

SAME_BOX_IOU = 0.5
# of CupTruth, in the order of CUP_ANGLES, and the views on which each is read
TRUE_ANGLES = (
    ("inclination_deg", (View.AP_PELVIS,)),
    ("version_ap_deg", (View.AP_PELVIS, View.AP_HIP)),
    ("version_lateral_deg", (View.CROSS_TABLE_LATERAL,)),
)


class LackingFilmsError(ValueError):
    """The films show nothing of what is to be fitted on them."""


def check_shown(known: list[LabelledFilm], held_out: list[LabelledFilm]) -> None:
    """Whether ``fitted`` can be asked about these films.

    Raises:
        LackingFilmsError: a view is not among ``known``, or an angle not among ``held_out``.
    """
    views = {film.truth.view for film in known}
    if unseen := [view for view in VIEWS if view not in views]:
        raise LackingFilmsError(f"no film to learn from is of the views {', '.join(unseen)}")
    if unread := [name for name, of in TRUE_ANGLES if not any(_readable(film.truth, name, of) for film in held_out)]:
        raise LackingFilmsError(f"no cup of the validation films has the angles {', '.join(unread)}")


def _readable(truth: FilmTruth, name: str, views: tuple[View, ...]) -> bool:
    return truth.view in views and any(_has(hip, name) for hip in truth.hips)


def _has(hip: HipTruth, name: str) -> bool:
    """Whether all of its cup's rim is on the film, and the angle is known."""
    return hip.cup is not None and hip.cup.visible and getattr(hip.cup, name) is not None


def fitted(
    nets: Networks, size: int, known: list[LabelledFilm], held_out: list[LabelledFilm]
) -> tuple[Ensemble, list[RawFindings]]:
    """The ensemble with all that is fitted on ``held_out``, and its answers to these films.

    The films go through the networks once, as if no view were known; what is fitted is put on afterwards. It is
    monotone, so that no box and no crop would have been another one.
    """
    truths, canvases = [film.truth for film in held_out], [film.canvas for film in held_out]
    classifier, view_scores = _classifier(nets.view, size, known, held_out)
    plain = Ensemble(
        classifier,
        DetectorGraph(nets.yolo, nets.letters, ScoreCurve(), ScoreCurve(), ScoreCurve()),
        CupAngleGraph(nets.rim, nets.fine, nets.pelvis, ScoreCurve(), shown_from=0.0),  # also a hip not yet believed
    )
    with tempfile.TemporaryDirectory() as folder:
        raws = answers([Graph(path) for path in plain.write(Path(folder))], canvases, blind=True)
    curves = _detector_curves(truths, raws)
    _fit_cups(plain.cup_angle, truths, raws)
    plain.cup_angle.shown_from = SHOWN_FROM
    ensemble = Ensemble(classifier, DetectorGraph(nets.yolo, nets.letters, *curves), plain.cup_angle)
    with torch.no_grad():
        return ensemble, [_completed(ensemble, raw, view) for raw, view in zip(raws, view_scores, strict=True)]


class _Features(nn.Module):
    """Image to the classifier's features (B, 1536) and its logits of the views (B, 6) and turns (B, 4)."""

    def __init__(self, net: EfficientNet, size: int) -> None:
        super().__init__()
        self.graph = ClassifierGraph(net, size, Outliers(1, 1, 1))

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What the fits need."""
        views, turns, features = self.graph.seen(image)
        return features, views, turns


def _classifier(
    net: EfficientNet, size: int, known: list[LabelledFilm], held_out: list[LabelledFilm]
) -> tuple[ClassifierGraph, Tensor]:
    """The graph, and the view scores of ``held_out``."""
    image = torch.zeros(2, CANVAS_SIZE, CANVAS_SIZE, dtype=torch.uint8)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "features.onnx"
        export(_Features(net, size), path, {"image": image}, ("features", "views", "turns"))
        graph = Graph(path)
        told = [[graph({"image": part}) for part in batches([f.canvas for f in films])] for films in (known, held_out)]
    seen, unseen = (torch.from_numpy(np.concatenate([one["features"] for one in part])) for part in told)
    logits, turned = (torch.from_numpy(np.concatenate([one[name] for one in told[1]])) for name in ("views", "turns"))
    views = [torch.tensor([VIEWS.index(film.truth.view) for film in films]) for films in (known, held_out)]
    shows_hip = [film.truth.hips != () for film in held_out]  # what else is on films has no upright
    turns = torch.tensor([TURNS.index(film.truth.turned_deg) for film in held_out])
    temperatures = fit_temperature(logits, views[1]), fit_temperature(turned[shows_hip], turns[shows_hip])
    outliers = fit_outliers(seen, views[0], unseen, len(VIEWS))
    return ClassifierGraph(net, size, outliers, temperatures), (logits / temperatures[0]).softmax(1)


def _completed(ensemble: Ensemble, blind: RawFindings, view_scores: Tensor) -> RawFindings:
    """An answer given without a view, as the whole ensemble gives it."""
    found, cups = torch.from_numpy(blind.detections), torch.from_numpy(blind.cup_scores)
    stated, hips = torch.from_numpy(blind.cup_angle_errors), ensemble.detector.hip_classes
    shows_hip = 1 - view_scores[OTHER]
    score = torch.cat((ensemble.detector.hips(found[:hips, 4]) * shows_hip, ensemble.detector.markers(found[hips:, 4])))
    return RawFindings(
        view_scores=view_scores.numpy(),
        detections=torch.cat((found[:, :4], score[:, None]), 1).numpy(),
        marker_mirrored=ensemble.detector.mirrored(torch.from_numpy(blind.marker_mirrored)).numpy(),
        cup_scores=(ensemble.cup_angle.cups(cups) * shows_hip).numpy(),
        cup_landmarks=blind.cup_landmarks,
        pelvis_landmarks=blind.pelvis_landmarks,
        cup_angles=blind.cup_angles,
        outlier_score=blind.outlier_score,
        cup_angle_errors=ensemble.cup_angle.interval(stated).numpy(),
    )


def _detector_curves(truths: list[FilmTruth], raws: list[RawFindings]) -> tuple[ScoreCurve, ScoreCurve, ScoreCurve]:
    """Of hips and of markers: the chance that the best box of a class lies on an object of that class.

    The third is of letters found: the chance that they stand the wrong way round.
    """
    hits = np.array([_on_object(truth, raw) for truth, raw in zip(truths, raws, strict=True)])  # (N, 6)
    scores = np.stack([raw.detections[:, 4] for raw in raws]).astype(np.float64)
    hips = np.array(["hip" in name for name in DETECTION_CLASSES])
    told = np.stack([raw.marker_mirrored for raw in raws]).astype(np.float64)
    mirrored = np.array([_mirrored(truth) for truth in truths])  # (N, 2)
    found = hits[:, ~hips]
    return (
        fit_curve(scores[:, hips].ravel(), hits[:, hips].ravel()),
        fit_curve(scores[:, ~hips].ravel(), found.ravel()),
        fit_curve(told[found], mirrored[found]),
    )


def _on_object(truth: FilmTruth, raw: RawFindings) -> list[bool]:
    boxes, classes = targets(truth)
    return [
        any(iou(tuple(found[:4]), tuple(box)) > SAME_BOX_IOU for box in boxes[classes[:, index] > 0])
        for index, found in enumerate(raw.detections)
    ]


def _mirrored(truth: FilmTruth) -> list[bool]:
    """Whether a letter of the right, of the left, stands the wrong way round."""
    return [any(marker.mirrored for marker in truth.markers if marker.side == side) for side in ("right", "left")]


def _fit_cups(graph: CupAngleGraph, truths: list[FilmTruth], raws: list[RawFindings]) -> None:
    """The curve of the cup score and the intervals of the angles, in place; ``raws`` of the graph before.

    What is stated of a film that may be turned otherwise is no landmark's, and would bend the curve of all others.
    """
    seen = [(truth, hip, raw, row) for truth, raw in zip(truths, raws, strict=True) for hip, row in _found(truth, raw)]
    implanted = [(hip, raw.cup_scores[row]) for _, hip, raw, row in seen if hip.implant != "none"]
    has_cup = np.array([hip.cup is not None for hip, _ in implanted])
    graph.cups = fit_curve(np.array([score for _, score in implanted], np.float64), has_cup)
    for index, (name, views) in enumerate(TRUE_ANGLES):
        measured = [
            (raw.cup_angle_errors[row, index], raw.cup_angles[row, index] - getattr(hip.cup, name))
            for truth, hip, raw, row in seen
            if truth.view in views and _has(hip, name) and raw.cup_angle_errors[row, index] < UNSURE_DEG
        ]
        stated, errors = np.array(measured, np.float64).T
        graph.error_scale[index], graph.error_power[index] = fit_errors(stated, errors)


def _found(truth: FilmTruth, raw: RawFindings) -> list[tuple[HipTruth, int]]:
    """Every hip whose box was found, with its row: 0 right, 1 left. A lateral's hip is seen as both."""
    best = [side[side[:, 4].argmax(), :4] for side in raw.detections[:4].reshape(2, 2, 5)]
    rows = [[row for row in (0, 1) if iou(tuple(best[row]), hip.box) > SAME_BOX_IOU] for hip in truth.hips]
    return [(hip, found[0]) for hip, found in zip(truth.hips, rows, strict=True) if found]
