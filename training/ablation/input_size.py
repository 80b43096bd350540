"""The size of EfficientNet-B3's input: what trained classifiers of several sizes get right, and what a film costs."""

import json
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

DIRECTIONS = 8  # of an outlier score that is not asked
TIMED = 30  # films
HEAD = ("pixels", "steps", "view, validation", "view, shifted", "ms a film")


def table(
    data: Path, runs: list[Path], validation: list[Path], shifted: int, workers: int
) -> tuple[list[str], list[list[str]]]:
    """A row for each run of ``training.classifier``: views right on validation and on shifted films, and the time.

    The graph is the exported one, which looks twice; the time is the median of single films on one thread, in turns,
    so that what else the machine does meets all sizes alike.
    """
    seen = [film for folder in validation for film in load_films(folder)]
    strange = made(Wanted("shifted", shifted, data / "shifted", workers))
    told = {run: _compiled(run, data / f"{run.name}.onnx") for run in runs}
    spent = _times_ms(list(told.values()), [film.canvas for film in seen[:TIMED]])
    rows = []
    for (run, graph), milliseconds in zip(told.items(), spent, strict=True):
        settings = json.loads((run / "settings.json").read_text())
        right = (f"{_right(graph, films):.1%} of {len(films)}" for films in (seen, strange))
        rows.append([str(settings["size"]), str(settings["steps"]), *right, f"{milliseconds:.0f}"])
        print(rows[-1], flush=True)
    return list(HEAD), rows


def _compiled(run: Path, path: Path) -> Graph:
    size = json.loads((run / "settings.json").read_text())["size"]
    net = rounded(load_average(classifier.new_net(), run))
    graph = graphs.ClassifierGraph(net, size, graphs.Outliers(1536, len(VIEWS), DIRECTIONS))
    image = torch.zeros(2, CANVAS_SIZE, CANVAS_SIZE, dtype=torch.uint8)
    export(graph, path, {"image": image}, ("view_scores", "turn_scores", "outlier_score"))
    return Graph(path, threads=1)


def _right(graph: Graph, films: list[LabelledFilm]) -> float:
    told = [VIEWS[int(graph({"image": film.canvas[None]})["view_scores"].argmax())] for film in films]
    return statistics.mean(view == film.truth.view for view, film in zip(told, films, strict=True))


def _times_ms(told: list[Graph], canvases: list[np.ndarray]) -> list[float]:
    spent: list[list[float]] = [[] for _ in told]
    for canvas in canvases:
        for graph, times in zip(told, spent, strict=True):
            start = time.perf_counter()
            graph({"image": canvas[None]})
            times.append(1000 * (time.perf_counter() - start))
    return [statistics.median(times[2:]) for times in spent]
