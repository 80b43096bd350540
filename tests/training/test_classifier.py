"""What the classifier learns from."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from ingest.records import CANVAS_SIZE  # noqa: E402 - after the skip
from simulation.truth import FilmTruth  # noqa: E402
from training.classifier import example  # noqa: E402
from training.films import LabelledFilm  # noqa: E402

GREY = LabelledFilm(
    np.full((CANVAS_SIZE, CANVAS_SIZE), 120, np.uint8),
    FilmTruth(1, 1, "other", "unknown", (), (), None, None, 0.5, CANVAS_SIZE, CANVAS_SIZE),
)


def greys(*, plain):
    """The middle halves of 20 examples of an even film."""
    made = [example(GREY, 96, np.random.default_rng(seed), plain=plain)[0] for seed in range(20)]
    return [image[24:-24, 24:-24] * 255 for image in made]


def test_a_plain_example_keeps_its_look():
    assert max(np.abs(image - 120).max() for image in greys(plain=True)) < 0.01
    assert sum(np.abs(image - 120).max() > 5 for image in greys(plain=False)) > 10


def test_a_plain_example_is_turned_like_any_other():
    turns = {example(GREY, 96, np.random.default_rng(seed), plain=True)[2] for seed in range(60)}
    assert turns == {0, 1, 2, 3}
