"""Which side a film shows: from its bones, its letters and its tag, each for what it can tell."""

import numpy as np
from numpy.typing import NDArray

from ingest.records import Header, Hip, RawFindings, Side, View
from ingest.thresholds import Thresholds

MARKERS = (4, 5)  # rows of detections: right, left
AP_VIEWS = frozenset({View.AP_PELVIS, View.AP_HIP})  # taken so that the patient's right is on the image's left
TAG_SIDES = {"L": Side.LEFT, "R": Side.RIGHT, "B": Side.BOTH}
SIDES = (Side.RIGHT, Side.LEFT)  # order of every tensor with two rows

Scores = NDArray[np.float32]  # (2, 2): right, left by native, implant


def hip_scores(raw: RawFindings) -> Scores:
    """Of the four hip classes, as they are believed."""
    return raw.detections[:4, 4].reshape(2, 2).clip(0, 1)


def is_mirrored(raw: RawFindings, view: View, hips: tuple[Hip, ...], thresholds: Thresholds) -> bool:
    """Whether the surest letter that is read stands the wrong way round and says another side than the bones.

    A letter that was laid face down says what they say, one that was laid beside the other hip stands the right way.
    The threshold is of the chance that it is this letter, times the chance that this letter is mirrored.
    """
    read = _letters_read(raw, thresholds.marker_score)
    if not read or not hips or view is View.CROSS_TABLE_LATERAL:
        return False
    surest = read[0]
    contradicts = _crossed(raw, surest) if len(hips) == 2 else SIDES[surest] is not hips[0].side
    sure = raw.detections[MARKERS[surest], 4].clip(0, 1) * raw.marker_mirrored[surest]
    return contradicts and bool(sure >= thresholds.mirrored_score)


def film_side(  # noqa: PLR0913 - all that may tell a side
    raw: RawFindings,
    view: View,
    hips: tuple[Hip, ...],
    header: Header,
    thresholds: Thresholds,
    *,
    mirrored: bool,
) -> tuple[Side, str, bool]:
    """The film's side, what says so (joined by "+"), and whether anything says otherwise.

    Of a mirrored film the letter has turned the bones round already, so that they say nothing of their own.
    """
    if not hips:
        return Side.UNKNOWN, "none", False
    marker, crossed = _marker(raw, hips, thresholds.marker_score)
    told = {
        "anatomy": Side.BOTH if len(hips) == 2 else hips[0].side,
        "marker": marker,
        "tag": TAG_SIDES.get(header.laterality or ""),
    }
    order = ("anatomy", "marker", "tag")
    if mirrored:
        told["anatomy"], crossed = None, False
    elif len(hips) == 1 and view is View.CROSS_TABLE_LATERAL:
        told["anatomy"] = None  # a lateral looks the same from either side
    elif len(hips) == 1 and view not in AP_VIEWS and not _sides_differ(raw, thresholds.sure_side):
        order = ("marker", "tag", "anatomy")
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
    read = _letters_read(raw, marker_score)
    if not read:
        return None, False
    if len(hips) == 1:
        return SIDES[read[0]], False
    return Side.BOTH, any(_crossed(raw, index) for index in read)


def _letters_read(raw: RawFindings, marker_score: float) -> list[int]:
    """Rows of the letters that are read, 0 right, 1 left; the surest first."""
    scores = raw.detections[list(MARKERS), 4]
    return sorted((index for index in (0, 1) if scores[index] >= marker_score), key=lambda index: -scores[index])


def _crossed(raw: RawFindings, index: int) -> bool:
    """Whether a letter lies beyond the middle between its own hip and the other side's, however the film is turned."""
    middles = (raw.detections[:, :2] + raw.detections[:, 2:4]) / 2
    own, other = (middles[2 * side + int(hip_scores(raw)[side].argmax())] for side in (index, 1 - index))
    towards = other - own
    return bool((middles[MARKERS[index]] - own) @ towards > 0.5 * towards @ towards)


def _sides_differ(raw: RawFindings, by: float) -> bool:
    right, left = hip_scores(raw).max(1)
    return bool(abs(right - left) >= by)
