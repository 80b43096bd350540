"""What a model server could answer, made to vary in what a test is about."""

from concurrent.futures import Future
from typing import Any

import numpy as np

from ingest.records import CANVAS_SIZE, DETECTION_CLASSES, Canvas, Header, RawFindings, View
from ingest.thresholds import Thresholds

RIGHT_BOX = (100.0, 300.0, 300.0, 500.0)  # canvas pixels; the patient's right is on the image's left
LEFT_BOX = (450.0, 300.0, 650.0, 500.0)
MARKER_BOXES = {"right_marker": (50.0, 50.0, 80.0, 80.0), "left_marker": (690.0, 50.0, 720.0, 80.0)}


def make_raw(view: View = View.AP_PELVIS, view_score: float = 0.95, **scores: Any) -> RawFindings:
    """An answer with ``view``; ``scores`` name detection classes (score) or other fields of RawFindings."""
    views = np.full(6, (1 - view_score) / 5, np.float32)
    views[list(View).index(view)] = view_score
    detections = np.zeros((6, 5), np.float32)
    for index, name in enumerate(DETECTION_CLASSES):
        box = RIGHT_BOX if name.startswith("right") else LEFT_BOX
        detections[index] = (*MARKER_BOXES.get(name, box), scores.pop(name, 0.01))
    fields: dict[str, Any] = {
        "marker_mirrored": [0.1, 0.1],
        "cup_scores": [0.9, 0.9],
        "cup_landmarks": np.full((2, 5, 3), 0.9),
        "pelvis_landmarks": np.full((2, 3), 0.9),
        "cup_angles": [[40.0, 15.0, 20.0], [45.0, 10.0, 25.0]],
        "cup_angle_errors": [[2.0, 3.0, 4.0], [2.5, 3.5, 4.5]],
        "outlier_score": [0.4],
    } | scores
    tensors = {name: np.asarray(value, np.float32) for name, value in fields.items()}
    return RawFindings(view_scores=views, detections=detections, **tensors)


def make_thresholds(**changes: float) -> Thresholds:
    """Thresholds that every score of ``make_raw``'s reaches; a test names the ones it is about."""
    values = dict.fromkeys(Thresholds.__slots__, 0.5) | {"sure_view": 0.8, "sure_hip": 0.6, "outlier_score": 1.0}
    values |= {name: 10.0 for name in values if name.endswith("_uncertainty_deg")}
    return Thresholds(**values | changes)


def make_canvas(**fields: Any) -> Canvas:
    """A canvas of a film of 1536 pixels, so that two film pixels are one canvas pixel."""
    values: dict[str, Any] = {
        "pixels": np.zeros((CANVAS_SIZE, CANVAS_SIZE), np.uint8),
        "scale": 0.5,
        "offset_x": -0.25,
        "offset_y": -0.25,
        "pixel_sha256": "0" * 64,
    }
    return Canvas(**values | fields)


def make_header(**fields: Any) -> Header:
    """A header that says nothing but what ``fields`` say."""
    texts = ("sop_instance_uid", "study_instance_uid", "series_instance_uid", "sop_class_uid", "transfer_syntax_uid")
    values: dict[str, Any] = dict.fromkeys(Header.__slots__) | dict.fromkeys(texts, "1.2.3")
    values |= {"modality": "DX", "patient_key": "k", "photometric": "MONOCHROME2"}
    values |= {"rows": 1536, "columns": 1536, "bits_stored": 12}
    return Header(**values | fields)


class FakeServer:
    """Answers at once: by what stands in ``answers`` for a canvas' hash, else with ``default``."""

    model_version = "tha_radiograph/1-fake"
    thresholds = make_thresholds()

    def __init__(self, default: RawFindings | Exception, **answers: RawFindings | Exception) -> None:
        self.default = default
        self.answers = answers
        self.asked = 0
        self.expected = 0

    def expect_films(self) -> None:
        """Counts the calls."""
        self.expected += 1

    def submit(self, canvas: Canvas) -> "Future[RawFindings]":
        """Count and answer."""
        self.asked += 1
        future: Future[RawFindings] = Future()
        answer = self.answers.get(canvas.pixel_sha256, self.default)
        if isinstance(answer, Exception):
            future.set_exception(answer)
        else:
            future.set_result(answer)
        return future
