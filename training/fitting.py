"""What is fitted on validation films, for all graphs together, by running them."""

import tempfile
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ingest.records import CANVAS_SIZE, DETECTION_CLASSES, RawFindings, View
from simulation.truth import FilmTruth, HipTruth
from training.calibration import fit_curve, fit_errors, fit_outliers, fit_temperature, fit_turns
from training.cup_graph import SHOWN_FROM, UNSURE_DEG, CupAngleGraph
from training.detector import targets
from training.ensemble import BATCH, OUTPUTS, Ensemble, Kept, Networks, batches, rows, write
from training.evaluation.judged import iou
from training.films import VIEWS, LabelledFilm
from training.graphs import OTHER, ClassifierGraph, DetectorGraph, Outliers, ScoreCurve
from training.networks.efficientnet import EfficientNet
from training.onnx_files import Arrays, Graph, export
from training.turns import TURNS, as_it_is

SAME_BOX_IOU = 0.5
# of CupTruth, in the order of CUP_ANGLES, and the views on which each is read
TRUE_ANGLES = (
    ("inclination_deg", (View.AP_PELVIS,)),
    ("version_ap_deg", (View.AP_PELVIS, View.AP_HIP)),
    ("version_lateral_deg", (View.CROSS_TABLE_LATERAL,)),
)


class LackingFilmsError(ValueError):
    """The films show nothing of what is to be fitted on them."""


def check_shown(views: Collection[str], held_out: list[LabelledFilm]) -> None:
    """Whether ``fitted`` can be asked about films to learn from of these views, and about ``held_out``.

    Raises:
        LackingFilmsError: a view is not among ``views``, or an angle not among ``held_out``.
    """
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
    nets: Networks,
    size: int,
    known: list[LabelledFilm],
    held_out: list[LabelledFilm],
    kept: Mapping[str, Kept] = MappingProxyType({}),
) -> tuple[Ensemble, list[RawFindings]]:
    """The ensemble with all that is fitted on ``held_out``, and its answers to these films.

    Graph by graph the films go through the networks once; what is fitted on a graph's answers is put on them
    afterwards, before the next graph sees them. It is monotone, so that no box would have been another one. Nothing is
    fitted of the models that are ``kept``, by their names.
    """
    fits: dict[str, Callable[[Arrays], tuple[nn.Module, Arrays]]] = {
        "classifier": lambda _: _classifier(nets.view, size, known, held_out),
        "detector": lambda told: _detector(nets, held_out, told),
        "cup_angle": lambda told: _cup_angle(nets, held_out, told),
    }
    graphs, told = {}, {}
    for name, fit in fits.items():
        graphs[name], found = _as_kept(kept[name], held_out, told) if name in kept else fit(told)
        told |= found
    return Ensemble(**graphs), rows(told)


def _as_kept(graph: Kept, held_out: list[LabelledFilm], told: Arrays) -> tuple[Kept, Arrays]:
    """The graph, and its answers to ``held_out``, of which the others ``told``."""
    if graph.name == "cup_angle":
        return graph, _where_shown(graph, held_out, told)[0]
    return graph, _answered(graph.name, graph, held_out, told)


def _answered(name: str, graph: nn.Module, films: Sequence[LabelledFilm], known: Arrays) -> Arrays:
    """What a model's exported graph answers to films, of whose view nothing is ``known`` but what it says."""
    known = {"view_scores": np.zeros((len(films), len(VIEWS)), np.float32)} | known
    with tempfile.TemporaryDirectory() as folder:
        run = graph.run if isinstance(graph, Kept) else Graph(write(name, graph, Path(folder)))
        parts = []
        for start in range(0, len(films), BATCH):
            part = slice(start, start + BATCH)
            image = np.stack([film.canvas for film in films[part]])
            parts.append(run({"image": image} | {key: value[part] for key, value in known.items()}))
    return {key: np.concatenate([part[key] for part in parts]) for key in OUTPUTS[name]}


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
) -> tuple[ClassifierGraph, Arrays]:
    """The graph, and its answers to ``held_out``."""
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
    temperature = fit_temperature(logits, views[1])
    of_turns, upright = fit_turns(turned[shows_hip], turns[shows_hip])
    outliers = fit_outliers(seen, views[0], unseen, len(VIEWS))
    answers = {
        "view_scores": (logits / temperature).softmax(1),
        "turn_scores": (turned / of_turns + upright * as_it_is()).softmax(1),
        "outlier_score": outliers(unseen),
    }
    graph = ClassifierGraph(net, size, outliers, (temperature, of_turns), upright)
    return graph, {key: value.numpy() for key, value in answers.items()}


def _detector(nets: Networks, held_out: list[LabelledFilm], told: Arrays) -> tuple[DetectorGraph, Arrays]:
    """The graph, and its answers to ``held_out``, of which the classifier ``told``."""
    plain = DetectorGraph(nets.yolo, nets.letters, ScoreCurve(), ScoreCurve(), ScoreCurve())
    found = _answered("detector", plain, held_out, {"turn_scores": told["turn_scores"]})
    curves = _detector_curves([film.truth for film in held_out], found["detections"], found["marker_mirrored"])
    graph = DetectorGraph(nets.yolo, nets.letters, *curves)
    detections = torch.from_numpy(found["detections"])
    hips, markers = detections[..., 4].split((graph.hip_classes, len(DETECTION_CLASSES) - graph.hip_classes), 1)
    scores = torch.cat((graph.hips(hips) * _shows_hip(told), graph.markers(markers)), 1)
    return graph, {
        "detections": torch.cat((detections[..., :4], scores[..., None]), 2).numpy(),
        "marker_mirrored": graph.mirrored(torch.from_numpy(found["marker_mirrored"])).numpy(),
    }


def _cup_angle(nets: Networks, held_out: list[LabelledFilm], told: Arrays) -> tuple[CupAngleGraph, Arrays]:
    """The graph, and its answers to ``held_out``, of which the others ``told``."""
    graph = CupAngleGraph(nets.rim, nets.fine, nets.pelvis, ScoreCurve())
    seen, shown = _where_shown(graph, held_out, {key: told[key] for key in ("turn_scores", "detections")})
    _fit_cups(graph, [film.truth for film in held_out], rows(told | seen))
    scores, stated = (torch.from_numpy(seen[key]) for key in ("cup_scores", "cup_angle_errors"))
    return graph, seen | {
        "cup_scores": (graph.cups(scores) * _shows_hip(told)).numpy() * shown,
        "cup_angle_errors": graph.interval(stated).numpy() * shown[..., None],
    }


def _where_shown(graph: nn.Module, films: list[LabelledFilm], told: Arrays) -> tuple[Arrays, NDArray[np.bool_]]:
    """The cup model's answers, zeros of films without an implant, as a server spares it these, too.

    And where one is shown: (N, 2), on the right, on the left.
    """
    shown = told["detections"][:, 1:4:2, 4] >= SHOWN_FROM
    asked = np.flatnonzero(shown.any(1))
    known = {key: values[asked] for key, values in told.items()}
    answers = _answered("cup_angle", graph, [films[i] for i in asked], known)
    seen = {key: np.zeros((len(films), *values.shape[1:]), np.float32) for key, values in answers.items()}
    for key, values in answers.items():
        seen[key][asked] = values
    return seen, shown


def _shows_hip(told: Arrays) -> Tensor:
    """The classifier's belief that a film shows a hip (N, 1)."""
    return 1 - torch.from_numpy(told["view_scores"][:, OTHER, None])


def _detector_curves(
    truths: list[FilmTruth], detections: NDArray[np.float32], told: NDArray[np.float32]
) -> tuple[ScoreCurve, ScoreCurve, ScoreCurve]:
    """Of hips and of markers: the chance that the best box of a class lies on an object of that class.

    The third is of letters found: the chance that they stand the wrong way round, of which (N, 2) ``told``.
    """
    hits = np.array([_on_object(truth, found) for truth, found in zip(truths, detections, strict=True)])  # (N, 6)
    scores = detections[..., 4].astype(np.float64)
    hips = np.array(["hip" in name for name in DETECTION_CLASSES])
    mirrored = np.array([_mirrored(truth) for truth in truths])  # (N, 2)
    found = hits[:, ~hips]
    return (
        fit_curve(scores[:, hips].ravel(), hits[:, hips].ravel()),
        fit_curve(scores[:, ~hips].ravel(), found.ravel()),
        fit_curve(told[found].astype(np.float64), mirrored[found]),
    )


def _on_object(truth: FilmTruth, detections: NDArray[np.float32]) -> list[bool]:
    boxes, classes = targets(truth)
    return [
        any(iou(tuple(found[:4]), tuple(box)) > SAME_BOX_IOU for box in boxes[classes[:, index] > 0])
        for index, found in enumerate(detections)
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
        graph.intervals[index] = fit_errors(stated, errors)


def _found(truth: FilmTruth, raw: RawFindings) -> list[tuple[HipTruth, int]]:
    """Every hip that was found and looked at, with its row: 0 right, 1 left. A lateral's hip is seen as both."""
    best = [side[side[:, 4].argmax(), :4] for side in raw.detections[:4].reshape(2, 2, 5)]
    shown = [row for row in (0, 1) if raw.detections[2 * row + 1, 4] >= SHOWN_FROM]
    at = [[row for row in shown if iou(tuple(best[row]), hip.box) > SAME_BOX_IOU] for hip in truth.hips]
    return [(hip, found[0]) for hip, found in zip(truth.hips, at, strict=True) if found]
