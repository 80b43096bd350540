"""Where angles are good and where they are not: the same figures by what varies between films."""

from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise

from training.evaluation.angles import Reading, readings, summary
from training.evaluation.judged import FAR_OFF_DEG, Judged
from training.evaluation.markdown import number, paragraph, percent, table
from training.evaluation.statistics import Figures

Groups = Callable[[Reading], Iterable[str]]


def band(value: float, edges: Sequence[float]) -> str:
    """The name of the band of ``value``; a band holds its lower edge."""
    if value < edges[0]:
        return f"under {edges[0]:g}"
    for low, high in pairwise(edges):
        if value < high:
            return f"{low:g} to {high:g}"
    return f"{edges[-1]:g} and over"


def bands(edges: Sequence[float]) -> list[str]:
    """All bands in order."""
    return [band(edges[0] - 1, edges), *(band(edge, edges) for edge in edges)]


def _banded(value: Callable[[Reading], float], edges: Sequence[float]) -> tuple[Groups, list[str]]:
    return lambda reading: [band(value(reading), edges)], bands(edges)


def _parts(prefix: str) -> tuple[Groups, list[str]]:
    return lambda r: [p.removeprefix(prefix) for p in r.hip.parts if p.startswith(prefix)] or ["none"], []


def _copy(reading: Reading) -> list[str]:
    truth = reading.one.truth
    return [name for name, is_so in (("turned", truth.turned_deg), ("mirrored", truth.mirrored)) if is_so] or [
        "neither"
    ]


FACTORS: dict[
    str, tuple[Groups, list[str]]
] = {  # what varies -> groups of a reading, and their order where they have one
    "anteversion of the cup, deg": _banded(lambda r: r.hip.cup.radiographic_anteversion_deg, (0, 10, 20, 30)),
    "tilt of the pelvis, deg": _banded(lambda r: r.one.truth.pelvic_tilt_deg, (0, 10, 20)),
    "fat over the trunk, mm": _banded(lambda r: r.one.truth.fat_mm, (15, 30, 50)),
    "signal to noise": _banded(lambda r: r.one.truth.signal_to_noise, (30, 60, 100)),
    "implant": (lambda r: [r.hip.implant], []),
    "cup": _parts("cup:"),
    "stem": _parts("stem:"),
    "head": _parts("head:"),
    "loosening": _banded(lambda r: r.hip.loosening, (0.01, 0.5)),
    "disease before": (lambda r: [r.hip.condition.split(":")[0]], []),
    "copy": (_copy, []),
}


def figures(judged: list[Judged]) -> Figures:
    """By factor and group, all angles together and each measure by itself."""
    read = readings(judged)
    return {name: _stratified(read, groups, order) for name, (groups, order) in FACTORS.items()}


def _stratified(read: list[Reading], groups: Groups, order: list[str]) -> list[Figures]:
    members: dict[str, list[Reading]] = {name: [] for name in order}
    for reading in read:
        for name in groups(reading):
            members.setdefault(name, []).append(reading)
    names = order or sorted(members)
    return [{"group": name, **_figures(members[name])} for name in names if members[name]]


def _figures(read: list[Reading]) -> Figures:
    measures = {
        measure: summary([r for r in read if r.angle.measure == measure]) for measure in ("inclination", "version")
    }
    return {"all": summary(read), **measures}


def section(found: Figures) -> list[str]:
    """The page's part."""
    lines = ["### Angles by what varies", ""]
    lines += paragraph("All four angles together; MAE and 95th percentile in degrees.")
    head = [
        "group",
        "angles",
        "measured",
        "MAE",
        "95th percentile",
        f"off by > {FAR_OFF_DEG:g}",
        "MAE inclination",
        "MAE version",
    ]
    for name, rows in found.items():
        cells = [
            (
                row["group"],
                row["all"]["measured"]["of"],
                percent(row["all"]["measured"]["share"], 1),
                number(row["all"]["mae"]),
                number(row["all"]["p95"]),
                percent(row["all"]["far_off"]["share"], 1),
                number(row["inclination"]["mae"]),
                number(row["version"]["mae"]),
            )
            for row in rows
        ]
        lines += table([name, *head[1:]], cells)
    return lines
