"""Side, implant and cup: what is said of each hip, and what the side was read from."""

from collections.abc import Callable

from ingest.records import Side
from simulation.truth import DROWNED, PARTLY_SHOWN
from training.evaluation.judged import (
    Judged,
    all_hips,
    clear_hips,
    cup_right,
    has_letter,
    implant_right,
    is_hip_film,
    keeps_silent,
    match,
    tells_side,
    true_sides,
)
from training.evaluation.markdown import paragraph, percent, share_cells, table
from training.evaluation.statistics import Figures, share

SHARE_HEAD = ("right", "of", "share", "95 % interval")


def side_right(one: Judged) -> bool:
    """Whether the film's side was said as it is, or as it may be said."""
    return one.findings.side in true_sides(one)


def figures(judged: list[Judged]) -> Figures:
    """Shares of right answers about hips, misses counted as wrong."""
    films = [one for one in judged if is_hip_film(one)]
    told = [one for one in films if tells_side(one)]
    silent = [one for one in films if keeps_silent(one)]
    hips, every = clear_hips(judged), all_hips(judged)
    implanted = [(one, hip) for one, hip in hips if hip.implant != "none"]
    return {
        "side": share([side_right(one) for one in told]),
        "side_unknown": share([one.findings.side == Side.UNKNOWN for one in silent]),
        "side_by_letter": _side_by(told, lambda one: f"{one.truth.view}, {'a' if has_letter(one) else 'no'} letter"),
        "side_by_evidence": _side_by(told, lambda one: one.findings.side_evidence),
        "side_conflict": share([one.findings.side_conflict for one in films]),
        "hip_found": share([match(one, hip) is not None for one, hip in hips]),
        "implant": share([implant_right(one, hip) for one, hip in hips]),
        "cup": share([cup_right(one, hip) for one, hip in implanted]),
        "implant_by_kind": {
            kind: share([implant_right(one, hip) for one, hip in hips if hip.implant == kind])
            for kind in sorted({hip.implant for _, hip in hips})
        },
        "cup_by_kind": {
            kind: share([cup_right(one, hip) for one, hip in implanted if hip.implant == kind])
            for kind in sorted({hip.implant for _, hip in implanted})
        },
        "hips_too_many": share([len(one.findings.hips) > len(one.truth.hips + one.truth.cut_hips) for one in films]),
        "side_may_be_read": len(films) - len(told) - len(silent),
        "doubtful": sum(hip.doubtful for one in films for hip in one.truth.hips + one.truth.cut_hips),
        "strictly": {
            "side": share([one.findings.side == one.truth.side for one in told]),
            "implant": share([implant_right(one, hip) for one, hip in every]),
            "cup": share([cup_right(one, hip) for one, hip in every if hip.implant != "none"]),
        },
    }


def _side_by(films: list[Judged], group: Callable[[Judged], str]) -> dict[str, Figures]:
    names = sorted({group(one) for one in films})
    return {name: share([side_right(one) for one in films if group(one) == name]) for name in names}


def strictly(found: Figures) -> str:
    """What the figures would be, had every hip to be told that shows its half, and none that does not."""
    told = (f"{percent(found['strictly'][what]['share'])} of {what}s" for what in ("side", "implant"))
    return (
        "A hip that the film's edge halves, or that is all but drowned, may be told or left out; counted strictly, "
        f"{' and '.join(told)} are right."
    )


def section(found: Figures) -> list[str]:
    """The page's part."""
    lines = ["## Side, implant and cup", ""]
    lines += table(
        ["question", *SHARE_HEAD],
        [
            ("side, where the film shows it", *share_cells(found["side"])),
            ("side unknown is said where it is unknown", *share_cells(found["side_unknown"])),
            ("hip found", *share_cells(found["hip_found"])),
            ("implant or none", *share_cells(found["implant"])),
            ("cup told from no cup, of hips with an implant", *share_cells(found["cup"])),
        ],
    )
    lines += paragraph(
        "A hip that is not found counts as wrong. A hip is matched by its side; a film of one hip has the one hip that "
        "was found, and the side is judged by itself. A cross-table lateral without a letter, and a mirrored film "
        "without one, cannot tell the side: they are left out of the first line and make up the second, but for "
        f"{found['side_may_be_read']} with a letter so faint, so cut or so hidden that it may be read or not. "
        f"Of {found['hips_too_many']['of']} films of hips {found['hips_too_many']['right']} got a hip too many."
    )
    lines += paragraph(
        f"{found['doubtful']} hips are doubtful: the film's edge leaves between {percent(PARTLY_SHOWN[0], 0)} and "
        f"{percent(PARTLY_SHOWN[1], 0)} of them, or they have less contrast than {percent(DROWNED, 0)} of the "
        "display's range, so that hardly anything is to be seen. Where the line is drawn there is no reader's "
        "question: such a hip may be told or left out, the side is right either way, and it is not counted. With the "
        "line drawn at half of a hip, its centre in the field, and every contrast enough:"
    )
    lines += table(
        ["question, counted strictly", *SHARE_HEAD],
        [
            ("side, where the film shows it", *share_cells(found["strictly"]["side"])),
            ("implant or none", *share_cells(found["strictly"]["implant"])),
            ("cup told from no cup, of hips with an implant", *share_cells(found["strictly"]["cup"])),
        ],
    )
    lines += paragraph("The side by view, and by whether a letter can be read on the film:")
    lines += table(["film", *SHARE_HEAD], [(name, *share_cells(row)) for name, row in found["side_by_letter"].items()])
    lines += paragraph(
        "What the side was read from, and how often it was right; no DICOM tag helps here. The evidence that agreed is "
        f"joined by a plus. Evidence disagreed on {found['side_conflict']['right']} of {found['side_conflict']['of']} "
        "films, all of them flagged."
    )
    lines += table(
        ["evidence", *SHARE_HEAD], [(name, *share_cells(row)) for name, row in found["side_by_evidence"].items()]
    )
    lines += paragraph("By what the hip truly holds: called native or implanted rightly, and its cup rightly told.")
    cups = found["cup_by_kind"]
    rows = [
        (kind, *share_cells(row), *(share_cells(cups[kind])[2:] if kind in cups else ("-", "-")))
        for kind, row in found["implant_by_kind"].items()
    ]
    return lines + table(["hip holds", *SHARE_HEAD, "cup", "95 % interval"], rows)
