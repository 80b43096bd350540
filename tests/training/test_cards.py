"""The figures in cards and README are those of the evaluation."""

import json
from pathlib import Path

import pytest

from training.cards import BEGIN, END, PAGES, MarksError, replaced, seeded, told

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_tells_what_the_evaluation_measured(page):
    figures = json.loads((ROOT / "docs" / "validation" / "figures.json").read_text())
    text = (ROOT / page).read_text()
    assert replaced(text, told(figures, PAGES[page])) == text


def test_figures_go_between_the_marks_and_nothing_else_changes():
    assert replaced(f"a\n{BEGIN}\nold\n{END}\nb\n", "new\n") == f"a\n{BEGIN}\nnew\n{END}\nb\n"


def test_a_page_without_marks_is_refused():
    with pytest.raises(MarksError, match="put both lines"):
        replaced("nothing here", "new\n")


def test_the_seed_gets_what_was_measured_of_each_angle_and_keeps_the_rest():
    header, row = "measure,view,method,angles,detectable_deg", "version,ap_hip,ap_rim_ellipse_asin"
    figures = {"usual": {"angles": {"angles": {"version, AP hip": {"n": 7, "detectable_deg": 2.5}}}}}
    assert seeded(f"{header}\n{row},1,9.9\n", figures) == f"{header}\n{row},7,2.5\n"
