"""What ``--device`` names: a GPU of this machine, or a kind of GPU where there is none."""

import re
from dataclasses import dataclass
from typing import Self

from ingest.engines import TENSORRT, TENSORRT_RTX, Library, capability_names
from ingest.errors import PlanError, UsageError
from ingest.gpu import Gpu
from ingest.manifest import Target

LEAST_FREE_BYTES = 1 << 30  # chosen, not measured: the largest graph's weights are 43 MB in fp32


@dataclass(frozen=True, slots=True)
class Device:
    """Where engines are built for, and by what."""

    library: Library
    target: Target
    gpu: Gpu | None

    @classmethod
    def find(cls, name: str) -> Self:
        """``0`` is the first GPU; ``sm86`` a kind of GPU, for TensorRT for RTX.

        Raises:
            UsageError: the name is neither.
            PlanError: no driver, no such GPU, or NVIDIA's package is missing.
        """
        if name.isdecimal():
            gpu = Gpu.open(int(name))
            library = Library(TENSORRT)
            return cls(library, Target(TENSORRT, library.version, gpu.compute_capability, gpu.name), gpu)
        if not re.fullmatch(r"sm\d{2,3}", name):
            raise UsageError(f"--device is {name!r}: name a GPU by its number (0), or a kind of GPU without one (sm86)")
        library = Library(TENSORRT_RTX)
        if name not in capability_names():
            raise UsageError(f"--device is {name!r}: {TENSORRT_RTX} builds for {', '.join(capability_names())}")
        return cls(library, Target(TENSORRT_RTX, library.version, f"{name[2:-1]}.{name[-1]}", ""), None)

    def workspace_bytes(self, most: int) -> int:
        """Memory that the builder may try things in; PlanError where there is too little."""
        if self.gpu is None:
            return most
        free = self.gpu.free_bytes()
        if free < LEAST_FREE_BYTES:
            raise PlanError(
                f"GPU {self.gpu.number} ({self.gpu.name}) has {free / 1e6:.0f} MB free, and building takes up to "
                f"{LEAST_FREE_BYTES / 1e6:.0f}: stop what else uses it (nvidia-smi lists it)"
            )
        return min(most, free // 2)
