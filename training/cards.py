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
from training.evaluation.bars import bars, bars_table, verdict
from training.evaluation.statistics import Figures

BEGIN, END = "<!-- figures: python -m training.cards -->", "<!-- end of figures -->"
PAGES = {  # which bars a page tells: the first words of their names
    "model_repository/classifier/CARD.md": ("view",),
    "model_repository/detector/CARD.md": ("side", "implant"),
    "model_repository/cup_angle/CARD.md": ("inclination", "version"),
    "README.md": ("",),
}
WHAT = {  # the films beside the usual ones
    "fresh": "of further people, by which nothing was chosen",
    "shifted": "different in kind from all training films",
}
SEED = Path("dbt_project/seeds/measured_errors.csv")
SEEDED = {(angle.measure, angle.view.value): angle.title for angle in ANGLES}


class MarksError(ValueError):
    """A page has no place for the figures."""


def told(figures: Figures, beginnings: tuple[str, ...]) -> str:
    """Bars, what was measured on usual films, whether it is met, and the same of fresh and of shifted ones."""
    usual = figures["usual"]
    others = {name: figures[name] for name in ("fresh", "shifted") if figures.get(name)}
    asked = {name: [bar for bar in bars(found) if bar.what.startswith(beginnings)] for name, found in others.items()}
    rows = [bar for bar in bars(usual) if bar.what.startswith(beginnings)]
    lines = [f"On {usual['films']} simulated films of {usual['people']} people not seen in training"]
    lines[0] += "".join(f", and {others[name]['films']} {name} films, {WHAT[name]}" for name in others)
    lines[0] += f"; 95 % intervals in brackets. {verdict({'usual': rows} | asked)}."
    for name, part in (("side", hips.strictly(usual["hips"])), ("inclination", angles.strictly(usual["angles"]))):
        if any(bar.what.startswith(name) for bar in rows):
            lines[0] += f" {part}"
    return "\n".join([*lines, "", *bars_table(rows, asked)])


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
