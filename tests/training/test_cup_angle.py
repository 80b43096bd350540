"""What the networks of the cup-angle model are shown, and how often."""

from collections import Counter

import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from builders.truths import make_cup, make_hip, make_truth  # noqa: E402 - after the skip

from ingest.records import View  # noqa: E402
from training.cup_angle import subjects_of  # noqa: E402
from training.films import LabelledFilm  # noqa: E402


def test_the_fine_network_sees_laterals_twice_as_often_and_no_view_that_is_not_measured():
    films = [
        LabelledFilm(None, make_truth(view, hips=[make_hip(cup=make_cup()), make_hip("left")]))
        for view in (View.AP_PELVIS, View.AP_HIP, View.CROSS_TABLE_LATERAL, View.FROG_LEG_LATERAL)
    ]
    shown = Counter(film.truth.view for film, _ in subjects_of("fine", films))
    assert shown == {"ap_pelvis": 1, "ap_hip": 1, "cross_table_lateral": 2}
