"""Tables and numbers as the page writes them."""

from collections.abc import Iterable, Sequence
from typing import Any

from training.evaluation.statistics import Figures

NOTHING = "-"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A Markdown table and the empty line after it."""
    lines = [f"| {' | '.join(head)} |", "|" + "---|" * len(head)]
    return [*lines, *(f"| {' | '.join(map(str, row))} |" for row in rows), ""]


def percent(value: float | None, digits: int = 2) -> str:
    """A share in percent."""
    return NOTHING if value is None else f"{value:.{digits}%}".replace("%", " %")


def number(value: float | None, digits: int = 2, *, sign: bool = False) -> str:
    """A number, with its sign where asked for."""
    if value is None:
        return NOTHING
    return f"{value:+.{digits}f}" if sign else f"{value:.{digits}f}"


def interval(figures: Figures) -> str:
    """The 95 % interval of a share."""
    return NOTHING if figures["low"] is None else f"{percent(figures['low'])} to {percent(figures['high'])}"


def share_cells(figures: Figures) -> tuple[Any, ...]:
    """Right, of, share, interval: the last four columns of many tables."""
    return figures["right"], figures["of"], percent(figures["share"]), interval(figures)


def paragraph(text: str) -> list[str]:
    """Prose and the empty line after it."""
    return [text, ""]


def figure(name: str, says: str) -> list[str]:
    """A picture of the page's folder."""
    return [f"![{says}](validation/{name})", ""]
