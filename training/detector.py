"""Trains the detector: YOLOv5 on whole films at half the canvas; hips with and without implant, lead markers.

python -m training.detector --films films/train --validation films/validation --out runs/detector
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from ingest.records import CANVAS_SIZE, DETECTION_CLASSES, View
from ingest.sides import MARKERS
from simulation.truth import PARTLY_SHOWN, FilmTruth
from training.cut_outs import CUT_OUT_SHARE, cut_out
from training.deployed import load_deployed, renormalise
from training.films import (
    COVERED_SHARE,
    PLAIN_JITTER,
    REFILTERED_SHARE,
    STRETCHED_SHARE,
    LabelledFilm,
    change_look,
    cover,
    jitter,
    load_films,
    refiltered,
    stands_as_taken,
    stretched,
)
from training.loop import Run, begun, device_of, given, mixed_precision, options, prefetch
from training.more_letters import with_letters
from training.networks.yolo import Yolo
from training.networks.yolo_loss import loss
from training.turns import middle_of

SIZE = 384  # input pixels: half the canvas
RARE, TIMES = "resurfacing", 2  # the implant that is missed most, and how often more its films are shown
LETTER_BOXES = 3  # that are read on a film
APART = 0.6  # of the longer side of a letter's box; what lies nearer is the same letter
# Width and height in input pixels. Letters are 10-30, whole hips 90-350; one level each for letters, mid and large.
ANCHORS = (
    ((10.0, 12.0), (16.0, 18.0), (26.0, 28.0)),
    ((60.0, 70.0), (95.0, 105.0), (130.0, 130.0)),
    ((150.0, 165.0), (210.0, 230.0), (300.0, 310.0)),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """Hyperparameters."""

    width: float = 0.5
    depth: float = 0.33
    batch: int = 16
    steps: int = 2000
    epoch: int = 150
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    warmup: int = 100
    ema: float = 0.99
    device: str = "cpu"  # what learns, as PyTorch names it
    plain: float = 0.0  # share of examples as the film is, as of the classifier
    seed: int = 2


def new_net(settings: Settings) -> Yolo:
    """The untrained detector."""
    return Yolo(len(DETECTION_CLASSES), ANCHORS, settings.width, settings.depth)


def targets(truth: FilmTruth) -> tuple[np.ndarray, np.ndarray]:
    """Boxes (n, 4) in canvas pixels and which classes each has (n, 6), 0 or 1.

    A cross-table lateral looks the same from either side, so its hip has both; the lead marker tells them apart.
    """
    boxes, classes = [], []
    for hip in truth.hips:
        kind = "native" if hip.implant == "none" else "implant"
        sides = ("right", "left") if truth.view == View.CROSS_TABLE_LATERAL else (hip.side,)
        boxes.append(hip.box)
        classes.append([name in [f"{side}_hip_{kind}" for side in sides] for name in DETECTION_CLASSES])
    for marker in truth.markers:
        boxes.append(marker.box)
        classes.append([name == f"{marker.side}_marker" for name in DETECTION_CLASSES])
    return np.array(boxes, np.float64).reshape(-1, 4), np.array(classes, np.float64).reshape(-1, len(DETECTION_CLASSES))


def example(
    film: LabelledFilm, rng: np.random.Generator, *, plain: bool = False
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One augmented input (SIZE, SIZE) with boxes (n, 4) in input pixels (edges at 0 and SIZE) and classes (n, 6).

    What a reader may tell or leave out has no class: hips and letters of which about half is seen, or that are faint.
    Geometry on the canvas, then block average; ``plain``: only a little moved or cut out.
    """
    film = film if plain else with_letters(film, rng)
    matrix = jitter(rng, CANVAS_SIZE, *(PLAIN_JITTER if plain else (10, (0.75, 1.5), 0.1)))
    if rng.random() < CUT_OUT_SHARE:
        matrix, _ = cut_out(film, CANVAS_SIZE, rng, matrix)
    if not plain and rng.random() < STRETCHED_SHARE:
        matrix = stretched(matrix, CANVAS_SIZE, float(np.exp(rng.uniform(-0.25, 0.25))))
    moved = cv2.warpAffine(film.canvas, matrix, film.canvas.shape)
    image = cv2.resize(moved, (SIZE, SIZE), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    boxes, classes, shown = _objects(film.truth)
    corners = np.stack([boxes[:, [0, 2, 2, 0]], boxes[:, [1, 1, 3, 3]], np.ones((len(boxes), 4))], 1)
    corners = np.einsum("ij,njk->nik", matrix, corners)
    full = (np.concatenate([corners.min(2), corners.max(2)], 1) + 0.5) * (SIZE / CANVAS_SIZE)  # edges, input pixels
    clipped = full.clip(0, SIZE)
    look, seen = image if plain else change_look(image, rng), _area(clipped)
    if not plain and rng.random() < REFILTERED_SHARE:
        look = refiltered(look, rng)
    if not plain and rng.random() < COVERED_SHARE:
        covered = cover(look, rng)
        seen = seen - _area(
            np.concatenate([np.maximum(clipped[:, :2], covered[:2]), np.minimum(clipped[:, 2:], covered[2:])], 1)
        )
    least, enough = PARTLY_SHOWN
    share = shown * seen / _area(full)
    classes[share < enough] = 0
    return look, clipped[share >= least], classes[share >= least]


def _objects(truth: FilmTruth) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Boxes (n, 4), classes (n, 6), none of what is doubtful, and the share of each that is on the film (n,)."""
    boxes, classes = targets(truth)
    classes[: len(truth.hips)][[hip.doubtful for hip in truth.hips]] = 0
    others, unasked = targets(replace(truth, hips=truth.cut_hips, markers=truth.faint_markers))
    shares = [
        share
        for hips, letters in ((truth.hips, truth.markers), (truth.cut_hips, truth.faint_markers))
        for share in (*(hip.visible_fraction for hip in hips), *(1.0 for _ in letters))
    ]
    return np.concatenate([boxes, others]), np.concatenate([classes, 0 * unasked]), np.array(shares)


def _area(boxes: np.ndarray) -> np.ndarray:
    return (boxes[:, 2] - boxes[:, 0]).clip(0) * (boxes[:, 3] - boxes[:, 1]).clip(0)


def found(net: Yolo, images: Tensor) -> tuple[Tensor, Tensor]:
    """The best box of every class (B, classes, 5), and where letters may lie (B, LETTER_BOXES, 5), the likeliest first.

    Boxes are x0, y0, x1, y1 (edges, input pixels) and the score. The letters' middles lie apart, whichever side they
    may say: the network knows better where a letter is than which one.
    """
    boxes, scores = net.decode(net(images))
    best, where = scores.max(1)
    letter, middles, letters = scores[..., MARKERS].amax(2), middle_of(boxes), []
    for _ in range(LETTER_BOXES):
        likely, at = letter.max(1, keepdim=True)
        box = _gathered(boxes, at)
        letters.append(torch.cat((box, likely[..., None]), 2))
        reach = APART * (box[..., 2:] - box[..., :2]).amax(2, keepdim=True)
        away = ((middles - middle_of(box)).abs() >= reach).any(2)
        letter = letter * away.float()
    return torch.cat((_gathered(boxes, where), best[..., None]), 2), torch.cat(letters, 1)


def _gathered(boxes: Tensor, where: Tensor) -> Tensor:
    """Of boxes (B, N, 4) those at the indices (B, n): (B, n, 4)."""
    return boxes.gather(1, where[..., None].expand(-1, -1, 4))


def seen(net: Yolo, films: Sequence[LabelledFilm]) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Film by film, as they are stored, what ``found`` says: (6, 5) and (LETTER_BOXES, 5)."""
    device = device_of(net)
    for start in range(0, len(films), 16):
        part = films[start : start + 16]
        half = [cv2.resize(f.canvas, (SIZE, SIZE), interpolation=cv2.INTER_AREA) for f in part]
        images = torch.from_numpy(np.stack(half)).float()[:, None] / 255
        with torch.no_grad(), mixed_precision(device):
            best, letters = found(net, images.to(device, memory_format=torch.channels_last))
        yield from zip(best.float().cpu().numpy(), letters.float().cpu().numpy(), strict=True)


def figures(net: Yolo, films: list[LabelledFilm]) -> dict[str, float]:
    """On films as they are: hips found (IoU > 0.5), kind right among the found, markers read right."""
    located, kind, marker = [], [], []
    for film, (boxes, _) in zip(films, seen(net, films), strict=True):
        truth, classes = targets(film.truth)
        letters = classes[:, 4:].any(0)
        if letters.any():
            marker.append(boxes[4:, 4].max() > 0.5 and letters[boxes[4:, 4].argmax()])
        hips = classes[:, :4].any(1)
        for box, label in zip((truth[hips] + 0.5) / 2, classes[hips, :4], strict=True):
            own = np.repeat(label.reshape(2, 2).any(1), 2)  # the classes of the hip's side or sides
            guess = int(np.where(own, boxes[:4, 4], -1).argmax())
            located.append(_iou(boxes[guess, :4], box) > 0.5 and boxes[guess, 4] > 0.3)
            kind.append(bool(label[guess]))
    return {
        "hips_found": float(np.mean(located)),
        "implant_right": float(np.mean(kind)),
        "markers_right": float(np.mean(marker)),
    }


def _iou(a: np.ndarray, b: np.ndarray) -> float:
    overlap = np.prod((np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])).clip(0))
    return float(overlap / (np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - overlap))


def train(sources: list[Path], validation: Path, out: Path, settings: Settings, init: Path | None) -> None:
    """Trains until ``settings.steps``; a second call with the same ``out`` goes on from the checkpoint."""
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    net = new_net(settings).to(memory_format=torch.channels_last)
    if init is not None and not begun(out):
        load_deployed(net, torch.zeros(1, 1, SIZE, SIZE), init)
        known = load_films(sources[0])
        met = [example(known[i], rng)[0] for i in rng.integers(0, len(known), 48)]
        renormalise(net, torch.from_numpy(np.stack(met))[:, None])
    run = Run(out, settings, net)
    held_out = [film for film in load_films(validation) if stands_as_taken(film)][:300]
    while run.step < settings.steps:
        films = more_of_rare([film for source in sources for film in load_films(source) if stands_as_taken(film)])

        def batch(films: list[LabelledFilm] = films) -> tuple[Tensor, Tensor]:
            images, objects = [], []
            for position in range(settings.batch):
                film = films[rng.integers(0, len(films))]
                image, boxes, classes = example(film, rng, plain=rng.random() < settings.plain)
                images.append(image)
                middle, size = (boxes[:, :2] + boxes[:, 2:]) / 2, boxes[:, 2:] - boxes[:, :2]
                objects.append(np.concatenate([np.full((len(boxes), 1), position), middle, size, classes], 1))
            stacked = torch.from_numpy(np.stack(images))[:, None].to(memory_format=torch.channels_last)
            return stacked, torch.from_numpy(np.concatenate(objects)).float()

        net.train()
        losses = []
        for images, objects in prefetch(batch, min(settings.epoch, settings.steps - run.step), run.device):
            with mixed_precision(run.device):
                levels = net(images)
            value = loss(net, levels, objects)
            run.update(value)
            losses.append(value.item())
        run.save(films=len(films), loss=float(np.mean(losses)), **figures(run.average.module.eval(), held_out))


def more_of_rare(films: list[LabelledFilm]) -> list[LabelledFilm]:
    """The films, and those of the implant that is missed most some times more."""
    return films + TIMES * [film for film in films if any(hip.implant == RARE for hip in film.truth.hips)]


def main() -> None:
    """Command line."""
    parser = options(__doc__, Settings().steps)
    args = parser.parse_args()
    train(args.films, args.validation, args.out, given(Settings(), args), args.init)


if __name__ == "__main__":
    main()
