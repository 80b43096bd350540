"""What the detector learns from: a hip is there as long as enough of it is."""

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from ingest.records import CANVAS_SIZE  # noqa: E402 - after the skip
from simulation.truth import FilmTruth, HipTruth  # noqa: E402
from training.detector import example  # noqa: E402
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
