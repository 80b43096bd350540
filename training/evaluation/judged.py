"""One film, what is true of it and what was said, and which answer belongs to which hip."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from ingest.records import Findings, Hip, RawFindings, Side, View
from simulation.truth import FilmTruth, HipTruth

FAR_OFF_DEG = 5.0  # an angle that misleads: two cups told apart by it would change places
SHIFT = "shift:"  # prefix in FilmTruth.shows of what makes a film of the shifted set strange

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Judged:
    """One film, what is true of it, and what the ensemble says."""

    truth: FilmTruth  # in canvas pixels
    raw: RawFindings
    findings: Findings  # boxes and landmarks in canvas pixels too
    canvas: NDArray[np.uint8]  # (768, 768)


def is_hip_film(one: Judged) -> bool:
    """Whether the film truly shows a hip."""
    return one.truth.view != View.OTHER and bool(one.truth.hips)


def tells_side(one: Judged) -> bool:
    """Whether the film itself shows its side."""
    return is_hip_film(one) and one.truth.side != Side.UNKNOWN


def true_sides(one: Judged) -> frozenset[Side]:
    """What may rightly be said of a film's side: with each doubtful hip and without it.

    Where no letter is clear enough to tell it, one that is faint or cut may be read or not.
    """
    if one.truth.side != Side.UNKNOWN:
        return sides_shown(one)
    said = {Side(marker.side) for marker in one.truth.faint_markers}
    told = sides_shown(one) if said else frozenset()
    if one.truth.view == View.CROSS_TABLE_LATERAL:
        told &= said
    return told | {Side.UNKNOWN}


def sides_shown(one: Judged) -> frozenset[Side]:
    """Whose hips are on the film, be there a sign of it or not: with each doubtful hip and without it."""
    clear = {hip.side for hip in one.truth.hips if not hip.doubtful}
    partly = {hip.side for hip in one.truth.hips + one.truth.cut_hips} - clear
    told = [clear | set(some) for n in range(len(partly) + 1) for some in combinations(partly, n)]
    return frozenset(Side.BOTH if len(sides) > 1 else Side(*sides) for sides in told if sides)


def has_letter(one: Judged) -> bool:
    """Whether a lead letter can be read on the film."""
    return bool(one.truth.markers)


def keeps_silent(one: Judged) -> bool:
    """Whether the film itself tells nobody which side it shows."""
    return is_hip_film(one) and true_sides(one) == {Side.UNKNOWN}


def families(one: Judged) -> tuple[str, ...]:
    """What makes a film of the shifted set strange, without the prefix."""
    return tuple(name.removeprefix(SHIFT) for name in one.truth.shows if name.startswith(SHIFT))


def all_hips(judged: list[Judged]) -> list[tuple[Judged, HipTruth]]:
    """Every hip that a film shows."""
    return [(one, hip) for one in judged if is_hip_film(one) for hip in one.truth.hips]


def clear_hips(judged: list[Judged]) -> list[tuple[Judged, HipTruth]]:
    """Every hip that no reader would miss or leave out."""
    return [(one, hip) for one, hip in all_hips(judged) if not hip.doubtful]


def match(one: Judged, hip: HipTruth) -> Hip | None:
    """The found hip that stands for a true one.

    By its side, as the registry files it. A film of one hip has the one hip that was found, whatever its side: the
    side is judged by itself. Where the film cannot tell the side (mirrored, no letter) the place decides.
    """
    found = one.findings.hips
    if len(one.truth.hips + one.truth.cut_hips) == 1 and len(found) == 1:
        return found[0]
    if one.truth.side == Side.UNKNOWN:
        near = max(found, key=lambda candidate: iou(candidate.box, hip.box), default=None)
        return near if near is not None and iou(near.box, hip.box) > 0 else None
    return next((candidate for candidate in found if candidate.side == hip.side), None)


def implant_right(one: Judged, hip: HipTruth) -> bool:
    """Whether the hip was found and called native or implanted as it is."""
    found = match(one, hip)
    return found is not None and found.implant == (hip.implant != "none")


def cup_right(one: Judged, hip: HipTruth) -> bool:
    """Whether the hip was found and said to have a cup as it has."""
    found = match(one, hip)
    return found is not None and found.has_cup == (hip.cup is not None)


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes."""
    wide, high = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    if wide <= 0 or high <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (a, b))
    return wide * high / (areas - wide * high)
