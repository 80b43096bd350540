"""Do the plans answer as the graphs that they were built from? A fixed set of films goes through both.

Compared is the whole chain, as the ensemble runs it, and only what a client would believe: landmarks of a cup that the
graph is sure of, angles whose interval is narrow enough. Where there is no cup, landmarks are noise in any arithmetic.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ingest.chain import Arrays, Model, OnnxModel, answers
from ingest.device import Device
from ingest.errors import PlanError
from ingest.example_films import example_films
from ingest.manifest import Precision, digest, misfit
from ingest.plans import Graphs
from ingest.precision import rounding
from ingest.records import CUP_ANGLES, DETECTION_CLASSES
from ingest.repository import PlanPlace, newest, parameters, plan_places
from ingest.thresholds import Thresholds

SCORE, LANDMARK_PX, ANGLE_DEG = 1e-2, 0.5, 0.2
BOX_PX = 2.0  # crops are cut with a margin of tens of pixels, and of two boxes alike the other may be the better one
CPU = "cpu"
MOST_FILMS = 8  # at a time: the graphs hold a few canvases of each in memory, on the processor too
HIPS = sum("hip" in name for name in DETECTION_CLASSES)

Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Row:
    """One quantity over all films."""

    quantity: str
    compared: int
    worst: float  # difference
    tolerance: float

    @property
    def holds(self) -> bool:
        """False also where nothing was compared: that proves nothing."""
        return self.compared > 0 and self.worst <= self.tolerance


def verify_plans(
    repository: Path, device: str, precision: Precision, films: Path, limit: int | None = None
) -> tuple[Row, ...]:
    """Compare the newest plans with their graphs; on ``cpu``, the graphs that plans of ``precision`` are built from.

    Raises:
        PlanError: a plan does not fit this machine or its graph, or there is no GPU.
    """
    places = newest(plan_places(repository))
    if device == CPU:
        compared = _emulated(places, precision, films)
    else:
        compared = _loaded(places, Device.find(device), f"ingest models compile --models {repository}")
    canvases = list(example_films(films, limit).values())
    reference: list[Model] = [OnnxModel(place.onnx.read_bytes(), str(place.onnx)) for place in places]
    batch = min(MOST_FILMS, *(place.max_batch for place in places))
    wanted, told = (_joined(list(answers(models, canvases, batch))) for models in (reference, compared))
    return compare(wanted, told, Thresholds.parse(parameters(repository)))


def _emulated(places: Sequence[PlanPlace], precision: Precision, films: Path) -> list[Model]:
    graphs = Graphs(precision, tuple(places), films)
    named = [(str(place.onnx), place.onnx.read_bytes()) for place in places]
    return [OnnxModel(rounding(graphs.rewritten(content, name), name), name) for name, content in named]


def _loaded(places: Sequence[PlanPlace], device: Device, rebuild: str) -> list[Model]:
    if device.gpu is None:
        raise PlanError(f"plans are verified on the GPU that serves them: name it by its number, or --device {CPU}")
    models: list[Model] = []
    for place in places:
        if problem := misfit(place.plan, digest(place.onnx), device.target):
            raise PlanError(f"{problem}: rebuild it with '{rebuild}'")
        models.append(device.library.load(place.plan.read_bytes(), device.gpu))
    return models


def compare(wanted: Arrays, told: Arrays, thresholds: Thresholds) -> tuple[Row, ...]:
    """Row by row, how far ``told`` is from ``wanted``; both hold all tensors of the same films."""
    boxes, told_boxes = wanted["detections"][..., 4], told["detections"][..., 4]  # (films, 6)
    limits = np.array([thresholds.hip_score] * HIPS + [thresholds.marker_score] * (boxes.shape[1] - HIPS))
    believed = (boxes >= limits) | ~(told_boxes < limits)  # by either; what is no number is compared as well
    cup = wanted["cup_scores"] >= thresholds.cup_score  # (films, 2)
    sure = cup[..., None] & (wanted["cup_angle_errors"] <= np.array(thresholds.widest_deg))
    measured = sure.any(2)
    ischia = wanted["pelvis_landmarks"][..., 2] >= thresholds.ischium_confidence

    def row(quantity: str, tensor: str, part: slice | int, where: Booleans | None, tolerance: float) -> Row:
        before, after = wanted[tensor], told[tensor]
        if where is None:
            where = np.ones(before[..., part].shape, np.bool_)
        apart = np.abs(after[..., part].astype(np.float64) - before[..., part])[where]
        apart[~np.isfinite(apart)] = np.inf
        return Row(quantity, int(np.count_nonzero(where)), float(apart.max(initial=0.0)), tolerance)

    everything = slice(None)
    return (
        row("view scores", "view_scores", everything, None, SCORE),
        row("turn scores", "turn_scores", everything, None, SCORE),
        row("outlier score", "outlier_score", everything, None, SCORE),
        row("scores of hips and letters", "detections", 4, believed, SCORE),
        row("boxes of hips and letters, px", "detections", slice(4), boxes >= limits, BOX_PX),
        row("ways round of letters", "marker_mirrored", everything, boxes[:, HIPS:] >= limits[HIPS:], SCORE),
        row("cup scores", "cup_scores", everything, None, SCORE),
        row("confidence of ischia", "pelvis_landmarks", 2, None, SCORE),
        row("ischia, px", "pelvis_landmarks", slice(2), ischia, LANDMARK_PX),
        row("confidence of rim landmarks", "cup_landmarks", 2, np.repeat(measured[..., None], 5, 2), SCORE),
        row("rim landmarks, px", "cup_landmarks", slice(2), measured, LANDMARK_PX),
        *(
            row(f"{name.removesuffix('_deg')}, degrees", "cup_angles", index, sure[..., index], ANGLE_DEG)
            for index, name in enumerate(CUP_ANGLES)
        ),
        row("half-widths of intervals, degrees", "cup_angle_errors", everything, sure, ANGLE_DEG),
    )


def table(rows: Sequence[Row]) -> str:
    """As plain aligned text."""
    lines = [f"{'quantity':<36}{'compared':>9}{'largest difference':>20}{'allowed':>9}", "-" * 82]
    lines += [
        f"{row.quantity:<36}{row.compared:>9,}{row.worst:>20.4f}{row.tolerance:>9g}  {'ok' if row.holds else 'MISS'}"
        for row in rows
    ]
    return "\n".join(lines)


def _joined(parts: Sequence[Arrays]) -> Arrays:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
