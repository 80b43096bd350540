"""The Python-based backend, called as Triton calls it: batches are joined, split again, and fail one by one."""

import importlib.util
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import onnxruntime as ort
import pytest

from ingest.installation import OUR_BACKEND
from ingest.records import CANVAS_SIZE

CLASSIFIER = Path(__file__).parents[2] / "model_repository" / "classifier"
CONFIG = {
    "input": [{"name": "image"}],
    "output": [{"name": "view_scores"}, {"name": "turn_scores"}, {"name": "outlier_score"}],
    "max_batch_size": 8,
    "default_model_filename": "model.onnx",
    "parameters": {"intra_op_thread_count": {"string_value": "1"}},
}


@dataclass
class Tensor:
    """A tensor on its way in or out."""

    name: str
    array: np.ndarray

    def as_numpy(self) -> np.ndarray:  # noqa: D102 - Triton's
        return self.array


@dataclass
class Response:
    """The answer to one request."""

    output_tensors: list[Tensor]
    error: Exception | None = None


@dataclass
class Triton(ModuleType):
    """What of Triton's triton_python_backend_utils the backend uses."""

    Tensor: type = Tensor
    InferenceResponse: type = Response
    TritonError: type = RuntimeError
    __name__: str = field(default="triton_python_backend_utils")

    @staticmethod
    def get_input_tensor_by_name(request: dict[str, Tensor], name: str) -> Tensor:  # noqa: D102 - Triton's
        return request[name]


def load_backend(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setitem(sys.modules, "triton_python_backend_utils", Triton())
    spec = importlib.util.spec_from_file_location("onnxruntime_backend", OUR_BACKEND)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module.TritonPythonModel()


def initialise(model: Any, **changes: Any) -> None:
    model.initialize(
        {"model_config": json.dumps(CONFIG | changes), "model_repository": str(CLASSIFIER), "model_version": "1"}
    )


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    model = load_backend(monkeypatch)
    initialise(model)
    yield model
    model.finalize()


def make_films(count: int, size: int = CANVAS_SIZE, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, size, size), dtype=np.uint8)


def make_request(films: np.ndarray) -> dict[str, Tensor]:
    return {"image": Tensor("image", films)}


def scores(films: np.ndarray) -> np.ndarray:
    return ort.InferenceSession(CLASSIFIER / "1" / "model.onnx").run(None, {"image": films})[0]


def test_every_request_of_a_crowd_gets_its_own_films_back(backend: Any) -> None:
    requests = [make_films(count, seed=count) for count in (1, 3, 7, 2, 8, 1)]

    responses = backend.execute([make_request(films) for films in requests])

    for films, response in zip(requests, responses, strict=True):
        np.testing.assert_allclose(response.output_tensors[0].array, scores(films), atol=1e-3)


def test_no_batch_is_larger_than_configured(backend: Any) -> None:
    arrays = [(make_films(count, size=2),) for count in (1, 3, 7, 2, 8, 1)]

    groups = backend.groups(arrays)

    assert sorted(index for group in groups for index in group) == list(range(6))
    assert [sum(len(films) for (films,) in group.values()) for group in groups] == [4, 7, 2, 8, 1]


def test_a_misshapen_film_fails_alone(backend: Any) -> None:
    good, bad = make_films(2), make_films(1, size=CANVAS_SIZE - 1)

    first, broken, last = backend.execute([make_request(good), make_request(bad), make_request(good)])

    assert "Got invalid dimensions" in str(broken.error)
    assert first.error is last.error is None
    np.testing.assert_allclose(last.output_tensors[0].array, scores(good), atol=1e-3)


def test_a_film_that_breaks_its_batch_fails_alone(backend: Any) -> None:
    good, bad = make_films(1), make_films(1).astype(np.float32)

    broken, fine = backend.execute([make_request(bad), make_request(good)])

    assert broken.error is not None
    assert fine.error is None
    np.testing.assert_allclose(fine.output_tensors[0].array, scores(good), atol=1e-3)


def test_a_config_that_disagrees_with_the_graph_does_not_load(monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_backend(monkeypatch)

    with pytest.raises(
        ValueError, match=r"outputs \['scores'\], the graph \['outlier_score', 'turn_scores', 'view_scores'\]"
    ):
        initialise(model, output=[{"name": "scores"}])

    model.finalize()


class Doubler:
    """A session whose only output is twice its input; remembers how many films it was shown."""

    shown = 0

    def run(self, _: list[str], films: dict[str, np.ndarray]) -> list[np.ndarray]:  # noqa: D102 - onnxruntime's
        self.shown += len(films["told"])
        return [2 * films["told"]]


@pytest.mark.parametrize(
    ("where", "shown"),
    [
        ("", [1, 2, 3]),
        ("told[0,0] >= 2", [2, 3]),
        ("told[0,0] < 2", [1]),
        ("told[0,0] < 2 | told[0,1] >= 30", [1, 3]),
        ("told[0,0] >= 9", []),
    ],
)
def test_films_that_need_not_be_seen_are_answered_with_zeros(
    where: str, shown: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    model, session = load_backend(monkeypatch), Doubler()
    model.inputs, model.outputs, model.session = ["told"], ["double"], session
    model.zeros = [np.zeros((1, 1, 2), np.float32)]
    model.asked_where = sys.modules[type(model).__module__].conditions(where, model.inputs)
    films = np.array([[[number, 10 * number]] for number in (1, 2, 3)], np.float32)

    (told,) = model.outputs_of((films,))

    assert told[:, 0, 0].tolist() == [2 * number if number in shown else 0 for number in (1, 2, 3)]
    assert session.shown == len(shown)


@pytest.mark.parametrize("where", ["image", "other[0] < 1", "image[0] > 1"])
def test_a_condition_that_cannot_be_read_does_not_load(where: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = load_backend(monkeypatch)

    with pytest.raises(ValueError, match="asked_where"):
        initialise(model, parameters={"asked_where": {"string_value": where}})

    model.finalize()
