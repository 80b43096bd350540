"""What the networks of the cup-angle model are shown, and how often."""

from collections import Counter

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from builders.rims import maps, rim  # noqa: E402 - after the skip
from builders.truths import make_cup, make_hip, make_truth  # noqa: E402

from ingest.records import View  # noqa: E402
from training import cup_angle  # noqa: E402
from training.films import LabelledFilm  # noqa: E402
from training.landmark_examples import CROP, Example  # noqa: E402
from training.landmark_subjects import subjects_of  # noqa: E402


def test_the_fine_network_sees_laterals_twice_as_often_and_no_view_that_is_not_measured():
    films = [
        LabelledFilm(None, make_truth(view, hips=[make_hip(cup=make_cup()), make_hip("left")]))
        for view in (View.AP_PELVIS, View.AP_HIP, View.CROSS_TABLE_LATERAL, View.FROG_LEG_LATERAL)
    ]
    shown = Counter(film.truth.view for film, _ in subjects_of("fine", films))
    assert shown == {"ap_pelvis": 1, "ap_hip": 1, "cross_table_lateral": 2}


class FixedRim(torch.nn.Module):
    """Stands in for a network that sees the same rim in every crop."""

    def __init__(self, points):
        super().__init__()
        self.nothing = torch.nn.Parameter(torch.zeros(()))
        self.heat = maps(points, [1.5] * 5)

    def forward(self, image):
        """(B, 1, 192, 192) to heat maps (B, 5, 96, 96) and logits (B, 6)."""
        return self.heat.expand(len(image), -1, -1, -1), torch.zeros(len(image), 6)


def test_the_hardest_tenth_is_what_a_network_is_furthest_off_on(monkeypatch):
    films = [LabelledFilm(None, make_truth(hips=[make_hip(cup=make_cup())], seed=seed)) for seed in range(40)]
    films.append(LabelledFilm(None, make_truth(hips=[make_hip()], seed=99)))  # without a cup nothing is off

    def example_of(_kind, film, hip, _rng):
        seed = film.truth.seed  # the higher, the more it is turned; of two the version is another, which counts of one
        points = rim(axis_deg=40.4 + 0.4 * seed, version_deg=45 if seed in (3, 5) else 15)[0].numpy()
        count = (1.0, 0.0) if seed == 5 else (1.0, 1.0)
        return Example(np.zeros((CROP, CROP), np.float32), points, np.full(5, hip.cup is not None), count)

    monkeypatch.setattr(cup_angle, "example_of", example_of)
    subjects = [(film, film.truth.hips[0]) for film in films]
    hardest = cup_angle.hardest_of("fine", FixedRim(rim()), subjects * 2)
    assert hardest == {(seed, "right") for seed in (3, 37, 38, 39)}
