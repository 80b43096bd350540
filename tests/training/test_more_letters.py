"""Letters that are laid onto films are where the truth says, say what it says, and can be seen."""

import numpy as np
import pytest

from ingest.records import CANVAS_SIZE
from simulation.look.letters import SideLetter
from simulation.truth import FilmTruth, MarkerTruth
from training.films import LabelledFilm
from training.more_letters import with_letters

OLD = MarkerTruth("right", (0.0, 0.0, CANVAS_SIZE - 1.0, CANVAS_SIZE / 2))


def film(grey: int, *markers: MarkerTruth) -> LabelledFilm:
    canvas = np.full((CANVAS_SIZE, CANVAS_SIZE), grey, np.uint8)
    truth = FilmTruth(1, 1, "other", "unknown", (), markers, None, None, 0.2, CANVAS_SIZE, CANVAS_SIZE)
    return LabelledFilm(canvas, truth)


def test_every_change_lies_in_the_box_of_a_new_letter_and_every_box_holds_one() -> None:
    """Strokes thinner than the box's threshold may reach a pixel or two over its edge."""
    plain, sides, counts = film(90), set(), []
    for seed in range(60):
        found = with_letters(plain, np.random.default_rng(seed))
        changed = found.canvas != plain.canvas
        counts.append(len(found.truth.markers))
        letters = found.truth.markers + found.truth.faint_markers
        for marker in letters:
            x0, y0, x1, y1 = (int(edge) for edge in marker.box)
            assert changed[y0 : y1 + 1, x0 : x1 + 1].mean() > 0.05
            sides.add(marker.side)
        for marker in letters:
            x0, y0, x1, y1 = (int(edge) for edge in marker.box)
            changed[max(y0 - 8, 0) : y1 + 9, max(x0 - 8, 0) : x1 + 9] = False
        assert not changed.any()
    assert sides == {"left", "right"}
    assert set(counts) == {0, 1, 2}
    assert (plain.canvas == 90).all()  # the film that was given stays as it was


def test_no_letter_is_laid_over_another_or_where_it_would_drown() -> None:
    """Half of the film is taken by a letter; on a white film none can be seen."""
    for seed in range(40):
        for marker in with_letters(film(0, OLD), np.random.default_rng(seed)).truth.markers[1:]:
            assert marker.box[1] >= OLD.box[3]
        white = with_letters(film(255), np.random.default_rng(seed))
        assert white.truth.markers == ()
        assert (white.canvas == 255).all()


def test_letters_that_may_be_read_or_not_are_told_apart_from_those_that_can() -> None:
    """By the rule of the film's own letters, which asks for a sixth of the greys."""
    told = [with_letters(film(90), np.random.default_rng(seed)) for seed in range(100)]
    clear = [np.ptp(one.canvas) for one in told if one.truth.markers and not one.truth.faint_markers]
    faint = [np.ptp(one.canvas) for one in told if one.truth.faint_markers and not one.truth.markers]
    assert 5 < len(faint) < len(clear)
    assert min(clear) >= 0.16 * 255 > np.median(faint)


def test_a_frame_around_a_letter_that_cannot_be_seen_is_not_laid(monkeypatch: pytest.MonkeyPatch) -> None:
    stamp, strokes = np.zeros((2, 40, 40), np.float32)
    stamp[:2] = stamp[-2:] = 1
    stamp[15:25, 18:22] = strokes[15:25, 18:22] = 0.01
    monkeypatch.setattr("training.more_letters.letter", lambda *_: SideLetter(stamp, strokes))
    for seed in range(10):
        found = with_letters(film(0), np.random.default_rng(seed))
        assert found.truth.markers == found.truth.faint_markers == ()
        assert not found.canvas.any()
