"""What films the graphs are fitted on: refused where they lack what is wanted, left out where they would mislead."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("onnx", reason="the training extra is not installed")

from builders.findings import make_raw  # noqa: E402 - after the skip
from builders.truths import make_cup, make_hip, make_truth  # noqa: E402

from ingest.records import View  # noqa: E402
from training.cup_angle import pelvis_net, rim_net  # noqa: E402
from training.cup_graph import UNSURE_DEG, CupAngleGraph  # noqa: E402
from training.films import LabelledFilm  # noqa: E402
from training.fitting import LackingFilmsError, _fit_cups, check_shown  # noqa: E402
from training.graphs import ScoreCurve  # noqa: E402


def film(view, cup=None):
    return LabelledFilm(np.zeros((1, 1), np.uint8), make_truth(view, hips=[make_hip(cup=cup)]))


EVERY_VIEW = frozenset(View)
PELVIS = film(View.AP_PELVIS, make_cup())
LATERAL = film(View.CROSS_TABLE_LATERAL, make_cup(version_lateral_deg=12.0))


def test_films_of_every_view_and_every_angle_are_taken():
    check_shown(EVERY_VIEW, [PELVIS, LATERAL])


def test_a_view_that_is_not_learnt_from_is_named():
    with pytest.raises(LackingFilmsError, match=r"is of the views frog_leg_lateral, oblique_hip$"):
        check_shown(EVERY_VIEW - {View.FROG_LEG_LATERAL, View.OBLIQUE_HIP}, [PELVIS, LATERAL])


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


def lateral(stated_deg, error_deg):
    """A cross-table lateral whose version is off by so much."""
    raw = make_raw(
        View.CROSS_TABLE_LATERAL,
        right_hip_implant=0.9,
        cup_angles=[[0.0, 0.0, 12.0 + error_deg]] * 2,
        cup_angle_errors=[[1.0, 1.0, stated_deg]] * 2,
    )
    return make_truth(View.CROSS_TABLE_LATERAL, hips=[make_hip(cup=make_cup(version_lateral_deg=12.0))]), raw


def test_films_whose_turn_is_unsure_do_not_bend_the_interval_of_the_others():
    pelvis = make_truth(View.AP_PELVIS, hips=[make_hip(cup=make_cup()), make_hip("left", "hemi")])
    measured = make_raw(View.AP_PELVIS, right_hip_implant=0.9, left_hip_implant=0.9, cup_angle_errors=[[1.0] * 3] * 2)
    sure = [(pelvis, measured)] + [
        lateral(0.5 + step / 20, (0.5 + step / 20) ** 1.4 * (step % 20) / 20) for step in range(100)
    ]
    unsure = [lateral(UNSURE_DEG, 0.2) for _ in range(20)]
    fits = []
    for told in (sure, sure + unsure):
        graph = CupAngleGraph(rim_net(), rim_net(), pelvis_net(), ScoreCurve())
        _fit_cups(graph, [truth for truth, _ in told], [raw for _, raw in told])
        fits.append(graph.intervals[2])
    assert [part.tolist() for part in fits[0].buffers()] == [part.tolist() for part in fits[1].buffers()]
    near, far = fits[0](torch.tensor([1.0, 4.0])).tolist()
    assert far > 4 * near
