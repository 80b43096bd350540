"""What the project asks of its models before it calls them good, and whether these are."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from training.evaluation.angles import ALL_VERSIONS
from training.evaluation.judged import FAR_OFF_DEG
from training.evaluation.markdown import NOTHING, interval, number, percent, table
from training.evaluation.statistics import Figures

LEAST_RIGHT = 0.995  # view, side, implant
LEAST_MEASURED = 0.97
MOST_MAE_DEG = 1.0
MOST_P95_DEG = 2.5
MOST_FAR_OFF = 0.005


@dataclass(frozen=True, slots=True)
class Bar:
    """One demand and what was measured; ``met`` is None where there was nothing to measure."""

    what: str
    asked: str
    measured: str
    met: bool | None


def bars(figures: Figures) -> list[Bar]:
    """All bars of one set's figures, as ``measures.measure`` gives them."""
    view, hips = figures["views"]["six"], figures["hips"]
    f1 = {"share": view["macro_f1"]["value"], "low": view["macro_f1"]["low"], "high": view["macro_f1"]["high"]}
    found = [
        _least("view", view["accuracy"], LEAST_RIGHT),
        _least("view, macro F1", f1, LEAST_RIGHT),
        _least("side, where the film shows it", hips["side"], LEAST_RIGHT),
        _least("implant or none", hips["implant"], LEAST_RIGHT),
    ]
    angles = figures["angles"]["angles"] | {ALL_VERSIONS: figures["angles"]["versions"]}
    for title, of_angle in angles.items():
        found += [
            _most(f"{title}: mean absolute error", of_angle["mae"], MOST_MAE_DEG),
            _most(f"{title}: 95th percentile", of_angle["p95"], MOST_P95_DEG),
            _least(f"{title}: measured, of measurable cups", of_angle["measured"], LEAST_MEASURED),
            _rarely(f"{title}: off by more than {FAR_OFF_DEG:g} deg", of_angle["far_off"]),
        ]
    return found


def read(path: Path, films: str = "usual") -> list[Bar]:
    """The bars of a set ("usual", "shifted") in a figures.json."""
    return bars(json.loads(path.read_text())[films])


def bars_table(found: list[Bar], others: Mapping[str, list[Bar]] | None = None) -> list[str]:
    """As Markdown: what, bar, measured, met or missed; and the same of ``others``, films by their name."""
    met = {True: "yes", False: "**no**", None: NOTHING}
    others = others or {}
    rows = zip(found, *others.values(), strict=True)
    return table(
        ["what", "bar", "measured", "met?", *(f"on {name} films" for name in others)],
        [(bar.what, bar.asked, bar.measured, met[bar.met], *map(_beside, rest)) for bar, *rest in rows],
    )


def verdict(found: Mapping[str, list[Bar]]) -> str:
    """How many of the bars each set of films meets, in words."""
    met = {name: sum(bar.met is True for bar in of_set) for name, of_set in found.items()}
    (first, most), *others = met.items()
    rest = "".join(f", {number} on the {name} ones" for name, number in others)
    return f"Of {len(found[first])} bars {most} are met on the {first} films{rest}"


def _beside(bar: Bar) -> str:
    return f"{bar.measured}, **missed**" if bar.met is False else bar.measured


def _least(what: str, found: Figures, bar: float) -> Bar:
    return _share(what, found, f"at least {percent(bar, 1)}", lambda value: value >= bar)


def _rarely(what: str, found: Figures) -> Bar:
    return _share(what, found, f"under {percent(MOST_FAR_OFF, 1)}", lambda value: value < MOST_FAR_OFF)


def _share(what: str, found: Figures, asked: str, enough: Callable[[float], bool]) -> Bar:
    if found["share"] is None:
        return Bar(what, asked, NOTHING, None)
    return Bar(what, asked, f"{percent(found['share'])} ({interval(found)})", enough(found["share"]))


def _most(what: str, value: float | None, bar: float) -> Bar:
    asked = f"at most {number(bar, 1)} deg"
    return Bar(what, asked, NOTHING, None) if value is None else Bar(what, asked, f"{number(value)} deg", value <= bar)
