"""The GPU of this machine, asked through NVIDIA's driver library: what it is, and memory on it."""

import ctypes
from typing import Any, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from ingest.errors import PlanError

LIBRARY = "libcuda.so.1"  # comes with the driver, and is mounted into containers that are given a GPU
MAJOR, MINOR = 75, 76  # CUdevice_attribute: compute capability
NAME_BYTES = 256


class Driver(Protocol):
    """The driver's C functions by name; each returns 0 where it went well."""

    def __getattr__(self, name: str) -> Any: ...


class Gpu:
    """One GPU, held as long as this process lives; ``number`` counts as nvidia-smi does."""

    def __init__(self, number: int, driver: Driver) -> None:
        self.number, self._driver = number, driver
        device, context = ctypes.c_int(), ctypes.c_void_p()
        self._call("cuInit", 0)
        if driver.cuDeviceGet(ctypes.byref(device), number):
            raise PlanError(f"there is no GPU {number} here: nvidia-smi lists those there are; name one with --device")
        self.compute_capability = f"{self._attribute(MAJOR, device)}.{self._attribute(MINOR, device)}"
        name = ctypes.create_string_buffer(NAME_BYTES)
        self._call("cuDeviceGetName", name, NAME_BYTES, device)
        self.name = name.value.decode(errors="replace")
        # the context that TensorRT works in, too
        self._call("cuDevicePrimaryCtxRetain", ctypes.byref(context), device)
        self._call("cuCtxSetCurrent", context)

    @classmethod
    def open(cls, number: int) -> Self:
        """GPU ``number``; PlanError where there is no driver or no such GPU."""
        try:
            driver: Any = ctypes.CDLL(LIBRARY)
        except OSError:
            raise PlanError(
                "no NVIDIA driver answers on this machine (libcuda.so.1): compile where the GPU is, in a container "
                "with '--gpus all', or prove the graphs without one with --device sm86 --out FOLDER"
            ) from None
        return cls(number, driver)

    def free_bytes(self) -> int:
        """Memory that nobody holds."""
        free, total = ctypes.c_size_t(), ctypes.c_size_t()
        self._call("cuMemGetInfo_v2", ctypes.byref(free), ctypes.byref(total))
        return free.value

    def allocate(self, size_bytes: int) -> int:
        """Address of that much memory on the GPU."""
        address = ctypes.c_uint64()
        self._call("cuMemAlloc_v2", ctypes.byref(address), ctypes.c_size_t(max(size_bytes, 1)))
        return address.value

    def free(self, address: int) -> None:
        """Give memory back."""
        self._call("cuMemFree_v2", ctypes.c_uint64(address))

    def send(self, array: NDArray[np.generic], address: int) -> None:
        """An array to the GPU."""
        whole = np.ascontiguousarray(array)
        self._call(
            "cuMemcpyHtoD_v2",
            ctypes.c_uint64(address),
            ctypes.c_void_p(whole.ctypes.data),
            ctypes.c_size_t(whole.nbytes),
        )

    def fetch(self, address: int, array: NDArray[np.generic]) -> None:
        """From the GPU into a contiguous array, after all work given to it is done."""
        self._call("cuCtxSynchronize")
        self._call(
            "cuMemcpyDtoH_v2",
            ctypes.c_void_p(array.ctypes.data),
            ctypes.c_uint64(address),
            ctypes.c_size_t(array.nbytes),
        )

    def _attribute(self, attribute: int, device: Any) -> int:
        value = ctypes.c_int()
        self._call("cuDeviceGetAttribute", ctypes.byref(value), attribute, device)
        return value.value

    def _call(self, function: str, *arguments: Any) -> None:
        status = getattr(self._driver, function)(*arguments)
        if status == 2:  # CUDA_ERROR_OUT_OF_MEMORY
            raise PlanError(
                f"GPU {self.number} has too little free memory: stop what else uses it (nvidia-smi lists it)"
            )
        if status:
            raise PlanError(
                f"the NVIDIA driver fails at {function} with error {status}: see that nvidia-smi works, and that the "
                "driver is new enough for the container (docs/deployment.md)"
            )
