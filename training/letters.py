"""Trains the reader of side letters: what the boxes that the detector takes for letters hold, at the full canvas.

python -m training.letters --films films/train --validation films/validation --out runs/letters

The detector finds letters at half the canvas and should not confuse one side's with the other's; the reader looks
closer, and tells a letter that stands the wrong way round: a film that was mirrored, or a letter laid face down.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from ingest.records import CANVAS_SIZE
from training import detector
from training.deployed import load_deployed, renormalise
from training.films import LabelledFilm, load_films
from training.letter_examples import CROP, NONE, READINGS, Box, crop, example, reading
from training.loop import Run, begun, device_of, given, mixed_precision, options, prefetch
from training.networks.letters import LetterNet

PROPOSED_FILMS = 8000  # whose boxes the detector is asked for
DEPLOYED_DETECTOR = Path("model_repository/detector/1/model.onnx")


@dataclass(frozen=True, slots=True)
class Settings:
    """Hyperparameters."""

    batch: int = 96
    steps: int = 3000
    epoch: int = 250
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    warmup: int = 100
    ema: float = 0.99
    smoothing: float = 0.02
    device: str = "cpu"  # what learns, as PyTorch names it
    plain: float = 0.0  # share of examples as the film is, as of the classifier
    detector: Path = DEPLOYED_DETECTOR  # whose boxes are read
    seed: int = 5


def new_net() -> LetterNet:
    """The untrained reader."""
    return LetterNet(len(READINGS))


def proposals(films: Sequence[LabelledFilm], model: Path, device: str) -> list[list[Box]]:
    """What a deployed detector takes for letters on each film, in canvas pixels."""
    net = detector.new_net(detector.Settings())
    load_deployed(net, torch.zeros(1, 1, detector.SIZE, detector.SIZE), model)
    net.eval().to(device, memory_format=torch.channels_last)
    scale = CANVAS_SIZE / detector.SIZE
    return [
        [tuple(float(v) for v in box[:4] * scale - 0.5) for box in letters] for _, letters in detector.seen(net, films)
    ]


def figures(net: LetterNet, films: Sequence[LabelledFilm], boxes: Sequence[Sequence[Box]]) -> dict[str, float]:
    """In the detector's boxes: share of letters whose side and whose way round is read, of no letters called none."""
    crops, labels = [], []
    for film, proposed in zip(films, boxes, strict=True):
        for box in proposed:
            label = reading(film.truth, box)
            if label is not None:
                crops.append(crop(film.canvas, box))
                labels.append(label)
    told, device = [], device_of(net)
    for start in range(0, len(crops), 128):
        part = torch.from_numpy(np.stack(crops[start : start + 128]))[:, None]
        with torch.no_grad(), mixed_precision(device):
            told.append(net(part.to(device, memory_format=torch.channels_last)).argmax(1).cpu())
    said, true = torch.cat(told).numpy(), np.array(labels)
    letter = true != NONE
    return {
        "letters": int(letter.sum()),
        "sides_right": float(np.mean((said % 2 == true % 2)[letter] & (said != NONE)[letter])),
        "ways_right": float(np.mean((said == true)[letter])),
        "none_right": float(np.mean((said == true)[~letter])),
    }


def train(sources: list[Path], validation: Path, out: Path, settings: Settings, init: Path | None) -> None:
    """Trains until ``settings.steps``; a second call with the same ``out`` goes on from the checkpoint."""
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    net = new_net().to(memory_format=torch.channels_last)
    films = [film for source in sources for film in load_films(source) if not film.truth.turned_deg]
    films = [films[i] for i in rng.permutation(len(films))[:PROPOSED_FILMS]]
    held_out = [film for film in load_films(validation) if not film.truth.turned_deg][:600]
    boxes, held_boxes = (proposals(some, settings.detector, settings.device) for some in (films, held_out))
    if init is not None and not begun(out):
        load(net, init)
        seen = [example(films[i], boxes[i], rng)[0] for i in rng.integers(0, len(films), 128)]
        renormalise(net, torch.from_numpy(np.stack(seen))[:, None])
    run = Run(out, settings, net)

    def batch() -> tuple[Tensor, Tensor]:
        chosen = rng.integers(0, len(films), settings.batch)
        made = [example(films[i], boxes[i], rng, plain=rng.random() < settings.plain) for i in chosen]
        images = torch.from_numpy(np.stack([image for image, _ in made]))[:, None]
        return images.to(memory_format=torch.channels_last), torch.tensor([label for _, label in made])

    while run.step < settings.steps:
        net.train()
        losses = []
        for images, labels in prefetch(batch, min(settings.epoch, settings.steps - run.step), run.device):
            with mixed_precision(run.device):
                logits = net(images)
            value = F.cross_entropy(logits.float(), labels, label_smoothing=settings.smoothing)
            run.update(value)
            losses.append(value.item())
        told = figures(run.average.module.eval(), held_out, held_boxes)
        run.save(films=len(films), loss=float(np.mean(losses)), **told)


def load(net: LetterNet, model: Path) -> None:
    """The reader's weights out of a deployed detector, after those of its YOLO."""
    whole = torch.zeros(1, 1, detector.SIZE, detector.SIZE)
    before = load_deployed(detector.new_net(detector.Settings()), whole, model)
    load_deployed(net, whole[..., :CROP, :CROP], model, before)


def main() -> None:
    """Command line."""
    parser = options(__doc__, Settings().steps)
    parser.add_argument("--detector", type=Path, default=DEPLOYED_DETECTOR, help="whose boxes are read")
    args = parser.parse_args()
    train(args.films, args.validation, args.out, given(Settings(detector=args.detector), args), args.init)


if __name__ == "__main__":
    main()
