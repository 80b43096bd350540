"""What a film shows: the ensemble's raw answer, judged and moved back to the film's own pixels."""

from dataclasses import replace

import numpy as np

from ingest.cup import measure
from ingest.records import CUP_LANDMARKS, Canvas, Findings, Header, Hip, RawFindings, Side, View
from ingest.sides import SIDES, film_side, hip_scores, is_mirrored
from ingest.thresholds import Thresholds

SAME_HIP_IOU = 0.5  # two boxes that overlap more are one hip, seen as left and as right
UNSURE_CUP = (0.15, 0.85)  # chances of a cup between which a person looks
ONE_HIP_VIEWS = frozenset({View.AP_HIP, View.CROSS_TABLE_LATERAL})
LEAST_BELIEF = 0.05  # that a film shows a hip; with less it is not looked at (asked_where of the served detector)
NO_HIP_BELIEF = 0.25  # that it shows none; with more a film on which no hip is found is of none
OTHER = tuple(View).index(View.OTHER)  # the last
OPPOSITE = {Side.RIGHT: Side.LEFT, Side.LEFT: Side.RIGHT}

Box = tuple[float, float, float, float]


def find(raw: RawFindings, canvas: Canvas, header: Header, thresholds: Thresholds) -> Findings:
    """The view, the hips with their implants and cups, the side with its evidence, and what a person should check."""
    raw, view, hips = _shown(raw, canvas, header, thresholds)
    view_score = float(np.clip(raw.view_scores[tuple(View).index(view)], 0, 1))
    mirrored = is_mirrored(raw, view, hips, thresholds)
    if mirrored:
        hips = tuple(replace(hip, side=OPPOSITE[hip.side]) for hip in reversed(hips))
    side, evidence, conflict = film_side(raw, view, hips, header, thresholds, mirrored=mirrored)
    if len(hips) == 1 and side is not Side.BOTH:
        hips = (replace(hips[0], side=side),)
    found = Findings(view, view_score, side, evidence, conflict, hips, float(raw.outlier_score[0]), ())
    return replace(found, review=_review(found, thresholds, mirrored=mirrored))


def _shown(
    raw: RawFindings, canvas: Canvas, header: Header, thresholds: Thresholds
) -> tuple[RawFindings, View, tuple[Hip, ...]]:
    """The view and its hips, each held against the other, and the answer that was believed.

    A film on which the classifier sees no hip shows one where the detector is sure of it. One on which no hip is found
    shows none where the classifier thought of that. An AP pelvis is a film of both hips: where one is surely found, and
    no other, it is an AP hip. Where none is sure, the classifier is believed.
    """
    best = int(np.argmax(raw.view_scores))
    if best == OTHER and _is_overruled(raw, thresholds.overruling_score):
        raw, best = _as_of_a_hip(raw), int(np.argmax(raw.view_scores[:OTHER]))
    view = tuple(View)[best]
    if view is View.OTHER:
        return raw, view, ()
    hips = _hips(raw, view, canvas, header, thresholds)
    if not hips and raw.view_scores[OTHER] > NO_HIP_BELIEF:
        return raw, View.OTHER, ()
    if view is View.AP_PELVIS and len(hips) == 1 and hips[0].score >= thresholds.sure_hip:
        return raw, View.AP_HIP, _hips(raw, View.AP_HIP, canvas, header, thresholds)
    return raw, view, hips


def _is_overruled(raw: RawFindings, by: float) -> bool:
    """Whether the detector sees a hip, with this score, where the classifier rather sees none.

    Not where it is nearly sure: there a server without a GPU spares the detector the film, and all shall answer alike.
    """
    if raw.view_scores[OTHER] >= 1 - LEAST_BELIEF:
        return False
    return bool(_as_of_a_hip(raw).detections[:4, 4].max() >= by)


def _as_of_a_hip(raw: RawFindings) -> RawFindings:
    """The answer without the classifier's doubt that the film shows a hip, by which the graphs lower their scores."""
    belief = 1 - float(raw.view_scores[OTHER])
    detections = raw.detections.copy()
    detections[:4, 4] = (detections[:4, 4] / belief).clip(0, 1)
    return replace(raw, detections=detections, cup_scores=(raw.cup_scores / belief).clip(0, 1))


def _hips(raw: RawFindings, view: View, canvas: Canvas, header: Header, thresholds: Thresholds) -> tuple[Hip, ...]:
    """Right before left; at most one a side, and one in all on views of one hip."""
    scores = hip_scores(raw)
    least_second = thresholds.pelvis_hip_score if view is View.AP_PELVIS else thresholds.second_hip_score
    best_first = np.argsort(-scores.max(1), kind="stable")
    sides = [index for index in best_first if scores[index].max() >= thresholds.hip_score]
    if len(sides) == 2 and (
        view in ONE_HIP_VIEWS
        or scores[sides[1]].max() < least_second
        or _iou(_box(raw, 0), _box(raw, 1)) > SAME_HIP_IOU
    ):
        sides = sides[:1]
    return tuple(_hip(raw, int(index), view, canvas, header, thresholds) for index in sorted(sides))


def _hip(  # noqa: PLR0913, PLR0917 - a film's answer and everything it is judged by
    raw: RawFindings, index: int, view: View, canvas: Canvas, header: Header, thresholds: Thresholds
) -> Hip:
    native, implant = (float(score) for score in hip_scores(raw)[index])
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


def _review(found: Findings, thresholds: Thresholds, *, mirrored: bool) -> tuple[str, ...]:
    """Why a person should look, also at a film that ends as not of a hip: codes, in docs/data_dictionary.md."""
    hips = found.hips
    missed = [m.why_not for hip in hips for m in hip.measurements if hip.has_cup and not m.accepted]
    reasons = {
        "low_view_score": found.view_score < thresholds.sure_view,
        "unusual_film": bool(hips) and found.outlier_score > thresholds.outlier_score,
        "no_hip_on_hip_view": not hips and found.view is not View.OTHER,
        "side_conflict": found.side_conflict,
        "mirrored_film": mirrored,
        "side_unknown": any(hip.side is Side.UNKNOWN for hip in hips),
        "low_hip_score": any(hip.score < thresholds.sure_hip for hip in hips),
        "unsure_implant": any(0.25 < hip.implant_score < 0.75 for hip in hips),
        "unsure_cup": any(hip.implant and UNSURE_CUP[0] < hip.cup_score < UNSURE_CUP[1] for hip in hips),
        "cup_not_measured": bool({"low_confidence", "out_of_range"}.intersection(missed)),
    }
    return tuple(reason for reason, applies in reasons.items() if applies)


def _box(raw: RawFindings, index: int) -> Box:
    """Of the better class of this side."""
    x0, y0, x1, y1 = (float(v) for v in raw.detections[2 * index + int(hip_scores(raw)[index].argmax()), :4])
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
