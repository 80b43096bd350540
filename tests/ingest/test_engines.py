"""NVIDIA's parser and builder accept all three graphs, without a GPU and without a plugin.

TensorRT for RTX builds here; 'make check' installs it.
"""

import sys
from pathlib import Path

import onnx
import pytest
from builders.graphs import make_network
from click.testing import CliRunner

from ingest.cli import main
from ingest.device import Device
from ingest.engines import TENSORRT, TENSORRT_RTX, Build, Library, profiles
from ingest.errors import PlanError, UsageError
from ingest.manifest import Manifest
from ingest.precision import as_fp16, as_fp32

REPOSITORY = Path(__file__).parents[2] / "model_repository"
MODELS = ("classifier", "detector", "cup_angle")
BUILD = Build("a graph", max_batch=8, compute_capability="8.6")

engines = pytest.mark.engines


@pytest.fixture(scope="module")
def library():
    pytest.importorskip("tensorrt_rtx", reason="'make check' installs TensorRT for RTX")
    return Library(TENSORRT_RTX)


@engines
@pytest.mark.parametrize("retyped", [as_fp16, as_fp32], ids=["fp16", "fp32"])
@pytest.mark.parametrize("model", MODELS)
def test_a_committed_graph_becomes_an_engine_without_a_plugin(library, model, retyped):
    content = (REPOSITORY / model / "1" / "model.onnx").read_bytes()
    engine = library.build(retyped(content, model), BUILD)
    assert len(engine.plan) > 1_000_000
    assert engine.layers["CONVOLUTION"] > 10
    assert not [kind for kind in engine.layers if "PLUGIN" in kind]
    # what the spec of a graph promises is in the network that was accepted, and not on the client
    inside = {"classifier": {"POOLING", "SOFTMAX"}, "detector": {"TOPK"}, "cup_angle": {"GRID_SAMPLE", "RESIZE"}}
    assert inside[model] <= set(engine.layers)


@engines
def test_the_command_builds_all_three_with_their_manifests(library, tmp_path):
    arguments = ["--models", REPOSITORY, "--device", "sm86", "--out", tmp_path, "--home", tmp_path]
    result = CliRunner().invoke(main, ["models", "compile", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    for model in MODELS:
        told = Manifest.read(tmp_path / model / "1" / "model.plan")
        assert (told.model, told.library, told.tensorrt) == (model, TENSORRT_RTX, library.version)
        assert (told.compute_capability, told.precision, told.max_batch) == ("8.6", "fp16", 8)
    again = CliRunner().invoke(main, ["models", "compile", *map(str, arguments)])
    assert again.output.count("fits: ") == 3


@engines
@pytest.mark.parametrize("max_batch", [1, 2, 16])
def test_a_graph_is_built_for_other_batches(library, max_batch):
    assert library.build(as_fp16(make_network()), Build("small", max_batch, "7.5")).plan


def make_with(operator):
    """The small network with one operator exchanged that no checker of ONNX minds."""
    model = onnx.load_from_string(make_network())
    activation = next(node for node in model.graph.node if node.name == "activation")
    activation.op_type, activation.domain = operator, "hospital"
    model.opset_import.append(onnx.helper.make_opsetid("hospital", 1))
    return model.SerializeToString()


@engines
def test_an_operator_that_is_unknown_is_named(library):
    with pytest.raises(PlanError, match=r"TensorRT refuses operator Wobble \(activation\)") as error:
        library.build(make_with("Wobble"), BUILD)
    assert "\n" not in str(error.value)


@engines
@pytest.mark.parametrize("content", [b"", b"no graph"], ids=["empty", "a letter"])
def test_what_is_no_graph_is_refused_in_one_line(library, content):
    with pytest.raises(PlanError, match="a graph cannot be built") as error:
        library.build(content, BUILD)
    assert "\n" not in str(error.value)


@engines
def test_a_graph_with_a_fixed_batch_is_refused(library):
    model = onnx.load_from_string(as_fp32(make_network()))
    for one in [*model.graph.input, *model.graph.output]:
        one.type.tensor_type.shape.dim[0].dim_value = 1
    with pytest.raises(PlanError, match=r"export it with an open batch axis|cannot be built"):
        library.build(model.SerializeToString(), BUILD)


@engines
def test_every_name_that_running_a_plan_needs_is_there(library):  # noqa: ARG001 - installs or skips
    import tensorrt_rtx as trt  # noqa: PLC0415 - an extra

    wanted = {
        trt.Runtime: ("deserialize_cuda_engine",),
        trt.ICudaEngine: ("create_execution_context", "num_io_tensors", "get_tensor_name", "get_tensor_mode"),
        trt.IExecutionContext: ("set_input_shape", "set_tensor_address", "get_tensor_shape", "execute_async_v3"),
        trt: ("nptype", "TensorIOMode"),
    }
    assert [name for place, names in wanted.items() for name in names if not hasattr(place, name)] == []
    assert hasattr(trt.ICudaEngine, "get_tensor_dtype")
    # the timing cache is TensorRT's alone, but both describe the calls alike
    assert "cache: " in trt.IBuilderConfig.set_timing_cache.__doc__
    assert "ignore_mismatch: bool" in trt.IBuilderConfig.set_timing_cache.__doc__


@engines
def test_a_kind_of_gpu_that_is_unknown_is_refused_with_those_that_are(library):  # noqa: ARG001
    with pytest.raises(UsageError, match="'sm10': tensorrt_rtx builds for sm75, "):
        Device.find("sm10")
    assert Device.find("sm120").target.compute_capability == "12.0"


def test_a_device_that_is_neither_is_refused():
    with pytest.raises(UsageError, match="--device is 'cuda': name a GPU by its number"):
        Device.find("cuda")


@pytest.mark.parametrize(
    ("package", "remedy"), [(TENSORRT, "docker compose run --rm plans"), (TENSORRT_RTX, "in the checkout")]
)
def test_a_missing_package_is_one_line_with_the_remedy(package, remedy, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(PlanError, match=f"the Python package {package} is missing .*{remedy}") as error:
        Library(package)
    assert "\n" not in str(error.value)


def test_the_profiles_cover_every_batch_and_are_best_at_full_ones_and_single_films():
    assert profiles(8) == [(1, 8, 8), (1, 1, 1)]
    assert profiles(1) == [(1, 1, 1)]
