"""NVIDIA's builder: a graph becomes an engine, and an engine answers.

TensorRT (package tensorrt) builds for the GPU of this machine, and Triton serves its plans. TensorRT for RTX (package
tensorrt_rtx) has the same parser and builder and needs no GPU; its engines prove that a graph is accepted, and no more.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.errors import PlanError
from ingest.gpu import Gpu

TENSORRT, TENSORRT_RTX = "tensorrt", "tensorrt_rtx"
INSTALL = {
    TENSORRT: "use 'docker compose run --rm plans', whose image has it, or pip install '.[tensorrt]' in the checkout",
    TENSORRT_RTX: "pip install '.[engines]' in the checkout",
}
WORKSPACE_BYTES = 2 << 30  # at most, while the builder tries ways to compute a layer
MEMORY_WORDS = ("outofmemory", "out of memory", "insufficient memory", "memory allocation")

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, slots=True)
class Build:
    """What is asked of the builder."""

    name: str  # for messages
    max_batch: int
    compute_capability: str  # "8.6"
    workspace_bytes: int = WORKSPACE_BYTES
    timing_cache: bytes = b""  # of an earlier build; TensorRT drops one that does not fit


@dataclass(frozen=True, slots=True)
class Engine:
    """What the builder made."""

    plan: bytes
    timing_cache: bytes
    layers: Mapping[str, int] = field(default_factory=dict)  # type -> how many


class Library:
    """The package ``tensorrt`` or ``tensorrt_rtx``, whichever is named."""

    def __init__(self, package: str) -> None:
        self.package = package
        try:
            self._trt: Any = importlib.import_module(package)
        except (ImportError, OSError) as error:
            reason = (str(error).splitlines() or ["it cannot be loaded"])[0]
            raise PlanError(f"the Python package {package} is missing ({reason}): {INSTALL[package]}") from None
        self.version = str(self._trt.__version__)

    def build(self, content: bytes, build: Build) -> Engine:
        """The engine of an ONNX graph; PlanError with the operator or the layer that is refused."""
        trt, listener = self._trt, _listener(self._trt)
        try:
            builder = trt.Builder(listener)
        except TypeError:  # what its bindings make of a null pointer
            raise PlanError(failure_line(build.name, listener.reason())) from None
        network = builder.create_network(1 << int(trt.NetworkDefinitionCreationFlag.STRONGLY_TYPED))
        parser = trt.OnnxParser(network, listener)
        if not parser.parse(content):
            raise PlanError(_refusal(build.name, parser))
        layers = _layers(network)
        if plugins := [kind for kind in layers if kind.startswith("PLUGIN")]:
            raise PlanError(
                f"{build.name} needs {plugins[0]}, which Triton's container does not have: export it without"
            )
        config = self._configured(builder, network, build)
        plan = builder.build_serialized_network(network, config)
        if plan is None:
            raise PlanError(failure_line(build.name, listener.reason()))
        cache = config.get_timing_cache() if self.package == TENSORRT else None
        return Engine(bytes(plan), bytes(cache.serialize()) if cache else b"", layers)

    def _configured(self, builder: Any, network: Any, build: Build) -> Any:
        trt, config = self._trt, builder.create_builder_config()
        config.clear_flag(trt.BuilderFlag.TF32)  # fp32 means fp32: geometry does not survive ten bits of mantissa
        config.set_memory_pool_limit(trt.MemoryPoolType.WORKSPACE, build.workspace_bytes)
        if self.package == TENSORRT:  # the other has none
            config.set_timing_cache(config.create_timing_cache(build.timing_cache), ignore_mismatch=False)
        else:
            config.num_compute_capabilities = 1
            config.set_compute_capability(_capability(trt, build.compute_capability), 0)
        for batch in profiles(build.max_batch):
            profile = builder.create_optimization_profile()
            for index in range(network.num_inputs):
                tensor = network.get_input(index)
                film = tuple(tensor.shape)[1:]
                profile.set_shape(tensor.name, *((size, *film) for size in batch))
            if config.add_optimization_profile(profile) < 0:
                raise PlanError(f"{build.name} takes no batch of {batch[-1]}: export it with an open batch axis")
        return config

    def load(self, plan: bytes, gpu: Gpu) -> "LoadedPlan":
        """A plan on a GPU, ready to answer."""
        return LoadedPlan(self._trt, plan, gpu)


class LoadedPlan:
    """An engine on a GPU: arrays by name in, arrays by name out, at most ``max_batch`` films."""

    def __init__(self, trt: Any, plan: bytes, gpu: Gpu) -> None:
        listener = _listener(trt)
        self._trt, self._gpu, self._listener = trt, gpu, listener  # NVIDIA's side points to the listener
        self._runtime = trt.Runtime(listener)
        self._engine = self._runtime.deserialize_cuda_engine(plan)
        self._context: Any = self._engine.create_execution_context() if self._engine else None
        if self._context is None:
            raise PlanError(failure_line("the plan", listener.reason()))
        names = [self._engine.get_tensor_name(index) for index in range(self._engine.num_io_tensors)]
        inputs = {name for name in names if self._engine.get_tensor_mode(name) == trt.TensorIOMode.INPUT}
        self.inputs = [name for name in names if name in inputs]
        self.outputs = [name for name in names if name not in inputs]

    def __call__(self, known: Arrays) -> dict[str, NDArray[Any]]:
        """The outputs, from those of ``known`` that the graph wants."""
        gpu, context, addresses = self._gpu, self._context, []
        told: dict[str, NDArray[Any]] = {}
        try:
            for name in self.inputs:
                context.set_input_shape(name, known[name].shape)
                addresses.append(gpu.allocate(known[name].nbytes))
                gpu.send(known[name], addresses[-1])
                context.set_tensor_address(name, addresses[-1])
            places = {}
            for name in self.outputs:
                kind = self._trt.nptype(self._engine.get_tensor_dtype(name))
                told[name] = np.empty(tuple(context.get_tensor_shape(name)), kind)
                places[name] = gpu.allocate(told[name].nbytes)
                addresses.append(places[name])
                context.set_tensor_address(name, places[name])
            if not context.execute_async_v3(0):
                raise PlanError("the plan does not run: build it again with 'ingest models compile --again'")
            for name, place in places.items():
                gpu.fetch(place, told[name])
        finally:
            for address in addresses:
                gpu.free(address)
        return told


def profiles(max_batch: int) -> list[tuple[int, int, int]]:
    """Batch sizes (least, best, most) that an engine is tuned for; the profiles that every config.pbtxt names.

    While an archive is read, the dynamic batcher forms full batches: the first profile. The last films of a run, and
    one film asked by itself, come alone: the second.
    """
    return [(1, max_batch, max_batch), (1, 1, 1)] if max_batch > 1 else [(1, 1, 1)]


def capability_names() -> tuple[str, ...]:
    """What ``--device`` may name where there is no GPU, as TensorRT for RTX knows it: sm75, sm80, ..."""
    known = dir(Library(TENSORRT_RTX)._trt.ComputeCapability)  # noqa: SLF001 - our own
    return tuple(sorted((name.lower() for name in known if name.startswith("SM")), key=lambda name: int(name[2:])))


def _capability(trt: Any, compute_capability: str) -> Any:
    return getattr(trt.ComputeCapability, f"SM{compute_capability.replace('.', '')}")


def _listener(trt: Any) -> Any:
    """A logger that keeps what goes wrong."""

    class Listener(trt.ILogger):  # type: ignore[misc] # a class of a module that is known when it is loaded
        def __init__(self) -> None:
            trt.ILogger.__init__(self)
            self.errors: list[str] = []

        def log(self, severity: Any, message: str) -> None:
            if severity <= trt.ILogger.Severity.ERROR:
                self.errors.append(message)

        def reason(self) -> str:
            return self.errors[0].splitlines()[0][:300] if self.errors else "it gives no reason"

    return Listener()


def _layers(network: Any) -> dict[str, int]:
    counted: dict[str, int] = {}
    for index in range(network.num_layers):
        kind = str(network.get_layer(index).type).rsplit(".", maxsplit=1)[-1]
        counted[kind] = counted.get(kind, 0) + 1
    return counted


def _refusal(name: str, parser: Any) -> str:
    error = parser.get_error(0)
    where = f"operator {error.node_operator()} ({error.node_name()})" if error.node_operator() else "the file"
    reason = (error.desc().splitlines() or ["no reason given"])[0]
    return f"{name} cannot be built, TensorRT refuses {where}: {reason}; export the graph without it"


def failure_line(name: str, reason: str) -> str:
    """What a person is told when the builder gives up for ``reason``."""
    if any(word in reason.lower() for word in MEMORY_WORDS):
        return f"{name} does not fit the GPU's free memory: stop what else uses it, or lower --max-batch ({reason})"
    return f"{name} cannot be built: {reason}"
