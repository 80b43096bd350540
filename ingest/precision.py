"""The arithmetic of a graph: the committed ONNX rewritten in memory before an engine is built from it.

A strongly typed network computes in the types that its graph names. The committed graphs store large weights as fp16
behind a cast and compute in fp32. For fp16, the convolutions inside a network and what lies between them (activations,
sums, joins, pooling) are retyped. All else stays fp32: scaling and turning the film, sampling crops, means, the last
convolution of each network, soft-argmax, boxes, angles, scores. Inputs and outputs keep names, types and shapes.

Where the committed graph computes only the rows that a condition chooses, the rewritten one computes all of them: no
shape may depend on data, or no CUDA graph can be captured. The graph itself discards what was not chosen.
"""

from collections.abc import Iterable
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, helper, numpy_helper

from ingest.errors import PlanError

CONVOLUTION = "Conv"
INSIDE = frozenset({CONVOLUTION, "Sigmoid", "Relu", "LeakyRelu", "Mul", "Add", "Concat", "MaxPool", "Resize"})
ONE_TENSOR = frozenset({"Resize"})  # of which only the first input is data, the others say how
LARGEST_FP16 = 65504.0


class _Graph:
    """Who makes and who takes each tensor of an ONNX graph."""

    def __init__(self, model: Any) -> None:
        self.model, self.graph = model, model.graph
        self.weights = {weight.name: weight for weight in self.graph.initializer}
        self.maker = {name: node for node in self.graph.node for name in node.output}
        self.takers: dict[str, list[Any]] = {}
        for node in self.graph.node:
            for name in node.input:
                self.takers.setdefault(name, []).append(node)

    def stored_weight(self, name: str) -> Any:
        """The initializer behind a tensor: itself, or what its cast or a Constant holds; None for a computed one."""
        if name in self.weights:
            return self.weights[name]
        node = self.maker.get(name)
        if node is not None and node.op_type == "Constant":
            return next((attribute.t for attribute in node.attribute if attribute.name == "value"), None)
        if node is not None and node.op_type == "Cast" and node.input[0] in self.weights:
            return self.weights[node.input[0]]
        return None

    def networks(self) -> list[Any]:
        """Nodes between two convolutions of one network, the first convolution included and the last not."""
        convolutions = [node for node in self.graph.node if node.op_type == CONVOLUTION]
        after = self._reached(convolutions, forward=True) | {node.name for node in convolutions}
        before = self._reached(convolutions, forward=False)
        return [node for node in self.graph.node if node.name in after & before]

    def _reached(self, starts: Iterable[Any], *, forward: bool) -> set[str]:
        """Names of the nodes that a way through INSIDE leads to."""
        found: set[str] = set()
        waiting = list(starts)
        while waiting:
            node = waiting.pop()
            if forward:
                beside = [taker for name in node.output for taker in self.takers.get(name, [])]
            else:
                beside = [self.maker[name] for name in node.input if name in self.maker]
            fresh = [one for one in beside if one.op_type in INSIDE and one.name not in found]
            found |= {one.name for one in fresh}
            waiting += fresh
        return found


def read_graph(content: bytes, name: str) -> Any:
    """The ONNX model; PlanError where the file is none."""
    try:
        model = onnx.load_from_string(content)
        onnx.checker.check_model(model)
    except (DecodeError, onnx.checker.ValidationError, ValueError) as error:
        reason = (str(error).splitlines() or ["unreadable"])[0]
        raise PlanError(
            f"{name} is no whole ONNX graph ({reason}): restore it from the release, or export it again"
        ) from None
    for number, node in enumerate(model.graph.node):
        node.name = node.name or f"node{number}"
    _choose_all(model)
    _pass_idle_casts(model)
    return model


def _choose_all(model: Any) -> None:
    """In place of the places where a condition (M,) holds, all places: (1, M)."""
    graph, nodes = model.graph, []
    for number, node in enumerate(graph.node):
        if node.op_type != "NonZero":
            nodes.append(node)
            continue
        name = f"all{number}"
        for constant, values in (("first", 0), ("step", 1), ("axis", [0])):
            graph.initializer.append(numpy_helper.from_array(np.array(values, np.int64), f"{name}.{constant}"))
        nodes += [
            helper.make_node("Shape", [node.input[0]], [f"{name}.shape"], f"{name}.measure"),
            helper.make_node("Squeeze", [f"{name}.shape", f"{name}.axis"], [f"{name}.count"], f"{name}.squeeze"),
            helper.make_node(
                "Range", [f"{name}.first", f"{name}.count", f"{name}.step"], [f"{name}.places"], f"{name}.range"
            ),
            helper.make_node("Unsqueeze", [f"{name}.places", f"{name}.axis"], list(node.output), f"{name}.unsqueeze"),
        ]
    del graph.node[:]
    graph.node.extend(nodes)


def _pass_idle_casts(model: Any) -> None:
    """Casts to fp32 of what is fp32 already, which the exporter leaves behind, are no longer asked."""
    graph, known = model.graph, onnx.shape_inference.infer_shapes(model).graph.value_info
    single = {one.name for one in known if one.type.tensor_type.elem_type == TensorProto.FLOAT}
    same: dict[str, str] = {}
    for node in graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = same.get(name, name)
        if node.op_type == "Cast" and node.input[0] in single and _casts_to(node) == TensorProto.FLOAT:
            same[node.output[0]] = node.input[0]
    for output in graph.output:  # one that such a cast makes keeps it
        same.pop(output.name, None)


def as_fp32(content: bytes, name: str = "the graph") -> bytes:
    """The same graph with every weight stored as fp32, without casts."""
    graph = _Graph(read_graph(content, name))
    for node in graph.graph.node:
        if node.op_type == "Cast" and node.input[0] in graph.weights and _casts_to(node) == TensorProto.FLOAT:
            values = numpy_helper.to_array(graph.weights[node.input[0]]).astype(np.float32)
            graph.graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
            node.op_type = ""  # taken out below
    return _written(graph)


def as_fp16(content: bytes, name: str = "the graph") -> bytes:
    """The graph with its networks in fp16."""
    graph = _Graph(read_graph(content, name))
    inside = graph.networks()
    half = {output for node in inside for output in node.output}
    casts: dict[str, Any] = {}  # by the tensor that they make
    for node in inside:
        for place, tensor in enumerate(node.input):
            if tensor and tensor not in half and (place == 0 or node.op_type not in ONE_TENSOR):
                node.input[place] = _halved(graph, tensor, casts)
    names = {node.name for node in inside}
    for node in graph.graph.node:
        if node.name not in names:
            for place, tensor in enumerate(node.input):
                if tensor in half:
                    node.input[place] = _cast(tensor, TensorProto.FLOAT, casts)
    graph.graph.node.extend(casts.values())
    return _written(graph)


def rounding(content: bytes, name: str = "the graph") -> bytes:
    """The graph for a processor without fp16 arithmetic: each fp16 operation in fp32, its result rounded to fp16.

    ONNX Runtime does not do so by itself: on a CPU it leaves out the roundings between fp16 operations.
    """
    model = read_graph(content, name)
    known = onnx.shape_inference.infer_shapes(model).graph.value_info
    half = {one.name for one in known if one.type.tensor_type.elem_type == TensorProto.FLOAT16}
    half |= {weight.name for weight in model.graph.initializer if weight.data_type == TensorProto.FLOAT16}
    casts: dict[str, Any] = {}
    for node in model.graph.node:
        if node.op_type == "Cast":
            continue
        for place, tensor in enumerate(node.input):
            if tensor in half:
                node.input[place] = _cast(tensor, TensorProto.FLOAT, casts)
        for place, tensor in enumerate(node.output):
            if tensor in half:
                node.output[place] = f"{tensor}.exact"
                rounded = helper.make_node(
                    "Cast", [f"{tensor}.exact"], [tensor], f"{tensor}.round", to=TensorProto.FLOAT16
                )
                casts[f"{tensor} rounded"] = rounded
    model.graph.node.extend(casts.values())
    return _written(_Graph(model))


def quantisable(content: bytes) -> list[str]:
    """Names of the convolutions that may compute in int8: those that fp16 retypes."""
    return [node.name for node in _Graph(read_graph(content, "")).networks() if node.op_type == CONVOLUTION]


def _halved(graph: _Graph, tensor: str, casts: dict[str, Any]) -> str:
    """The name of ``tensor`` in fp16: a weight is stored so, a computed one is cast."""
    weight = graph.stored_weight(tensor)
    if weight is None:
        return _cast(tensor, TensorProto.FLOAT16, casts)
    if weight.data_type == TensorProto.FLOAT16 and weight.name in graph.weights:
        return str(weight.name)
    stored = f"{tensor}.half"
    if stored not in graph.weights:
        values = numpy_helper.to_array(weight).astype(np.float32)
        if np.abs(values).max(initial=0) > LARGEST_FP16:
            raise PlanError(f"{tensor} holds values that fp16 cannot: compile with --precision fp32")
        graph.weights[stored] = numpy_helper.from_array(values.astype(np.float16), stored)
        graph.graph.initializer.append(graph.weights[stored])
    return stored


def _cast(tensor: str, kind: int, casts: dict[str, Any]) -> str:
    made = f"{tensor}.{'half' if kind == TensorProto.FLOAT16 else 'single'}"
    casts[made] = helper.make_node("Cast", [tensor], [made], f"{made}.cast", to=kind)
    return made


def _casts_to(node: Any) -> int:
    return next(int(attribute.i) for attribute in node.attribute if attribute.name == "to")


def _written(graph: _Graph) -> bytes:
    """In an order that can be computed, without what nobody takes."""
    nodes = {name: node for node in graph.graph.node if node.op_type for name in node.output}
    ordered: dict[str, Any] = {}  # by node name
    waiting = [(output.name, False) for output in reversed(graph.graph.output)]
    while waiting:
        tensor, ready = waiting.pop()
        node = nodes.get(tensor)
        if node is None or node.name in ordered:
            continue
        if ready:
            ordered[node.name] = node
        else:
            waiting.append((tensor, True))
            waiting += [(name, False) for name in node.input]
    kept = [onnx.NodeProto.FromString(node.SerializeToString()) for node in ordered.values()]
    taken = {name for node in kept for name in node.input} | {output.name for output in graph.graph.output}
    weights = [weight for weight in graph.graph.initializer if weight.name in taken]
    made = helper.make_graph(kept, graph.graph.name, graph.graph.input, graph.graph.output, weights)
    model = helper.make_model(made, opset_imports=graph.model.opset_import, ir_version=graph.model.ir_version)
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString()
    return content
