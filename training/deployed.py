"""Weights of a model in the repository, back in a network: where fine-tuning starts.

The exporter folded most normalisations into the convolution before them, so they come back as the identity. That is
the same network when it answers and another one when it learns, where normalisation divides by the spread of the
batch: ``renormalise`` gives each its statistics back before training goes on.
"""

from pathlib import Path

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from training.networks.layers import ConvUnit

Layer = nn.Conv2d | nn.Linear


class OtherNetworkError(ValueError):
    """The file holds another network than the one to be filled."""


def load_deployed(net: nn.Module, example: Tensor, model: Path, first_layer: int = 0) -> int:
    """Fill ``net`` with the weights of an exported ONNX graph, layer by layer in the order of their first use.

    Args:
        net: a network of ``training.networks``.
        example: an input of any batch and size, to learn the order of the layers.
        model: a graph written by ``training.export``.
        first_layer: where this network's layers begin, in a graph of several networks. One that looks at several
            crops is in the graph as often, and its layers count once.

    Returns:
        How many layers were filled.

    Raises:
        OtherNetworkError: the layers do not fit.
    """
    graph = onnx.load(model).graph
    weights = {weight.name: numpy_helper.to_array(weight) for weight in graph.initializer}
    for node in graph.node:  # large weights are stored as fp16 behind a cast
        if node.op_type == "Cast" and node.input[0] in weights:
            weights[node.output[0]] = weights[node.input[0]].astype(np.float32)
    stored = _first_uses(graph)
    layers = _in_order(net, example)
    if len(stored) < first_layer + len(layers):
        raise OtherNetworkError(f"{model} has {len(stored)} layers, not {first_layer + len(layers)}: another network?")
    normalised = {unit[0]: unit[1] for unit in net.modules() if isinstance(unit, ConvUnit)}
    apart = _normalisations(graph)
    for layer, node in zip(layers, stored[first_layer:], strict=False):
        values = [weights[name] for name in node.input[1:]]
        if values[0].shape != tuple(layer.weight.shape):
            raise OtherNetworkError(f"{model} has {values[0].shape} where {tuple(layer.weight.shape)} is needed")
        after = apart.get(node.output[0])
        _fill(layer, normalised.get(layer), values, None if after is None else [weights[n] for n in after.input[1:]])
    return len(layers)


def renormalise(net: nn.Module, images: Tensor) -> None:
    """Give every normalisation the mean and variance that it meets on ``images``; what the network answers stays.

    Args:
        net: a network whose normalisations hold other statistics, after ``load_deployed`` none.
        images: (B, 1, S, S), some dozens as they will be learnt from.
    """
    met: dict[nn.BatchNorm2d, tuple[Tensor, Tensor]] = {}

    def note(norm: nn.BatchNorm2d, inputs: tuple[Tensor], _output: Tensor) -> None:
        values = inputs[0].float()
        met[norm] = values.mean((0, 2, 3)), values.var((0, 2, 3))

    norms = [module for module in net.modules() if isinstance(module, nn.BatchNorm2d)]
    hooks = [norm.register_forward_hook(note) for norm in norms]
    with torch.no_grad():
        net.eval()(images)
        for norm, (mean, variance) in met.items():
            slope = norm.weight / (norm.running_var + norm.eps).sqrt()
            norm.bias += slope * (mean - norm.running_mean)
            norm.weight.copy_(slope * (variance + norm.eps).sqrt())
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
    for hook in hooks:
        hook.remove()


def _in_order(net: nn.Module, example: Tensor) -> list[Layer]:
    """Convolutions and linear layers as they are used."""
    used: list[Layer] = []
    hooks = [
        module.register_forward_hook(lambda layer, _inputs, _output: used.append(layer))
        for module in net.modules()
        if isinstance(module, nn.Conv2d | nn.Linear)
    ]
    with torch.no_grad():
        net.eval()(example)
    for hook in hooks:
        hook.remove()
    return used


def _first_uses(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """Of every layer's weights the first node that uses them, in the order of the graph."""
    uses: dict[str, onnx.NodeProto] = {}
    for node in graph.node:
        if node.op_type in ("Conv", "Gemm"):
            uses.setdefault(node.input[1], node)
    return list(uses.values())


def _normalisations(graph: onnx.GraphProto) -> dict[str, onnx.NodeProto]:
    """Normalisations that stand apart, by the output of the convolution before them."""
    casts = {node.output[0]: node.input[0] for node in graph.node if node.op_type == "Cast"}
    found = [node for node in graph.node if node.op_type == "BatchNormalization"]
    return {casts.get(node.input[0], node.input[0]): node for node in found}


def _fill(
    layer: Layer,
    norm: nn.BatchNorm2d | None,
    values: list[NDArray[np.float32]],
    apart: list[NDArray[np.float32]] | None,
) -> None:
    bias = values[1] if len(values) > 1 else None
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(values[0]))
        if layer.bias is not None:
            layer.bias.copy_(torch.tensor(bias))
        if norm is None:
            return
        count = len(layer.weight)
        one = np.ones(count, np.float32)
        shift = np.zeros(count, np.float32) if bias is None else bias
        scale, offset, mean, variance = apart or (one, shift, 0 * one, one - norm.eps)
        for target, value in (
            (norm.weight, scale), (norm.bias, offset), (norm.running_mean, mean), (norm.running_var, variance),
        ):  # fmt: skip
            target.copy_(torch.tensor(value))
