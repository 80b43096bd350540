"""What a person is asked to look at, and the errors that nobody would."""

from collections import Counter

from ingest.records import Side, View
from training.evaluation.angles import readings
from training.evaluation.hips import side_right
from training.evaluation.judged import (
    FAR_OFF_DEG,
    Judged,
    clear_hips,
    cup_right,
    implant_right,
    is_hip_film,
    sides_shown,
    tells_side,
)
from training.evaluation.markdown import paragraph, percent, share_cells, table
from training.evaluation.statistics import Figures, share

FAULTS = ("view", "side", "implant", "cup", "angle")


def faults(one: Judged) -> tuple[str, ...]:
    """What the registry would have wrong about this film."""
    hips = [hip for _, hip in clear_hips([one])]
    wrong = {
        "view": one.findings.view != one.truth.view,
        "side": tells_side(one) and not side_right(one),
        "implant": not all(implant_right(one, hip) for hip in hips),
        "cup": not all(cup_right(one, hip) for hip in hips if hip.implant != "none"),
        "angle": any(abs(r.error_deg) > FAR_OFF_DEG for r in readings([one]) if r.error_deg is not None),
    }
    return tuple(name for name in FAULTS if wrong[name])


def side_guessed(one: Judged) -> bool:
    """Whether another side was said than was taken, where nothing on the film tells a reader which it was."""
    silent = is_hip_film(one) and not tells_side(one)
    return silent and one.findings.side not in sides_shown(one) | {Side.UNKNOWN}


def is_refused(one: Judged) -> bool:
    """Whether the film ends as no film of a hip."""
    return one.findings.view == View.OTHER or not one.findings.hips


def kind(one: Judged) -> str:
    """What a film of no hip shows."""
    if one.truth.signal_to_noise > 0:
        return "leg or spine of the people who have hips"  # the simulator tells the noise of these plates only
    return next((name for name in one.truth.shows if ":" not in name), "not told")


def figures(judged: list[Judged]) -> Figures:
    """Flags, faults and silent faults; refusal of what shows no hip."""
    wrong = [(one, faults(one)) for one in judged]
    others = [one for one in judged if one.truth.view == View.OTHER]
    return {
        "flagged": share([bool(one.findings.review) for one in judged]),
        "faulty": share([bool(found) for _, found in wrong]),
        "faulty_flagged": share([bool(one.findings.review) for one, found in wrong if found]),
        "silent": share([bool(found) and not one.findings.review for one, found in wrong]),
        "flag_right": share([bool(found) for one, found in wrong if one.findings.review]),
        "faults": {
            name: {
                "films": share([name in found for _, found in wrong]),
                "flagged": share([bool(one.findings.review) for one, found in wrong if name in found]),
            }
            for name in FAULTS
        },
        "flags": {
            code: share([bool(found) for one, found in wrong if code in one.findings.review])
            for code, _ in Counter(code for one in judged for code in one.findings.review).most_common()
        },
        "sides_guessed": share([not one.findings.review for one in judged if side_guessed(one)]),
        "refused": share([is_refused(one) for one in others]),
        "refused_by_kind": {
            name: share([is_refused(one) for one in others if kind(one) == name])
            for name in sorted({kind(one) for one in others})
        },
        "hips_refused": share([is_refused(one) for one in judged if is_hip_film(one)]),
    }


def refusal_section(found: Figures) -> list[str]:
    """The page's part about films of no hip."""
    lines = ["## Films of no hip", ""]
    lines += table(
        ["question", "right", "of", "share", "95 % interval"],
        [
            ("a film of no hip is refused", *share_cells(found["refused"])),
            ("a film of a hip is refused, wrongly", *share_cells(found["hips_refused"])),
        ],
    )
    leaks = {name: row for name, row in found["refused_by_kind"].items() if row["right"] < row["of"]}
    if not leaks:
        return lines + paragraph(f"None of the {len(found['refused_by_kind'])} kinds got through.")
    lines += paragraph(f"Of {len(found['refused_by_kind'])} kinds these got through:")
    return lines + table(
        ["the film shows", "got through", "of", "refused", "95 % interval"],
        [(name, row["of"] - row["right"], *share_cells(row)[1:]) for name, row in leaks.items()],
    )


def section(found: Figures) -> list[str]:
    """The page's part about flags."""
    lines = ["## What a person is asked to look at", ""]
    lines += table(
        ["question", "films", "of", "share", "95 % interval"],
        [
            ("flagged for review", *share_cells(found["flagged"])),
            ("anything wrong about the film", *share_cells(found["faulty"])),
            ("of these, flagged", *share_cells(found["faulty_flagged"])),
            ("silent: wrong and not flagged", *share_cells(found["silent"])),
            ("of the flagged, wrong", *share_cells(found["flag_right"])),
        ],
    )
    lines += paragraph(
        "Wrong means: the view, a side that the film shows, a hip missed or called native or implanted wrongly, a cup "
        "missed or invented, or an accepted angle that is far off (by more than the last bar allows for). Not among it "
        f"are {found['sides_guessed']['of']} films, {found['sides_guessed']['right']} of them without a flag, of which "
        "another side was said than was taken and nothing on the film tells it (it is mirrored, it has no letter, or "
        "its letter is the other side's): a registry has these wrong too."
    )
    rows = [
        (name, row["films"]["right"], percent(row["films"]["share"]), percent(row["flagged"]["share"], 1))
        for name, row in found["faults"].items()
    ]
    lines += table(["what is wrong", "films", "share", "of these, flagged"], rows)
    rows = [(f"`{code}`", row["of"], row["right"], percent(row["share"], 1)) for code, row in found["flags"].items()]
    return lines + table(["flag", "films", "of these, wrong", "share"], rows)
