"""Where it still fails, said from the figures."""

from collections.abc import Iterator
from itertools import chain

from training.evaluation.judged import FAR_OFF_DEG
from training.evaluation.markdown import number, percent
from training.evaluation.measures import HEADLINES, headline
from training.evaluation.statistics import Figures
from training.evaluation.views import VIEWS

ENOUGH = 30  # cases of a group before it is named
NAMED = 3


def sentences(usual: Figures, shifted: Figures | None, families: Figures) -> list[str]:
    """One line for each weakness that the figures show, the page's last list."""
    found = chain(
        _views(usual),
        _sides(usual),
        _implants(usual),
        _angles(usual),
        _refusal(usual),
        _silent(usual),
        _gap(usual, shifted),
    )
    return [f"- {line}" for line in chain(found, _families(families))]


def _views(figures: Figures) -> Iterator[str]:
    six = figures["views"]["six"]
    weakest = min(six["views"], key=lambda name: six["views"][name]["f1"])
    yield f"View: `{weakest}` has the lowest F1, {percent(six['views'][weakest]['f1'])}."
    pairs = [
        (count, VIEWS[truth], VIEWS[said])
        for truth, row in enumerate(six["confusion"])
        for said, count in enumerate(row)
        if truth != said and count
    ]
    if pairs:
        worst = sorted(pairs, reverse=True)[:NAMED]
        yield "Most often mistaken: " + ", ".join(f"`{t}` for `{s}` ({n} films)" for n, t, s in worst) + "."


def _sides(figures: Figures) -> Iterator[str]:
    yield from _worst("Side is read worst from", figures["hips"]["side_by_evidence"])
    yield from _worst("Side is read worst on", figures["hips"]["side_by_letter"])


def _implants(figures: Figures) -> Iterator[str]:
    yield from _worst("Implant or none is told worst of hips with", figures["hips"]["implant_by_kind"])
    yield from _worst("Cup or none is told worst of hips with", figures["hips"]["cup_by_kind"])


def _worst(says: str, shares: dict[str, Figures]) -> Iterator[str]:
    """The worst of groups that are large enough and not perfect."""
    large = {name: row for name, row in shares.items() if row["of"] >= ENOUGH and row["right"] < row["of"]}
    if large:
        name = min(large, key=lambda key: large[key]["share"])
        row = large[name]
        yield f"{says} {name}: {row['of'] - row['right']} of {row['of']} wrong ({percent(1 - row['share'])})."


def _angles(figures: Figures) -> Iterator[str]:
    for title, found in figures["angles"]["angles"].items():
        if found["far_off"]["right"]:
            yield (
                f"{title}: {found['far_off']['right']} of {found['n']} accepted angles are off by more than "
                f"{FAR_OFF_DEG:g} degrees."
            )
        reasons = figures["angles"]["declined"][title]
        if reasons:
            most = max(reasons, key=lambda reason: reasons[reason])
            missed = sum(reasons.values())
            yield f"{title}: {missed} measurable cups are not measured, most as `{most}` ({reasons[most]})."
    rows = [
        (row["all"]["mae"], factor, row)
        for factor, groups in figures["strata"].items()
        for row in groups
        if ENOUGH <= row["all"]["n"] <= sum(group["all"]["n"] for group in groups) / 2
    ]
    for mae, factor, row in sorted(rows, key=lambda found: -found[0])[:NAMED]:
        yield f"Angles are worst by {factor}: {row['group']}, MAE {number(mae)} deg of {row['all']['n']} angles."


def _refusal(figures: Figures) -> Iterator[str]:
    refused = figures["review"]["refused_by_kind"]
    leaks = {name: row["of"] - row["right"] for name, row in refused.items() if row["right"] < row["of"]}
    if leaks:
        worst = sorted(leaks, key=lambda name: -leaks[name])[:NAMED]
        yield "Films of no hip that get through: " + ", ".join(f"{name} ({leaks[name]})" for name in worst) + "."
    lost = figures["review"]["hips_refused"]
    if lost["right"]:
        yield f"{lost['right']} of {lost['of']} films of hips are refused as showing none."


def _silent(figures: Figures) -> Iterator[str]:
    silent = figures["review"]["silent"]
    if silent["right"]:
        yield f"{silent['right']} of {silent['of']} films ({percent(silent['share'])}) are wrong and carry no flag."


def _gap(usual: Figures, shifted: Figures | None) -> Iterator[str]:
    if shifted is None:
        return
    for name in ("view", "side", "implant"):
        before, after = headline(usual, name), headline(shifted, name)
        if before is not None and after is not None and after < before:
            yield f"Shifted films cost {100 * (before - after):.2f} points of {name}."


def _families(families: Figures) -> Iterator[str]:
    for name in ("view", "implant", "silently wrong"):
        shares = {family: headline(found, name) for family, found in families.items() if found["films"] >= ENOUGH}
        known = {family: value for family, value in shares.items() if value is not None}
        if known and name in HEADLINES:
            worst = (max if name == "silently wrong" else min)(known, key=lambda family: known[family])
            yield f"Of the shifted families `{worst}` is worst by {name}: {percent(known[worst])}."
