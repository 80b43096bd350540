"""The driver is asked in the right order and memory comes back; a machine without a GPU is told what to do."""

import numpy as np
import pytest
from builders.graphs import make_network
from builders.nvidia import FakeDriver, FakeTensorRT

from ingest.chain import OnnxModel
from ingest.engines import LoadedPlan
from ingest.errors import PlanError
from ingest.gpu import Gpu


def test_a_gpu_tells_its_name_and_compute_capability():
    gpu = Gpu(0, FakeDriver(capability=(12, 0)))
    assert (gpu.name, gpu.compute_capability, gpu.free_bytes()) == ("Fake GPU", "12.0", 8 << 30)


def test_an_array_comes_back_as_it_was_sent_and_memory_is_given_back():
    driver = FakeDriver()
    gpu, sent = Gpu(0, driver), np.arange(24, dtype=np.float32).reshape(2, 12)[:, ::2]
    address, back = gpu.allocate(sent.nbytes), np.empty(sent.shape, np.float32)
    gpu.send(sent, address)
    gpu.fetch(address, back)
    gpu.free(address)
    np.testing.assert_array_equal(back, sent)
    assert driver.held == {}


@pytest.mark.parametrize(
    ("driver", "number", "problem"),
    [
        (FakeDriver(gpus=1), 3, "there is no GPU 3 here: nvidia-smi lists"),
        (FakeDriver(cuInit=35), 0, "fails at cuInit with error 35: see that nvidia-smi works"),
        (FakeDriver(cuDevicePrimaryCtxRetain=2), 0, "GPU 0 has too little free memory: stop what else uses it"),
    ],
    ids=["no such GPU", "an old driver", "no memory"],
)
def test_what_is_wrong_is_one_line_with_the_remedy(driver, number, problem):
    with pytest.raises(PlanError, match=problem):
        Gpu(number, driver)


def test_a_plan_answers_as_its_graph_and_holds_no_memory_afterwards():
    driver, content = FakeDriver(), make_network()
    film = np.random.default_rng(2).normal(size=(3, 1, 4, 4)).astype(np.float32)
    plan = LoadedPlan(FakeTensorRT(), content, Gpu(0, driver))
    told = plan({"x": film, "unasked": film})
    np.testing.assert_array_equal(told["y"], OnnxModel(content)({"x": film})["y"])
    assert (plan.inputs, plan.outputs, driver.held) == (["x"], ["y"], {})


def test_memory_is_given_back_where_a_plan_cannot_run():
    driver = FakeDriver(cuMemcpyHtoD_v2=700)
    plan = LoadedPlan(FakeTensorRT(), make_network(), Gpu(0, driver))
    with pytest.raises(PlanError, match="fails at cuMemcpyHtoD_v2 with error 700"):
        plan({"x": np.zeros((1, 1, 4, 4), np.float32)})
    assert driver.held == {}


def test_a_plan_that_cannot_be_loaded_is_one_line():
    with pytest.raises(PlanError, match="the plan cannot be built: IRuntime: bad magic number") as error:
        LoadedPlan(FakeTensorRT(), b"junk", Gpu(0, FakeDriver()))
    assert "\n" not in str(error.value)
