"""What each stage costs on the standard corpus, and so the bound: the work that nothing can skip, on one thread.

The bound is reading, entropy decoding to the resolution that is needed, one pass of resizing, and the models'
arithmetic for the films that need them, at the rate that ONNX Runtime reaches with four films at a time. Everything
else (hashes, headers, rendering, transport, landing) counts as ours to lose.
"""

import hashlib
import importlib.util
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import cv2
import numpy as np
from google.protobuf import text_format
from numpy.typing import NDArray
from pydicom.pixels import pixel_array
from tritonclient.grpc.model_config_pb2 import ModelConfig

from ingest.chain import Arrays, OnnxModel
from ingest.description import check_pixels
from ingest.display import show
from ingest.header import open_header
from ingest.installation import OUR_BACKEND
from ingest.pixels import decode, pixel_hash, place, render, shrink
from ingest.reading import open_image
from ingest.reduction import as_means
from ingest.rules import Rules
from ingest.screen import screen
from ingest.spacing import pixel_aspect

BATCH = 4
BATCHES, BATCHED_FILMS = (1, 2, 4, 8), 48
MODELS = ("classifier", "detector", "cup_angle")
STAGES = (
    "read",
    "screen",
    "hash of the file",
    "parse",
    "decode",
    "hash of the pixels",
    "resize",
    "show",
)
SYNTAXES = {  # those that have a quicker codec here than pydicom's
    "1.2.840.10008.1.2.4.70": ("JPEG lossless", "imagecodecs"),
    "1.2.840.10008.1.2.4.80": ("JPEG-LS", "imagecodecs"),
    "1.2.840.10008.1.2.4.90": ("JPEG 2000", "at half the resolution, Pillow"),
}
IN_THE_BOUND = ("read", "decode", "resize", "classifier", "detector", "cup_angle")
Result = TypeVar("Result")


@dataclass(slots=True)
class Costs:
    """CPU seconds by stage and by decoder, and how many films each was spent on."""

    files: int = 0
    seconds: Counter[str] = field(default_factory=Counter)
    films: Counter[str] = field(default_factory=Counter)

    def timed(self, stage: str, work: Callable[[], Result]) -> Result:
        """The result of ``work``, its processor time added to ``stage``."""
        started = time.process_time()
        result = work()
        self.seconds[stage] += time.process_time() - started
        self.films[stage] += 1
        return result

    def a_file_ms(self, stage: str) -> float:
        """Milliseconds of the stage, averaged over all files of the corpus."""
        return 1000 * self.seconds[stage] / self.files

    @property
    def bound_s(self) -> float:
        """CPU seconds a file that nothing can skip."""
        return sum(self.a_file_ms(stage) for stage in IN_THE_BOUND) / 1000


def measured(archive: Path, models: Path) -> Costs:
    """The stages of every file of ``archive``; on one thread."""
    cv2.setNumThreads(1)
    costs, rules, canvases = Costs(), Rules.load(), []
    for path in sorted(path for path in archive.rglob("*") if path.is_file()):
        costs.files += 1
        try:
            canvas = _film(path, rules, costs)
        except Exception:  # noqa: BLE001 - what is broken ends where it breaks, as in a run
            canvas = None
        if canvas is not None:
            canvases.append(canvas)
    _models(models, canvases, costs)
    return costs


def _film(path: Path, rules: Rules, costs: Costs) -> NDArray[np.uint8] | None:
    content = costs.timed("read", path.read_bytes)
    file = BytesIO(content)
    opened = costs.timed("screen", lambda: open_header(file))
    if opened is None or screen(len(content), opened[0], rules, has_pixels=opened[1]).reason is not None:
        return None
    costs.timed("hash of the file", lambda: hashlib.sha256(content).hexdigest())
    file.seek(0)
    dataset = costs.timed("parse", lambda: open_image(file))
    check_pixels(dataset)
    syntax = str(dataset.file_meta.TransferSyntaxUID)
    started = costs.seconds["decode"]
    stored = costs.timed("decode", lambda: decode(dataset, whole_film=False))
    costs.seconds[f"ours {syntax}"] += costs.seconds["decode"] - started
    costs.timed(f"pydicom {syntax}", lambda: pixel_array(dataset))
    costs.timed("hash of the pixels", lambda: pixel_hash(stored))
    placement = place(dataset.Rows, dataset.Columns, aspect=pixel_aspect(dataset))
    small = costs.timed("resize", lambda: shrink(as_means(stored, dataset.Rows), placement))
    costs.timed("show", lambda: show(small, np.ones(small.shape, bool), dataset=dataset))
    return render(stored, dataset).pixels


def _models(models: Path, canvases: list[NDArray[np.uint8]], costs: Costs) -> None:
    """Each model on all films, and again on those that it is asked about; four films at a time."""
    known: dict[str, NDArray[Any]] = {"image": np.stack(canvases)}
    for name in MODELS:
        graph = OnnxModel((models / name / "1" / "model.onnx").read_bytes(), threads=1)
        config = text_format.Parse((models / name / "configs" / "cpu.pbtxt").read_text(), ModelConfig())
        holds = backend().conditions(config.parameters["asked_where"].string_value, graph.inputs)
        shown = {tensor: known[tensor] for tensor in graph.inputs}
        asked = (
            np.logical_or.reduce([condition(list(shown.values())) for condition in holds])
            if holds
            else np.ones(len(canvases), bool)
        )
        own = {tensor: values[asked] for tensor, values in shown.items()}
        few = {tensor: values[:BATCHED_FILMS] for tensor, values in own.items()}
        told = _answers(graph, _batches(shown), f"{name}, every film", costs)
        _answers(graph, _batches(own), name, costs)
        for size in BATCHES:
            _answers(graph, _batches(few, size), _batched(name, size), costs)
        known |= {tensor: np.concatenate([batch[tensor] for batch in told]) for tensor in graph.outputs}


def _batched(name: str, size: int) -> str:
    return f"{name}, {size} at a time"


def _batches(shown: Arrays, size: int = BATCH) -> Iterator[Arrays]:
    for start in range(0, len(next(iter(shown.values()))), size):
        yield {tensor: values[start : start + size] for tensor, values in shown.items()}


def _answers(graph: OnnxModel, batches: Iterable[Arrays], stage: str, costs: Costs) -> list[Arrays]:
    """What the model says of each batch; the stage then counts films, not batches."""
    told, films = [], 0
    for batch in batches:
        told.append(costs.timed(stage, partial(graph, batch)))
        films += len(next(iter(batch.values())))
    costs.films[stage] = films
    return told


def backend() -> ModuleType:
    """Our backend for Triton, imported outside of it."""
    sys.modules.setdefault("triton_python_backend_utils", ModuleType("triton_python_backend_utils"))
    spec = importlib.util.spec_from_file_location("onnxruntime_backend", OUR_BACKEND)
    if spec is None or spec.loader is None:
        raise ImportError(f"{OUR_BACKEND} is no module")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lines(costs: Costs, cores: int, measured_s: float) -> list[str]:
    """The table of stages and the table of levers; ``measured_s`` is what ``ingest run`` took, CPU seconds a file."""
    rows = ["| stage | CPU ms a file | in the bound |", "|---|---|---|"]
    shown = [*STAGES, *MODELS]
    rows += [
        f"| {stage} | {costs.a_file_ms(stage):.1f} | {'yes' if stage in IN_THE_BOUND else ''} |" for stage in shown
    ]
    rest = 1000 * measured_s - sum(map(costs.a_file_ms, shown))
    rows.append(f"| everything else: transport to and from Triton, landing, Python | {rest:.1f} | |")
    bound = cores / costs.bound_s
    rows += [
        f"| sum | {1000 * measured_s:.1f} | {1000 * costs.bound_s:.1f} |",
        "",
        f"Bound: {bound:.1f} files/s on {cores} cores; `ingest run` needs {measured_s / costs.bound_s:.2f} x its work.",
        "",
        "| lever | without, CPU ms a file | with | gain |",
        "|---|---|---|---|",
    ]
    levers = [(f"{name}: {how}", f"pydicom {uid}", f"ours {uid}") for uid, (name, how) in SYNTAXES.items()]
    levers += [(f"{name} asked only about films that are its own", f"{name}, every film", name) for name in MODELS[1:]]
    for lever, without, using in levers:
        before, after = costs.a_file_ms(without), costs.a_file_ms(using)
        rows.append(f"| {lever} | {before:.1f} | {after:.1f} | {before - after:.1f} |")
    rows += ["", f"| films at a time, CPU ms a film | {' | '.join(MODELS)} |", "|---" * (len(MODELS) + 1) + "|"]
    for size in BATCHES:
        stages = [_batched(name, size) for name in MODELS]
        each = [f"{1000 * costs.seconds[stage] / max(costs.films[stage], 1):.1f}" for stage in stages]
        rows.append(f"| {size} | {' | '.join(each)} |")
    return rows
