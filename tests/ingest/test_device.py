"""What --device names, and how much of its memory the builder may take."""

import pytest
from builders.nvidia import FakeDriver

from ingest.device import Device
from ingest.engines import failure_line
from ingest.errors import PlanError
from ingest.gpu import Gpu
from ingest.manifest import Target

HERE = Target("tensorrt", "10.13.2.6", "8.6", "Fake GPU")
GIB = 1 << 30


def make_device(free: int) -> Device:
    return Device(None, HERE, Gpu(0, FakeDriver(free=free)))


@pytest.mark.parametrize(("free", "workspace"), [(40 * GIB, 2 * GIB), (3 * GIB, 3 * GIB // 2)])
def test_the_builder_gets_what_it_asks_for_and_at_most_half_of_what_is_free(free, workspace):
    assert make_device(free).workspace_bytes(2 * GIB) == workspace


def test_a_gpu_that_is_full_is_one_line_with_the_remedy():
    with pytest.raises(PlanError, match=r"GPU 0 \(Fake GPU\) has 200 MB free, .*: stop what else uses it") as error:
        make_device(200_000_000).workspace_bytes(2 * GIB)
    assert "\n" not in str(error.value)


def test_without_a_gpu_nothing_limits_the_builder():
    assert Device(None, HERE, None).workspace_bytes(2 * GIB) == 2 * GIB


@pytest.mark.parametrize(
    "words",
    ["Error Code 2: OutOfMemory (Requested size was 1 bytes.)", "CUDA error: out of memory", "insufficient memory"],
)
def test_a_builder_that_runs_out_of_memory_says_what_to_do(words):
    assert "does not fit the GPU's free memory: stop what else uses it, or lower --max-batch" in failure_line(
        "x", words
    )


def test_anotherfailure_line_is_told_as_it_is():
    assert (
        failure_line("detector", "no implementation for node 7")
        == "detector cannot be built: no implementation for node 7"
    )
