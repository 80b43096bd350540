"""Triton's ``onnxruntime`` backend, written on its Python backend, for machines without the compiled one.

Triton loads this file for every model whose ``config.pbtxt`` says ``backend: "onnxruntime"`` and starts one
process for each instance. It reads the standard settings of the compiled backend (``default_model_filename``
and the parameters ``intra_op_thread_count``, ``inter_op_thread_count``), so the same configuration serves in
NVIDIA's container.

One parameter is its own: ``asked_where``, such as ``view_scores[5] < 0.95 | detections[0,4] >= 0.1``. A film whose
inputs do not say so is not shown to the model, and is answered with zeros; the compiled backend, which does not know
the parameter, answers it in earnest.
"""
# ruff: noqa: INP001 - Triton loads a file, not a package

import json
import operator
import os
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime as ort
import triton_python_backend_utils as pb_utils

Arrays = tuple[np.ndarray, ...]
CONDITION = re.compile(r"\s*(\w+)\[([\d,\s]+)\]\s*(<|>=)\s*([\d.]+)\s*")  # of a film: an element and its bound
COMPARE = {"<": operator.lt, ">=": operator.ge}


class TritonPythonModel:
    """One instance of one ONNX model."""

    def initialize(self, args: Mapping[str, str]) -> None:
        """Load ``<model>/<version>/<default_model_filename>``; raises when it or a tensor is missing."""
        self.over = threading.Event()
        threading.Thread(target=exit_with, args=(os.getppid(), self.over), daemon=True).start()
        config = json.loads(args["model_config"])
        self.inputs = [tensor["name"] for tensor in config["input"]]
        self.outputs = [tensor["name"] for tensor in config["output"]]
        self.batched = config["max_batch_size"] > 0
        self.max_batch_size = max(1, config["max_batch_size"])
        filename = config["default_model_filename"] or "model.onnx"
        path = Path(args["model_repository"]) / args["model_version"] / filename
        self.session = ort.InferenceSession(path, session_options(config), providers=["CPUExecutionProvider"])
        self.asked_where = conditions(parameters(config).get("asked_where", ""), self.inputs)
        self.zeros = [np.zeros([1, *map(int, tensor.get("dims", []))], np.float32) for tensor in config["output"]]
        check_names("input", self.inputs, [tensor.name for tensor in self.session.get_inputs()])
        check_names("output", self.outputs, [tensor.name for tensor in self.session.get_outputs()])

    def finalize(self) -> None:
        """Triton unloads the model."""
        self.over.set()

    def execute(self, requests: Sequence[Any]) -> list[Any]:
        """Answer every request: those of one shape in one pass, and a failing one with its own error."""
        responses: list[Any] = [None] * len(requests)
        for group in self.groups([self.read(request) for request in requests]):
            for index, response in self.answer(group).items():
                responses[index] = response
        return responses

    def read(self, request: Any) -> Arrays:
        """Views of the request's tensors in shared memory, in the order of ``self.inputs``."""
        return tuple(pb_utils.get_input_tensor_by_name(request, name).as_numpy() for name in self.inputs)

    def groups(self, arrays: Sequence[Arrays]) -> list[dict[int, Arrays]]:
        """Requests that can run as one batch: equal shapes of a film, at most ``max_batch_size`` films."""
        by_shape = defaultdict(list)
        for index, tensors in enumerate(arrays):
            by_shape[tuple(tensor.shape[1:] for tensor in tensors) if self.batched else index].append(index)
        groups: list[dict[int, Arrays]] = []
        for indices in by_shape.values():
            films = self.max_batch_size + 1
            for index in indices:
                films += len(arrays[index][0])
                if films > self.max_batch_size:
                    groups.append({})
                    films = len(arrays[index][0])
                groups[-1][index] = arrays[index]
        return groups

    def answer(self, group: Mapping[int, Arrays]) -> dict[int, Any]:
        """One response a request; when the batch fails, each request is tried by itself."""
        try:
            return dict(zip(group, map(self.response, self.run(list(group.values()))), strict=True))
        except Exception as error:  # noqa: BLE001 - onnxruntime's errors share no base, and none may end the server
            if len(group) > 1:
                return {i: r for index, arrays in group.items() for i, r in self.answer({index: arrays}).items()}
            failed = pb_utils.InferenceResponse(output_tensors=[], error=pb_utils.TritonError(str(error)))
            return dict.fromkeys(group, failed)

    def run(self, requests: Sequence[Arrays]) -> list[Arrays]:
        """Outputs (in the order of ``self.outputs``) of each request, computed in one pass."""
        joined = requests[0] if len(requests) == 1 else [np.concatenate(parts) for parts in zip(*requests, strict=True)]
        results = self.outputs_of(joined)
        if len(requests) == 1:
            return [tuple(results)]
        ends = np.cumsum([len(arrays[0]) for arrays in requests])[:-1]
        return list(zip(*(np.split(result, ends) for result in results), strict=True))

    def outputs_of(self, joined: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Outputs of all films, (films, ...); zeros for those that the model need not see."""
        films = dict(zip(self.inputs, joined, strict=True))
        asked = np.logical_or.reduce([holds(joined) for holds in self.asked_where])
        if not self.asked_where or asked.all():
            return self.session.run(self.outputs, films)
        results = [np.repeat(zero, len(asked), 0) for zero in self.zeros]
        if asked.any():
            told = self.session.run(self.outputs, {name: array[asked] for name, array in films.items()})
            for result, values in zip(results, told, strict=True):
                result[asked] = values
        return results

    def response(self, arrays: Arrays) -> Any:
        """Triton's answer that carries the outputs of one request."""
        tensors = [pb_utils.Tensor(name, array) for name, array in zip(self.outputs, arrays, strict=True)]
        return pb_utils.InferenceResponse(output_tensors=tensors)


def parameters(config: Mapping[str, Any]) -> dict[str, str]:
    """Those of a model's configuration."""
    return {name: value["string_value"] for name, value in config.get("parameters", {}).items()}


def conditions(text: str, inputs: Sequence[str]) -> list[Callable[[Sequence[np.ndarray]], np.ndarray]]:
    """Of ``asked_where``: each takes the inputs of films and says of which it holds, (films,); or ValueError."""
    return [condition(part, inputs) for part in text.split("|") if text.strip()]


def condition(text: str, inputs: Sequence[str]) -> Callable[[Sequence[np.ndarray]], np.ndarray]:
    """``tensor[indices of a film's element] < number``, or with >=."""
    parsed = CONDITION.fullmatch(text)
    if parsed is None or parsed[1] not in inputs:
        raise ValueError(f"asked_where {text!r} is no comparison of an element of {inputs} with a number")
    tensor, element = inputs.index(parsed[1]), (slice(None), *map(int, parsed[2].split(",")))
    compare, bound = COMPARE[parsed[3]], float(parsed[4])
    return lambda joined: compare(joined[tensor][element], bound)


def session_options(config: Mapping[str, Any]) -> ort.SessionOptions:
    """Thread counts as the compiled backend reads them (0 or absent: onnxruntime decides)."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = int(parameters(config).get("intra_op_thread_count", 0))
    options.inter_op_num_threads = int(parameters(config).get("inter_op_thread_count", 0))
    options.log_severity_level = 3  # errors only: the warnings are about fusions that were not possible
    return options


def exit_with(server: int, over: threading.Event) -> None:
    """End this process when the server is gone: Triton's own stub waits forever for one that was killed."""
    while not over.wait(timeout=1.0):
        if os.getppid() != server:
            os._exit(1)


def check_names(kind: str, configured: Sequence[str], found: Sequence[str]) -> None:
    """Raise when the configuration and the graph disagree: Triton itself sees it at the first film."""
    if sorted(configured) != sorted(found):
        raise ValueError(f"the configuration names the {kind}s {sorted(configured)}, the graph {sorted(found)}")
