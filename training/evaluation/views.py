"""The view: every film's, in the registry's six classes and in the paper's categories."""

import numpy as np

from ingest.records import View
from training.evaluation.judged import Judged
from training.evaluation.markdown import NOTHING, interval, paragraph, percent, share_cells, table
from training.evaluation.statistics import Figures, bootstrap_f1, f1_scores, share, wilson

VIEWS = tuple(view.value for view in View)
LATERAL = "lateral_hip"
PAPER_VIEWS = ("ap_pelvis", "ap_hip", LATERAL, "oblique_hip", "other")
ROLLED_UP = {View.CROSS_TABLE_LATERAL: LATERAL, View.FROG_LEG_LATERAL: LATERAL}


def figures(judged: list[Judged]) -> Figures:
    """Accuracy, precision, recall and F1 with intervals, confusion counts; also with the laterals as one."""
    truth, said = [one.truth.view for one in judged], [one.findings.view.value for one in judged]
    person = np.array([one.truth.person for one in judged], np.int64)
    rolled = [[str(ROLLED_UP.get(View(view), view)) for view in views] for views in (truth, said)]
    return {"six": _compared(truth, said, person, VIEWS), "paper": _compared(*rolled, person, PAPER_VIEWS)}


def _compared(truth: list[str], said: list[str], person: np.ndarray, names: tuple[str, ...]) -> Figures:
    true_index, said_index = (np.array([names.index(v) for v in views], np.intp) for views in (truth, said))
    confusion = np.zeros((len(names), len(names)), int)
    np.add.at(confusion, (true_index, said_index), 1)
    scores, drawn = f1_scores(confusion), bootstrap_f1(true_index, said_index, person, len(names))
    shown = confusion.sum(1) > 0
    macro = {"value": float(scores[shown].mean()), "low": drawn["macro"][0], "high": drawn["macro"][1]}
    rows = {}
    for index, name in enumerate(names):
        if not shown[index]:
            continue
        rows[name] = {
            "films": int(confusion[index].sum()),
            "precision": _share(confusion[index, index], confusion[:, index].sum()),
            "recall": _share(confusion[index, index], confusion[index].sum()),
            "f1": float(scores[index]),
            "f1_interval": drawn["classes"][index],
        }
    accuracy = share(true_index == said_index)
    macros = {
        name: float(np.mean([row[name]["share"] or 0.0 for row in rows.values()])) for name in ("precision", "recall")
    }
    return {"accuracy": accuracy, "macro_f1": macro, **macros, "views": rows, "confusion": confusion.tolist()}


def _share(hits: int, n: int) -> Figures:
    if not n:
        return {"right": 0, "of": 0, "share": None, "low": None, "high": None}
    return {
        "right": int(hits),
        "of": int(n),
        **dict(zip(("share", "low", "high"), wilson(int(hits), int(n)), strict=True)),
    }


def section(found: Figures) -> list[str]:
    """The page's part."""
    six, paper = found["six"], found["paper"]
    lines = ["## Views", ""]
    lines += table(
        ["question", "right", "of", "share", "95 % interval"],
        [
            ("view", *share_cells(six["accuracy"])),
            ("view, the two laterals as one", *share_cells(paper["accuracy"])),
        ],
    )
    lines += paragraph(
        f"Macro F1 is {percent(six['macro_f1']['value'])} ({percent(six['macro_f1']['low'])} to "
        f"{percent(six['macro_f1']['high'])}); with the cross-table and frog-leg laterals as one category, as the "
        f"paper counts, {percent(paper['macro_f1']['value'])} ({percent(paper['macro_f1']['low'])} to "
        f"{percent(paper['macro_f1']['high'])})."
    )
    lines += paragraph(
        "Intervals of shares are Wilson's; those of F1 come from drawing persons with all their films again."
    )
    lines += _classes(six)
    lines += paragraph("What was said (columns) of films that truly are (rows):")
    lines += _confusion(six, VIEWS)
    lines += paragraph("In the paper's four categories, with films of none of them as a fifth:")
    return lines + _classes(paper)


def _classes(found: Figures) -> list[str]:
    head = ["view", "films", "precision", "95 % interval", "recall", "95 % interval", "F1", "95 % interval"]
    rows = []
    for name, row in found["views"].items():
        shares = [cell for key in ("precision", "recall") for cell in (percent(row[key]["share"]), interval(row[key]))]
        low_high = NOTHING if row["f1_interval"] is None else " to ".join(percent(v) for v in row["f1_interval"])
        rows.append((name, row["films"], *shares, percent(row["f1"]), low_high))
    return table(head, rows)


def _confusion(found: Figures, names: tuple[str, ...]) -> list[str]:
    rows = [(name, *counts) for name, counts in zip(names, found["confusion"], strict=True) if sum(counts)]
    return table(["", *names], rows)
