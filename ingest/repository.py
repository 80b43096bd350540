"""What a model repository holds, read from the disk: what ``ingest models`` lists, and where plans belong."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from ingest.errors import ServerError

ENSEMBLE = "ensemble"
TENSORRT_PLAN = "tensorrt_plan"


@dataclass(frozen=True, slots=True)
class Weights:
    """One file that a server loads."""

    path: Path
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class ServedModel:
    """One model folder."""

    name: str
    platform: str  # of the production configuration: "tensorrt_plan", "ensemble"
    versions: tuple[int, ...]
    onnx: Weights | None  # of the newest version; None for an ensemble, or where it is not there
    plan: Weights | None  # built for one GPU, on the machine that has it
    intended_use: str  # the card's words

    @property
    def ready_without_gpu(self) -> bool:
        """Whether the embedded server can load it."""
        return bool(self.versions) and (self.platform == ENSEMBLE or self.onnx is not None)


@dataclass(frozen=True, slots=True)
class PlanPlace:
    """One version of a model that production serves as a TensorRT plan."""

    model: str
    version: int
    onnx: Path
    max_batch: int  # of its config.pbtxt: Triton asks for no more, and refuses a plan that takes less

    @property
    def plan(self) -> Path:
        """Where Triton looks for it."""
        return self.onnx.with_name("model.plan")


def plan_places(repository: Path) -> tuple[PlanPlace, ...]:
    """Every version that has a graph, by model and version; ``ServerError`` when there is none."""
    models = [model for model in list_models(repository) if model.platform == TENSORRT_PLAN]
    places = [
        PlanPlace(model.name, version, onnx, _max_batch(repository / model.name / "config.pbtxt"))
        for model in models
        for version in model.versions
        if (onnx := repository / model.name / str(version) / "model.onnx").is_file()
    ]
    if not places:
        raise ServerError(f"no graph to build a plan from in {repository}: it has no <model>/<version>/model.onnx")
    return tuple(places)


def newest(places: tuple[PlanPlace, ...]) -> tuple[PlanPlace, ...]:
    """The newest version of each model."""
    return tuple({place.model: place for place in places}.values())


def parameters(repository: Path) -> dict[str, str]:
    """The parameters of the ensemble: what its client is told beside the answers."""
    for model in list_models(repository):
        if model.platform == ENSEMBLE:
            text = (repository / model.name / "config.pbtxt").read_text()
            return dict(re.findall(r'parameters \{ key: "([^"]+)" value: \{ string_value: "([^"]*)" \} \}', text))
    raise ServerError(f"no ensemble in {repository}: restore tha_radiograph/config.pbtxt from the release")


def list_models(repository: Path) -> tuple[ServedModel, ...]:
    """Every model below ``repository``, by name; ``ServerError`` when there is none."""
    folders = sorted(path.parent for path in repository.glob("*/config.pbtxt"))
    if not folders:
        raise ServerError(f"no models in {repository}: name the folder that holds <model>/config.pbtxt")
    return tuple(map(_read_model, folders))


def weights_sha256(models: tuple[ServedModel, ...]) -> str:
    """One hash for the weights of all versions together: it changes when any of them changes."""
    graphs = [
        (f"{model.name}/{version}", model.onnx.path.parents[1] / str(version) / model.onnx.path.name)
        for model in models
        if model.onnx
        for version in model.versions
    ]
    found = [(name, weights.sha256) for name, path in graphs if (weights := _read_weights(path))]
    return hashlib.sha256("".join(f"{name} {sha256}\n" for name, sha256 in found).encode()).hexdigest()


def _read_model(folder: Path) -> ServedModel:
    versions = tuple(sorted(int(path.name) for path in folder.iterdir() if path.name.isdecimal()))
    newest = folder / str(max(versions, default=0))
    platform = re.search(r'^(?:platform|backend): "(\w+)"', (folder / "config.pbtxt").read_text(), re.MULTILINE)
    return ServedModel(
        name=folder.name,
        platform=platform[1] if platform else "unknown",
        versions=versions,
        onnx=_read_weights(newest / "model.onnx"),
        plan=_read_weights(newest / "model.plan"),
        intended_use=_read_intended_use(folder / "CARD.md"),
    )


def _max_batch(config: Path) -> int:
    found = re.search(r"^max_batch_size: (\d+)", config.read_text(), re.MULTILINE)
    return int(found[1]) if found else 1


def _read_weights(path: Path) -> Weights | None:
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return Weights(path, path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest())


def _read_intended_use(card: Path) -> str:
    """``intended_use:`` of the card's front matter, else its first paragraph."""
    text = card.read_text() if card.is_file() else ""
    if named := re.search(r"^intended_use: *(.+)$", text, re.MULTILINE):
        return named[1].strip("\"' ")
    body = re.sub(r"\A---\n.*?\n---\n", "", text, flags=re.DOTALL)
    paragraphs = [part for part in re.split(r"\n\s*\n", body) if part.strip() and not part.lstrip().startswith("#")]
    return " ".join(paragraphs[0].split()) if paragraphs else "no card"
