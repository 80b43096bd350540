"""A plan that does not fit is named with what is wrong with it; a file is written whole or not at all."""

import json
import stat
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from ingest.errors import PlanError
from ingest.manifest import Manifest, Target, clear_drafts, manifest_of, misfit, write_whole

HERE = Target("tensorrt", "10.13.2.6", "8.6", "NVIDIA A10")
ONNX = "0" * 64


def make_plan(folder: Path, content: bytes = b"a plan", **other: Any) -> Path:
    plan = folder / "model.plan"
    plan.write_bytes(content)
    told: dict[str, Any] = {
        "model": "detector",
        "onnx_sha256": ONNX,
        "plan_sha256": sha256(content).hexdigest(),
        "plan_bytes": len(content),
        "precision": "fp16",
        "max_batch": 8,
        "library": HERE.library,
        "tensorrt": HERE.tensorrt,
        "compute_capability": HERE.compute_capability,
        "gpu": HERE.gpu,
        "built_at": "2026-01-01T00:00:00+00:00",
        "build_seconds": 1.5,
    }
    Manifest(**(told | other)).write(plan)
    return plan


def test_a_plan_with_its_manifest_fits(tmp_path: Path) -> None:
    plan = make_plan(tmp_path)
    assert misfit(plan, ONNX, HERE) is None
    assert misfit(plan, ONNX) is None
    assert Manifest.read(plan).precision == "fp16"


@pytest.mark.parametrize(
    ("target", "problem"),
    [
        (replace(HERE, tensorrt="10.14.0.1"), "was built by TensorRT 10.13.2.6, and 10.14.0.1 is used here"),
        (replace(HERE, compute_capability="8.9"), "compute capability 8.6 (NVIDIA A10), and this one has 8.9"),
        (replace(HERE, library="tensorrt_rtx"), "was built by tensorrt, and tensorrt_rtx is used here"),
    ],
    ids=["TensorRT", "GPU", "library"],
)
def test_a_plan_of_another_machine_is_refused(tmp_path: Path, target: Target, problem: str) -> None:
    told = misfit(make_plan(tmp_path), ONNX, target)
    assert told is not None
    assert problem in told


def cut(plan: Path) -> None:
    plan.write_bytes(plan.read_bytes()[:-1])


def exchange(plan: Path) -> None:
    plan.write_bytes(b"A plan")  # of the same size


def tell(**changes: Any) -> Callable[[Path], None]:
    def tamper(plan: Path) -> None:
        path = manifest_of(plan)
        path.write_text(json.dumps(json.loads(path.read_text()) | changes))

    return tamper


@pytest.mark.parametrize(
    ("tamper", "problem"),
    [
        (Path.unlink, "is not there"),
        (cut, "half-written or was exchanged"),
        (exchange, "half-written or was exchanged"),
        (tell(onnx_sha256="1" * 64), "from another model.onnx"),
        (tell(recipe=0), "another release of this software"),
        (tell(plan_bytes="many"), "is no whole manifest"),
        (tell(added=1), "is no whole manifest"),
        (lambda plan: manifest_of(plan).unlink(), "has no manifest"),
        (lambda plan: manifest_of(plan).write_text('{"model": "det'), "is no whole manifest"),
        (lambda plan: manifest_of(plan).write_text("[]"), "is no whole manifest"),
        (lambda plan: manifest_of(plan).write_bytes(b"\xff\xfe"), "is no whole manifest"),
    ],
    ids=[
        "no plan",
        "cut short",
        "exchanged",
        "another graph",
        "another recipe",
        "a wrong type",
        "an unknown field",
        "no manifest",
        "half a manifest",
        "no object",
        "no text",
    ],
)
def test_a_tampered_plan_is_refused(tmp_path: Path, tamper: Callable[[Path], Any], problem: str) -> None:
    plan = make_plan(tmp_path)
    tamper(plan)
    told = misfit(plan, ONNX, HERE)
    assert told is not None
    assert problem in told
    assert "\n" not in told


def test_a_file_is_only_for_us_and_our_group(tmp_path: Path) -> None:
    plan = make_plan(tmp_path)
    write_whole(plan, b"another")
    assert plan.read_bytes() == b"another"
    for path in (plan, manifest_of(plan)):
        assert stat.S_IMODE(path.stat().st_mode) & 0o137 == 0


def test_a_file_that_cannot_be_written_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "model.plan"
    target.mkdir()  # a rename onto a folder fails, as a full disk would
    with pytest.raises(PlanError, match=r"cannot be written .*what was there before is unharmed"):
        write_whole(target, b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["model.plan"]


def test_what_a_killed_build_left_behind_is_taken_away(tmp_path: Path) -> None:
    (tmp_path / ".model.plan.ab12.new").write_bytes(b"half")
    plan = make_plan(tmp_path)
    clear_drafts(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.plan", "model.plan.json"]
    assert misfit(plan, ONNX, HERE) is None
