"""Small ONNX graphs with the parts that matter: a network, what surrounds it, and weights stored as fp16."""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

IR_VERSION, OPSET = 8, 17


def make_network(*, scale: float = 1.0, operator: str = "Sigmoid") -> bytes:
    """From x (B, 1, 4, 4) -> Cast'ed weights -> Conv, ``operator``, Mul, Conv -> times 100 -> y (B, 1, 4, 4)."""
    rng = np.random.default_rng(0)
    first = (scale * rng.normal(size=(8, 1, 1, 1))).astype(np.float16)
    last = rng.normal(size=(1, 8, 1, 1)).astype(np.float32)
    nodes = [
        helper.make_node("Cast", ["first.fp16"], ["first"], "unpack", to=TensorProto.FLOAT),
        helper.make_node("Conv", ["x", "first"], ["a"], "conv1"),
        helper.make_node(operator, ["a"], ["s"], "activation"),
        helper.make_node("Mul", ["a", "s"], ["b"], "gate"),
        helper.make_node("Conv", ["b", "last"], ["c"], "conv2"),
        helper.make_node("Mul", ["c", "hundred"], ["y"], "scale"),
    ]
    weights = [
        numpy_helper.from_array(first, "first.fp16"),
        numpy_helper.from_array(last, "last"),
        numpy_helper.from_array(np.float32([100]), "hundred"),
    ]
    shape = ["batch", 1, 4, 4]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
    onnx.checker.check_model(model)
    content: bytes = model.SerializeToString()
    return content


def small_network_by_hand(x: np.ndarray, rounded) -> np.ndarray:
    """What ``make_network`` computes, with ``rounded`` after each operation that is inside the network."""
    rng = np.random.default_rng(0)
    first = rng.normal(size=(8, 1, 1, 1)).astype(np.float16).astype(np.float32).reshape(1, 8, 1, 1)
    last = rng.normal(size=(1, 8, 1, 1)).astype(np.float32)
    a = rounded(rounded(x) * first)
    b = rounded(a * rounded(1 / (1 + np.exp(-a))))
    return (b * last).sum(1, keepdims=True) * np.float32(100)
