"""Plans are held against their graphs; what a client would not believe is not compared."""

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from builders.findings import make_thresholds
from builders.nvidia import FakeDriver, FakeTensorRT
from click.testing import CliRunner

from ingest import verification
from ingest.cli import main
from ingest.device import Device
from ingest.engines import Library
from ingest.errors import PlanError
from ingest.gpu import Gpu
from ingest.manifest import Manifest, Precision, Target, digest
from ingest.precision import as_fp32
from ingest.repository import plan_places
from ingest.verification import compare, verify_plans

ROOT = Path(__file__).parents[2]
HERE = Target("tensorrt", "10.13.2.6", "8.6", "Fake GPU")
FILMS = 2


def make_answers(films=2):
    """Both cups of every film measured with certainty; hips and letters found."""
    return {
        "view_scores": np.full((films, 6), 0.5, np.float32),
        "turn_scores": np.full((films, 4), 0.5, np.float32),
        "outlier_score": np.full((films, 1), 0.5, np.float32),
        "detections": np.full((films, 6, 5), 0.9, np.float32),
        "marker_mirrored": np.full((films, 2), 0.2, np.float32),
        "cup_scores": np.full((films, 2), 0.9, np.float32),
        "cup_landmarks": np.full((films, 2, 5, 3), 0.9, np.float32),
        "pelvis_landmarks": np.full((films, 2, 3), 0.9, np.float32),
        "cup_angles": np.full((films, 2, 3), 40.0, np.float32),
        "cup_angle_errors": np.full((films, 2, 3), 1.0, np.float32),
    }


def misses(wanted, told):
    return [row.quantity for row in compare(wanted, told, make_thresholds(outlier_score=1.0)) if not row.holds]


def test_the_same_answers_hold_in_every_row():
    assert misses(make_answers(), make_answers()) == []


@pytest.mark.parametrize(
    ("tensor", "place", "apart", "missed"),
    [
        ("view_scores", (1, 5), 0.011, ["view scores"]),
        ("turn_scores", (0, 0), 0.011, ["turn scores"]),
        ("outlier_score", (0, 0), 0.011, ["outlier score"]),
        ("detections", (1, 5, 4), 0.011, ["scores of hips and letters"]),
        ("detections", (1, 0, 2), 2.1, ["boxes of hips and letters, px"]),
        ("marker_mirrored", (0, 1), 0.011, ["ways round of letters"]),
        ("cup_scores", (1, 1), -0.011, ["cup scores"]),
        ("pelvis_landmarks", (0, 1, 1), 0.51, ["ischia, px"]),
        ("pelvis_landmarks", (0, 1, 2), 0.011, ["confidence of ischia"]),
        ("cup_landmarks", (1, 1, 4, 0), -0.51, ["rim landmarks, px"]),
        ("cup_landmarks", (1, 1, 4, 2), -0.011, ["confidence of rim landmarks"]),
        ("cup_angles", (1, 0, 0), 0.21, ["inclination, degrees"]),
        ("cup_angles", (1, 0, 1), 0.21, ["version_ap, degrees"]),
        ("cup_angles", (1, 0, 2), -0.21, ["version_lateral, degrees"]),
        ("cup_angle_errors", (0, 0, 1), 0.21, ["half-widths of intervals, degrees"]),
        ("cup_angles", (0, 0, 0), np.nan, ["inclination, degrees"]),
    ],
)
def test_a_difference_beyond_its_tolerance_is_a_miss_of_its_row(tensor, place, apart, missed):
    told = make_answers()
    told[tensor][place] += apart
    assert misses(make_answers(), told) == missed


@pytest.mark.parametrize(
    ("tensor", "place", "apart"),
    [
        ("view_scores", (1, 5), 0.009),
        ("pelvis_landmarks", (0, 1, 1), 0.49),
        ("cup_landmarks", (1, 1, 4, 0), 0.49),
        ("cup_angles", (1, 0, 0), 0.19),
    ],
)
def test_a_difference_within_its_tolerance_holds(tensor, place, apart):
    told = make_answers()
    told[tensor][place] += apart
    assert misses(make_answers(), told) == []


def test_where_the_graph_is_unsure_of_a_cup_its_landmarks_are_not_compared():
    wanted, told = make_answers(), make_answers()
    wanted["cup_scores"][0, 0] = told["cup_scores"][0, 0] = 0.0
    wanted["cup_angle_errors"][1, 1] = told["cup_angle_errors"][1, 1] = 90.0
    for row in ((0, 0), (1, 1)):
        told["cup_landmarks"][row] += 30
        told["cup_angles"][row] += 30
    assert misses(wanted, told) == []


@pytest.mark.parametrize(("told_score", "missed"), [(0.06, False), (0.5, True), (np.nan, True)])
def test_a_score_that_neither_believes_is_not_compared_and_one_that_either_does_is(told_score, missed):
    """Of two places that are hardly a letter, rounding may prefer the other, which reads otherwise."""
    wanted, told = make_answers(), make_answers()
    wanted["detections"][1, 5, 4], told["detections"][1, 5, 4] = 0.01, told_score
    assert misses(wanted, told) == ["scores of hips and letters"] * missed


def test_films_on_which_nothing_can_be_compared_prove_nothing():
    wanted = make_answers()
    wanted["cup_scores"][:] = 0.0
    assert "rim landmarks, px" in misses(wanted, wanted)


def test_the_graphs_of_fp16_plans_answer_as_the_committed_ones():
    result = CliRunner().invoke(main, ["models", "verify", "--device", "cpu", "--limit", "24"])
    assert result.exit_code == 0, result.output
    assert result.output.count("  ok") == 15


@pytest.fixture
def repository(tmp_path):
    """The committed models, each with a plan that is its fp32 graph."""
    folder = tmp_path / "models"
    shutil.copytree(ROOT / "model_repository", folder)
    for place in plan_places(folder):
        place.plan.write_bytes(as_fp32(place.onnx.read_bytes()))
        make_manifest(place).write(place.plan)
    return folder


def make_manifest(place):
    return Manifest(
        model=place.model,
        onnx_sha256=digest(place.onnx),
        plan_sha256=digest(place.plan),
        plan_bytes=place.plan.stat().st_size,
        precision="fp32",
        max_batch=8,
        library=HERE.library,
        tensorrt=HERE.tensorrt,
        compute_capability=HERE.compute_capability,
        gpu=HERE.gpu,
        built_at="2026-01-01T00:00:00+00:00",
        build_seconds=1.0,
    )


@pytest.fixture
def gpu(monkeypatch):
    """A machine whose TensorRT is ONNX Runtime."""
    driver = FakeDriver()
    monkeypatch.setitem(sys.modules, "tensorrt", FakeTensorRT())
    monkeypatch.setattr(FakeTensorRT, "__version__", HERE.tensorrt, raising=False)
    device = Device(Library("tensorrt"), HERE, Gpu(0, driver))
    monkeypatch.setattr(verification.Device, "find", classmethod(lambda _cls, _name: device))
    return driver


def test_plans_answer_on_a_gpu_as_their_graphs(repository, gpu):
    rows = verify_plans(repository, "0", Precision.FP16, ROOT / "samples", FILMS)
    assert max(row.worst for row in rows) < 1e-3
    assert gpu.held == {}


@pytest.mark.usefixtures("gpu")
def test_a_plan_of_other_weights_misses(repository):
    place = next(place for place in plan_places(repository) if place.model == "classifier")
    place.plan.write_bytes(scaled(as_fp32(place.onnx.read_bytes())))
    make_manifest(place).write(place.plan)
    result = CliRunner().invoke(main, ["models", "verify", "--models", str(repository), "--limit", str(FILMS)])
    assert result.exit_code == 1
    assert "MISS" in result.output
    assert "do not serve these plans" in result.output


def scaled(content):
    """The same graph with its largest weight halved."""
    import onnx  # noqa: PLC0415 - here alone

    model = onnx.load_from_string(content)
    weight = max(model.graph.initializer, key=lambda one: len(one.raw_data))
    weight.raw_data = (onnx.numpy_helper.to_array(weight) / 2).tobytes()
    return model.SerializeToString()


@pytest.mark.usefixtures("gpu")
def test_a_plan_that_does_not_fit_is_refused_with_the_command_that_rebuilds_it(repository):
    place = plan_places(repository)[0]
    place.plan.write_bytes(b"half")
    with pytest.raises(PlanError, match=r"half-written or was exchanged: rebuild it with 'ingest models compile"):
        verify_plans(repository, "0", Precision.FP16, ROOT / "samples", FILMS)


def test_a_listing_tells_of_plans_that_must_not_be_served(repository):
    place = plan_places(repository)[0]
    assert "rebuild" not in CliRunner().invoke(main, ["models", "--models", str(repository)]).output
    place.plan.write_bytes(b"half")
    assert "half-written" in CliRunner().invoke(main, ["models", "--models", str(repository)]).output


def test_a_folder_without_a_film_is_one_line(tmp_path):
    with pytest.raises(PlanError, match="holds no film that can be read: name a folder of DICOM files with --films"):
        verify_plans(ROOT / "model_repository", "cpu", Precision.FP32, tmp_path)
