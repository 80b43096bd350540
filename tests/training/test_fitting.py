"""Films that lack what is to be fitted on them are refused before hours are spent on them."""

import numpy as np
import pytest

pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("onnx", reason="the training extra is not installed")

from builders.truths import make_cup, make_hip, make_truth

from ingest.records import View
from training.films import LabelledFilm
from training.fitting import LackingFilmsError, check_shown


def film(view, cup=None):
    return LabelledFilm(np.zeros((1, 1), np.uint8), make_truth(view, hips=[make_hip(cup=cup)]))


EVERY_VIEW = [film(view) for view in View]
PELVIS = film(View.AP_PELVIS, make_cup())
LATERAL = film(View.CROSS_TABLE_LATERAL, make_cup(version_lateral_deg=12.0))


def test_films_of_every_view_and_every_angle_are_taken():
    check_shown(EVERY_VIEW, [PELVIS, LATERAL])


def test_a_view_that_is_not_learnt_from_is_named():
    with pytest.raises(LackingFilmsError, match=r"is of the views frog_leg_lateral, oblique_hip$"):
        check_shown(
            [one for one in EVERY_VIEW if one.truth.view not in {View.FROG_LEG_LATERAL, View.OBLIQUE_HIP}],
            [PELVIS, LATERAL],
        )


@pytest.mark.parametrize(
    ("held_out", "lacking"),
    [
        pytest.param([PELVIS], "version_lateral_deg", id="no lateral"),
        pytest.param([LATERAL], "inclination_deg, version_ap_deg", id="no AP film"),
        pytest.param(
            [film(View.AP_HIP, make_cup()), LATERAL], "inclination_deg", id="no pelvis: an AP hip has no inclination"
        ),
        pytest.param([PELVIS, film(View.CROSS_TABLE_LATERAL)], "version_lateral_deg", id="a lateral without a cup"),
        pytest.param(
            [PELVIS, film(View.CROSS_TABLE_LATERAL, make_cup(version_lateral_deg=12.0, visible=False))],
            "version_lateral_deg",
            id="a cup that the edge cuts",
        ),
    ],
)
def test_an_angle_that_no_validation_film_shows_is_named(held_out, lacking):
    with pytest.raises(LackingFilmsError, match=rf"has the angles {lacking}$"):
        check_shown(EVERY_VIEW, held_out)
