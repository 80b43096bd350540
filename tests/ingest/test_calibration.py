"""Convolutions in int8 take their ranges from films, and TensorRT's builder can read the result."""

import numpy as np
import onnx
from builders.graphs import make_network

from ingest.calibration import as_int8
from ingest.chain import OnnxModel
from ingest.precision import as_fp32, quantisable

FILMS = [{"x": np.random.default_rng(seed).normal(size=(1, 1, 4, 4)).astype(np.float32)} for seed in range(6)]


def test_the_first_convolution_is_int8_and_answers_are_near():
    single = as_fp32(make_network())
    content = as_int8(single, quantisable(single), ["x"], FILMS)
    graph = onnx.load_from_string(content).graph
    told, wanted = (np.concatenate([OnnxModel(one)(film)["y"] for film in FILMS]) for one in (content, single))
    assert quantisable(single) == ["conv1"]
    assert {node.op_type for node in graph.node} >= {"QuantizeLinear", "DequantizeLinear", "Conv"}
    assert 0 < np.abs(told - wanted).max() < 0.05 * np.abs(wanted).max()


def test_nothing_has_a_zero_point_and_no_bias_is_quantised():
    single = as_fp32(make_network())
    graph = onnx.load_from_string(as_int8(single, quantisable(single), ["x"], FILMS)).graph
    points = [weight for weight in graph.initializer if "zero_point" in weight.name]
    assert points
    assert all(not onnx.numpy_helper.to_array(point).any() for point in points)
    assert {point.data_type for point in points} == {onnx.TensorProto.INT8}
