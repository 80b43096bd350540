"""The answers that thresholds are chosen by are those that the exported ensemble gives."""

from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")
pytest.importorskip("onnx", reason="the training extra is not installed")

from ingest.records import CANVAS_SIZE, RawFindings, View  # noqa: E402 - after the skip
from simulation.dataset import Request, make_films  # noqa: E402
from simulation.truth import FilmTruth  # noqa: E402
from training import classifier  # noqa: E402
from training.cup_graph import SHOWN_FROM  # noqa: E402
from training.ensemble import Kept  # noqa: E402
from training.export import networks  # noqa: E402
from training.films import LabelledFilm, load_films  # noqa: E402
from training.fitting import fitted  # noqa: E402

REPOSITORY = Path(__file__).parents[2] / "model_repository"
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::torch.jit.TracerWarning")


@pytest.fixture(scope="module", params=[(), ("classifier", "cup_angle")], ids=["all fitted", "two kept"])
def told(tmp_path_factory, request):
    """Of films of cups and of nothing: what was told while all was fitted, and by the ensemble that came of it."""
    folder = tmp_path_factory.mktemp("films")
    make_films(Request(folder / "cups", films=24, seed=401, workers=1, size=640, mixture="cups"))
    rng = np.random.default_rng(3)
    noise = rng.integers(0, 256, (3 * len(View), CANVAS_SIZE, CANVAS_SIZE), np.uint8)
    of_nothing = FilmTruth(1, 1, "other", "unknown", (), (), None, None, 0.5, CANVAS_SIZE, CANVAS_SIZE)
    known = [
        LabelledFilm(canvas, replace(of_nothing, view=view))
        for canvas, view in zip(noise, 3 * tuple(View), strict=True)
    ]
    size = classifier.Settings().size
    nets = networks(folder / "no runs", REPOSITORY, size, {})
    held_out = load_films(folder / "cups")
    kept = {name: Kept(name, REPOSITORY) for name in request.param}
    ensemble, raws = fitted(nets, size, known, [*held_out, *known[:2]], kept)
    written = ensemble.write(folder / "repository")
    assert {path.parts[-3] for path in written} == {"classifier", "detector", "cup_angle"} - set(kept)
    return raws, ensemble.by_torch([film.canvas for film in (*held_out, *known[:2])])


@pytest.mark.parametrize("name", [field.name for field in fields(RawFindings)])
def test_what_is_told_while_fitting_is_what_the_ensemble_tells(told, name):
    """But of films on which no implant is likely: these the cup model is spared."""
    of_unsure_ones = dict.fromkeys(("cup_angles", "cup_angle_errors", "cup_landmarks", "pelvis_landmarks"), 0.2)
    compared = 0
    for fitted_raw, raw in zip(*told, strict=True):
        one, other = getattr(fitted_raw, name), getattr(raw, name)
        if (raw.detections[1:4:2, 4] < SHOWN_FROM).all() and ("cup" in name or "pelvis" in name):
            assert not one.any()
            continue
        compared += 1
        tolerance = 0.5 if name == "detections" else of_unsure_ones.get(name, 1e-3)
        assert np.abs(one - other).max() < tolerance
        if name == "detections":
            assert np.abs(one[:, 4] - other[:, 4]).max() < 1e-3
    assert compared > 20
