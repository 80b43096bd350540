"""Graphs as ONNX files: weights stored as fp16, run by ONNX Runtime."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from training.networks.layers import ConvUnit

OPSET = 17
STORED_AS_FP16 = 256  # values of a weight, from which on it is worth it

Arrays = dict[str, NDArray[np.generic]]


def rounded(net: nn.Module) -> nn.Module:
    """Folds every normalisation into its convolution and rounds the weights as they will be stored, in place.

    What is fitted and compared afterwards is then fitted and compared on the very numbers that are exported.
    """
    for unit in net.eval().modules():
        if isinstance(unit, ConvUnit) and isinstance(unit[1], nn.BatchNorm2d):
            unit[0] = nn.utils.fusion.fuse_conv_bn_eval(unit[0], unit[1])
            unit[1] = nn.Identity()
    with torch.no_grad():
        for weight in net.parameters():
            if weight.numel() >= STORED_AS_FP16:
                weight.copy_(weight.half())
    return net


def export(graph: nn.Module, path: Path, inputs: Mapping[str, Tensor], outputs: tuple[str, ...]) -> None:
    """Writes the graph with a dynamic batch; ``inputs`` are examples by name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        graph.eval(),
        tuple(inputs.values()),
        str(path),
        input_names=list(inputs),
        output_names=list(outputs),
        dynamic_axes={key: {0: "batch"} for key in [*inputs, *outputs]},
        opset_version=OPSET,
        dynamo=False,
    )
    store_fp16(path)


def store_fp16(path: Path) -> None:
    """Rewrites the graph with every large fp32 weight stored as fp16 behind a cast, its nodes without names.

    The exporter's say nothing that their tensors do not, and what it notes of a node names local files.
    """
    model = onnx.load(path)
    kept, casts = [], []
    for weight in model.graph.initializer:
        values = numpy_helper.to_array(weight)
        if weight.data_type != TensorProto.FLOAT or values.size < STORED_AS_FP16 or np.abs(values).max() > 6e4:
            kept.append(weight)
            continue
        half = f"{weight.name}.fp16"
        kept.append(numpy_helper.from_array(values.astype(np.float16), half))
        casts.append(helper.make_node("Cast", [half], [weight.name], f"{weight.name}.cast", to=TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.initializer[:], model.graph.node[:]
    model.graph.initializer.extend(kept)
    model.graph.node.extend(casts + nodes)
    for node in model.graph.node:
        node.doc_string = node.name = ""
    onnx.checker.check_model(model)
    temporary = path.with_suffix(".tmp")
    onnx.save(model, temporary)
    temporary.rename(path)


class Graph:
    """An ONNX file, ready to run; on all cores, unless ``threads`` says otherwise."""

    def __init__(self, path: Path, threads: int | None = None) -> None:
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads or os.cpu_count() or 1
        self._session = ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self.inputs = [one.name for one in self._session.get_inputs()]
        self.outputs = [one.name for one in self._session.get_outputs()]

    def __call__(self, known: Arrays) -> Arrays:
        """The outputs, from those of ``known`` that the graph wants."""
        answers = self._session.run(self.outputs, {name: known[name] for name in self.inputs})
        return dict(zip(self.outputs, answers, strict=True))
