"""The worst films on one sheet: what each shows, what is true and what was said."""

from collections.abc import Callable
from pathlib import Path
from textwrap import fill

from matplotlib.figure import Figure

from training.evaluation.angles import readings
from training.evaluation.hips import side_right
from training.evaluation.judged import Judged, clear_hips, families, implant_right, match, tells_side

SHOWN = 20
COLUMNS = 5
LEAST_OF_ANGLES = 8  # places kept for angles, where there are so many
CAPTION = 42  # letters a line
RED = "#D55E00"


def certainty_of_fault(one: Judged) -> float:
    """How sure the models were of the surest wrong view, side or implant; 0 where all three are right."""
    sure = [0.0]
    if one.findings.view != one.truth.view:
        sure.append(one.findings.view_score)
    if tells_side(one) and not side_right(one):
        sure.append(max((hip.score for hip in one.findings.hips), default=0.0))
    for _, hip in clear_hips([one]):
        found = match(one, hip)
        if not implant_right(one, hip):
            sure.append(1 - one.raw.detections[:4, 4].max() if found is None else abs(2 * found.implant_score - 1))
    return float(max(sure))


def largest_error(one: Judged) -> float:
    """Of the accepted angles, degrees."""
    return max((abs(r.error_deg) for r in readings([one]) if r.error_deg is not None), default=0.0)


def worst(judged: list[Judged]) -> list[Judged]:
    """The surest faults, then the largest errors of accepted angles."""
    faulty = _ranked(judged, certainty_of_fault)
    off = [one for one in _ranked(judged, largest_error) if certainty_of_fault(one) == 0]
    kept = faulty[: max(SHOWN - LEAST_OF_ANGLES, SHOWN - len(off))]
    return [*kept, *off[: SHOWN - len(kept)]]


def _ranked(judged: list[Judged], key: Callable[[Judged], float]) -> list[Judged]:
    return sorted((one for one in judged if key(one) > 0), key=key, reverse=True)


def draw(path: Path, judged: list[Judged]) -> None:
    """The sheet, as JPEG."""
    chosen = worst(judged)
    rows = max(-(-len(chosen) // COLUMNS), 1)
    sheet = Figure(figsize=(13, 3.3 * rows), layout="constrained")
    axes = sheet.subplots(rows, COLUMNS, squeeze=False)
    for axis in axes.flat:
        axis.set_axis_off()
    for axis, one in zip(axes.flat, chosen, strict=False):
        axis.imshow(one.canvas[::2, ::2], cmap="gray", vmin=0, vmax=255)
        axis.set_title(caption(one), fontsize=6.5, loc="left", family="monospace", color="black")
        x0, x1 = axis.get_xlim()
        for hip in one.findings.hips:
            left, top, right, bottom = (value / 2 for value in hip.box)
            axis.plot([left, right, right, left, left], [top, top, bottom, bottom, top], color=RED, linewidth=0.8)
        axis.set_xlim(x0, x1)
    sheet.savefig(path, dpi=90, pil_kwargs={"quality": 72})


def caption(one: Judged) -> str:
    """What is true, what was said, and how far off the worst angle is."""
    true = [one.truth.view, one.truth.side, *(f"{hip.side[0].upper()} {hip.implant}" for hip in one.truth.hips)]
    said = [one.findings.view, one.findings.side]
    said += [f"{hip.side[0].upper()} {'implant' if hip.implant else 'none'}" for hip in one.findings.hips]
    flag = "flagged" if one.findings.review else "no flag"
    lines = [f"true {', '.join(true)}", f"said {', '.join(said)}", f"     score {one.findings.view_score:.2f}, {flag}"]
    if families(one):
        lines.append(f"shifted: {', '.join(families(one))}")
    read = [r for r in readings([one]) if r.error_deg is not None]
    if read:
        far = max(read, key=lambda r: abs(r.error_deg))
        lines.append(f"{far.angle.measure} off by {far.error_deg:+.1f} deg")
    return "\n".join(fill(line, CAPTION, subsequent_indent="     ") for line in lines)
