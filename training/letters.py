"""Trains the reader of lead letters: what a closer crop says, right, left or nothing.

On the detector's input a letter is 8 to 18 pixels high, which tells that there is one and hardly which. The crop comes
from the whole canvas.

python -m training.letters --films films/train --validation films/validation --out runs/letters
"""

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from simulation.truth import MarkerTruth
from training.deployed import load_deployed
from training.films import LabelledFilm, change_look, jitter, load_films
from training.loop import Run, begun, optimizer_for, options, prefetch
from training.networks import LetterNet

CROP = 64  # pixels of the input
MARGIN = 1.5  # crop side over the longer side of the letter's box
LEAST_SIDE = 24.0  # canvas pixels of a crop
READINGS = ("right", "left", "nothing")
LOOKS_AT = 8  # places, of which the busiest is shown as nothing: edges and print, not empty film
MADE_UP_SHARE = 0.45  # of examples that are nothing

Subject = tuple[LabelledFilm, MarkerTruth | None]


@dataclass(frozen=True, slots=True)
class Settings:
    """Hyperparameters."""

    batch: int = 128
    steps: int = 900
    epoch: int = 150
    learning_rate: float = 3e-3
    weight_decay: float = 0.01
    warmup: int = 60
    ema: float = 0.99
    seed: int = 4


def crop(film: LabelledFilm, centre: np.ndarray, side: float, rng: np.random.Generator | None) -> np.ndarray:
    """The square of ``side`` canvas pixels around ``centre`` as (64, 64) in [0, 1]; with ``rng`` augmented."""
    scale = CROP / side
    matrix = np.array([[scale, 0, CROP / 2 - 0.5 - scale * centre[0]], [0, scale, CROP / 2 - 0.5 - scale * centre[1]]])
    if rng is not None:
        matrix = jitter(rng, CROP, 12, (0.75, 1.25), 0.08) @ np.vstack([matrix, [0, 0, 1]])
    image = cv2.warpAffine(film.canvas, matrix, (CROP, CROP), flags=cv2.INTER_LINEAR).astype(np.float32) / 255
    return image if rng is None else change_look(image, rng)


def place_of(marker: MarkerTruth) -> tuple[np.ndarray, float]:
    """Centre and side of the crop around a letter, canvas pixels."""
    box = np.array(marker.box)
    return (box[:2] + box[2:]) / 2, max(LEAST_SIDE, MARGIN * float((box[2:] - box[:2]).max()))


def nothing(film: LabelledFilm, rng: np.random.Generator) -> tuple[np.ndarray, float]:
    """A busy place without a letter."""
    side = float(np.exp(rng.uniform(np.log(LEAST_SIDE), np.log(120))))
    places = rng.uniform(side / 2, film.canvas.shape[0] - side / 2, (LOOKS_AT, 2))
    letters = [place_of(marker) for marker in film.truth.markers]
    free = [p for p in places if all(np.abs(p - at).max() > (side + size) / 2 for at, size in letters)]
    half = int(side / 2)
    return max(free or places[:1], key=lambda p: _busy(film, p.astype(int), half)), side


def _busy(film: LabelledFilm, at: np.ndarray, half: int) -> float:
    x, y = at
    return float(np.std(film.canvas[max(y - half, 0) : y + half : 2, max(x - half, 0) : x + half : 2]))


def example(subject: Subject, rng: np.random.Generator) -> tuple[np.ndarray, int]:
    """One augmented input and its reading's index."""
    film, marker = subject
    if marker is None or rng.random() < MADE_UP_SHARE:
        return crop(film, *nothing(film, rng), rng), READINGS.index("nothing")
    centre, side = place_of(marker)
    return crop(film, centre + rng.normal(0, 0.06 * side, 2), side, rng), READINGS.index(marker.side)


def figures(net: LetterNet, subjects: list[Subject]) -> dict[str, float]:
    """Share of letters read right, and of busy places taken for none."""
    rng = np.random.default_rng(0)
    images, labels = [], []
    for film, marker in subjects:
        if marker is not None:
            images.append(crop(film, *place_of(marker), None))
            labels.append(READINGS.index(marker.side))
        images.append(crop(film, *nothing(film, rng), None))
        labels.append(READINGS.index("nothing"))
    with torch.no_grad():
        read = torch.cat([net(part).argmax(1) for part in torch.from_numpy(np.stack(images))[:, None].split(256)])
    hit, letter = (read == torch.tensor(labels)).float(), torch.tensor(labels) < READINGS.index("nothing")
    return {"letters_right": hit[letter].mean().item(), "nothing_right": hit[~letter].mean().item()}


def _subjects(films: list[LabelledFilm]) -> list[Subject]:
    """Every letter, and about one film in five without any."""
    letters: list[Subject] = [(film, marker) for film in films for marker in film.truth.markers]
    without: list[Subject] = [(film, None) for film in films if not film.truth.markers]
    return letters + without[:: max(1, 5 * len(without) // max(1, len(letters)))]


def train(sources: list[Path], validation: Path, out: Path, settings: Settings, init: Path | None) -> None:
    """Trains until ``settings.steps``; a second call with the same ``out`` goes on from the checkpoint."""
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    net = LetterNet(len(READINGS)).to(memory_format=torch.channels_last)
    if init is not None and not begun(out):
        load_deployed(net, torch.zeros(1, 1, CROP, CROP), init)
    run = Run(out, settings, net, optimizer_for(net, settings.learning_rate, settings.weight_decay))
    held_out = _subjects(load_films(validation))
    while run.step < settings.steps:
        subjects = _subjects([film for source in sources for film in load_films(source)])

        def batch(subjects: list[Subject] = subjects) -> tuple[Tensor, Tensor]:
            made = [example(subjects[i], rng) for i in rng.integers(0, len(subjects), settings.batch)]
            images = torch.from_numpy(np.stack([image for image, _ in made]))[:, None]
            return images.to(memory_format=torch.channels_last), torch.tensor([label for _, label in made])

        net.train()
        losses = []
        for images, labels in prefetch(batch, min(settings.epoch, settings.steps - run.step)):
            with torch.autocast("cpu", torch.bfloat16):
                logits = net(images)
            loss = F.cross_entropy(logits.float(), labels, label_smoothing=0.02)
            run.update(loss)
            losses.append(loss.item())
        run.save(subjects=len(subjects), loss=float(np.mean(losses)), **figures(run.average.module.eval(), held_out))


def main() -> None:
    """Command line."""
    parser = options(__doc__, Settings().steps)
    args = parser.parse_args()
    settings = Settings(steps=args.steps, learning_rate=args.rate or Settings().learning_rate)
    train(args.films, args.validation, args.out, settings, args.init)


if __name__ == "__main__":
    main()
