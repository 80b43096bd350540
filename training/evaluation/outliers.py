"""Whether the outlier score tells strange films, and whether answers are worse where it is high."""

import numpy as np

from ingest.records import View
from training.evaluation.judged import Judged, families
from training.evaluation.markdown import figure, number, paragraph, percent, table
from training.evaluation.review import faults
from training.evaluation.statistics import Figures, auc, share

TENTHS = 10


def scores(judged: list[Judged]) -> np.ndarray:
    """The outlier score of each film."""
    return np.array([one.findings.outlier_score for one in judged], float)


def figures(usual: list[Judged], shifted: list[Judged]) -> Figures:
    """AUC of strange against usual films and of films of no hip against films of hips; faults by tenth of the score."""
    score = scores(usual)
    other = np.array([one.truth.view == View.OTHER for one in usual], bool)
    strange = scores(shifted)
    names = sorted({name for one in shifted for name in families(one)})
    by_family = {name: auc(strange[[name in families(one) for one in shifted]], score) for name in names}
    return {
        "shifted": auc(strange, score),
        "other": auc(score[other], score[~other]),
        "by_family": by_family,
        "above_one": {"usual": share(score > 1), "shifted": share(strange > 1)},
        "tenths": tenths(np.concatenate([score, strange]), [*usual, *shifted], len(usual)),
    }


def tenths(score: np.ndarray, judged: list[Judged], usual: int) -> list[Figures]:
    """Films in tenths by score: how many are faulty, silently faulty, and strange (behind the first ``usual``)."""
    order = np.argsort(score, kind="stable")
    rows = []
    for part in np.array_split(order, TENTHS):
        if not part.size:
            continue
        wrong = [bool(faults(judged[index])) for index in part]
        silent = [w and not judged[index].findings.review for w, index in zip(wrong, part, strict=True)]
        row = {"low": float(score[part[0]]), "high": float(score[part[-1]]), "faulty": share(wrong)}
        rows.append({**row, "silent": share(silent), "shifted": share(part >= usual)})
    return rows


def section(found: Figures) -> list[str]:
    """The page's part."""
    lines = ["## Unusual films", ""]
    rows = [("films of no hip, among the usual", number(found["other"], 3))]
    if found["shifted"] is not None:
        rows = [("shifted films, all", number(found["shifted"], 3)), *rows]
        rows += [(f"shifted films: {name}", number(value, 3)) for name, value in found["by_family"].items()]
    lines += paragraph("How well the outlier score tells them from the rest (area under the ROC curve):")
    lines += table(["strange films", "AUC"], rows)
    above = [(name, percent(f["share"], 1)) for name, f in found["above_one"].items() if f["of"]]
    lines += table(["set", "above one"], above)
    lines += figure("outliers.png", "ROC curves of the outlier score, and faults by tenth of the score")
    lines += paragraph("Faults by tenth of the outlier score, usual and shifted films together:")
    rows = [
        (
            f"{number(row['low'])} to {number(row['high'])}",
            row["faulty"]["of"],
            percent(row["shifted"]["share"], 0),
            percent(row["faulty"]["share"], 1),
            percent(row["silent"]["share"], 1),
        )
        for row in found["tenths"]
    ]
    return lines + table(["outlier score", "films", "of these, shifted", "faulty", "silently faulty"], rows)
