"""What is told beside a plan: from which graph, for which machine and by which TensorRT it was built.

A plan is a program for one kind of GPU and one TensorRT version. Triton would refuse one of another version in words
that help nobody, and would serve one of an older graph without a word.
"""

import json
import os
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from hashlib import sha256
from pathlib import Path
from typing import Any, Self, get_type_hints

from ingest.errors import PlanError

RECIPE = 1  # raised when the same graph would be built differently, so that older plans are built again
SUFFIX = ".json"  # of the manifest, after the plan's name
MODE = 0o640


class Precision(StrEnum):
    """What the networks compute in."""

    FP32 = "fp32"
    FP16 = "fp16"
    INT8 = "int8"


@dataclass(frozen=True, slots=True)
class Target:
    """What an engine is built by, and for."""

    library: str  # the Python package: tensorrt, or tensorrt_rtx, whose engines no Triton loads
    tensorrt: str  # its version
    compute_capability: str  # "8.6"
    gpu: str  # its name; empty without one


@dataclass(frozen=True, slots=True)
class Manifest:
    """One plan."""

    model: str
    onnx_sha256: str
    plan_sha256: str
    plan_bytes: int
    precision: str
    max_batch: int
    library: str
    tensorrt: str
    compute_capability: str
    gpu: str
    built_at: str  # UTC, ISO 8601
    build_seconds: float
    recipe: int = RECIPE

    @classmethod
    def read(cls, plan: Path) -> Self:
        """The manifest of a plan; PlanError where there is none or it is damaged."""
        path = manifest_of(plan)
        try:
            told: Any = json.loads(path.read_text())
        except FileNotFoundError:
            raise PlanError(f"{plan} has no manifest, so nobody knows what it was built from") from None
        except (ValueError, OSError):
            told = None
        kinds = get_type_hints(cls)
        if not isinstance(told, dict) or {name: type(value) for name, value in told.items()} != kinds:
            raise PlanError(f"{path} is no whole manifest")
        return cls(**told)

    def write(self, plan: Path) -> None:
        """Beside the plan, whole or not at all."""
        write_whole(manifest_of(plan), (json.dumps(asdict(self), indent=1) + "\n").encode())


def manifest_of(plan: Path) -> Path:
    """Where the manifest of a plan lies."""
    return plan.with_name(plan.name + SUFFIX)


def misfit(plan: Path, onnx_sha256: str, target: Target | None = None) -> str | None:
    """Why a plan must not be served here, or None; without a target, the machine is not asked."""
    if not plan.is_file():
        return f"{plan} is not there"
    try:
        told = Manifest.read(plan)
    except PlanError as error:
        return str(error)
    return _damage(plan, told, onnx_sha256) or (_stranger(plan, told, target) if target else None)


def _damage(plan: Path, told: Manifest, onnx_sha256: str) -> str | None:
    if plan.stat().st_size != told.plan_bytes or digest(plan) != told.plan_sha256:
        return f"{plan} is not the file that its manifest tells of: it is half-written or was exchanged"
    if told.onnx_sha256 != onnx_sha256:
        return f"{plan} was built from another model.onnx than the one beside it"
    if told.recipe != RECIPE:
        return f"{plan} was built by another release of this software, in another way"
    return None


def _stranger(plan: Path, told: Manifest, target: Target) -> str | None:
    built = {field.name: getattr(told, field.name) for field in fields(Target)}
    if built["library"] != target.library:
        return f"{plan} was built by {built['library']}, and {target.library} is used here"
    if built["tensorrt"] != target.tensorrt:
        return f"{plan} was built by TensorRT {built['tensorrt']}, and {target.tensorrt} is used here"
    if built["compute_capability"] != target.compute_capability:
        return (
            f"{plan} was built for a GPU of compute capability {built['compute_capability']} ({built['gpu']}), "
            f"and this one has {target.compute_capability}"
        )
    return None


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return sha256(path.read_bytes()).hexdigest()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or as it was before: temporary name, fsync, rename.

    Raises:
        PlanError: the disk is full, or the folder may not be written.
    """
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}.new")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, MODE), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        with suppress(OSError):
            draft.unlink(missing_ok=True)
        raise PlanError(
            f"{path} cannot be written ({error.strerror}): make room, or give this user the right to write there; "
            "what was there before is unharmed"
        ) from None


def clear_drafts(folder: Path) -> None:
    """Take away what builds that were killed left behind."""
    for draft in folder.glob(".*.new"):
        draft.unlink(missing_ok=True)


def as_row(manifest: Manifest) -> Mapping[str, str]:
    """The words that a person compares."""
    return {
        "precision": manifest.precision,
        "batch": f"1-{manifest.max_batch}",
        "gpu": f"{manifest.gpu or 'none'} ({manifest.compute_capability})",
        "tensorrt": manifest.tensorrt,
        "built": f"{manifest.built_at[:16]} in {manifest.build_seconds:.0f} s",
    }
