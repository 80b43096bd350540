"""The figures in cards and README are those of the evaluation."""

import json
from pathlib import Path

import pytest

from training.cards import BEGIN, END, PAGES, MarksError, replaced, told

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
