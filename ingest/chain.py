"""The models without a server: each takes what is known of some films and adds its answers, as the ensemble does."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from ingest.errors import PlanError

Arrays = Mapping[str, NDArray[Any]]  # tensor -> (films, ...)
Canvases = Sequence[NDArray[np.uint8]]


class Model(Protocol):
    """A graph that answers: an ONNX file, or a plan on a GPU."""

    inputs: list[str]
    outputs: list[str]

    def __call__(self, known: Arrays, /) -> Arrays:
        """The outputs, from those of ``known`` that are its inputs."""


class OnnxModel:
    """A graph in ONNX Runtime, on the processor; PlanError where it cannot be run."""

    def __init__(self, content: bytes, name: str = "the graph", *, threads: int = 0) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads  # 0: as many as there are cores
        options.log_severity_level = 3  # its warnings are about speed
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # others may want the cores
        try:
            self._session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # noqa: BLE001 - its errors share no base
            reason = (str(error).splitlines() or ["no reason given"])[0][:200]
            raise PlanError(f"{name} cannot be run by ONNX Runtime ({reason}): restore it from the release") from None
        self.inputs = [one.name for one in self._session.get_inputs()]
        self.outputs = [one.name for one in self._session.get_outputs()]

    def __call__(self, known: Arrays, /) -> Arrays:
        """As ``Model``."""
        told = self._session.run(self.outputs, {name: known[name] for name in self.inputs})
        return dict(zip(self.outputs, told, strict=True))


def answers(models: Sequence[Model], canvases: Canvases, batch: int = 1) -> Iterator[Arrays]:
    """All tensors of the canvases, the models' inputs included, ``batch`` films at a time."""
    for start in range(0, len(canvases), batch):
        known: dict[str, NDArray[Any]] = {"image": np.stack(canvases[start : start + batch])}
        for model in in_order(models, known):
            known |= model(known)
        yield known


def in_order(models: Sequence[Model], known: Arrays) -> list[Model]:
    """The models such that each finds its inputs among ``known`` and the answers of those before it."""
    there, waiting, ordered = set(known), list(models), []
    while ready := [model for model in waiting if there.issuperset(model.inputs)]:
        ordered += ready
        there.update(name for model in ready for name in model.outputs)
        waiting = [model for model in waiting if model not in ready]
    if waiting:
        raise ValueError(f"nothing tells {sorted(set(waiting[0].inputs) - there)}")
    return ordered
