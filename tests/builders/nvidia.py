"""Stand-ins for a GPU: a driver that keeps its memory in Python, and a TensorRT that answers with ONNX Runtime.

They hold our side of the conversation; what NVIDIA's side does on a real GPU, no test here can tell.
"""

import ctypes
from types import SimpleNamespace
from typing import Any

import numpy as np

from ingest.chain import OnnxModel


class FakeDriver:
    """The functions of libcuda that ``ingest.gpu`` calls; addresses are those of ctypes buffers."""

    def __init__(self, *, gpus: int = 1, capability: tuple[int, int] = (8, 6), free: int = 8 << 30, **failing: int):
        self.gpus, self.capability, self.free = gpus, capability, free
        self.failing = failing  # function -> status
        self.held: dict[int, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if not name.startswith("cu"):
            raise AttributeError(name)
        return lambda *arguments: self.failing.get(name) or getattr(self, f"_{name}", lambda *_: 0)(*arguments) or 0

    def _cuDeviceGet(self, device: Any, number: int) -> int:  # noqa: N802 - the driver's names
        device._obj.value = number
        return 0 if number < self.gpus else 101

    def _cuDeviceGetAttribute(self, value: Any, attribute: int, _device: Any) -> None:  # noqa: N802
        value._obj.value = self.capability[{75: 0, 76: 1}[attribute]]

    def _cuDeviceGetName(self, name: Any, _size: int, _device: Any) -> None:  # noqa: N802
        name.value = b"Fake GPU"

    def _cuMemGetInfo_v2(self, free: Any, total: Any) -> None:  # noqa: N802
        free._obj.value, total._obj.value = self.free, 16 << 30

    def _cuMemAlloc_v2(self, address: Any, size: Any) -> None:  # noqa: N802
        buffer = ctypes.create_string_buffer(size.value)
        address._obj.value = ctypes.addressof(buffer)
        self.held[address._obj.value] = buffer

    def _cuMemFree_v2(self, address: Any) -> None:  # noqa: N802
        del self.held[address.value]

    def _cuMemcpyHtoD_v2(self, address: Any, source: Any, size: Any) -> None:  # noqa: N802
        ctypes.memmove(address.value, source.value, size.value)

    def _cuMemcpyDtoH_v2(self, target: Any, address: Any, size: Any) -> None:  # noqa: N802
        ctypes.memmove(target.value, address.value, size.value)


class FakeTensorRT:
    """The names of ``tensorrt`` that loading and running a plan needs; a plan is an ONNX graph."""

    TensorIOMode = SimpleNamespace(INPUT="input", OUTPUT="output")

    class ILogger:
        """Takes messages."""

        Severity = SimpleNamespace(ERROR=1)

    def nptype(self, kind: Any) -> Any:
        """A type is its own name here."""
        return kind

    def Runtime(self, listener: Any) -> Any:  # noqa: N802
        """Loads what is an ONNX graph."""

        def load(plan: bytes) -> Any:
            if not plan.startswith(b"\x08"):
                listener.log(1, "IRuntime: bad magic number\nsecond line")
                return None
            return _Engine(OnnxModel(plan))

        return SimpleNamespace(deserialize_cuda_engine=load)


class _Engine:
    def __init__(self, model: OnnxModel) -> None:
        self.model, self.names = model, [*model.outputs, *model.inputs]
        self.num_io_tensors = len(self.names)

    def get_tensor_name(self, index: int) -> str:
        return self.names[index]

    def get_tensor_mode(self, name: str) -> str:
        return "input" if name in self.model.inputs else "output"

    def get_tensor_dtype(self, name: str) -> Any:
        return np.uint8 if name == "image" else np.float32

    def create_execution_context(self) -> Any:
        return _Context(self)


class _Context:
    """Computes once all input shapes are known, and hands out when it is told to run."""

    def __init__(self, engine: _Engine) -> None:
        self.engine, self.shapes, self.places = engine, {}, {}

    def set_input_shape(self, name: str, shape: Any) -> None:
        self.shapes[name] = tuple(shape)

    def set_tensor_address(self, name: str, address: int) -> None:
        self.places[name] = address

    def _answers(self) -> Any:
        known = {}
        for name in self.engine.model.inputs:
            known[name] = np.empty(self.shapes[name], self.engine.get_tensor_dtype(name))
            ctypes.memmove(known[name].ctypes.data, self.places[name], known[name].nbytes)
        return self.engine.model(known)

    def get_tensor_shape(self, name: str) -> Any:
        return self._answers()[name].shape

    def execute_async_v3(self, _stream: int) -> bool:
        for name, values in self._answers().items():
            ctypes.memmove(self.places[name], np.ascontiguousarray(values).ctypes.data, values.nbytes)
        return True
