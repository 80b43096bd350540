"""What the landmark networks learn from: crops whose points lie on what they name."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

import cv2  # noqa: E402 - after the skip

from ingest.records import CANVAS_SIZE  # noqa: E402
from simulation.truth import FilmTruth  # noqa: E402
from training import cup_angle  # noqa: E402
from training.films import LabelledFilm  # noqa: E402

RIGHT, LEFT = (310.0, 520.0), (455.0, 533.0)


def make_film(right=RIGHT, left=LEFT):
    """A black film with a bright spot on each ischium, the right one's larger."""
    canvas = np.zeros((CANVAS_SIZE, CANVAS_SIZE), np.uint8)
    for point, radius in ((right, 9), (left, 5)):
        if point is not None:
            cv2.circle(canvas, tuple(round(v) for v in point), radius, 255, -1)
    truth = FilmTruth(1, 1, "ap_pelvis", "both", (), (), right, left, 0.5, CANVAS_SIZE, CANVAS_SIZE)
    return LabelledFilm(canvas, truth)


def spots(image):
    """Centres (x, y) and areas of the bright spots of an image, the larger first."""
    _, _, stats, centres = cv2.connectedComponentsWithStats((image > 0.5).astype(np.uint8))
    order = np.argsort(-stats[1:, cv2.CC_STAT_AREA])
    return centres[1:][order]


@pytest.mark.parametrize("close", [False, True], ids=["whole film", "crop"])
def test_the_ischia_lie_where_they_are_said_to(close):
    example = cup_angle.pelvis_example(make_film(), None, close=close)
    assert example.present.all()
    assert np.abs(spots(example.image) - example.points).max() < 0.5


@pytest.mark.parametrize("close", [False, True], ids=["whole film", "crop"])
def test_a_moved_or_mirrored_film_takes_its_ischia_along(close, monkeypatch):
    monkeypatch.setattr(cup_angle, "change_look", lambda image, _rng: image)
    rng = np.random.default_rng(3)
    for _ in range(12):
        example = cup_angle.pelvis_example(make_film(), rng, close=close)
        seen = spots(example.image)
        if len(seen) == 2 and example.present.all():
            apart = np.linalg.norm(seen[:, None] - example.points[None], axis=-1).min(1)
            assert apart.max() < 0.6
            assert example.points[0, 0] < example.points[1, 0]  # the patient's right is the film's left, mirrored too


def test_the_closer_crop_holds_both_ischia_and_is_the_one_that_the_graph_takes():
    matrix = cup_angle.ischia_matrix(make_film(), None)
    corners = np.array([[*RIGHT, 1], [*LEFT, 1]]) @ matrix.T
    apart = np.linalg.norm(corners[1, :2] - corners[0, :2])
    assert apart == pytest.approx(2 * cup_angle.PELVIS / cup_angle.ISCHIA_MARGIN)
    assert corners[:, :2].mean(0) == pytest.approx((2 * cup_angle.PELVIS - 1) / 2)


def test_a_film_with_one_ischium_says_which():
    example = cup_angle.pelvis_example(make_film(left=None), None)
    assert example.present.tolist() == [True, False]
