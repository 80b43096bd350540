"""How many pixels the canvas needs: the same films, rendered finer than any canvas, on canvases of several sizes."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from ingest.records import CANVAS_SIZE
from simulation.truth import CupTruth, FilmTruth, HipTruth
from training import cup_angle
from training.ablation import cups
from training.evaluation.films import Wanted, made
from training.films import CUP_POINTS, LabelledFilm

SIZES = (384, 512, 768, 1024)
RENDERED = 1024  # pixels of a film's long edge
SEED = 90_010
TESTED_SHARE = 0.25  # of the films, the last ones: other people


def table(data: Path, films: int, steps: int, workers: int, model: Path) -> tuple[list[str], list[list[str]]]:
    """Errors on each canvas: of the deployed network ``model`` as it is, and of one that was trained on that canvas."""
    fine = _rendered(data / "canvas", films, workers)
    people = sorted({film.truth.person for film in fine})
    last = set(people[-int(TESTED_SHARE * len(people)) :])
    rows = []
    for size in SIZES:
        subjects = cups.subjects([shrunk(film, size) for film in fine])
        tested = [one for one in subjects if one[0].truth.person in last]
        net = cups.trained([one for one in subjects if one[0].truth.person not in last], steps)
        rows.append([str(size), *as_deployed(model, subjects), str(len(tested)), *cups.score(net, tested).row()])
        print(rows[-1], flush=True)
    return ["canvas", "deployed on", *cups.HEAD[1:], "trained, tested on", *cups.HEAD[1:]], rows


def as_deployed(model: Path, subjects: list[cups.Subject]) -> list[str]:
    """How many cups, and the errors of the deployed network for the closer crop, whatever canvas it learnt from."""
    net = cup_angle.rim_net()
    cup_angle.load(net, "fine", model)
    return [str(len(subjects)), *cups.score(net.eval(), subjects).row()]


def _rendered(folder: Path, films: int, workers: int) -> list[LabelledFilm]:
    """Films at their full size, and the truth on them."""
    labelled = made(Wanted("training", films, folder, workers, SEED, RENDERED))
    return [_at_full_size(film, path) for film, path in zip(labelled, _pictures(folder), strict=False)]


def shrunk(film: LabelledFilm, size: int) -> LabelledFilm:
    """A film on a canvas of another size, with its truth."""
    canvas = cv2.resize(film.canvas, (size, size), interpolation=cv2.INTER_AREA)
    return LabelledFilm(canvas, _scaled(film.truth, size / len(film.canvas)))


def _pictures(folder: Path) -> list[Path]:
    return [path for shard in sorted(folder.glob("shard-*")) for path in sorted(shard.glob("*.png"))]


def _at_full_size(film: LabelledFilm, picture: Path) -> LabelledFilm:
    """The film on a canvas of its full size; the truth follows from the canvas' that it was labelled on."""
    pixels = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)
    factor = RENDERED / max(pixels.shape)
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
    height, width = (round(length * factor) for length in pixels.shape)
    canvas = np.zeros((RENDERED, RENDERED), np.uint8)
    top, left = (RENDERED - height) // 2, (RENDERED - width) // 2
    canvas[top : top + height, left : left + width] = cv2.resize(pixels, (width, height), interpolation=how)
    return LabelledFilm(canvas, _scaled(film.truth, RENDERED / CANVAS_SIZE))


def _scaled(truth: FilmTruth, factor: float) -> FilmTruth:
    """Truth of the hips, on a canvas larger by ``factor``."""

    def moved(values: tuple[float, ...]) -> tuple[float, ...]:
        return tuple((value + 0.5) * factor - 0.5 for value in values)

    def cup(known: CupTruth | None) -> CupTruth | None:
        return known and replace(known, **{name: moved(getattr(known, name)) for name in CUP_POINTS})

    def hip(known: HipTruth) -> HipTruth:
        return replace(known, box=moved(known.box), cup=cup(known.cup))

    return replace(truth, hips=tuple(map(hip, truth.hips)))
