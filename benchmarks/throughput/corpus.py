"""The standard corpus: a seeded archive of 1,000 files as departments store and mix them.

Of the files with an image 45 % are uncompressed, 25 % JPEG lossless, 15 % JPEG 2000 lossless, 10 % JPEG-LS and 5 % RLE;
2,000 to 3,000 pixels of 12 bits along the long edge. 10 % of all files are refused by their header, 15 % show no hip,
3 % are broken. Films are simulated at 1,024 pixels, enlarged to a detector's matrix and given its noise: what counts
for speed is their size and how well they compress, and that is a real film's.
"""

import itertools
import json
import shutil
from dataclasses import dataclass, replace
from datetime import date, timedelta
from multiprocessing import get_context
from multiprocessing.pool import Pool
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from simulation.archive import refused
from simulation.archive.dicom import Identity, write_dicom
from simulation.dataset import Request, specs
from simulation.film import simulate
from simulation.spec import FilmSpec
from simulation.truth import Film

SYNTAXES = {"explicit": 0.45, "jpeg_lossless": 0.25, "jpeg_2000": 0.15, "jpeg_ls": 0.10, "rle": 0.05}
REFUSED, NO_HIP, BROKEN = 0.10, 0.15, 0.03  # of all files
MATRICES = ((2022, 2022), (2500, 2048), (2880, 2400), (2336, 2836), (3000, 2500), (2140, 2760))  # rows, columns
RENDERED = 1024  # pixels along the long edge
SCENES_SHARE = 0.2  # of the films: distinct simulations; the others are the same scenes on another detector
NOISE = (4.0, 12.0)  # standard deviation in grey levels of 4,096, in mid-grey
BREAKING = (refused.truncated, refused.empty, refused.text)
REFUSING = (refused.magnetic_resonance, refused.report)
FINISHED = "corpus.json"


@dataclass(frozen=True, slots=True)
class Plan:
    """One file of the corpus."""

    number: int
    kind: str  # hip, no_hip, refused, broken
    syntax: str
    seed: int


def make_corpus(out: Path, files: int, seed: int, workers: int) -> Path:
    """The folder ``out``/archive with ``files`` files; made once, kept, and made again when what was asked differs."""
    wanted = {"files": files, "seed": seed, "form": 1}
    note = out / FINISHED
    if note.exists() and json.loads(note.read_text()) == wanted:
        return out / "archive"
    shutil.rmtree(out, ignore_errors=True)
    plans = planned(files, seed)
    with get_context("spawn").Pool(workers) as pool:
        scenes = _scenes(pool, plans, seed)
        jobs = [(out / "archive", plan, scenes[plan.kind == "no_hip"]) for plan in plans]
        for done, _ in enumerate(pool.imap_unordered(_write, jobs, chunksize=4), 1):
            if done % 100 == 0:
                print(f"corpus: {done} of {files} files", flush=True)
    note.write_text(json.dumps(wanted))
    return out / "archive"


def planned(files: int, seed: int) -> list[Plan]:
    """Kinds and syntaxes in their exact shares, in a seeded order."""
    rng = np.random.default_rng(seed)
    counts = {"refused": round(REFUSED * files), "no_hip": round(NO_HIP * files), "broken": round(BROKEN * files)}
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    kinds += ["hip"] * (files - len(kinds))
    edges = np.cumsum(list(SYNTAXES.values()))
    syntaxes = [list(SYNTAXES)[int(np.searchsorted(edges, (i + 0.5) / files))] for i in range(files)]
    kinds, syntaxes = rng.permutation(kinds), rng.permutation(syntaxes)
    seeds = rng.integers(1 << 31, size=files)
    return [Plan(i, str(kinds[i]), str(syntaxes[i]), int(seeds[i])) for i in range(files)]


def _scenes(pool: Pool, plans: list[Plan], seed: int) -> tuple[list[Film], list[Film]]:
    """Simulated films with a hip, and without."""
    wanted = [max(1, round(SCENES_SHARE * sum((p.kind == "no_hip") == other for p in plans))) for other in (0, 1)]
    found: tuple[list[Film], list[Film]] = ([], [])
    drawn = specs(Request(Path(), 1, seed, 1, RENDERED, mixture="paper"), 0)
    while any(len(scenes) < want for scenes, want in zip(found, wanted, strict=True)):
        for film in pool.map(_simulated, list(itertools.islice(drawn, 8)), chunksize=1):
            other = film is not None and film.truth.view == "other"
            if film is not None and len(found[other]) < wanted[other]:
                found[other].append(film)
    return found


def _simulated(spec: FilmSpec) -> Film | None:
    try:
        return simulate(spec)
    except (ValueError, ArithmeticError):
        return None


def _write(job: tuple[Path, Plan, list[Film]]) -> int:
    folder, plan, scenes = job
    rng = np.random.default_rng(plan.seed)
    path = folder / f"{plan.number // 100:02d}" / f"IM{plan.number:06d}"
    path.parent.mkdir(parents=True, exist_ok=True)
    film = on_detector(scenes[int(rng.integers(len(scenes)))], rng, plan.number)
    if plan.kind == "refused":
        REFUSING[plan.number % len(REFUSING)](path, path)
        return plan.number
    taken = date(2004, 1, 1) + timedelta(days=int(rng.integers(6000)))
    identity = Identity(plan.number // 3, "FM"[plan.number % 2], date(1945, 5, 5), taken, 1 + plan.number % 3, "HIP")
    photometric, iod = ("MONOCHROME2", "MONOCHROME1")[plan.number % 3 == 0], ("CR", "DX")[plan.number % 2]
    write_dicom(path, film, identity, transfer_syntax=plan.syntax, photometric=photometric, iod=iod)
    if plan.kind == "broken":
        whole = path.with_suffix(".whole")
        path.rename(whole)
        BREAKING[plan.number % len(BREAKING)](path, whole)
        whole.unlink()
    return plan.number


def on_detector(scene: Film, rng: np.random.Generator, number: int) -> Film:
    """The scene on a detector's matrix, with the quantum noise of that many pixels: more where it is darker."""
    rows, columns = MATRICES[int(rng.integers(len(MATRICES)))]
    shift = rng.uniform(-0.03, 0.03, 2) * scene.pixels.shape
    scale = max(rows / scene.pixels.shape[0], columns / scene.pixels.shape[1])
    matrix = np.array([[scale, 0, shift[1]], [0, scale, shift[0]]])
    large = cv2.warpAffine(scene.pixels.astype(np.float32), matrix, (columns, rows), flags=cv2.INTER_CUBIC)
    pixels = large + noise_of(large, rng)
    truth = replace(scene.truth, seed=number, height=rows, width=columns, spacing_mm=scene.truth.spacing_mm / scale)
    return Film(np.clip(np.rint(pixels), 0, 4095).astype(np.uint16), truth)


def noise_of(display: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """Quantum noise (H, W) for a display of 0 to 4,095: of logarithms it is relative, and grows with absorption."""
    white = cv2.GaussianBlur(rng.standard_normal(display.shape, np.float32), (0, 0), 0.6)
    return white * (rng.uniform(*NOISE) * (0.4 + 1.2 * display / 4095)).astype(np.float32)
