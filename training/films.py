"""Simulated films as training data: canvases in memory-mapped arrays, truth moved onto the canvas.

A folder of shards (``python -m simulation films``) grows while it is being made; whoever trains reads it again at the
start of every epoch. Persons are the unit of every split.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ingest.pixels import place, to_canvas
from ingest.records import CANVAS_SIZE, View
from simulation.truth import CupTruth, FilmTruth, HipTruth, MarkerTruth, Point

VIEWS = tuple(View)
LISTING, CANVASES = "truth.jsonl", "canvases.npy"  # of a shard
STRETCHED_SHARE = 0.2  # of examples: someone resized the film and let its proportions go
COVERED_SHARE = 0.25  # something covers a part: a shield, a label, a cut corner
PLAIN_JITTER = (3, (0.94, 1.06), 0.03)  # degrees, zoom, shift: of examples that keep their look
NOISE = (0.005, 0.1)  # standard deviation, of the greys from 0 to 1
REFILTERED_SHARE = 0.15  # of whole films: random filters, so that shapes are learnt more than textures


@dataclass(frozen=True, slots=True)
class LabelledFilm:
    """One canvas and its truth in canvas pixels."""

    canvas: NDArray[np.uint8]  # (768, 768)
    truth: FilmTruth


def load_films(folder: Path) -> list[LabelledFilm]:
    """All finished shards of ``folder``, in order; canvases stay on disk until they are touched."""
    return [film for shard in finished_shards(folder) for film in load_shard(shard)]


def finished_shards(folder: Path) -> list[Path]:
    """Folders of films of which all are there, in order."""
    return [listing.parent for listing in sorted(folder.glob(f"shard-*/{LISTING}"))]


def load_shard(shard: Path) -> list[LabelledFilm]:
    """The films of one shard."""
    rows = [json.loads(line) for line in (shard / LISTING).read_text().splitlines()]
    canvases = _canvases(shard, [row["file"] for row in rows])
    truths = [FilmTruth.from_json(json.dumps(row["truth"])) for row in rows]
    return [LabelledFilm(canvas, on_canvas(truth)) for canvas, truth in zip(canvases, truths, strict=True)]


def on_canvas(truth: FilmTruth) -> FilmTruth:
    """The truth in canvas pixels; angles do not change."""
    on = place(truth.height, truth.width)

    def point(p: Point | None) -> Point | None:
        return None if p is None else (p[0] * on.scale + on.offset_x, p[1] * on.scale + on.offset_y)

    def box(b: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
        return (*point(b[:2]), *point(b[2:]))

    def cup(c: CupTruth | None) -> CupTruth | None:
        return None if c is None else replace(c, **{name: point(getattr(c, name)) for name in CUP_POINTS})

    def moved(hips: tuple[HipTruth, ...]) -> tuple[HipTruth, ...]:
        return tuple(replace(hip, box=box(hip.box), cup=cup(hip.cup)) for hip in hips)

    def lettered(markers: tuple[MarkerTruth, ...]) -> tuple[MarkerTruth, ...]:
        return tuple(replace(marker, box=box(marker.box)) for marker in markers)

    return replace(
        truth,
        hips=moved(truth.hips),
        cut_hips=moved(truth.cut_hips),
        markers=lettered(truth.markers),
        faint_markers=lettered(truth.faint_markers),
        ischium_right=point(truth.ischium_right),
        ischium_left=point(truth.ischium_left),
    )


CUP_POINTS = ("centre", "major_upper", "major_lower", "minor_opening", "minor_dome", "dome")


def stands_as_taken(film: LabelledFilm) -> bool:
    """Whether it was stored upright and from its right face; the graphs turn a turned film back before they look."""
    return not film.truth.turned_deg and not film.truth.mirrored


def change_look(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A film in [0, 1] as another detector or display would have shown it: curve, contrast, blur, noise, edges."""
    x = np.clip(image, 0, 1)
    if rng.random() < 0.4:
        x = _another_curve(x, rng)
    elif rng.random() < 0.7:
        x = x ** np.exp(rng.normal(0, 0.35))
    if rng.random() < 0.5:
        x = np.clip((x - 0.5) * rng.uniform(0.6, 1.5) + 0.5 + rng.uniform(-0.12, 0.12), 0, 1)
    if rng.random() < 0.25:
        x = cv2.GaussianBlur(x, (0, 0), rng.uniform(0.4, 1.2))
    elif rng.random() < 0.5:
        x = _other_bands(x, rng)
    if rng.random() < 0.25:
        x = _shaded(x, rng)
    if rng.random() < 0.4:
        x = x + _noise(x.shape, rng)
    return np.clip(x, 0, 1).astype(np.float32)


def _another_curve(x: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.floating]:
    """Greys on a random rising curve: steep in some of its parts and nearly level in others, as no power is."""
    steps = rng.gamma(1.5, size=int(rng.integers(4, 9))) + 0.1
    rising = np.concatenate([[0], np.cumsum(steps)]) / steps.sum()
    return np.interp(x, np.linspace(0, 1, len(rising)), rising)


def _other_bands(x: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.floating]:
    """Structures of each of three sizes raised or lowered apart, as multi-scale processing does."""
    smoother = x
    for sigma in (0.8, 2.5, 8.0):
        finer, smoother = smoother, cv2.GaussianBlur(smoother, (0, 0), sigma * rng.uniform(0.7, 1.4))
        x = x + rng.uniform(-0.5, 1.3) * (finer - smoother)
    return x


def _shaded(x: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.floating]:
    """Brighter here and darker there, smoothly: a grid off its focus, the heel effect, a lamp behind a film."""
    field = cv2.resize(rng.uniform(0.45, 1, (3, 3)), x.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return x * (field / field.max())


def _noise(shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.floating]:
    """Of few photons or of many, and in half of the films as coarse as a detector's blur makes it."""
    noise = rng.standard_normal(shape)
    if rng.random() < 0.5:
        noise = cv2.GaussianBlur(noise, (0, 0), rng.uniform(0.5, 1.5))
    return noise * (np.exp(rng.uniform(*np.log(NOISE))) / noise.std())


def refiltered(x: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A film in [0, 1] mixed with what a random filter makes of it, at the film's own mean and spread (Xu 2021).

    No detector has such a filter: shapes stay, textures and shadings do not. Edges move by up to two pixels.
    """
    plain, side = x - x.mean(), int(rng.choice([3, 5]))
    other = cv2.filter2D(plain, -1, rng.normal(0, 1, (side, side)).astype(np.float32))
    if rng.random() < 0.5:  # less its surroundings, as wide as a hip or a hand
        other = other - rng.uniform(0.4, 1) * cv2.GaussianBlur(other, (0, 0), len(x) * rng.uniform(0.05, 0.2))
    other *= np.sign((other * plain).sum()) * x.std() / max(float(other.std()), 1e-4)  # bright stays bright
    kept = rng.uniform(0, 0.9)
    return np.clip(x.mean() + kept * plain + (1 - kept) * other, 0, 1).astype(np.float32)


def jitter(
    rng: np.random.Generator, size: int, degrees: float, zoom: tuple[float, float], shift: float
) -> NDArray[np.float64]:
    """A random similarity about the middle of a square as a (2, 3) matrix; ``shift`` is a share of ``size``."""
    centre = (size - 1) / 2
    matrix = cv2.getRotationMatrix2D((centre, centre), rng.uniform(-degrees, degrees), rng.uniform(*zoom))
    matrix[:, 2] += rng.uniform(-shift, shift, 2) * size
    return matrix


def stretched(matrix: NDArray[np.float64], size: int, factor: float) -> NDArray[np.float64]:
    """A (2, 3) matrix, then wider by ``factor`` and lower by as much, about the middle of a square of ``size``."""
    c = (size - 1) / 2
    wider = np.array([[factor, 0, c * (1 - factor)], [0, 1 / factor, c * (1 - 1 / factor)]])
    return wider @ np.vstack([matrix, [0, 0, 1]])


def cover(image: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float64]:
    """Lays an even rectangle over a part of a square image in [0, 1]; returns its edges x0, y0, x1, y1 in pixels."""
    size = len(image)
    x, y = rng.integers(0, size, 2)
    w, h = rng.integers(size // 12, size // 3, 2)
    image[y : y + h, x : x + w] = rng.choice([0.0, 1.0, rng.random()])
    return np.array([x, y, min(x + w, size), min(y + h, size)], np.float64)


def _canvases(shard: Path, files: list[str]) -> NDArray[np.uint8]:
    packed = shard / CANVASES
    if not packed.exists():
        stack = np.zeros((len(files), CANVAS_SIZE, CANVAS_SIZE), np.uint8)
        for canvas, name in zip(stack, files, strict=True):
            canvas[:] = to_canvas(cv2.imread(str(shard / name), cv2.IMREAD_GRAYSCALE), 0, 255)[0]
        temporary = shard / f"canvases-{np.random.default_rng().integers(1 << 62)}.tmp.npy"
        np.save(temporary, stack)
        temporary.rename(packed)
    return np.load(packed, mmap_mode="r")
