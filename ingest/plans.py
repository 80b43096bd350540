"""TensorRT plans of the committed graphs, built on the machine that serves them and left alone where they fit."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from ingest.calibration import as_int8
from ingest.chain import Arrays, OnnxModel, answers
from ingest.device import Device
from ingest.engines import TENSORRT_RTX, WORKSPACE_BYTES, Build
from ingest.errors import PlanError
from ingest.example_films import example_films
from ingest.manifest import Manifest, Precision, Target, clear_drafts, digest, misfit, write_whole
from ingest.precision import as_fp16, as_fp32, quantisable
from ingest.repository import PlanPlace, newest, plan_places


@dataclass(frozen=True, slots=True)
class Order:
    """What ``ingest models compile`` is asked for; paths are absolute."""

    repository: Path
    device: str
    precision: Precision
    films: Path  # that int8 takes its ranges from
    caches: Path  # folder of timing caches
    max_batch: int | None = None  # None: as each config.pbtxt says
    out: Path | None = None  # None: beside each graph
    again: bool = False  # also where a plan fits


@dataclass(frozen=True, slots=True)
class Compiled:
    """A plan that is there now."""

    plan: Path
    manifest: Manifest
    fresh: bool  # built by this call


def compile_plans(order: Order, say: Callable[[str], None]) -> Iterator[Compiled]:
    """Build every plan that is missing or does not fit.

    A plan that was there stays as it was until a whole new one takes its place.

    Raises:
        PlanError: no GPU, no TensorRT, a graph that is refused, too little memory, or a folder that cannot be written.
    """
    device = Device.find(order.device)
    if order.out is None and device.library.package == TENSORRT_RTX:
        raise PlanError(
            f"engines of {TENSORRT_RTX} are a proof, and no Triton loads them: name a folder of their own with --out"
        )
    places = plan_places(order.repository)
    graphs = Graphs(order.precision, places, order.films)
    for place in places:
        batch = _batch(order, place)
        plan = place.plan if order.out is None else order.out / place.model / str(place.version) / place.plan.name
        with _alone(plan.parent):
            kept = None if order.again else _fitting(plan, place, device.target, order.precision, batch)
            if kept is None:
                say(f"building {plan} ({order.precision}, batches of 1 to {batch}) ...")
                built = _build(graphs, place, device, batch, order.caches)
                write_whole(plan, built.plan)
                built.manifest.write(plan)
            yield Compiled(plan, kept or built.manifest, fresh=kept is None)


class Graphs:
    """The graphs that engines are built from, in one precision."""

    def __init__(self, precision: Precision, places: tuple[PlanPlace, ...], films: Path) -> None:
        self.precision, self._places, self._films = precision, places, films
        self._answers: list[Arrays] | None = None

    def rewritten(self, content: bytes, name: str) -> bytes:
        """The graph of one model as it is built."""
        if self.precision is Precision.FP16:
            return as_fp16(content, name)
        single = as_fp32(content, name)
        if self.precision is Precision.FP32:
            return single
        return as_int8(single, quantisable(single), OnnxModel(single, name).inputs, self._calibrated())

    def _calibrated(self) -> list[Arrays]:
        """What the newest graphs answer to the films, so that every model gets the inputs it will meet."""
        if self._answers is None:
            models = [OnnxModel(place.onnx.read_bytes(), str(place.onnx)) for place in newest(self._places)]
            self._answers = list(answers(models, list(example_films(self._films).values())))
        return self._answers


@dataclass(frozen=True, slots=True)
class _Built:
    plan: bytes
    manifest: Manifest


def _build(graphs: Graphs, place: PlanPlace, device: Device, batch: int, caches: Path) -> _Built:
    started, clock, target = datetime.now(UTC), time.monotonic(), device.target
    content = place.onnx.read_bytes()  # once: it may be exchanged while we build
    cache = caches / f"{target.library}-{target.tensorrt}-{target.compute_capability}.timing"
    engine = device.library.build(
        graphs.rewritten(content, str(place.onnx)),
        Build(
            name=str(place.onnx),
            max_batch=batch,
            compute_capability=target.compute_capability,
            workspace_bytes=device.workspace_bytes(WORKSPACE_BYTES),
            timing_cache=cache.read_bytes() if cache.is_file() else b"",
        ),
    )
    if engine.timing_cache:
        cache.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        write_whole(cache, engine.timing_cache)
    manifest = Manifest(
        **asdict(target),
        model=place.model,
        onnx_sha256=sha256(content).hexdigest(),
        plan_sha256=sha256(engine.plan).hexdigest(),
        plan_bytes=len(engine.plan),
        precision=graphs.precision.value,
        max_batch=batch,
        built_at=started.isoformat(timespec="seconds"),
        build_seconds=round(time.monotonic() - clock, 1),
    )
    return _Built(engine.plan, manifest)


def _fitting(plan: Path, place: PlanPlace, target: Target, precision: Precision, batch: int) -> Manifest | None:
    """The manifest of a plan that is as it would be built now."""
    if misfit(plan, digest(place.onnx), target):
        return None
    told = Manifest.read(plan)
    return told if (told.precision, told.max_batch) == (precision.value, batch) else None


def _batch(order: Order, place: PlanPlace) -> int:
    batch = order.max_batch or place.max_batch
    if batch < place.max_batch:
        raise PlanError(
            f"config.pbtxt of {place.model} has max_batch_size {place.max_batch}, and Triton refuses a plan for "
            f"{batch}: lower it there, in the ensemble and in configs/cpu.pbtxt too, or leave --max-batch out"
        )
    return batch


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Holds the folder of a plan: of two commands at once, one builds."""
    try:
        folder.mkdir(mode=0o750, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY)
    except OSError as error:
        raise PlanError(
            f"{folder} cannot be used ({error.strerror}): give this user the right to write there"
        ) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with suppress(OSError):  # a folder that may not be written is told when something is written
            clear_drafts(folder)
        yield
    except BlockingIOError:
        raise PlanError(f"another command builds in {folder}: wait for it") from None
    finally:
        os.close(descriptor)
