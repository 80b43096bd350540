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
from training.deployed import load_deployed
from training.films import VIEWS, LabelledFilm, change_look, jitter, load_films
from training.loop import Run, optimizer_for, options, prefetch
from training.networks import EfficientNet
from training.site_films import FilmTableError, check_apart, load_table


@dataclass(frozen=True, slots=True)
class Settings:
    """Hyperparameters."""

    size: int = 128  # pixels; CANVAS_SIZE / size must be whole, the graph pools
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
    seed: int = 1


def shrink(canvas: np.ndarray, size: int) -> np.ndarray:
    """(768, 768) uint8 to (size, size) float32 in [0, 1] by averaging whole blocks, as the exported graph does."""
    return cv2.resize(canvas, (size, size), interpolation=cv2.INTER_AREA).astype(np.float32) / 255


def example(film: LabelledFilm, size: int, rng: np.random.Generator) -> np.ndarray:
    """One augmented input (size, size): geometry on a finer copy, then the block average, then another look."""
    fine = cv2.resize(film.canvas, (2 * size, 2 * size), interpolation=cv2.INTER_AREA)
    matrix = jitter(rng, 2 * size, 12, (0.85, 1.25), 0.08)
    image = cv2.resize(cv2.warpAffine(fine, matrix, fine.shape), (size, size), interpolation=cv2.INTER_AREA)
    if rng.random() < 0.5:
        image = image[:, ::-1]  # a view stays the same view in a mirror
    if rng.random() < 0.06:
        image = np.rot90(image, rng.integers(1, 4))
    look = change_look(image.astype(np.float32) / 255, rng)
    if rng.random() < 0.25:  # something covers a part: a shield, a label, a cut corner
        x, y = rng.integers(0, size, 2)
        w, h = rng.integers(size // 12, size // 3, 2)
        look[y : y + h, x : x + w] = rng.choice([0.0, 1.0, rng.random()])
    return look


def accuracy(net: EfficientNet, films: list[LabelledFilm], settings: Settings) -> tuple[float, float]:
    """Share of films whose view is right, and mean negative log-likelihood."""
    hits, losses = [], []
    for start in range(0, len(films), settings.batch):
        part = films[start : start + settings.batch]
        images = torch.from_numpy(np.stack([shrink(f.canvas, settings.size) for f in part]))[:, None]
        labels = torch.tensor([VIEWS.index(f.truth.view) for f in part])
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            logits = net(images.to(memory_format=torch.channels_last)).float()
        hits.append((logits.argmax(1) == labels).float())
        losses.append(F.cross_entropy(logits, labels, reduction="none"))
    return torch.cat(hits).mean().item(), torch.cat(losses).mean().item()


def films_of(source: Path) -> list[LabelledFilm]:
    """The films of a folder of shards, or of a table of a site's own."""
    return load_table(source) if source.suffix == ".csv" else load_films(source)


def train(sources: list[Path], validation: Path, out: Path, settings: Settings, init: Path | None) -> None:
    """Trains until ``settings.steps``; a second call with the same ``out`` goes on from the checkpoint."""
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    net = EfficientNet(len(VIEWS), drop_path=settings.drop_path).to(memory_format=torch.channels_last)
    if init is not None:
        load_deployed(net, torch.zeros(1, 1, settings.size, settings.size), init)
    run = Run(out, settings, net, optimizer_for(net, settings.learning_rate, settings.weight_decay))
    held_out = films_of(validation)
    tables = [film for source in sources if source.suffix == ".csv" for film in load_table(source)]
    check_apart(tables, held_out)
    while run.step < settings.steps:
        films = tables + [film for source in sources if source.suffix != ".csv" for film in load_films(source)]
        size = settings.early_size if run.step < settings.early_share * settings.steps else settings.size

        def batch(films: list[LabelledFilm] = films, size: int = size) -> tuple[Tensor, Tensor]:
            chosen = [films[i] for i in rng.integers(0, len(films), settings.batch)]
            images = np.stack([example(film, size, rng) for film in chosen])
            labels = torch.tensor([VIEWS.index(film.truth.view) for film in chosen])
            return torch.from_numpy(images)[:, None].to(memory_format=torch.channels_last), labels

        net.train()
        losses = []
        for images, labels in prefetch(batch, min(settings.epoch, settings.steps - run.step)):
            with torch.autocast("cpu", torch.bfloat16):
                logits = net(images)
            loss = F.cross_entropy(logits.float(), labels, label_smoothing=settings.smoothing)
            run.update(loss)
            losses.append(loss.item())
        average = run.average.module.eval()
        correct, nll = accuracy(average, held_out[:600], settings)
        run.save(
            films=len(films), size=size, loss=float(np.mean(losses)), validation_accuracy=correct, validation_nll=nll
        )


def temperature(net: EfficientNet, films: list[LabelledFilm], settings: Settings) -> float:
    """The temperature that makes the scores of validation films honest (Guo 2017), by a line search."""
    images = torch.from_numpy(np.stack([shrink(f.canvas, settings.size) for f in films]))[:, None]
    labels = torch.tensor([VIEWS.index(f.truth.view) for f in films])
    with torch.no_grad():
        logits = torch.cat([net(part).float() for part in images.split(32)])
    candidates = np.geomspace(0.3, 3, 47)
    return float(min(candidates, key=lambda t: F.cross_entropy(logits / t, labels).item()))


def main() -> None:
    """Command line."""
    parser = options(__doc__, Settings().steps)
    parser.add_argument("--size", type=int, default=Settings().size)
    args = parser.parse_args()
    if CANVAS_SIZE % args.size:
        parser.error(f"--size {args.size} does not divide the canvas of {CANVAS_SIZE} pixels")
    settings = Settings(steps=args.steps, size=args.size, learning_rate=args.rate or Settings().learning_rate)
    try:
        train(args.films, args.validation, args.out, settings, args.init)
    except FilmTableError as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
