"""The detector by itself: average precision of its six classes, and how well its boxes lie."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from ingest.records import DETECTION_CLASSES, Side, View
from training.evaluation.judged import Box, Judged, all_hips, iou, match
from training.evaluation.markdown import number, paragraph, percent, table
from training.evaluation.statistics import Figures

THRESHOLDS = tuple(round(0.5 + 0.05 * step, 2) for step in range(10))
RECALLS = np.linspace(0, 1, 101)  # where COCO reads precision (Lin 2014)


def average_precision(scores: ArrayLike, hits: ArrayLike, truths: int) -> float | None:
    """Mean of the precision envelope at 101 recalls; None where there is nothing to find."""
    if not truths:
        return None
    order = np.argsort(-np.asarray(scores, float), kind="stable")
    right = np.cumsum(np.asarray(hits, float)[order])
    if not right.size:
        return 0.0
    recall, precision = right / truths, right / np.arange(1, len(right) + 1)
    envelope = np.append(np.maximum.accumulate(precision[::-1])[::-1], 0.0)
    return float(envelope[np.searchsorted(recall, RECALLS - 1e-9, "left")].mean())


def true_boxes(one: Judged, name: str) -> list[Box] | None:
    """The boxes that a class should find on a film; None where the film cannot tell.

    A cross-table lateral looks the same from either side, so its hip is of both sides' classes. Hips of a film that
    is mirrored, or turned so that nothing tells the side, are not asked for.
    """
    side, kind = name.split("_", 1)
    if kind == "marker":
        return [marker.box for marker in one.truth.markers if marker.side == side]
    lateral = one.truth.view == View.CROSS_TABLE_LATERAL
    if one.truth.mirrored or (one.truth.hips and one.truth.side == Side.UNKNOWN and not lateral):
        return None
    return [
        hip.box
        for hip in one.truth.hips
        if (hip.side == side or lateral) and (kind == "hip_native") == (hip.implant == "none")
    ]


def class_precision(judged: Sequence[Judged], name: str) -> Figures:
    """Average precision of one class at each threshold; the detector gives at most one box of a class a film."""
    row, scores, overlaps, truths = DETECTION_CLASSES.index(name), [], [], 0
    for one in judged:
        boxes = true_boxes(one, name)
        if boxes is None:
            continue
        truths += len(boxes)
        *box, score = (float(value) for value in one.raw.detections[row])
        scores.append(score)
        overlaps.append(max((iou(tuple(box), true) for true in boxes), default=0.0))
    at = [average_precision(scores, np.array(overlaps) >= least, truths) for least in THRESHOLDS]
    return {"boxes": truths, "ap50": at[0], "ap": None if at[0] is None else float(np.mean(at))}


def figures(judged: list[Judged]) -> Figures:
    """Average precision by class and its means; error of the hips' and letters' boxes."""
    classes = {name: class_precision(judged, name) for name in DETECTION_CLASSES}
    found = [c for c in classes.values() if c["ap50"] is not None]
    pairs = [(m.box, hip.box) for one, hip in all_hips(judged) if (m := match(one, hip)) is not None]
    letters = [(_letter(one, marker.side), marker.box) for one in judged for marker in one.truth.markers]
    touched = [(found, true) for found, true in letters if iou(found, true) > 0]
    return {
        "classes": classes,
        "map50": float(np.mean([c["ap50"] for c in found])) if found else None,
        "map": float(np.mean([c["ap"] for c in found])) if found else None,
        "hip_boxes": box_error(pairs),
        "letter_boxes": box_error(touched),
    }


def _letter(one: Judged, side: str) -> Box:
    x0, y0, x1, y1 = (float(v) for v in one.raw.detections[DETECTION_CLASSES.index(f"{side}_marker"), :4])
    return x0, y0, x1, y1


def box_error(pairs: Sequence[tuple[Box, Box]]) -> Figures:
    """Of (found, true) boxes: how far centres lie apart in shares of the true box's side, and their overlap."""
    if not pairs:
        return {"n": 0, "centre_median": None, "centre_p95": None, "iou_median": None}
    found, true = np.array([p[0] for p in pairs], float), np.array([p[1] for p in pairs], float)
    side = np.sqrt(np.prod(true[:, 2:] - true[:, :2], axis=1))
    apart = np.linalg.norm((found[:, :2] + found[:, 2:] - true[:, :2] - true[:, 2:]) / 2, axis=1) / side
    return {
        "n": len(pairs),
        "centre_median": float(np.median(apart)),
        "centre_p95": float(np.percentile(apart, 95)),
        "iou_median": float(np.median([iou(a, b) for a, b in pairs])),
    }


def section(found: Figures) -> list[str]:
    """The page's part."""
    lines = ["## Detector", ""]
    rows = [(name, c["boxes"], number(c["ap50"], 3), number(c["ap"], 3)) for name, c in found["classes"].items()]
    rows.append(("mean (mAP)", "", number(found["map50"], 3), number(found["map"], 3)))
    lines += table(["class", "boxes", "AP, IoU 0.5", "AP, IoU 0.5 to 0.95"], rows)
    lines += paragraph(
        "The detector gives at most one box of a class a film, so a second letter of the same side is always missed. "
        "On a cross-table lateral either side's box may stand for the hip; hips of mirrored films are not asked for."
    )
    head = ["boxes", "n", "centre off, median", "centre off, 95th percentile", "IoU, median"]
    rows = [
        (title, b["n"], percent(b["centre_median"], 1), percent(b["centre_p95"], 1), number(b["iou_median"]))
        for title, b in (("hips found", found["hip_boxes"]), ("letters that the box touches", found["letter_boxes"]))
    ]
    return [*lines, *table(head, rows), *paragraph("Centres in percent of the true box's side.")]
