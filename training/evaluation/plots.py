"""The page's figures, in colours that colour-blind readers tell apart (Okabe and Ito 2008)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from training.evaluation import outliers
from training.evaluation.angles import ANGLES, Reading, readings
from training.evaluation.calibration import (
    cup_cases,
    hip_cases,
    reliability,
    risk_coverage,
    stated,
    stated_cases,
    view_cases,
)
from training.evaluation.judged import Judged
from training.evaluation.statistics import Figures, limits_of_agreement, roc

BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#777777"
DPI = 110


def draw(folder: Path, usual: list[Judged], shifted: list[Judged], families: Figures) -> None:
    """Every figure, as PNG, into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    bland_altman(folder / "bland_altman.png", readings(usual))
    reliability_diagrams(folder / "reliability.png", usual)
    risk_curves(folder / "risk_coverage.png", usual, shifted)
    if stated_cases(usual):
        uncertainties(folder / "uncertainty.png", usual, shifted)
    outlier_curves(folder / "outliers.png", usual, shifted)
    if families:
        family_bars(folder / "families.png", families)


@contextmanager
def _panels(path: Path, rows: int, columns: int, size: tuple[float, float]) -> Iterator[list[Axes]]:
    picture = Figure(figsize=size, layout="constrained")
    axes = picture.subplots(rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(visible=True, color="#dddddd", linewidth=0.5)
        axis.set_axisbelow(True)
    yield list(axes.flat)
    picture.savefig(path, dpi=DPI)


def bland_altman(path: Path, read: list[Reading]) -> None:
    """Difference against mean; the solid line is the bias, the broken ones the limits of agreement."""
    with _panels(path, 2, 2, (9, 6.5)) as axes:
        for axis, angle in zip(axes, ANGLES, strict=True):
            measured = [r for r in read if r.angle is angle and r.value_deg is not None]
            axis.set(title=angle.title, xlabel="mean of found and true, deg", ylabel="found - true, deg")
            if not measured:
                continue
            found, true = (np.array([getattr(r, name) for r in measured]) for name in ("value_deg", "wanted_deg"))
            axis.plot((found + true) / 2, found - true, ".", color=BLUE, markersize=4, alpha=0.5)
            axis.axhline((found - true).mean(), color=ORANGE, linewidth=1.5)
            for limit in limits_of_agreement(found - true):
                axis.axhline(limit, color=ORANGE, linewidth=1.2, linestyle="--")


def reliability_diagrams(path: Path, judged: list[Judged]) -> None:
    """Share right against score; a dot's area grows with its cases."""
    cases = {"view": view_cases(judged), "implant or none": hip_cases(judged), "cup, whole rim": cup_cases(judged)}
    with _panels(path, 1, 3, (10.5, 3.6)) as axes:
        for axis, (title, (scores, hits)) in zip(axes, cases.items(), strict=True):
            found = reliability(scores, hits)
            axis.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
            x, y, n = (np.array([row[key] for row in found["bins"]], float) for key in ("score", "share", "n"))
            axis.plot(x, y, color=BLUE, linewidth=1)
            axis.scatter(x, y, s=15 + 120 * n / max(found["n"], 1), color=BLUE)
            ece = "" if found["ece"] is None else f", ECE {100 * found['ece']:.1f} %"
            axis.set(title=f"{title}{ece}", xlabel="score", ylabel="share", xlim=(-0.03, 1.03), ylim=(-0.03, 1.03))


def risk_curves(path: Path, usual: list[Judged], shifted: list[Judged]) -> None:
    """What is wrong among the share that is kept, the surest first."""
    with _panels(path, 1, 2, (9, 3.8)) as axes:
        axes[0].set(title="view, by view score", xlabel="share of films kept", ylabel="wrong among the kept, %")
        axes[1].set(title="angles, by stated uncertainty", xlabel="share of angles kept", ylabel="MAE of the kept, deg")
        for name, judged, colour in (("usual", usual, BLUE), ("shifted", shifted, ORANGE)):
            if not judged:
                continue
            scores, right = view_cases(judged)
            coverage, risk = risk_coverage(~right, scores)
            axes[0].plot(coverage, 100 * risk, color=colour, label=name)
            read = stated_cases(judged)
            size, half = np.abs([r.error_deg for r in read]), np.array([r.half_width_deg for r in read])
            axes[1].plot(*risk_coverage(size, -half), color=colour, label=name)
        axes[0].legend()


def uncertainties(path: Path, usual: list[Judged], shifted: list[Judged]) -> None:
    """The 95th percentile that came out against the half-width that was stated."""
    with _panels(path, 1, 1, (5, 4.5)) as (axis,):
        top = 1.0
        for name, judged, colour, mark in (("usual", usual, BLUE, "o"), ("shifted", shifted, ORANGE, "s")):
            read = stated_cases(judged)
            rows = stated([r.half_width_deg for r in read], [r.error_deg for r in read])
            x, y = [row["stated"] for row in rows], [row["p95"] for row in rows]
            axis.plot(x, y, f"{mark}-", color=colour, label=name)
            top = max([top, *x, *y])
        axis.plot([0, top], [0, top], color=GREY, linestyle="--", linewidth=1, label="as stated")
        axis.set(xlabel="stated half-width, deg", ylabel="95th percentile of errors, deg", title="angles, in tenths")
        axis.legend()


def outlier_curves(path: Path, usual: list[Judged], shifted: list[Judged]) -> None:
    """How the outlier score tells strange films, and how faults go with it."""
    score, strange = outliers.scores(usual), outliers.scores(shifted)
    other = np.array([one.truth.view == "other" for one in usual], bool)
    with _panels(path, 1, 2, (9, 3.8)) as axes:
        axes[0].plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle="--")
        if len(strange):
            axes[0].plot(*roc(strange, score), color=ORANGE, label="shifted")
        if other.any() and not other.all():
            axes[0].plot(*roc(score[other], score[~other]), color=BLUE, label="no hip")
        axes[0].set(title="outlier score", xlabel="usual films flagged, share", ylabel="strange films flagged, share")
        axes[0].legend(loc="lower right")
        both = [*usual, *shifted]
        rows = outliers.tenths(np.concatenate([score, strange]), both, len(usual))
        x = np.arange(1, len(rows) + 1)
        axes[1].bar(x - 0.2, [100 * row["faulty"]["share"] for row in rows], 0.4, color=BLUE, label="faulty")
        axes[1].bar(x + 0.2, [100 * row["silent"]["share"] for row in rows], 0.4, color=ORANGE, label="silently faulty")
        axes[1].set(title="faults by tenth of the score", xlabel="tenth, strangest last", ylabel="films, %", xticks=x)
        axes[1].legend()


def family_bars(path: Path, families: Figures) -> None:
    """View and implant right in each family, with Wilson's intervals."""
    with _panels(path, 1, 1, (8, 4)) as (axis,):
        x = np.arange(len(families))
        kinds = (
            ("view", ("views", "six", "accuracy"), BLUE, -0.12, "o"),
            ("implant", ("hips", "implant"), ORANGE, 0.12, "s"),
        )
        for name, keys, colour, aside, mark in kinds:
            rows = []
            for found in families.values():
                value = found
                for key in keys:
                    value = value[key]
                rows.append([np.nan if value[k] is None else 100 * value[k] for k in ("share", "low", "high")])
            middle, low, high = np.array(rows).T
            bars = np.clip([middle - low, high - middle], 0, None)
            axis.errorbar(x + aside, middle, bars, fmt=mark, color=colour, label=name, capsize=3)
        axis.set(xticks=x, xticklabels=list(families), ylabel="right, %", title="shifted films, by what is strange")
        axis.legend()
