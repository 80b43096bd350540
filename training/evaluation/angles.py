"""The angles of the cups: errors of what the client accepts, and why it declined the rest."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ingest.records import Hip, View
from simulation.truth import LEAST_EDGE, HipTruth
from training.evaluation.judged import FAR_OFF_DEG, Judged, all_hips, match
from training.evaluation.markdown import figure, number, paragraph, percent, table
from training.evaluation.statistics import Figures, detectable_change, share, spread


@dataclass(frozen=True, slots=True)
class Angle:
    """What is read, on which view, and the truth it is held against."""

    title: str
    measure: str
    view: View
    name: str  # of CupTruth


ANGLES = (
    Angle("inclination, AP pelvis", "inclination", View.AP_PELVIS, "inclination_deg"),
    Angle("version, AP pelvis", "version", View.AP_PELVIS, "version_ap_deg"),
    Angle("version, AP hip", "version", View.AP_HIP, "version_ap_deg"),
    Angle("version, cross-table", "version", View.CROSS_TABLE_LATERAL, "version_lateral_deg"),
)
ALL_VERSIONS = "version, all views together"


@dataclass(frozen=True, slots=True)
class Reading:
    """One angle of a rim that is wholly on the film, and what became of it."""

    one: Judged
    hip: HipTruth
    angle: Angle
    wanted_deg: float
    value_deg: float | None  # None where the client declined
    offered_deg: float | None  # also where the client declined it as too uncertain
    uncertainty_deg: float | None  # half-width of the 95 % interval around what was offered, as stated
    declined: str  # why; empty where it was measured

    @property
    def error_deg(self) -> float | None:
        """Signed; None where nothing was measured."""
        return None if self.value_deg is None else self.value_deg - self.wanted_deg


def readings(judged: list[Judged]) -> list[Reading]:
    """Every angle of every rim that is wholly on its film."""
    return [
        _read(one, hip, angle, wanted)
        for one, hip in all_hips(judged)
        for angle in ANGLES
        if one.truth.view == angle.view and (wanted := _wanted(hip, angle)) is not None
    ]


def errors(read: Iterable[Reading]) -> list[float]:
    """Signed errors of what was measured."""
    return [reading.error_deg for reading in read if reading.error_deg is not None]


def summary(read: list[Reading]) -> Figures:
    """Spread of the errors of all that was measured; the share measured of what could be, and of every whole rim."""
    return {
        **spread(errors(read), FAR_OFF_DEG),
        "measured": share([r.value_deg is not None for r in read if r.hip.cup.measurable]),
        "measured_of_all": share([r.value_deg is not None for r in read]),
    }


def figures(judged: list[Judged]) -> Figures:
    """By angle, versions together, why the rest was declined, what was measured where nothing is to be measured."""
    read = readings(judged)
    of_angle = {angle.title: [r for r in read if r.angle is angle] for angle in ANGLES}
    by_angle = {
        title: {**summary(of_title), "detectable_deg": detectable_change(errors(of_title))}
        for title, of_title in of_angle.items()
    }
    declined = {
        title: dict(Counter(r.declined for r in of_title if r.hip.cup.measurable and r.declined).most_common())
        for title, of_title in of_angle.items()
    }
    return {
        "angles": by_angle,
        "versions": summary([r for r in read if r.angle.measure == "version"]),
        "declined": declined,
        "unmeasurable": share(_measured_nonetheless(judged)),
    }


def write_errors(path: Path, sets: Mapping[str, list[Judged]]) -> None:
    """Every signed error of what was measured, and what was stated of it, of each set of films.

    What the registry's detectable change is from, and its own tests.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(("films", "measure", "view", "error_deg", "uncertainty_deg"))
        rows.writerows(
            (name, r.angle.measure, r.angle.view.value, f"{r.error_deg:.4f}", f"{r.uncertainty_deg:.4f}")
            for name, judged in sets.items()
            for r in readings(judged)
            if r.error_deg is not None
        )


def _wanted(hip: HipTruth, angle: Angle) -> float | None:
    return getattr(hip.cup, angle.name) if hip.cup is not None and hip.cup.visible else None


def _read(one: Judged, hip: HipTruth, angle: Angle, wanted: float) -> Reading:
    found = match(one, hip)
    measured = next((m for m in found.measurements if m.measure == angle.measure), None) if found else None
    if measured is None:
        return Reading(one, hip, angle, wanted, None, None, None, _reason(found))
    value = measured.value_deg if measured.accepted else None
    offered, uncertainty, declined = measured.value_deg, measured.uncertainty_deg, measured.why_not or ""
    return Reading(one, hip, angle, wanted, value, offered, uncertainty, declined)


def _reason(found: Hip | None) -> str:
    if found is None:
        return "hip_not_found"
    return "called_native" if not found.implant else "not_asked_on_the_view_read"


def _measured_nonetheless(judged: list[Judged]) -> list[bool]:
    """Of hips with metal but no measurable rim on the film: whether any angle was accepted."""
    return [
        any(m.accepted for m in found.measurements)
        for one, hip in all_hips(judged)
        if hip.implant != "none" and (hip.cup is None or not hip.cup.visible) and (found := match(one, hip)) is not None
    ]


def strictly(found: Figures) -> str:
    """What "measurable" means, and what the shares would be of every whole rim."""
    shares = ", ".join(percent(f["measured_of_all"]["share"], 1) for f in found["angles"].values())
    return (
        "A cup is measurable where its whole rim is on the film and both ends of the rim's long axis stand out; of "
        f"every whole rim {shares} are measured. The errors are of all that is measured."
    )


def section(found: Figures) -> list[str]:
    """The page's part."""
    lines = ["## Angles", ""]
    head = [
        "angle",
        "cups",
        "measured",
        "of every whole rim",
        "MAE",
        "median",
        "95th percentile",
        "bias",
        "limits of agreement",
        f"off by > {FAR_OFF_DEG:g}",
        "detectable change",
    ]
    rows = []
    for title, f in found["angles"].items():
        limits = f"{number(f['lower_limit'], sign=True)} to {number(f['upper_limit'], sign=True)}"
        spreads = [number(f[key]) for key in ("mae", "median", "p95")]
        off = percent(f["far_off"]["share"])
        bias = number(f["bias"], sign=True)
        measured = percent(f["measured"]["share"], 1)
        change = number(f["detectable_deg"])
        of_all = percent(f["measured_of_all"]["share"], 1)
        rows.append((title, f["measured"]["of"], measured, of_all, *spreads, bias, limits, off, change))
    lines += table(head, rows)
    lines += paragraph(
        "Degrees, of what the client accepts, against the projected rim on that very film. Measured is the share of "
        "the cups that a careful reader could measure: the film shows the whole rim, and both ends of its long axis "
        f"stand out from what surrounds them by {percent(LEAST_EDGE, 0)} of the greys. The errors are of every whole "
        "rim that was measured, be its ends lost in white metal. The detectable change is what 95 % of the differences "
        "between any two of these errors stay below; the errors themselves are in "
        "[angle_errors.csv](validation/angle_errors.csv)."
    )
    lines += figure(
        "bland_altman.png",
        "Difference against mean of found and true angle; lines are the bias and the limits of agreement",
    )
    reasons = sorted({reason for counts in found["declined"].values() for reason in counts})
    if reasons:
        lines += paragraph("Why the rest was declined, in cups:")
        counts = found["declined"]
        lines += table(["angle", *reasons], [(t, *(c.get(r, 0) for r in reasons)) for t, c in counts.items()])
    none = found["unmeasurable"]
    lines += paragraph(
        f"An angle was given for {none['right']} of {none['of']} found hips with metal that show no whole rim, so "
        "that a careful reader would give none."
    )
    return lines
