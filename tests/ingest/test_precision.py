"""The arithmetic of a graph is what was asked, and its answers are those of the committed graph."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from builders.graphs import make_network, small_network_by_hand
from onnx import TensorProto

from ingest.chain import OnnxModel
from ingest.errors import PlanError
from ingest.precision import as_fp16, as_fp32, quantisable, rounding

REPOSITORY = Path(__file__).parents[2] / "model_repository"
MODELS = ("classifier", "detector", "cup_angle")
GEOMETRY = {"GridSample", "Atan", "Softmax", "ReduceMean", "ArgMax", "Exp", "Log", "Sqrt", "Pow", "Div", "AveragePool"}


def committed(model):
    return (REPOSITORY / model / "1" / "model.onnx").read_bytes()


def types(content):
    """Tensor -> element type, as ONNX infers it."""
    model = onnx.shape_inference.infer_shapes(onnx.load_from_string(content), strict_mode=True)
    known = {one.name: one.type.tensor_type.elem_type for one in [*model.graph.value_info, *model.graph.output]}
    return known | {weight.name: weight.data_type for weight in model.graph.initializer}


def interface(content):
    graph = onnx.load_from_string(content).graph
    return [
        (one.name, one.type.tensor_type.elem_type, [d.dim_param or d.dim_value for d in one.type.tensor_type.shape.dim])
        for one in [*graph.input, *graph.output]
    ]


def half(values):
    return values.astype(np.float16).astype(np.float32)


@pytest.fixture
def film():
    return np.random.default_rng(1).normal(size=(2, 1, 4, 4)).astype(np.float32)


def test_fp32_is_the_same_graph_without_casts(film):
    content = make_network()
    single = as_fp32(content)
    assert "Cast" not in {node.op_type for node in onnx.load_from_string(single).graph.node}
    np.testing.assert_array_equal(OnnxModel(single)({"x": film})["y"], OnnxModel(content)({"x": film})["y"])


def test_between_two_convolutions_all_is_fp16_and_after_the_last_it_is_fp32():
    known = types(as_fp16(make_network()))
    assert {name: known[name] for name in ("a", "s", "b")} == dict.fromkeys("asb", TensorProto.FLOAT16)
    assert {name: known[name] for name in ("c", "y")} == dict.fromkeys("cy", TensorProto.FLOAT)


def test_a_processor_rounds_each_operation_as_fp16_does(film):
    told = OnnxModel(rounding(as_fp16(make_network())))({"x": film})["y"]
    by_hand = small_network_by_hand(film, half)
    exact = small_network_by_hand(film, lambda values: values)
    np.testing.assert_allclose(told, by_hand, atol=2e-5)
    assert np.abs(told - exact).max() > 0.01  # so that the line above can fail


def test_an_operation_that_is_no_part_of_a_network_stays_fp32():
    known = types(as_fp16(make_network(operator="Softplus")))
    assert known["s"] == TensorProto.FLOAT
    assert known["b"] == TensorProto.FLOAT16


def test_a_weight_that_fp16_cannot_hold_is_refused():
    model = onnx.load_from_string(make_network())
    del model.graph.node[0], model.graph.initializer[0]
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.full((8, 1, 1, 1), 1e5, np.float32), "first"))
    with pytest.raises(PlanError, match="values that fp16 cannot: compile with --precision fp32"):
        as_fp16(model.SerializeToString())


@pytest.mark.parametrize("content", [b"", b"no graph", make_network()[:-40]], ids=["empty", "a letter", "cut short"])
def test_a_file_that_is_no_graph_is_one_line_with_its_name(content):
    with pytest.raises(PlanError, match=r"detector/1/model\.onnx is no whole ONNX graph") as error:
        as_fp16(content, "detector/1/model.onnx")
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("model", MODELS)
def test_a_committed_graph_keeps_its_tensors(model):
    content = committed(model)
    assert interface(as_fp16(content)) == interface(as_fp32(content)) == interface(content)


@pytest.mark.parametrize("model", MODELS)
def test_of_a_committed_graph_nearly_all_convolutions_are_fp16_and_no_geometry_is(model):
    content = as_fp16(committed(model))
    known, graph = types(content), onnx.load_from_string(content).graph
    kinds = {"half": [], "single": []}
    for node in graph.node:
        kind = known.get(node.output[0])
        if kind in {TensorProto.FLOAT, TensorProto.FLOAT16}:
            kinds["half" if kind == TensorProto.FLOAT16 else "single"].append(node.op_type)
    assert not GEOMETRY & set(kinds["half"])
    assert kinds["half"].count("Conv") > 0.9 * (kinds["half"].count("Conv") + kinds["single"].count("Conv"))
    assert len(quantisable(as_fp32(committed(model)))) == kinds["half"].count("Conv")


def test_a_plan_computes_all_sides_where_the_graph_computes_those_with_an_implant_and_both_answer_alike():
    detections = np.full((2, 6, 5), [200, 200, 420, 400, 0.0], np.float32)
    detections[1, 3, 4] = 0.9  # an implant on the left of the second film
    known = {
        "image": np.random.default_rng(2).integers(0, 256, (2, 768, 768), dtype=np.uint8),
        "view_scores": np.eye(6, dtype=np.float32)[[0, 0]],
        "turn_scores": np.eye(4, dtype=np.float32)[[0, 1]],
        "detections": detections,
    }
    graph, plan = committed("cup_angle"), as_fp32(committed("cup_angle"))
    operators = [{node.op_type for node in onnx.load_from_string(content).graph.node} for content in (graph, plan)]
    assert ["NonZero" in kinds for kinds in operators] == [True, False]
    told = OnnxModel(plan)(known)
    for name, values in OnnxModel(graph)(known).items():
        np.testing.assert_allclose(told[name], values, rtol=1e-3, atol=0.02, err_msg=name)
    assert told["cup_angles"][1, 1].any()
    assert not told["cup_angles"][:, 0].any()
