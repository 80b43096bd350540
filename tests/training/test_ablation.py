"""What the ablations compare: canvases of other sizes, and ellipses read from masks."""

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from simulation.truth import CupTruth, FilmTruth, HipTruth  # noqa: E402 - after the skip
from training.ablation import canvas, cups, ellipse  # noqa: E402
from training.films import LabelledFilm  # noqa: E402


def make_rim(direction_deg, long=55.0, short=14.0, centre=(96.0, 90.0)):
    """Landmarks (1, 5, 2) of an ellipse."""
    along = np.array([math.cos(math.radians(direction_deg)), math.sin(math.radians(direction_deg))])
    along = along if along[1] <= 0 else -along  # the upper end first
    across, c = np.array([-along[1], along[0]]), np.array(centre)
    points = [c + long * along, c - long * along, c + short * across, c - short * across, c]
    return torch.tensor(np.array(points)).float()[None]


def make_hip():
    points = {name: (100.0 + i, 200.0 - i) for i, name in enumerate(canvas.CUP_POINTS)}
    cup = CupTruth(**points, visible=True, **dict.fromkeys(CupTruth.__dataclass_fields__.keys() - {*points, "visible"}))
    return HipTruth("right", (10.0, 20.0, 300.0, 310.0), 1.0, "tha", cup)


@pytest.mark.parametrize("direction_deg", [-10, -40, -75, -89, -120, -170])
def test_the_moments_of_a_filled_ellipse_give_its_axes_back(direction_deg):
    rim = make_rim(direction_deg)
    found = ellipse.Ellipse().points(ellipse.mask(rim, 96)[:, None] * 2 - 1)
    assert found[0, :2].numpy() == pytest.approx(rim[0, :2].numpy(), abs=1.0)
    apart = (cups.angles_of(found) - cups.angles_of(rim)).abs()
    assert min(apart[0, 0], 180 - apart[0, 0]) < 0.5
    assert apart[0, 1] < 0.5


def test_an_empty_mask_makes_no_nonsense():
    assert torch.isfinite(ellipse.Ellipse().points(torch.full((1, 1, 96, 96), -1.0))).all()


def test_a_smaller_canvas_shows_the_same_things_in_fewer_pixels():
    pixels = np.zeros((1024, 1024), np.uint8)
    pixels[196:204, 96:104] = 255
    truth = FilmTruth(1, 1, "ap_hip", "right", (make_hip(),), (), None, None, 0.5, 1024, 1024)
    small = canvas.shrunk(LabelledFilm(pixels, truth), 512)
    rows, columns = np.nonzero(small.canvas)
    assert (columns.mean(), rows.mean()) == pytest.approx((49.5, 99.5))  # of 99.5 and 199.5, counted from edges
    cup = small.truth.hips[0].cup
    assert cup.centre == pytest.approx(((100.5) / 2 - 0.5, 200.5 / 2 - 0.5))
    assert small.truth.hips[0].box[2] == pytest.approx(300.5 / 2 - 0.5)
