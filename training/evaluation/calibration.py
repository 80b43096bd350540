"""Whether scores and stated uncertainties mean what they say."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.evaluation.angles import ANGLES, readings
from training.evaluation.judged import Judged, all_hips, match
from training.evaluation.markdown import figure, number, paragraph, percent, table
from training.evaluation.statistics import Figures, share

BINS = 15
KEPT = (0.5, 0.8, 0.9, 0.95, 1.0)  # coverages told on the page
STATED_BINS = 10


def reliability(scores: ArrayLike, hits: ArrayLike, bins: int = BINS) -> Figures:
    """Expected calibration error over bins of equal width (Guo 2017), and the bins."""
    score, hit = np.asarray(scores, float), np.asarray(hits, float)
    index = np.clip((score * bins).astype(int), 0, bins - 1)
    rows = [
        {"n": int(there.sum()), "score": float(score[there].mean()), "share": float(hit[there].mean())}
        for b in range(bins)
        if (there := index == b).any()
    ]
    ece = sum(row["n"] * abs(row["score"] - row["share"]) for row in rows) / score.size if score.size else None
    return {"n": int(score.size), "ece": ece, "bins": rows}


def risk_coverage(risks: ArrayLike, confidence: ArrayLike) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean risk of the share of cases kept, the most confident first (El-Yaniv and Wiener 2010)."""
    order = np.argsort(-np.asarray(confidence, float), kind="stable")
    risk = np.asarray(risks, float)[order]
    kept = np.arange(1, risk.size + 1)
    return kept / max(risk.size, 1), np.cumsum(risk) / kept


def at_coverage(risks: ArrayLike, confidence: ArrayLike) -> Figures:
    """The risk at each of ``KEPT``, and the mean over all coverages (area under the curve)."""
    coverage, risk = risk_coverage(risks, confidence)
    if not risk.size:
        return {"n": 0, "area": None, "risk": {}}
    at = {f"{kept:g}": float(risk[max(round(kept * risk.size) - 1, 0)]) for kept in KEPT}
    return {"n": int(coverage.size), "area": float(risk.mean()), "risk": at}


def stated(uncertainty: ArrayLike, errors: ArrayLike, bins: int = STATED_BINS) -> list[Figures]:
    """Bins of equally many readings by stated half-width: what is stated, and the 95th percentile that came out."""
    half, size = np.asarray(uncertainty, float), np.abs(np.asarray(errors, float))
    order = np.argsort(half, kind="stable")
    return [
        {
            "n": int(part.size),
            "stated": float(half[part].mean()),
            "p95": float(np.percentile(size[part], 95)),
            "covered": share(size[part] <= half[part]),
        }
        for part in np.array_split(order, bins)
        if part.size
    ]


def view_cases(judged: list[Judged]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """View scores, and whether the view was right."""
    right = [one.findings.view == one.truth.view for one in judged]
    return np.array([one.findings.view_score for one in judged], float), np.array(right, bool)


def hip_cases(judged: list[Judged]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Of found hips: the score for an implant, and whether there is one."""
    pairs = [(m.implant_score, h.implant != "none") for one, h in all_hips(judged) if (m := match(one, h)) is not None]
    return np.array([p[0] for p in pairs], float), np.array([p[1] for p in pairs], bool)


def cup_cases(judged: list[Judged]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Of found hips that were called implanted: the score for a cup, and whether a whole one shows."""
    pairs = [
        (m.cup_score, h.cup is not None and h.cup.visible)
        for one, h in all_hips(judged)
        if (m := match(one, h)) is not None and m.implant
    ]
    return np.array([p[0] for p in pairs], float), np.array([p[1] for p in pairs], bool)


@dataclass(frozen=True, slots=True)
class Stated:
    """An angle that the models offered, accepted or not, and what they say of its error."""

    title: str
    error_deg: float
    half_width_deg: float


def stated_cases(judged: list[Judged]) -> list[Stated]:
    """Every offered angle with its stated uncertainty."""
    return [
        Stated(r.angle.title, r.offered_deg - r.wanted_deg, r.uncertainty_deg)
        for r in readings(judged)
        if r.offered_deg is not None and r.uncertainty_deg is not None
    ]


def figures(judged: list[Judged]) -> Figures:
    """Calibration of the three scores, risk against coverage, and the angles' stated uncertainty."""
    scores, right = view_cases(judged)
    read = stated_cases(judged)
    half, error = [r.half_width_deg for r in read], [r.error_deg for r in read]
    return {
        "view": reliability(scores, right),
        "implant": reliability(*hip_cases(judged)),
        "cup": reliability(*cup_cases(judged)),
        "risk_view": at_coverage(~right, scores),
        "risk_angle": at_coverage(np.abs(error), -np.array(half)),
        "stated": stated(half, error),
        "covered": {
            a.title: share([abs(r.error_deg) <= r.half_width_deg for r in read if r.title == a.title]) for a in ANGLES
        },
    }


def section(found: Figures) -> list[str]:
    """The page's part."""
    lines = ["## Calibration", ""]
    titles = {"view": "view", "implant": "implant or none", "cup": "cup, whole rim on the film"}
    rows = [(title, found[key]["n"], percent(found[key]["ece"])) for key, title in titles.items()]
    lines += table(["score", "cases", "expected calibration error"], rows)
    lines += figure("reliability.png", "Share that is right against score, for view, implant and cup")
    lines += paragraph("What remains wrong when the least certain part goes to a person:")
    kept = [f"{share_kept:g}" for share_kept in KEPT]
    rows = [("views wrong", *(percent(found["risk_view"]["risk"].get(k)) for k in kept))]
    if found["stated"]:
        rows.append(("angles, MAE in deg", *(number(found["risk_angle"]["risk"].get(k)) for k in kept)))
    lines += table(["kept", *(percent(k, 0) for k in KEPT)], rows)
    lines += figure("risk_coverage.png", "Error of what is kept against the share kept")
    return lines + (_stated_section(found) if found["stated"] else [])


def _stated_section(found: Figures) -> list[str]:
    lines = paragraph(
        "Each angle comes with the half-width of an interval that should hold 95 % of errors. All that the models "
        "offer, also what the client declines as too uncertain, in tenths by what is stated:"
    )
    rows = [(b["n"], number(b["stated"]), number(b["p95"]), percent(b["covered"]["share"], 1)) for b in found["stated"]]
    lines += table(["readings", "stated half-width", "95th percentile of errors", "inside"], rows)
    lines += figure("uncertainty.png", "95th percentile of errors against stated half-width")
    rows = [
        (t, c["of"], percent(c["share"], 1), f"{percent(c['low'], 1)} to {percent(c['high'], 1)}")
        for t, c in found["covered"].items()
        if c["of"]
    ]
    return lines + table(["angle", "readings", "inside their interval", "95 % interval"], rows)
