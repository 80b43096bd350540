"""What the models answer when films come as a run reads them: JPEG 2000 halved, everything through DICOM and back.

    python -m benchmarks.throughput.accuracy --films 600

The films of the evaluation (``python -m training.evaluate``) are enlarged to a detector's matrix, given its noise,
stored as JPEG 2000, the only syntax of which a run may read less than there is, and read twice: whole, and as a run
does. The same server answers both and the canvases as they were simulated. ``--write`` puts the table between its
markers in docs/performance.md.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.throughput.corpus import noise_of
from benchmarks.throughput.page import PAGE, write
from ingest.pixels import decode, place, render
from ingest.reading import open_image
from ingest.records import CANVAS_SIZE
from simulation.archive.dicom import Identity, write_dicom
from simulation.truth import Film
from training.evaluation.answers import Answers, embedded
from training.evaluation.films import Wanted, made
from training.evaluation.judged import Judged
from training.evaluation.markdown import number, percent, table
from training.evaluation.measures import HEADLINES, headline, measure
from training.films import LabelledFilm

ROOT = Path(__file__).resolve().parents[2]
MODELS = ROOT / "model_repository"
LONG_EDGE = (2000, 3000)  # pixels of a detector's matrix
HOW = ("as simulated", "read whole", "as a run reads it")
MARKER = "accuracy"
NOBODY = Identity(0, "F", date(1945, 5, 5), date(2020, 1, 1), 1, "HIP", tagged=False)


def acquired(film: LabelledFilm, rng: np.random.Generator) -> Film:
    """The film on a detector's matrix, 12 bit, with its noise; the canvas of that matrix has the film where it was."""
    on = place(film.truth.height, film.truth.width)
    shown = film.canvas[on.top : on.top + on.height, on.left : on.left + on.width]
    larger = int(rng.integers(*LONG_EDGE)) // 2 * 2 / CANVAS_SIZE
    size = tuple(round(edge * larger) // 2 * 2 for edge in shown.shape[::-1])
    large = cv2.resize(shown.astype(np.float32) * (4095 / 255), size, interpolation=cv2.INTER_CUBIC)
    pixels = np.clip(np.rint(large + noise_of(large, rng)), 0, 4095).astype(np.uint16)
    return Film(pixels, replace(film.truth, height=size[1], width=size[0], spacing_mm=0.15))


def both_ways(job: tuple[LabelledFilm, int]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Canvases (768, 768) of one film stored as JPEG 2000: read whole, and as a run reads it."""
    film, seed = job
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "film.dcm"
        large = acquired(film, np.random.default_rng(seed))
        write_dicom(path, large, NOBODY, transfer_syntax="jpeg_2000", photometric="MONOCHROME2", iod="DX")
        canvases = []
        for whole in (True, False):
            with path.open("rb") as file:
                dataset = open_image(file)
                canvases.append(render(decode(dataset, whole_film=whole), dataset).pixels)
    return canvases[0], canvases[1]


def sets(films: list[LabelledFilm], workers: int) -> Iterator[tuple[str, list[LabelledFilm]]]:
    """The films under each of ``HOW``."""
    jobs = [(LabelledFilm(np.array(film.canvas), film.truth), number) for number, film in enumerate(films)]
    with get_context("spawn").Pool(workers) as pool:
        read = pool.map(both_ways, jobs, chunksize=4)
    yield HOW[0], films
    for position, how in enumerate(HOW[1:]):
        yield how, [replace(film, canvas=canvases[position]) for film, canvases in zip(films, read, strict=True)]


def lines(judged: dict[str, list[Judged]]) -> list[str]:
    """The evaluation's headlines of each set, side by side."""
    found = {how: measure(of_set) for how, of_set in judged.items()}
    rows = [
        [name, *((percent if is_share else number)(headline(figures, name)) for figures in found.values())]
        for name, (_, is_share) in HEADLINES.items()
    ]
    return [*table(["", *found], rows), *_moved(*(judged[how] for how in HOW[1:]))]


def _moved(whole: list[Judged], run: list[Judged]) -> list[str]:
    """How far the answers of a run lie from those on whole films."""
    pairs = list(zip(whole, run, strict=True))
    grey = np.mean([np.abs(a.canvas.astype(np.int16) - b.canvas).mean() for a, b in pairs])
    views = sum(a.findings.view != b.findings.view for a, b in pairs)
    sides = sum(a.findings.side != b.findings.side for a, b in pairs)
    apart = np.abs(np.concatenate([_angles(a, b) for a, b in pairs]))
    told = [
        f"Whole or as a run reads it, {len(pairs)} films: {grey:.2f} grey levels of 255 apart on average",
        f"another view {views}, another side {sides}",
        f"{apart.size} angles accepted of both",
    ]
    if apart.size:
        told[-1] += f", {apart.mean():.2f} degrees apart on average, 95 % within {np.percentile(apart, 95):.2f}"
    return ["; ".join(told) + "."]


def _angles(a: Judged, b: Judged) -> NDArray[np.float64]:
    """Differences in degrees of what was accepted on both."""
    values = [
        {
            (hip.side, m.measure): m.value_deg
            for hip in one.findings.hips
            for m in hip.measurements
            if m.accepted and m.value_deg is not None
        }
        for one in (a, b)
    ]
    return np.array([values[0][key] - values[1][key] for key in values[0].keys() & values[1].keys()])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--films", type=int, default=600)
    parser.add_argument(
        "--data", type=Path, default=ROOT / "var" / "evaluation", help="films and answers are kept there"
    )
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    args = parser.parse_args()
    films = made(Wanted("paper", args.films, args.data / "paper", args.workers))
    answers = Answers.of(args.data, MODELS)
    judged = {}
    with embedded(MODELS) as server:
        for how, of_set in sets(films, args.workers):
            judged[how] = list(answers.ask(of_set, server))
            print(f"{how}: {len(films)} films judged", flush=True)
    text = "\n".join(lines(judged))
    print(text)
    if args.write:
        write(text, PAGE, MARKER)


if __name__ == "__main__":
    main()
