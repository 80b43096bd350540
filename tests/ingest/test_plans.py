"""Plans are built where they are missing or do not fit, and nothing that fails harms one that is there.

The builder is a stand-in; tests/ingest/test_engines.py has NVIDIA's.
"""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from builders.graphs import make_network

from ingest import plans
from ingest.device import Device
from ingest.engines import Engine
from ingest.errors import PlanError
from ingest.manifest import Manifest, Precision, Target, manifest_of, misfit
from ingest.plans import Order, compile_plans
from ingest.repository import plan_places

A10 = Target("tensorrt", "10.13.2.6", "8.6", "NVIDIA A10")


class FakeBuilder:
    """Makes a plan of few bytes, or fails; knows what it was asked."""

    package = "tensorrt"

    def __init__(self, error=None):
        self.error, self.asked = error, []

    def build(self, content, build):
        """As ``Library``."""
        self.asked.append(build)
        if self.error:
            raise self.error
        return Engine(f"plan {len(self.asked)} of {len(content)} bytes".encode(), b"timings")


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "models" / "classifier"
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text('name: "classifier"\nplatform: "tensorrt_plan"\nmax_batch_size: 8\n')
    (folder / "1" / "model.onnx").write_bytes(make_network())
    return tmp_path / "models"


@pytest.fixture
def on(monkeypatch):
    """Compiles with a builder on a machine."""

    def compile_with(repository, builder, target=A10, **order):
        device = Device(builder, target, None)
        monkeypatch.setattr(plans.Device, "find", classmethod(lambda _cls, _name: device))
        asked = {
            "device": "0",
            "precision": Precision.FP16,
            "films": repository,
            "caches": repository.parent / "caches",
        }
        return list(compile_plans(Order(repository=repository, **(asked | order)), lambda _: None))

    return compile_with


def plan_of(repository) -> Path:
    return repository / "classifier" / "1" / "model.plan"


def test_a_missing_plan_is_built_with_its_manifest_and_a_timing_cache(repository, on):
    (done,) = on(repository, FakeBuilder())
    told = Manifest.read(plan_of(repository))
    assert (done.fresh, done.plan, done.manifest) == (True, plan_of(repository), told)
    assert (told.tensorrt, told.compute_capability, told.precision, told.max_batch) == ("10.13.2.6", "8.6", "fp16", 8)
    (place,) = plan_places(repository)
    assert misfit(place.plan, told.onnx_sha256, A10) is None
    second = FakeBuilder()
    on(repository, second, again=True)
    assert second.asked[0].timing_cache == b"timings"


def test_a_plan_that_fits_is_left_alone_unless_asked(repository, on):
    on(repository, FakeBuilder())
    before = plan_of(repository).stat().st_mtime_ns
    builder = FakeBuilder()
    (done,) = on(repository, builder)
    assert (done.fresh, builder.asked, plan_of(repository).stat().st_mtime_ns) == (False, [], before)
    (done,) = on(repository, builder, again=True)
    assert done.fresh


@pytest.mark.parametrize(
    ("target", "order"),
    [
        (replace(A10, tensorrt="10.14.1.48"), {}),
        (replace(A10, compute_capability="8.9"), {}),
        (A10, {"precision": Precision.FP32}),
        (A10, {"max_batch": 16}),
    ],
    ids=["another TensorRT", "another GPU", "another precision", "another batch"],
)
def test_a_plan_that_is_not_what_would_be_built_now_is_built_again(repository, on, target, order):
    on(repository, FakeBuilder())
    (done,) = on(repository, FakeBuilder(), target, **order)
    assert done.fresh


def test_a_new_graph_gets_a_new_plan(repository, on):
    on(repository, FakeBuilder())
    plan_of(repository).with_name("model.onnx").write_bytes(make_network(scale=0.5))
    (done,) = on(repository, FakeBuilder())
    assert done.fresh


@pytest.mark.parametrize("damage", [lambda plan: plan.write_bytes(b"pl"), lambda plan: manifest_of(plan).unlink()])
def test_a_half_written_plan_is_built_again(repository, on, damage):
    on(repository, FakeBuilder())
    damage(plan_of(repository))
    (done,) = on(repository, FakeBuilder())
    assert done.fresh
    assert misfit(done.plan, done.manifest.onnx_sha256, A10) is None


def test_a_build_that_fails_leaves_the_plan_that_was_there(repository, on):
    on(repository, FakeBuilder())
    before = {path.name: path.read_bytes() for path in plan_of(repository).parent.iterdir()}
    with pytest.raises(PlanError, match="no memory"):
        on(repository, FakeBuilder(PlanError("no memory")), again=True)
    assert {path.name: path.read_bytes() for path in plan_of(repository).parent.iterdir()} == before


def test_a_build_that_is_killed_between_plan_and_manifest_is_told_and_repaired(repository, on, monkeypatch):
    on(repository, FakeBuilder())

    def killed(_manifest, _plan):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Manifest, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            on(repository, FakeBuilder(), again=True, precision=Precision.FP32)
    (place,) = plan_places(repository)
    problem = misfit(place.plan, Manifest.read(place.plan).onnx_sha256, A10)
    assert problem is not None
    assert "half-written" in problem
    (done,) = on(repository, FakeBuilder())
    assert done.fresh


def test_every_version_of_a_model_gets_its_plan(repository, on):
    shutil.copytree(repository / "classifier" / "1", repository / "classifier" / "2")
    done = on(repository, FakeBuilder())
    assert [one.plan.parent.name for one in done] == ["1", "2"]


def test_a_batch_that_triton_would_not_accept_is_refused(repository, on):
    with pytest.raises(PlanError, match="max_batch_size 8, and Triton refuses a plan for 4: lower it there"):
        on(repository, FakeBuilder(), max_batch=4)


def test_engines_that_triton_cannot_load_do_not_get_among_those_it_loads(repository, on):
    builder = FakeBuilder()
    builder.package = "tensorrt_rtx"
    with pytest.raises(PlanError, match="name a folder of their own with --out"):
        on(repository, builder)
    (done,) = on(repository, builder, out=repository.parent / "engines")
    assert done.plan == repository.parent / "engines" / "classifier" / "1" / "model.plan"
    assert not plan_of(repository).exists()


def test_a_folder_that_cannot_be_written_is_one_line(repository, on, tmp_path):
    (tmp_path / "engines").write_text("a file where a folder should be")
    with pytest.raises(PlanError, match="give this user the right to write there"):
        on(repository, FakeBuilder(), out=tmp_path / "engines")


def test_of_two_commands_at_once_one_builds(repository, on):
    class Slow(FakeBuilder):
        def build(self, content, build):
            with pytest.raises(PlanError, match=r"another command builds in .*: wait for it"):
                on(repository, FakeBuilder())
            return super().build(content, build)

    assert on(repository, Slow())[0].fresh
