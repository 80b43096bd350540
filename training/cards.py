"""Puts the figures of the last evaluation into the cards, the README and the registry's seed.

In the pages they stand between marks; the seed holds how far two readings of a cup that never moved lie apart.

python -m training.cards
"""

import argparse
import csv
import io
import json
from pathlib import Path

from training.evaluation import angles, hips
from training.evaluation.angles import ANGLES
from training.evaluation.bars import bars
from training.evaluation.markdown import table
from training.evaluation.statistics import Figures

BEGIN, END = "<!-- figures: python -m training.cards -->", "<!-- end of figures -->"
PAGES = {  # which bars a page tells: the first words of their names
    "model_repository/classifier/CARD.md": ("view",),
    "model_repository/detector/CARD.md": ("side", "implant"),
    "model_repository/cup_angle/CARD.md": ("inclination", "version"),
    "README.md": ("",),
}
SEED = Path("dbt_project/seeds/measured_errors.csv")
SEEDED = {(angle.measure, angle.view.value): angle.title for angle in ANGLES}


class MarksError(ValueError):
    """A page has no place for the figures."""


def told(figures: Figures, beginnings: tuple[str, ...]) -> str:
    """Bars, what was measured on usual films, whether it is met, and what was measured on shifted ones."""
    usual, shifted = figures["usual"], figures["shifted"]
    beside = bars(shifted) if shifted else [None] * len(bars(usual))
    rows = [
        (
            bar.what,
            bar.asked,
            bar.measured,
            {True: "yes", False: "**no**", None: "-"}[bar.met],
            other and other.measured,
        )
        for bar, other in zip(bars(usual), beside, strict=True)
        if bar.what.startswith(beginnings)
    ]
    films = f"{usual['films']} simulated films of {usual['people']} people not seen in training"
    also = f", and {shifted['films']} shifted films, different in kind from all training films" if shifted else ""
    lines = [f"On {films}{also}; 95 % intervals in brackets."]
    for name, part in (("side", hips.strictly(usual["hips"])), ("inclination", angles.strictly(usual["angles"]))):
        if any(what.startswith(name) for what, *_ in rows):
            lines[0] += f" {part}"
    lines.append("")
    return "\n".join([*lines, *table(["what", "bar", "measured", "met?", "on shifted films"], rows)])


def replaced(text: str, figures: str) -> str:
    """A page's text with ``figures`` between its marks.

    Raises:
        MarksError: it has no marks.
    """
    if BEGIN not in text or END not in text.split(BEGIN, 1)[1]:
        raise MarksError(f"no {BEGIN} ... {END}: put both lines where the figures belong")
    before, rest = text.split(BEGIN, 1)
    return f"{before}{BEGIN}\n{figures}{END}{rest.split(END, 1)[1]}"


def seeded(text: str, figures: Figures) -> str:
    """The seed's text with its numbers of angles and its detectable changes (degrees) from ``figures``."""
    rows = list(csv.DictReader(io.StringIO(text)))
    for row in rows:
        found = figures["usual"]["angles"]["angles"][SEEDED[row["measure"], row["view"]]]
        row |= {"angles": found["n"], "detectable_deg": found["detectable_deg"]}
    written = io.StringIO()
    writer = csv.DictWriter(written, rows[0], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--figures", type=Path, default=Path("docs/validation/figures.json"))
    args = parser.parse_args()
    figures = json.loads(args.figures.read_text())
    for page, beginnings in PAGES.items():
        path = Path(page)
        path.write_text(replaced(path.read_text(), told(figures, beginnings)))
        print(page)
    SEED.write_text(seeded(SEED.read_text(), figures))
    print(SEED)


if __name__ == "__main__":
    main()
