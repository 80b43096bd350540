"""What a film shows: the ensemble's raw answer, judged and moved back to the film's own pixels."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ingest.cup import measure
from ingest.records import CUP_LANDMARKS, Canvas, Findings, Header, Hip, RawFindings, Side, View
from ingest.thresholds import Thresholds

SAME_HIP_IOU = 0.5  # two boxes that overlap more are one hip, seen as left and as right
SIDES = (Side.RIGHT, Side.LEFT)  # order of every tensor with two rows
MARKERS = (4, 5)  # rows of detections: right, left
AP_VIEWS = frozenset({View.AP_PELVIS, View.AP_HIP})  # taken so that the patient's right is on the image's left
ONE_HIP_VIEWS = frozenset({View.AP_HIP, View.CROSS_TABLE_LATERAL})
TAG_SIDES = {"L": Side.LEFT, "R": Side.RIGHT, "B": Side.BOTH}

Box = tuple[float, float, float, float]
Scores = NDArray[np.float32]  # (2, 2): right, left by native, implant


def find(raw: RawFindings, canvas: Canvas, header: Header, thresholds: Thresholds) -> Findings:
    """The view, the hips with their implants and cups, the side with its evidence, and what a person should check."""
    best = int(np.argmax(raw.view_scores))
    view, view_score = tuple(View)[best], float(np.clip(raw.view_scores[best], 0, 1))
    hips = () if view is View.OTHER else _hips(raw, view, canvas, header, thresholds)
    side, evidence, conflict = _side(raw, view, hips, header, thresholds)
    if len(hips) == 1 and side is not Side.BOTH:
        hips = (replace(hips[0], side=side),)
    found = Findings(view, view_score, side, evidence, conflict, hips, float(raw.outlier_score[0]), ())
    return replace(found, review=_review(found, thresholds))


def _hips(raw: RawFindings, view: View, canvas: Canvas, header: Header, thresholds: Thresholds) -> tuple[Hip, ...]:
    """Right before left; at most one a side, and one in all on views of one hip."""
    scores = _hip_scores(raw)
    best_first = np.argsort(-scores.max(1), kind="stable")
    sides = [index for index in best_first if scores[index].max() >= thresholds.hip_score]
    if len(sides) == 2 and (
        view in ONE_HIP_VIEWS
        or scores[sides[1]].max() < thresholds.second_hip_score
        or _iou(_box(raw, 0), _box(raw, 1)) > SAME_HIP_IOU
    ):
        sides = sides[:1]
    return tuple(_hip(raw, int(index), view, canvas, header, thresholds) for index in sorted(sides))


def _hip(  # noqa: PLR0913, PLR0917 - a film's answer and everything it is judged by
    raw: RawFindings, index: int, view: View, canvas: Canvas, header: Header, thresholds: Thresholds
) -> Hip:
    native, implant = (float(score) for score in _hip_scores(raw)[index])
    x0, y0, x1, y1 = _box(raw, index)
    (left, top), (right, bottom) = _to_film(canvas, x0, y0), _to_film(canvas, x1, y1)
    cup_score = float(np.clip(raw.cup_scores[index], 0, 1))
    is_implant = implant >= native
    has_cup = is_implant and cup_score >= thresholds.cup_score
    return Hip(
        side=SIDES[index],
        implant=is_implant,
        score=max(native, implant),
        implant_score=implant / (native + implant),
        box=(
            float(np.clip(left, 0, header.columns - 1)),
            float(np.clip(top, 0, header.rows - 1)),
            float(np.clip(right, 0, header.columns - 1)),
            float(np.clip(bottom, 0, header.rows - 1)),
        ),
        has_cup=has_cup,
        cup_score=cup_score,
        landmarks=tuple(
            (*_to_film(canvas, float(x), float(y)), float(np.clip(confidence, 0, 1)))
            for x, y, confidence in raw.cup_landmarks[index][: len(CUP_LANDMARKS)]
        ),
        measurements=measure(raw, index, view, thresholds, has_cup=has_cup) if is_implant else (),
    )


def _side(
    raw: RawFindings, view: View, hips: tuple[Hip, ...], header: Header, thresholds: Thresholds
) -> tuple[Side, str, bool]:
    """The film's side, what says so (joined by "+"), and whether anything says otherwise."""
    if not hips:
        return Side.UNKNOWN, "none", False
    marker, crossed = _marker(raw, hips, thresholds.marker_score)
    told = {
        "anatomy": Side.BOTH if len(hips) == 2 else hips[0].side,
        "marker": marker,
        "tag": TAG_SIDES.get(header.laterality or ""),
    }
    order = ("anatomy", "marker", "tag")
    if len(hips) == 1 and view is View.CROSS_TABLE_LATERAL:
        told["anatomy"] = None  # a lateral looks the same from either side
        order = ("marker", "tag", "anatomy")
    elif len(hips) == 1 and view not in AP_VIEWS:
        order = (
            ("marker", "anatomy", "tag") if _sides_differ(raw, thresholds.sure_side) else ("marker", "tag", "anatomy")
        )
    if len(hips) == 1 and told["tag"] is Side.BOTH:
        told["tag"] = None  # of a study of both hips; says nothing about which one this film shows
    side = next((told[source] for source in order if told[source]), None)
    if side is None:
        return Side.UNKNOWN, "none", False
    agreeing = [source for source in ("anatomy", "marker", "tag") if told[source] is side]
    conflict = crossed or any(other not in (None, side) for other in told.values())
    return side, "+".join(agreeing), conflict


def _marker(raw: RawFindings, hips: tuple[Hip, ...], marker_score: float) -> tuple[Side | None, bool]:
    """The side that the lead marker names (None where none is read), and whether it lies beside the other hip."""
    scores = raw.detections[list(MARKERS), 4]
    read = [index for index in (0, 1) if scores[index] >= marker_score]
    if not read:
        return None, False
    if len(hips) == 1:
        return SIDES[max(read, key=lambda index: scores[index])], False
    centres = [float(raw.detections[MARKERS[index], [0, 2]].mean()) for index in read]
    boxes = [raw.detections[[2 * side, 2 * side + 1]] for side in (0, 1)]
    middles = [float(box[box[:, 4].argmax(), [0, 2]].mean()) for box in boxes]
    crossed = any(
        abs(centre - middles[index]) > abs(centre - middles[1 - index])
        for index, centre in zip(read, centres, strict=True)
    )
    return Side.BOTH, crossed


def _sides_differ(raw: RawFindings, by: float) -> bool:
    right, left = _hip_scores(raw).max(1)
    return bool(abs(right - left) >= by)


def _review(found: Findings, thresholds: Thresholds) -> tuple[str, ...]:
    """Why a person should look, also at a film that ends as not of a hip: codes, in docs/data_dictionary.md."""
    hips = found.hips
    missed = [m.why_not for hip in hips for m in hip.measurements if hip.has_cup and not m.accepted]
    reasons = {
        "low_view_score": found.view_score < thresholds.sure_view,
        "unusual_film": bool(hips) and found.outlier_score > thresholds.outlier_score,
        "no_hip_on_hip_view": not hips and found.view is not View.OTHER,
        "side_conflict": found.side_conflict,
        "side_unknown": any(hip.side is Side.UNKNOWN for hip in hips),
        "low_hip_score": any(hip.score < thresholds.sure_hip for hip in hips),
        "unsure_implant": any(0.25 < hip.implant_score < 0.75 for hip in hips),
        "cup_not_measured": bool({"low_confidence", "out_of_range"}.intersection(missed)),
    }
    return tuple(reason for reason, applies in reasons.items() if applies)


def _hip_scores(raw: RawFindings) -> Scores:
    return raw.detections[:4, 4].reshape(2, 2).clip(0, 1)


def _box(raw: RawFindings, index: int) -> Box:
    """Of the better class of this side."""
    x0, y0, x1, y1 = (float(v) for v in raw.detections[2 * index + int(_hip_scores(raw)[index].argmax()), :4])
    return min(x0, x1), min(y0, y1), max(x0, x1), max(y0, y1)


def _iou(a: Box, b: Box) -> float:
    """Intersection over union."""
    wide = min(a[2], b[2]) - max(a[0], b[0])
    high = min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return wide * high / (areas - wide * high)


def _to_film(canvas: Canvas, x: float, y: float) -> tuple[float, float]:
    return (x - canvas.offset_x) / canvas.scale, (y - canvas.offset_y) / (canvas.scale_y or canvas.scale)
