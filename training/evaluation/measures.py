"""All figures of one set of films, the few that sum it up, and what lies between two sets."""

from training.evaluation import angles, calibration, detection, hips, review, strata, surroundings, views
from training.evaluation.judged import Judged, families
from training.evaluation.markdown import figure, number, paragraph, percent, table
from training.evaluation.statistics import Figures, share

# name -> where it lies in a set's figures, and whether it is a share (else degrees)
HEADLINES: dict[str, tuple[tuple[str, ...], bool]] = {
    "view": (("views", "six", "accuracy", "share"), True),
    "view, macro F1": (("views", "six", "macro_f1", "value"), True),
    "side": (("hips", "side", "share"), True),
    "implant": (("hips", "implant", "share"), True),
    "cup": (("hips", "cup", "share"), True),
    "no hip refused": (("review", "refused", "share"), True),
    "flagged for review": (("review", "flagged", "share"), True),
    "silently wrong": (("review", "silent", "share"), True),
    **{
        f"{angle.title}, {told}": (("angles", "angles", angle.title, *path), is_share)
        for angle in angles.ANGLES
        for told, path, is_share in (
            ("measured", ("measured", "share"), True),
            ("MAE in deg", ("mae",), False),
            ("95th percentile in deg", ("p95",), False),
        )
    },
}
OF_A_FAMILY = ("view", "side", "implant", "cup", "flagged for review", "silently wrong")


def measure(judged: list[Judged]) -> Figures:
    """Everything that can be told of one set by itself."""
    return {
        "films": len(judged),
        "people": len({one.truth.person for one in judged}),
        "views": views.figures(judged),
        "hips": hips.figures(judged),
        "detection": detection.figures(judged),
        "angles": angles.figures(judged),
        "strata": strata.figures(judged),
        "calibration": calibration.figures(judged),
        "review": review.figures(judged),
        "surroundings": surroundings.figures(judged),
    }


def headline(figures: Figures, name: str) -> float | None:
    """One of ``HEADLINES`` of a set's figures."""
    value = figures
    for key in HEADLINES[name][0]:
        value = value[key]
    return value


def by_family(judged: list[Judged]) -> Figures:
    """The figures of a shifted set's families, a film counted in each family that it has."""
    members = {name: [one for one in judged if name in families(one)] for name in sorted(_names(judged))}
    return {name: _of_family(films) for name, films in members.items()}


def _names(judged: list[Judged]) -> set[str]:
    return {name for one in judged for name in families(one)}


def _of_family(films: list[Judged]) -> Figures:
    found = {"films": len(films), "views": views.figures(films), "hips": hips.figures(films)}
    found |= {"review": review.figures(films), "readings": angles.summary(angles.readings(films))}
    return found | {"alone": share([len(families(one)) == 1 for one in films])}


def section(usual: Figures, shifted: Figures, families_found: Figures) -> list[str]:
    """The page's part that sets the two beside each other."""
    lines = ["## What another kind of film costs", ""]
    lines += paragraph(
        "The shifted films differ in kind from all that the models learnt from: bones of another source, implants, "
        "detectors' looks, crops, proportions, compression and things pasted on that training never shows. The "
        "difference is the best estimate that simulation can give of the gap to real films. It is no bound on that gap."
    )
    rows = [
        (name, *cells)
        for name, (_, is_share) in HEADLINES.items()
        if (cells := _compared(headline(usual, name), headline(shifted, name), is_share=is_share))
    ]
    lines += table(["measure", f"usual ({usual['films']})", f"shifted ({shifted['films']})", "difference"], rows)
    lines += paragraph(
        "By what is strange about the film; one with several counts in each. Angles are all four together."
    )
    lines += figure("families.png", "View and implant right, by what is strange about the film")
    head = ["family", "films", *OF_A_FAMILY, "angles", "measured", "MAE in deg", "95th percentile"]
    rows = []
    for name, found in families_found.items():
        read = found["readings"]
        shares = [percent(headline(found, key), 1) for key in OF_A_FAMILY]
        angle = (
            read["measured"]["of"],
            percent(read["measured"]["share"], 1),
            number(read["mae"]),
            number(read["p95"]),
        )
        rows.append((name, found["films"], *shares, *angle))
    return lines + table(head, rows)


def _compared(usual: float | None, shifted: float | None, *, is_share: bool) -> tuple[str, ...]:
    if usual is None or shifted is None:
        return ()
    if is_share:
        return percent(usual), percent(shifted), f"{100 * (shifted - usual):+.2f} points"
    return number(usual), number(shifted), number(shifted - usual, sign=True)
