"""Trains the view classifier: EfficientNet-B3 on whole films.

python -m training.classifier --films films/train --validation films/validation --out runs/classifier

On a site's own films (the table is described in ``training/site_films.py``), from the deployed weights:

python -m training.classifier --init model_repository/classifier/1/model.onnx --rate 2e-4 --steps 300 \
    --films films.csv --validation validation.csv --out runs/site
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ingest.records import CANVAS_SIZE
from training.cut_outs import CUT_OUT_SHARE, cut_out
from training.deployed import load_deployed, renormalise
from training.films import (
    COVERED_SHARE,
    PLAIN_JITTER,
    REFILTERED_SHARE,
    STRETCHED_SHARE,
    VIEWS,
    LabelledFilm,
    change_look,
    cover,
    jitter,
    load_films,
    refiltered,
    stretched,
)
from training.loop import Run, begun, device_of, given, mixed_precision, options, prefetch
from training.networks.efficientnet import EfficientNet
from training.site_films import FilmTableError, check_apart, load_table
from training.turns import TURNS

TURNED_SHARE = 0.25  # of examples


@dataclass(frozen=True, slots=True)
class Settings:
    """Hyperparameters."""

    size: int = 192  # pixels; CANVAS_SIZE / size must be whole, the graph pools
    early_size: int = 96  # learns most of it at nearly half the cost
    early_share: float = 0.75  # of the steps
    batch: int = 32
    steps: int = 1350
    epoch: int = 100  # steps between validations; new films are read at each
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    warmup: int = 60
    ema: float = 0.99
    drop_path: float = 0.05
    smoothing: float = 0.03
    turn_weight: float = 0.5  # of the turn's loss beside the view's
    device: str = "cpu"  # what learns, as PyTorch names it
    plain: float = 0.0  # share of examples as the film is; a last part of training with many comes home to such films
    seed: int = 1


def shrink(canvas: np.ndarray, size: int) -> np.ndarray:
    """(768, 768) uint8 to (size, size) float32 in [0, 1] by averaging whole blocks, as the exported graph does."""
    return cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def new_net(drop_path: float = 0.0) -> EfficientNet:
    """The untrained classifier: logits of the views, then of the turns."""
    return EfficientNet(len(VIEWS) + len(TURNS), drop_path=drop_path)


def example(
    film: LabelledFilm, size: int, rng: np.random.Generator, *, plain: bool = False
) -> tuple[np.ndarray, int, int]:
    """One augmented input (size, size), the index of its view and that of its turn.

    Geometry on a finer copy, block average, another look; ``plain``: only turned, mirrored, a little moved or cut out.
    """
    fine = cv2.resize(film.canvas, (2 * size, 2 * size), interpolation=cv2.INTER_AREA)
    matrix, view = jitter(rng, 2 * size, *(PLAIN_JITTER if plain else (12, (0.85, 1.25), 0.08))), film.truth.view
    if rng.random() < CUT_OUT_SHARE:
        matrix, view = cut_out(film, 2 * size, rng, matrix)
    if not plain and rng.random() < STRETCHED_SHARE:
        matrix = stretched(matrix, 2 * size, float(np.exp(rng.uniform(-0.3, 0.3))))
    image = cv2.resize(cv2.warpAffine(fine, matrix, fine.shape), (size, size), interpolation=cv2.INTER_AREA)
    label, turn = VIEWS.index(view), TURNS.index(film.truth.turned_deg)
    if rng.random() < 0.5:
        image, turn = image[:, ::-1], -turn % 4  # a view stays the same view in a mirror
    if rng.random() < TURNED_SHARE:
        further = int(rng.integers(1, 4))
        image, turn = np.rot90(image, -further), (turn + further) % 4
    look = image.astype(np.float32) / 255
    if plain:
        return look, label, turn
    look = change_look(look, rng)
    if rng.random() < REFILTERED_SHARE:
        look = refiltered(look, rng)
    if rng.random() < COVERED_SHARE:
        cover(look, rng)
    return look, label, turn


def loss(logits: Tensor, labels: Tensor, turns: Tensor, settings: Settings) -> Tensor:
    """Cross-entropy of the view, and of the turn where one is known (-1 elsewhere)."""
    view = F.cross_entropy(logits[:, : len(VIEWS)], labels, label_smoothing=settings.smoothing)
    known = turns >= 0
    turn = F.cross_entropy(logits[known, len(VIEWS) :], turns[known], label_smoothing=settings.smoothing)
    return view + settings.turn_weight * turn.nan_to_num()


def logits_of(net: EfficientNet, films: list[LabelledFilm], settings: Settings) -> tuple[Tensor, Tensor]:
    """What the network answers to films as they are: logits of the views (N, 6) and of the turns (N, 4)."""
    logits, device = [], device_of(net)
    for start in range(0, len(films), settings.batch):
        part = films[start : start + settings.batch]
        images = torch.from_numpy(np.stack([shrink(f.canvas, settings.size) for f in part]))[:, None]
        with torch.no_grad(), mixed_precision(device):
            logits.append(net(images.to(device, memory_format=torch.channels_last)).float().cpu())
    return torch.cat(logits).split((len(VIEWS), len(TURNS)), 1)


def figures(net: EfficientNet, films: list[LabelledFilm], settings: Settings) -> dict[str, float]:
    """Share of films whose view and whose turn is right, and mean negative log-likelihood of the view."""
    views, turns = logits_of(net, films, settings)
    labels = torch.tensor([VIEWS.index(f.truth.view) for f in films])
    turned = torch.tensor([_turn(f) for f in films])
    return {
        "validation_accuracy": (views.argmax(1) == labels).float().mean().item(),
        "validation_nll": F.cross_entropy(views, labels).item(),
        "turns_right": (turns.argmax(1) == turned)[turned >= 0].float().mean().item(),
    }


def _turn(film: LabelledFilm) -> int:
    """Index of the film's turn; -1 where it shows no hip, or nobody said."""
    return TURNS.index(film.truth.turned_deg) if film.truth.hips else -1


def films_of(source: Path) -> list[LabelledFilm]:
    """The films of a folder of shards, or of a table of a site's own."""
    return load_table(source) if source.suffix == ".csv" else load_films(source)


def train(sources: list[Path], validation: Path, out: Path, settings: Settings, init: Path | None) -> None:
    """Trains until ``settings.steps``; a second call with the same ``out`` goes on from the checkpoint."""
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    net = new_net(settings.drop_path).to(memory_format=torch.channels_last)
    if init is not None and not begun(out):
        load_deployed(net, torch.zeros(1, 1, settings.size, settings.size), init)
    held_out = films_of(validation)
    tables = [film for source in sources if source.suffix == ".csv" for film in load_table(source)]
    check_apart(tables, held_out)
    shards = [source for source in sources if source.suffix != ".csv"]
    if init is not None and not begun(out):
        known = tables + [film for source in shards for film in load_films(source)]
        seen = [example(known[i], settings.size, rng)[0] for i in rng.integers(0, len(known), 64)]
        renormalise(net, torch.from_numpy(np.stack(seen))[:, None])
    run = Run(out, settings, net)
    while run.step < settings.steps:
        films = tables + [film for source in shards for film in load_films(source)]
        size = settings.early_size if run.step < settings.early_share * settings.steps else settings.size

        def batch(films: list[LabelledFilm] = films, size: int = size) -> tuple[Tensor, Tensor, Tensor]:
            chosen = [films[i] for i in rng.integers(0, len(films), settings.batch)]
            made = [example(film, size, rng, plain=rng.random() < settings.plain) for film in chosen]
            images = torch.from_numpy(np.stack([image for image, _, _ in made]))[:, None]
            labels = torch.tensor([view for _, view, _ in made])
            turns = torch.tensor(
                [turn if film.truth.hips else -1 for film, (_, _, turn) in zip(chosen, made, strict=True)]
            )
            return images.to(memory_format=torch.channels_last), labels, turns

        net.train()
        losses = []
        for images, labels, turns in prefetch(batch, min(settings.epoch, settings.steps - run.step), run.device):
            with mixed_precision(run.device):
                logits = net(images)
            value = loss(logits.float(), labels, turns, settings)
            run.update(value)
            losses.append(value.item())
        told = figures(run.average.module.eval(), held_out[:600], settings)
        run.save(films=len(films), size=size, loss=float(np.mean(losses)), **told)


def main() -> None:
    """Command line."""
    parser = options(__doc__, Settings().steps)
    parser.add_argument("--size", type=int, default=Settings().size)
    args = parser.parse_args()
    if CANVAS_SIZE % args.size:
        parser.error(f"--size {args.size} does not divide the canvas of {CANVAS_SIZE} pixels")
    early_share = Settings().early_share if args.init is None else 0.0  # small films unlearn what is known already
    settings = given(Settings(size=args.size, early_share=early_share), args)
    try:
        train(args.films, args.validation, args.out, settings, args.init)
    except FilmTableError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
