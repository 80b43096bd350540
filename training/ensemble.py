"""The networks, the three graphs around them, and the chain that answers a film."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ingest.records import CANVAS_SIZE, DETECTION_CLASSES, RawFindings
from training.cup_graph import CupAngleGraph
from training.films import VIEWS
from training.graphs import ClassifierGraph, DetectorGraph
from training.networks.efficientnet import EfficientNet
from training.networks.landmarks import LandmarkNet
from training.networks.letters import LetterNet
from training.networks.yolo import Yolo
from training.onnx_files import Arrays, Graph, export
from training.turns import TURNS

BATCH = 8
INPUTS = {
    "classifier": ("image",),
    "detector": ("image", "view_scores", "turn_scores"),
    "cup_angle": ("image", "view_scores", "turn_scores", "detections"),
}
OUTPUTS = {
    "classifier": ("view_scores", "turn_scores", "outlier_score"),
    "detector": ("detections", "marker_mirrored"),
    "cup_angle": ("cup_scores", "cup_landmarks", "pelvis_landmarks", "cup_angles", "cup_angle_errors"),
}
TENSORS = tuple(field.name for field in fields(RawFindings))

Answer = Callable[[Arrays], Arrays]
Canvases = Sequence[NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class Networks:
    """The six trained networks."""

    view: EfficientNet
    yolo: Yolo
    letters: LetterNet
    rim: LandmarkNet
    fine: LandmarkNet
    pelvis: LandmarkNet


class Kept(nn.Module):
    """A model that stays as it is deployed, in place of its graph: what its file answers."""

    def __init__(self, name: str, repository: Path) -> None:
        super().__init__()
        self.name, self.run = name, Graph(repository / name / "1" / "model.onnx")

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        """As the graph's."""
        told = self.run({key: value.numpy() for key, value in zip(INPUTS[self.name], inputs, strict=True)})
        return tuple(torch.from_numpy(told[key]) for key in OUTPUTS[self.name])


@dataclass(frozen=True, slots=True)
class Ensemble:
    """The graphs as they are exported, or as they are kept."""

    classifier: ClassifierGraph | Kept
    detector: DetectorGraph | Kept
    cup_angle: CupAngleGraph | Kept

    def write(self, repository: Path) -> list[Path]:
        """Every graph as ``<name>/1/model.onnx``, but for what is kept."""
        graphs = {name: getattr(self, name) for name in INPUTS}
        return [write(name, graph, repository) for name, graph in graphs.items() if not isinstance(graph, Kept)]

    def by_torch(self, canvases: Canvases) -> list[RawFindings]:
        """Canvas by canvas what PyTorch answers."""

        def run(name: str) -> Answer:
            def graph(known: Arrays) -> Arrays:
                with torch.no_grad():
                    told = getattr(self, name)(*(torch.from_numpy(known[key]) for key in INPUTS[name]))
                return {key: value.numpy() for key, value in zip(OUTPUTS[name], told, strict=True)}

            return graph

        return answers([run(name) for name in INPUTS], canvases)


def write(name: str, graph: nn.Module, repository: Path) -> Path:
    """The graph of one model as ``<name>/1/model.onnx``."""
    box = torch.tensor([100.0, 100.0, 300.0, 320.0, 0.5])
    known = {
        "image": torch.randint(0, 255, (2, CANVAS_SIZE, CANVAS_SIZE), dtype=torch.uint8),
        "view_scores": torch.full((2, len(VIEWS)), 1 / len(VIEWS)),
        "turn_scores": torch.full((2, len(TURNS)), 1 / len(TURNS)),
        "detections": box.expand(2, len(DETECTION_CLASSES), 5).contiguous(),
    }
    path = repository / name / "1" / "model.onnx"
    export(graph, path, {key: known[key] for key in INPUTS[name]}, OUTPUTS[name])
    return path


def answers(graphs: Sequence[Answer], canvases: Canvases) -> list[RawFindings]:
    """Canvas by canvas what the chain of graphs answers."""
    raws = []
    for image in batches(canvases):
        known: Arrays = {"image": image}
        for graph in graphs:
            known |= graph(known)
        raws += rows(known)
    return raws


def rows(known: Arrays) -> list[RawFindings]:
    """Film by film, from all that the graphs told of films."""
    return [RawFindings(**{name: known[name][row] for name in TENSORS}) for row in range(len(known[TENSORS[0]]))]


def batches(canvases: Canvases) -> Iterator[NDArray[np.uint8]]:
    """Images (B, 768, 768)."""
    for start in range(0, len(canvases), BATCH):
        yield np.stack(canvases[start : start + BATCH])
