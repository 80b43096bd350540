"""The repository serves one ensemble whose parts fit, in production and without a GPU alike."""

import re
from collections.abc import Iterable
from dataclasses import fields
from itertools import pairwise
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from google.protobuf import text_format
from tritonclient.grpc.model_config_pb2 import DataType, ModelConfig, ModelInput, ModelOutput

from ingest.engines import profiles
from ingest.findings import LEAST_BELIEF
from ingest.records import CANVAS_SIZE, CUP_ANGLES, CUP_LANDMARKS, DETECTION_CLASSES, View
from ingest.repository import parameters, plan_places
from ingest.thresholds import PREFIX, Thresholds

REPOSITORY = Path(__file__).parents[2] / "model_repository"
MODELS = ("classifier", "detector", "cup_angle")
ENSEMBLE = "tha_radiograph"
SIDES = 2  # right, left
MOST_BYTES = 45_000_000  # what a clone can bear with every version

Tensors = dict[str, tuple[str, tuple[int, ...]]]  # name -> data type, shape without the batch axis


def read_config(model: str, variant: str = "config.pbtxt") -> ModelConfig:
    return text_format.Parse((REPOSITORY / model / variant).read_text(), ModelConfig())


def tensors(declared: Iterable[ModelInput | ModelOutput]) -> Tensors:
    return {tensor.name: (DataType.Name(tensor.data_type), tuple(tensor.dims)) for tensor in declared}


def open_graph(model: str) -> ort.InferenceSession:
    return ort.InferenceSession(REPOSITORY / model / "1" / "model.onnx", providers=["CPUExecutionProvider"])


ONNX_TYPES = {"tensor(uint8)": "TYPE_UINT8", "tensor(float)": "TYPE_FP32"}


def graph_tensors(nodes: Iterable[ort.NodeArg]) -> Tensors:
    return {node.name: (ONNX_TYPES[node.type], tuple(node.shape[1:])) for node in nodes}


@pytest.mark.parametrize("path", sorted(REPOSITORY.glob("*/**/*.pbtxt")), ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_every_config_is_valid_and_named_as_its_folder(path: Path) -> None:
    config = text_format.Parse(path.read_text(), ModelConfig())

    assert config.name == path.relative_to(REPOSITORY).parts[0]


@pytest.mark.parametrize("model", MODELS)
def test_production_and_cpu_agree_on_every_tensor(model: str) -> None:
    production, cpu = read_config(model), read_config(model, "configs/cpu.pbtxt")

    assert tensors(production.input) == tensors(cpu.input)
    assert tensors(production.output) == tensors(cpu.output)
    assert production.max_batch_size == cpu.max_batch_size == read_config(ENSEMBLE).max_batch_size


@pytest.mark.parametrize("model", MODELS)
def test_production_serves_a_tensorrt_plan_and_a_machine_without_gpu_the_onnx_file(model: str) -> None:
    production, cpu = read_config(model), read_config(model, "configs/cpu.pbtxt")

    assert (production.platform, production.default_model_filename) == ("tensorrt_plan", "model.plan")
    assert (cpu.backend, cpu.default_model_filename) == ("onnxruntime", "model.onnx")


def asked_where(model: str) -> str:
    return str(read_config(model, "configs/cpu.pbtxt").parameters["asked_where"].string_value)


def test_no_film_is_spared_a_model_whose_answer_would_be_believed() -> None:
    """A film that is believed to show none has no hip; others are believed from ``hip_score`` on."""
    hip_score = float(read_config(ENSEMBLE).parameters["threshold.hip_score"].string_value)
    other, implants = list(View).index(View.OTHER), [i for i, n in enumerate(DETECTION_CLASSES) if "implant" in n]

    [(index, bound)] = re.findall(r"view_scores\[(\d)\] < ([\d.]+)", asked_where("detector"))
    assert int(index) == other
    assert float(bound) == 1 - LEAST_BELIEF
    assert float(bound) > 0.5  # nothing else is more likely

    bounds = re.findall(r"detections\[(\d),4\] >= ([\d.]+)", asked_where("cup_angle"))
    assert [int(index) for index, _ in bounds] == implants
    assert all(float(bound) < hip_score for _, bound in bounds)
    assert not asked_where("classifier")


@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("film", [[0.0, 0.0], [0.9, 0.0], [0.0, 0.9], [0.9, 0.9]])
def test_a_cup_is_looked_for_on_a_side_where_a_film_is_asked_about_for_it(side: int, film: list[float]) -> None:
    """Whatever is on its other side, and on the films that are asked with it."""
    [bound] = {float(bound) for _, bound in re.findall(r"detections\[(\d),4\] >= ([\d.]+)", asked_where("cup_angle"))}
    detections = np.full((3, 6, 5), [100, 100, 300, 300, 0.0], np.float32)
    scores = np.array([film, film, film])
    scores[0, side], scores[1, side] = bound - 0.001, bound + 0.001
    detections[:, 1:4:2, 4] = scores
    asked = {
        "image": np.random.default_rng(1).integers(0, 256, (3, CANVAS_SIZE, CANVAS_SIZE), dtype=np.uint8),
        "view_scores": np.eye(len(View), dtype=np.float32)[[0, 0, 0]],
        "turn_scores": np.eye(4, dtype=np.float32)[[0, 0, 0]],
        "detections": detections,
    }
    cup_scores, landmarks, _, angles, errors = open_graph("cup_angle").run(None, asked)
    for told in (cup_scores, landmarks, angles, errors):
        seen = told.reshape(3, 2, -1).any(2)
        assert (seen == (scores >= bound)).all()


@pytest.mark.parametrize("model", MODELS)
def test_the_graph_has_the_tensors_its_config_declares(model: str) -> None:
    config, graph = read_config(model), open_graph(model)

    assert graph_tensors(graph.get_inputs()) == tensors(config.input)
    assert graph_tensors(graph.get_outputs()) == tensors(config.output)
    assert all(isinstance(node.shape[0], str) for node in graph.get_inputs()), "the batch axis is open"


def test_every_edge_of_the_ensemble_agrees_in_type_and_shape() -> None:
    ensemble = read_config(ENSEMBLE)
    known = tensors(ensemble.input)  # by the ensemble's own names; grows step by step
    for step in ensemble.ensemble_scheduling.step:
        model = read_config(step.model_name)
        wanted, made = tensors(model.input), tensors(model.output)
        assert set(step.input_map) == set(wanted), f"{step.model_name} has all its inputs"
        assert {name: known.get(edge) for name, edge in step.input_map.items()} == wanted
        known |= {edge: made[name] for name, edge in step.output_map.items()}

    assert tensors(ensemble.output).items() <= known.items()


def test_the_steps_go_from_view_to_hips_to_cup() -> None:
    steps = read_config(ENSEMBLE).ensemble_scheduling.step

    assert tuple(step.model_name for step in steps) == MODELS
    for before, after in pairwise(steps):
        assert set(before.output_map.values()) & set(after.input_map.values())


def test_every_step_pins_a_version_that_is_there() -> None:
    for step in read_config(ENSEMBLE).ensemble_scheduling.step:
        assert (REPOSITORY / step.model_name / str(step.model_version)).is_dir()


def test_the_ensemble_speaks_the_shapes_of_the_records() -> None:
    ensemble = read_config(ENSEMBLE)

    assert tensors(ensemble.input) == {"image": ("TYPE_UINT8", (CANVAS_SIZE, CANVAS_SIZE))}
    assert {name: shape for name, (_, shape) in tensors(ensemble.output).items()} == {
        "view_scores": (len(View),),
        "detections": (len(DETECTION_CLASSES), 5),
        "marker_mirrored": (SIDES,),
        "cup_scores": (SIDES,),
        "cup_landmarks": (SIDES, len(CUP_LANDMARKS), 3),
        "pelvis_landmarks": (SIDES, 3),
        "cup_angles": (SIDES, len(CUP_ANGLES)),
        "cup_angle_errors": (SIDES, len(CUP_ANGLES)),
        "outlier_score": (1,),
    }


def test_the_ensemble_serves_every_threshold_and_no_other() -> None:
    parameters = {name: value.string_value for name, value in read_config(ENSEMBLE).parameters.items()}

    assert Thresholds.parse(parameters)
    assert set(parameters) == {PREFIX + field.name for field in fields(Thresholds)}


@pytest.mark.parametrize(
    ("model", "names"),
    [("classifier", tuple(View)), ("detector", DETECTION_CLASSES), ("cup_angle", CUP_ANGLES)],
)
def test_labels_are_the_vocabulary_in_its_order(model: str, names: tuple[str, ...]) -> None:
    assert tuple((REPOSITORY / model / "labels.txt").read_text().split()) == tuple(map(str, names))


@pytest.mark.parametrize("model", MODELS)
def test_a_film_gets_the_same_answer_alone_and_in_a_batch(model: str) -> None:
    graph = open_graph(model)
    rng = np.random.default_rng(1)
    drawn = {
        "image": rng.integers(0, 256, (3, CANVAS_SIZE, CANVAS_SIZE), dtype=np.uint8),
        "view_scores": np.float32([[1, 0, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0], [0, 0, 0, 0, 0, 1]]),
        "turn_scores": np.float32([[0.97, 0.01, 0.01, 0.01], [0, 0, 1, 0], [0, 0, 0, 1]]),
        "detections": np.tile(np.float32([200, 250, 420, 560, 0.9]), (3, 6, 1)),
    }
    films = {node.name: drawn[node.name] for node in graph.get_inputs()}

    together = graph.run(None, films)
    alone = [graph.run(None, {name: array[i : i + 1] for name, array in films.items()}) for i in range(3)]

    for index, output in enumerate(together):
        np.testing.assert_allclose(output, np.concatenate([film[index] for film in alone]), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("model", MODELS)
def test_production_takes_the_profiles_and_batches_that_plans_are_built_for(model: str) -> None:
    config = read_config(model)
    (group,) = config.instance_group

    assert list(group.profile) == [str(index) for index in range(len(profiles(config.max_batch_size)))]
    assert list(config.dynamic_batching.preferred_batch_size) == [config.max_batch_size]
    assert config.optimization.cuda.graphs


@pytest.mark.parametrize("model", MODELS)
def test_warm_up_gives_every_input_at_the_batches_that_profiles_are_tuned_for(model: str) -> None:
    config = read_config(model)
    wanted = tensors(config.input)

    assert {warmup.batch_size for warmup in config.model_warmup} == {best for _, best, _ in profiles(8)}
    for warmup in config.model_warmup:
        given = {name: (DataType.Name(one.data_type), tuple(one.dims)) for name, one in warmup.inputs.items()}
        assert given == wanted


@pytest.mark.parametrize("model", MODELS)
@pytest.mark.parametrize("variant", ["config.pbtxt", "configs/cpu.pbtxt"])
def test_versions_lie_side_by_side(model: str, variant: str) -> None:
    assert read_config(model, variant).version_policy.HasField("all")


def test_the_repository_is_read_as_triton_reads_it() -> None:
    """``ingest.repository`` reads configurations with expressions of its own, so that no protobuf is needed for it."""
    assert parameters(REPOSITORY) == {
        name: value.string_value for name, value in read_config(ENSEMBLE).parameters.items()
    }
    assert {place.model: place.max_batch for place in plan_places(REPOSITORY)} == {
        model: read_config(model).max_batch_size for model in MODELS
    }


def test_a_version_of_all_models_is_small_enough_to_be_kept_in_the_repository() -> None:
    sizes = [(REPOSITORY / model / "1" / "model.onnx").stat().st_size for model in MODELS]
    assert sum(sizes) < MOST_BYTES
