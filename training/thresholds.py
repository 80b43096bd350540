"""The thresholds that are served with the models, chosen on validation films by the client's own rules.

Scores of hips, markers, cups and sides: as they are served where no other value has clearly more right answers, else
in the middle of where none has. What makes an answer sure: the lowest score from which on at most one answer in two
hundred is wrong, and no less than an even chance, of a view 85 in a hundred. Uncertainty of an angle: the widest
interval up to which at most one accepted angle in two hundred is off by more than 5 degrees, and 95 in a hundred by no
more than 2.5, or what is served where that still holds; of a version, 5 degrees, or as far as the bar of measured cups
needs. Errors so far off are too rare to be counted in one view alone where the intervals of two are fitted together.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from google.protobuf import text_format
from numpy.typing import NDArray
from tritonclient.grpc.model_config_pb2 import ModelConfig

from ingest.records import RawFindings
from ingest.thresholds import PREFIX, Thresholds
from simulation.truth import HipTruth
from training.evaluation.angles import readings
from training.evaluation.answers import judge
from training.evaluation.bars import LEAST_MEASURED
from training.evaluation.hips import side_right
from training.evaluation.judged import (
    FAR_OFF_DEG,
    Judged,
    all_hips,
    clear_hips,
    cup_right,
    implant_right,
    iou,
    is_hip_film,
    match,
)
from training.films import LabelledFilm

WRONG_ALLOWED = 0.005
LEAST_SURE_VIEW = 0.85  # scores are chances: below it more than one view in seven is wrong, however seldom that is
EVEN = 0.5  # a chance below it is not sure, however seldom it occurs
SAME_HIP_IOU = 0.3  # of a found and a true box
LEAST_ACCEPTED = 0.9  # of the validation cups of an angle
MOST_WITHIN_DEG = 2.5  # all accepted angles but this share
BEYOND_ALLOWED = 0.05
# Among which a threshold is looked for. The low ones are for the best box of a film whose view is of a hip.
SCORES = (0.005, 0.01, 0.02, 0.05, *(round(0.05 * step, 2) for step in range(2, 19)))
START = Thresholds(
    hip_score=0.5,
    second_hip_score=0.5,
    pelvis_hip_score=0.5,
    overruling_score=1.0,
    marker_score=0.5,
    mirrored_score=0.5,
    cup_score=0.5,
    landmark_confidence=0.0,  # the uncertainty decides: it is made of the same scales, and of the errors they had
    ischium_confidence=0.5,
    sure_side=0.3,
    sure_view=0.8,
    sure_hip=0.6,
    outlier_score=1.0,  # by definition: one validation film in a hundred lies beyond
    inclination_uncertainty_deg=180.0,
    version_ap_pelvis_uncertainty_deg=180.0,
    version_ap_hip_uncertainty_deg=180.0,
    version_lateral_uncertainty_deg=180.0,
)
ANGLES = {  # threshold: title of the angle that it decides about, and of that whose intervals are fitted with its own
    "inclination_uncertainty_deg": ("inclination, AP pelvis", None),
    "version_ap_pelvis_uncertainty_deg": ("version, AP pelvis", "version, AP hip"),
    "version_ap_hip_uncertainty_deg": ("version, AP hip", "version, AP pelvis"),
    "version_lateral_uncertainty_deg": ("version, cross-table", None),
}

Angles = tuple[Sequence[float], Sequence[float]]  # half-widths that they state and errors that they have, degrees


def choose(
    films: Sequence[LabelledFilm], raws: Sequence[RawFindings], until_now: Thresholds | None = None
) -> Thresholds:
    """From what the ensemble answers (``raws``) to validation films, and what is served ``until_now``."""

    def judged(rules: Thresholds) -> list[Judged]:
        return [judge(film, raw, rules) for film, raw in zip(films, raws, strict=True)]

    rules = START
    for name, right in (
        ("hip_score", _hips_right),
        ("second_hip_score", lambda one: _hips_right(one) + _side_right(one)),
        ("pelvis_hip_score", lambda one: _hips_right(one) + _side_right(one) + _view_right(one)),
        ("overruling_score", lambda one: _hips_right(one) + _view_right(one)),
        ("marker_score", _side_right),
        ("mirrored_score", lambda one: _hips_filed(one) + _side_right(one)),
        ("sure_side", _side_right),
        ("cup_score", _cups_right),
    ):
        counts = {value: [right(one) for one in judged(replace(rules, **{name: value}))] for value in SCORES}
        rules = replace(rules, **{name: middle_of_best(counts, until_now and getattr(until_now, name))})
    ones = judged(rules)
    hips = [(found.score, implant_right(one, hip)) for one, hip in all_hips(ones) if (found := match(one, hip))]
    views = [(one.findings.view_score, one.findings.view == one.truth.view) for one in ones]
    return replace(
        rules,
        sure_view=max(lowest_sure(*zip(*views, strict=True)), LEAST_SURE_VIEW),
        sure_hip=max(lowest_sure(*zip(*hips, strict=True)), EVEN),
        **{
            name: min(_widest(ones, *titles, getattr(until_now, name, 0.0)), _end(ones, titles[0]))
            for name, titles in ANGLES.items()
        },
    )


def lowest_sure(scores: Sequence[float], right: Sequence[bool]) -> float:
    """The lowest score from which on at most one answer in two hundred is wrong; 1 where there is none."""
    order = np.argsort(scores)[::-1]
    wrong = np.cumsum(~np.asarray(right)[order]) / np.arange(1, len(order) + 1)
    sure = np.flatnonzero(wrong <= WRONG_ALLOWED)
    return float(np.asarray(scores)[order][sure[-1]]) if len(sure) else 1.0


def middle_of_best(counts: Mapping[float, Sequence[int]], until_now: float | None = None) -> float:
    """Of values in order, each with its right answers film by film, the middle one of those that none clearly beats.

    Or the one that was taken ``until_now``, if it is one of these or between two: nothing says that another is better.
    One beats another clearly where it has more right answers by more than one standard error: the root of how many
    answers differ between them (Breiman 1984). Else a threshold follows the film or two that make a plateau uneven.
    """
    right = {value: np.asarray(count) for value, count in counts.items()}
    most = max(right.values(), key=np.sum)
    even = [value for value, count in right.items() if (most - count).sum() <= np.sqrt(np.abs(most - count).sum())]
    return until_now if until_now is not None and even[0] <= until_now <= even[-1] else even[len(even) // 2]


def widest_interval(own: Angles, others: Angles = ((), ()), until_now: float = 0.0) -> float:
    """The widest stated interval up to which at most one angle in two hundred is off by more than 5 degrees.

    Counted one by one, among the ``others`` too, and one more than were found: the count always stops just before such
    an error. Of its ``own`` angles 95 in a hundred are off by at most 2.5 degrees. Nine of these in ten are accepted
    whatever is counted: where errors do not follow what is stated, a threshold cannot find them. What is served
    ``until_now`` was chosen by other answers than these, so where it is wider it need not leave room for one more.
    """
    half, errors = _by_width(own)
    widths, far = _by_width(tuple(np.concatenate(both) for both in zip(own, others, strict=True)))
    counted = np.searchsorted(widths, half, side="right")
    rare = np.cumsum(far > FAR_OFF_DEG)[counted - 1] + 1 <= WRONG_ALLOWED * counted
    typical = np.cumsum(errors > MOST_WITHIN_DEG) <= BEYOND_ALLOWED * np.arange(1, len(half) + 1)
    allowed = np.flatnonzero(rare & typical)
    most = max(int(allowed[-1]) + 1 if len(allowed) else 0, int(np.ceil(LEAST_ACCEPTED * len(half))))
    widest, accepted, both = float(half[most - 1]), errors[half <= until_now], far[widths <= until_now]
    if until_now <= widest or (both > FAR_OFF_DEG).mean() > WRONG_ALLOWED:
        return widest
    return until_now if (accepted > MOST_WITHIN_DEG).mean() <= BEYOND_ALLOWED else widest


def least_interval(stated: Sequence[float]) -> float:
    """The least half-width up to which as many of the measurable cups are accepted as the bar asks for.

    ``stated`` of each, infinite where nothing was measured.
    """
    return sorted(stated)[math.ceil(LEAST_MEASURED * len(stated)) - 1]


def _by_width(angles: Angles) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Half-widths, the narrowest first, and the sizes of the errors."""
    half, errors = (np.asarray(values, np.float64) for values in angles)
    order = np.argsort(half, kind="stable")
    return half[order], np.abs(errors)[order]


def served(config: Path) -> Thresholds:
    """Those that an ensemble's config.pbtxt serves."""
    parameters = text_format.Parse(config.read_text(), ModelConfig()).parameters
    return Thresholds.parse({name: value.string_value for name, value in parameters.items()})


def write(thresholds: Thresholds, config: Path) -> None:
    """Put them in place of those in an ensemble's config.pbtxt; all else in the file stays as it is."""
    text = config.read_text()
    for name, value in asdict(thresholds).items():
        key = f'key: "{PREFIX}{name}" value: {{ string_value: "'
        if key not in text:
            raise ValueError(f"{config} has no parameter {PREFIX}{name}: add it")
        start = text.index(key) + len(key)
        text = text[:start] + f"{value:.4g}" + text[text.index('"', start) :]
    text_format.Parse(text, ModelConfig())
    config.write_text(text)


def _hips_right(one: Judged) -> int:
    """Hips found and called as they are, less what was taken for a hip and is none."""
    hits = sum(implant_right(one, hip) for _, hip in clear_hips([one]))
    return hits - max(0, len(one.findings.hips) - len(one.truth.hips + one.truth.cut_hips))


def _hips_filed(one: Judged) -> int:
    """Hips whose findings are of the place where they are, and not of the other hip."""
    return sum(_is_at(one, hip) for _, hip in clear_hips([one]))


def _side_right(one: Judged) -> int:
    """Also of films that say nothing of their side: a letter read where there is none files a hip on a wrong side."""
    return int(is_hip_film(one) and side_right(one))


def _view_right(one: Judged) -> int:
    return int(one.findings.view == one.truth.view)


def _cups_right(one: Judged) -> int:
    return sum(cup_right(one, hip) for _, hip in clear_hips([one]) if hip.implant != "none")


def _widest(ones: list[Judged], title: str, fitted_with: str | None, until_now: float) -> float:
    """Of what was measured on the very hip: an angle that is filed for the other one is as sure as its own.

    0 where none was seen.
    """
    own = _offered(ones, title)
    return widest_interval(own, _offered(ones, fitted_with), until_now) if own[0] else 0.0


def _end(ones: list[Judged], title: str) -> float:
    """Beyond which an angle is not accepted, whatever is counted.

    A version that may be off by more than 5 degrees misleads by its own account: it is accepted where without it fewer
    validation cups were measured than the bar asks for. An inclination has no end.
    """
    if not title.startswith("version"):
        return np.inf
    stated = [
        np.inf if r.value_deg is None or r.uncertainty_deg is None else r.uncertainty_deg
        for r in readings(ones)
        if r.angle.title == title and r.hip.cup is not None and r.hip.cup.measurable
    ]
    return max(FAR_OFF_DEG, least_interval(stated)) if stated else FAR_OFF_DEG


def _offered(ones: list[Judged], title: str | None) -> Angles:
    """What is stated of the angles of a title and by how much they are off, degrees; of no title nothing."""
    read = [r for r in readings(ones) if r.angle.title == title and r.offered_deg is not None and _is_at(r.one, r.hip)]
    return [r.uncertainty_deg for r in read], [r.offered_deg - r.wanted_deg for r in read]


def _is_at(one: Judged, hip: HipTruth) -> bool:
    """Whether what was found for a hip lies where it does."""
    found = match(one, hip)
    return found is not None and iou(found.box, hip.box) > SAME_HIP_IOU
