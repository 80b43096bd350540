"""The size of EfficientNet-B3's input: accuracy and time, each trained on for as long from the deployed weights."""

import statistics
import time
from pathlib import Path

import numpy as np
import torch

from ingest.records import CANVAS_SIZE
from training import classifier, graphs
from training.evaluation.films import Wanted, made
from training.films import VIEWS, LabelledFilm, load_films
from training.loop import load_average
from training.onnx_files import Graph, export, rounded

SIZES = (96, 128, 192)
DIRECTIONS = 8  # of an outlier score that is not asked
TIMED = 30  # films


def table(
    data: Path, films: Path, validation: Path, shifted: int, steps: int, rate: float, init: Path, workers: int
) -> tuple[list[str], list[list[str]]]:
    """Views right on validation and on shifted films; median time of the exported graph, one film, one thread."""
    seen, strange = load_films(validation), made(Wanted("shifted", shifted, data / "shifted", workers))
    rows = []
    for size in SIZES:
        out = data / f"size-{size}"
        settings = classifier.Settings(size=size, early_share=0.0, steps=steps, learning_rate=rate)
        classifier.train([films], validation, out, settings, init)
        net = rounded(load_average(classifier.new_net(), out))
        graph = graphs.ClassifierGraph(net, size, 1.0, graphs.Outliers(1536, len(VIEWS), DIRECTIONS))
        told = _compiled(graph, data / f"size-{size}.onnx")
        milliseconds = _time_ms(told, [film.canvas for film in seen[:TIMED]])
        rows.append([str(size), f"{_right(told, seen):.1%}", f"{_right(told, strange):.1%}", f"{milliseconds:.0f}"])
        print(rows[-1], flush=True)
    return ["pixels", f"view, validation ({len(seen)})", f"view, shifted ({len(strange)})", "ms a film"], rows


def _compiled(graph: graphs.ClassifierGraph, path: Path) -> Graph:
    image = torch.zeros(2, CANVAS_SIZE, CANVAS_SIZE, dtype=torch.uint8)
    export(graph, path, {"image": image}, ("view_scores", "turn_scores", "outlier_score"))
    return Graph(path, threads=1)


def _right(graph: Graph, films: list[LabelledFilm]) -> float:
    told = [VIEWS[int(graph({"image": film.canvas[None]})["view_scores"].argmax())] for film in films]
    return statistics.mean(view == film.truth.view for view, film in zip(told, films, strict=True))


def _time_ms(graph: Graph, canvases: list[np.ndarray]) -> float:
    spent = []
    for canvas in canvases:
        start = time.perf_counter()
        graph({"image": canvas[None]})
        spent.append(1000 * (time.perf_counter() - start))
    return statistics.median(spent[2:])
