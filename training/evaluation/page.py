"""docs/validation.md: put together from figures, with no number of its own."""

from dataclasses import dataclass
from pathlib import Path

from training.evaluation import (
    angles,
    calibration,
    detection,
    failures,
    hips,
    measures,
    outliers,
    published,
    review,
    strata,
    surroundings,
    views,
)
from training.evaluation.bars import bars, bars_table, verdict
from training.evaluation.markdown import figure, number, paragraph, table
from training.evaluation.statistics import Figures


@dataclass(frozen=True, slots=True)
class About:
    """How the figures came to be."""

    command: str
    model_version: str
    films: str  # where they come from, a sentence
    fresh: str  # the same of the fresh films; empty where there are none
    shifted: str  # and of the shifted films
    cores: int


def page(figures: Figures, about: About) -> str:
    """The whole page as Markdown."""
    usual, shifted, families = figures["usual"], figures["shifted"], figures["families"]
    fresh = figures["fresh"]
    lines = _opening(usual, fresh, shifted, about)
    beside = {"fresh": bars(fresh)} if fresh else {}
    lines += ["## The bars", "", *bars_table(bars(usual), beside)]
    lines += paragraph(
        f"{verdict({'usual': bars(usual)} | beside)}. "
        "Intervals are of 95 %; a bar is met or missed by the value itself. "
        f"{hips.strictly(usual['hips'])} {angles.strictly(usual['angles'])}"
    )
    if shifted:
        lines += measures.section(usual, shifted, families)
    lines += views.section(usual["views"]) + hips.section(usual["hips"]) + detection.section(usual["detection"])
    lines += angles.section(usual["angles"]) + strata.section(usual["strata"])
    lines += calibration.section(usual["calibration"]) + outliers.section(figures["outliers"])
    lines += review.refusal_section(usual["review"]) + review.section(usual["review"])
    lines += surroundings.section(usual["surroundings"])
    lines += _pace(figures["pace"], about) + published.section(usual, shifted)
    lines += _worst(shifted)
    lines += ["## Where it still fails", "", *failures.sentences(usual, shifted, families), ""]
    lines += paragraph("These lines are drawn from the figures above, so they name what was measured and nothing else.")
    return "\n".join(lines).rstrip() + "\n"


def _opening(usual: Figures, fresh: Figures | None, shifted: Figures | None, about: About) -> list[str]:
    lines = ["# Validation", ""]
    lines += paragraph("**On simulated films only.** Nothing here says how the models do on patients' films.")
    lines += paragraph(f"{usual['films']} films of {usual['people']} people. {about.films}")
    if fresh:
        lines += paragraph(
            f"Then {fresh['films']} fresh films of {fresh['people']} further people. {about.fresh} By the usual films "
            "models, rules and thresholds were judged while they were chosen; by the fresh ones nothing was chosen, so "
            "they tell how far that flatters."
        )
    if shifted:
        lines += paragraph(
            f"Beside them {shifted['films']} shifted films of {shifted['people']} people. {about.shifted}"
        )
    lines += paragraph(
        "The answers come from the exported ensemble through the embedded Triton, as users run it, judged by the "
        "client's own rules (`ingest/findings.py`, `ingest/cup.py`), with no DICOM tag to help. What counts as true is "
        "what a film can tell ([decision 6](decisions/0006-what-a-film-can-tell.md)). "
        f"Models: `{about.model_version}`. "
        "The whole page, its figures and [figures.json](validation/figures.json) are written by one command:"
    )
    return [*lines, f"    {about.command}", ""]


def _pace(pace: Figures, about: About) -> list[str]:
    lines = ["## Time", ""]
    if not pace["films"]:
        return lines + paragraph("Not measured.")
    head = ["films asked", "in flight", "films a second", "wait for a film, median", "95th percentile"]
    waits = [f"{number(pace[name])} s" for name in ("median_s", "p95_s")]
    lines += table(head, [(pace["films"], pace["in_flight"], number(pace["films_per_second"]), *waits)])
    return lines + paragraph(
        f"Models alone, over gRPC, on a machine with {about.cores} cores, no GPU in use, shared with whatever else "
        "ran on it; reading the files and landing the rows come on top."
    )


def _worst(shifted: Figures | None) -> list[str]:
    lines = ["## The worst films", ""]
    lines += paragraph(
        "The surest of the wrong views, sides and implants, then the largest errors of accepted angles. Boxes are the "
        "hips that were found."
    )
    lines += figure("worst.jpg", "The worst usual films with what is true and what was said")
    if shifted:
        lines += paragraph("The same of the shifted films:")
        lines += figure("worst_shifted.jpg", "The worst shifted films with what is true and what was said")
    return lines


def write(folder: Path, figures: Figures, about: About) -> Path:
    """The page into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "validation.md"
    path.write_text(page(figures, about))
    return path
