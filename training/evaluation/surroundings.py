"""What else is on a film, and what it costs: the film as a whole by what varies between films."""

from collections.abc import Callable, Iterable

from training.evaluation.judged import SHIFT, Judged
from training.evaluation.markdown import interval, paragraph, percent, table
from training.evaluation.review import faults, is_refused
from training.evaluation.statistics import Figures, share
from training.evaluation.strata import band

ENOUGH = 20  # films, of things that lie on them
WORST = 15  # things on the page; all are in figures.json
Groups = Callable[[Judged], Iterable[str]]

FACTORS: dict[str, Groups] = {
    "fat over the trunk, mm": lambda one: [band(one.truth.fat_mm, (15, 30, 50))],
    "signal to noise": lambda one: [band(one.truth.signal_to_noise, (30, 60, 100))],
    "long edge of the film, pixels": lambda one: [band(max(one.truth.width, one.truth.height), (500, 700))],
    "turn of the pelvis under the beam, deg": lambda one: _turn(one.truth.pelvis_turn_deg),
    "also on the film": lambda one: [name for name in one.truth.shows if not name.startswith(SHIFT)] or ["nothing"],
}


def _turn(deg: float | None) -> list[str]:
    """Its band; AP films are turned by less than 24 degrees, obliques by more, and no cross-table lateral is."""
    return [] if deg is None else [band(abs(deg), (8, 15, 24, 28, 32, 40))]


def figures(judged: list[Judged]) -> Figures:
    """Of films of hips, by factor and group: the view right, anything wrong, wrong without a flag, refused."""
    films = [(one, bool(faults(one))) for one in judged if one.truth.hips]
    return {name: _grouped(films, groups) for name, groups in FACTORS.items()}


def _grouped(films: list[tuple[Judged, bool]], groups: Groups) -> dict[str, Figures]:
    members: dict[str, list[tuple[Judged, bool]]] = {}
    for one, faulty in films:
        for name in groups(one):
            members.setdefault(name, []).append((one, faulty))
    return {name: _figures(members[name]) for name in sorted(members, key=_order)}


def _order(name: str) -> tuple[float, str]:
    """Bands by their lower edge, the one below the first edge before them."""
    first = name.split(maxsplit=1)[0]
    return (-1.0 if first == "under" else float(first) if first.isdigit() else 0.0, name)


def _figures(films: list[tuple[Judged, bool]]) -> Figures:
    return {
        "view": share([one.findings.view == one.truth.view for one, _ in films]),
        "faulty": share([faulty for _, faulty in films]),
        "silent": share([faulty and not one.findings.review for one, faulty in films]),
        "refused": share([is_refused(one) for one, _ in films]),
    }


def section(found: Figures) -> list[str]:
    """The page's part."""
    lines = ["## Films of hips by what varies", ""]
    lines += paragraph("Anything wrong is what the review counts: view, side, implant, cup, or an angle far off.")
    for factor, groups in found.items():
        rows = list(groups.items())
        if factor == "also on the film":
            large = [(name, f) for name, f in rows if f["faulty"]["of"] >= ENOUGH]
            rows = sorted(large, key=lambda row: -row[1]["faulty"]["share"])[:WORST]
        head = [factor, "films", "view right", "anything wrong", "95 % interval", "wrong and not flagged", "refused"]
        lines += table(head, [_cells(name, f) for name, f in rows])
    return lines


def _cells(name: str, found: Figures) -> tuple[object, ...]:
    wrong = (percent(found["faulty"]["share"], 1), interval(found["faulty"]))
    shares = (percent(found[key]["share"], 1) for key in ("silent", "refused"))
    return name, found["faulty"]["of"], percent(found["view"]["share"], 1), *wrong, *shares
