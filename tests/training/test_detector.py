"""What the detector learns from: a hip is there as long as enough of it is."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from ingest.records import CANVAS_SIZE  # noqa: E402 - after the skip
from simulation.truth import FilmTruth, HipTruth  # noqa: E402
from training.detector import LETTER_BOXES, example, found  # noqa: E402
from training.films import LabelledFilm  # noqa: E402

FILM = LabelledFilm(
    np.zeros((CANVAS_SIZE, CANVAS_SIZE), np.uint8),
    FilmTruth(
        seed=1,
        person=1,
        view="ap_pelvis",
        side="right",
        hips=(HipTruth("right", (0.0, 250.0, 150.0, 500.0), 1.0, "none", None),),
        markers=(),
        ischium_right=None,
        ischium_left=None,
        spacing_mm=0.5,
        width=CANVAS_SIZE,
        height=CANVAS_SIZE,
    ),
)


def shown(visible_fraction):
    """Examples, of 60 drawn from the same seeds, that say the hip is there, when the film shows so much of it."""
    film = LabelledFilm(
        FILM.canvas, replace(FILM.truth, hips=(replace(FILM.truth.hips[0], visible_fraction=visible_fraction),))
    )
    drawn = [example(film, np.random.default_rng(seed)) for seed in range(60)]
    return {seed for seed, (_, _, classes) in enumerate(drawn) if classes[:, :4].any()}


def test_a_hip_that_the_film_cuts_already_is_gone_sooner():
    """Half of the half that was left is a quarter of a hip."""
    whole, half = shown(1.0), shown(0.55)
    assert len(whole) > 30
    assert half < whole
    assert len(half) < 0.7 * len(whole)


class Told:
    """Answers with boxes and scores that a test gives."""

    def __init__(self, boxes, scores):
        self.told = torch.tensor([boxes], dtype=torch.float32), torch.tensor([scores], dtype=torch.float32)

    def __call__(self, images):
        """Raw levels; these are of no interest."""
        return images

    def decode(self, _levels):
        """The same, whatever is shown."""
        return self.told


def test_letters_are_looked_for_where_they_may_lie_whichever_side_they_say():
    """Two boxes of one letter, one of another side's, one that is hardly likely: three places, the likeliest first."""
    hip, letter, again = [100, 100, 200, 200], [10, 10, 20, 22], [12, 11, 22, 22]
    other, faint = [300, 10, 310, 22], [10, 300, 20, 312]
    none = [0.0] * 6
    scores = [
        [0.8, 0.1, 0, 0, 0.3, 0.2],
        [*none[:4], 0.9, 0.85],
        [*none[:4], 0.7, 0.88],
        [*none[:4], 0.1, 0.6],
        [*none[:4], 0.05, 0.01],
    ]
    best, letters = found(Told([hip, letter, again, other, faint], scores), torch.zeros(1, 1, 384, 384))
    assert letters.shape == (1, LETTER_BOXES, 4)
    assert letters[0].tolist() == [letter, other, hip]  # what a hip's box is taken for matters: a reader looks closer
    assert best[0, 0].tolist() == pytest.approx([*hip, 0.8])
    assert best[0, 4:, :4].tolist() == [letter, again]
