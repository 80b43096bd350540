"""Trains the three landmark networks of the cup-angle model.

``rim`` finds the cup's rim in a crop around a hip, ``fine`` measures it in a crop around the rim that was found, and
``pelvis`` finds the ischia on the whole film and measures them in a crop around both.

python -m training.cup_angle rim    --films films/train --validation films/validation --out runs/rim
python -m training.cup_angle fine   --films films/train --validation films/validation --out runs/fine
python -m training.cup_angle pelvis --films films/train --validation films/validation --out runs/pelvis
"""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ingest.records import CUP_LANDMARKS
from training.cup_geometry import to_one_middle
from training.deployed import OtherNetworkError, load_deployed, renormalise
from training.films import load_films
from training.landmark_examples import (
    CROP,
    Example,
    Subject,
    pelvis_example,
    shows_both_ischia,
    stack,
)
from training.landmark_loss import axes_error, loss
from training.landmark_subjects import Name, example_of, name_of, subjects_of
from training.loop import Run, begun, device_of, given, mixed_precision, options, prefetch
from training.networks.landmarks import LandmarkNet, located

HARDEST = 0.1  # share of subjects that are those on which a network is furthest off


@dataclass(frozen=True, slots=True)
class Settings:
    """Hyperparameters."""

    batch: int = 32
    steps: int = 2000
    epoch: int = 150
    learning_rate: float = 2e-3
    weight_decay: float = 0.01
    warmup: int = 100
    ema: float = 0.99
    device: str = "cpu"  # what learns, as PyTorch names it
    plain: float = 0.0  # share of examples as the film is, as of the classifier
    hard: float = 0.0  # share of examples from the ``HARDEST`` for the weights that a run begins or goes on with
    blob: float = 1.5  # standard deviation of a target heat map, in its cells
    seed: int = 3


def rim_net() -> LandmarkNet:
    """Five landmarks; logits of: a measurable cup, then the log Laplace scale of each landmark's error (pixels).

    Of the coarse and of the fine network alike; an export fits the latter's first logit (``cup_presence``).
    """
    return LandmarkNet(len(CUP_LANDMARKS), 1 + len(CUP_LANDMARKS))


def pelvis_net() -> LandmarkNet:
    """Right and left ischial tuberosity; logits of their presence, then the log Laplace scales."""
    return LandmarkNet(2, 4)


KINDS = ("rim", "fine", "pelvis")


def new_net(kind: str) -> LandmarkNet:
    """The untrained network of one of ``KINDS``."""
    return pelvis_net() if kind == "pelvis" else rim_net()


def train(kind: str, sources: list[Path], validation: Path, out: Path, settings: Settings, init: Path | None) -> None:
    """Trains one of the networks; a second call with the same ``out`` goes on from the checkpoint."""
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    net = new_net(kind).to(memory_format=torch.channels_last)
    if init is not None and not begun(out):
        load(net, kind, init)
        known = subjects_of(kind, load_films(sources[0]))
        renormalise(net, stack([example_of(kind, *known[i], rng) for i in rng.integers(0, len(known), 64)])[0])
    run = Run(out, settings, net)
    held_out = subjects_of(kind, load_films(validation))[:400]
    hardest: frozenset[Name] | None = None
    while run.step < settings.steps:
        subjects = subjects_of(kind, [film for source in sources for film in load_films(source)])
        if settings.hard and hardest is None:
            hardest = hardest_of(kind, run.average.module.eval(), subjects)
        among = subjects, [one for one in subjects if hardest and name_of(*one) in hardest]

        def batch(among: tuple[list[Subject], list[Subject]] = among) -> tuple[Tensor, ...]:
            chosen = [among[rng.random() < settings.hard] for _ in range(settings.batch)]
            drawn = [these[rng.integers(0, len(these))] for these in chosen]
            return stack([example_of(kind, *one, rng, plain=rng.random() < settings.plain) for one in drawn])

        net.train()
        losses = []
        for images, *wanted in prefetch(batch, min(settings.epoch, settings.steps - run.step), run.device):
            with mixed_precision(run.device):
                heat, logits = net(images)
            value = loss(heat, logits.float(), *wanted, settings.blob)
            run.update(value)
            losses.append(value.item())
        run.save(
            subjects=len(subjects),
            loss=float(np.mean(losses)),
            **figures(kind, run.average.module.eval(), held_out),
        )


def load(net: LandmarkNet, kind: str, model: Path) -> None:
    """One graph holds the networks in the order of their use; without a fine one, that begins as the coarse."""
    example = torch.zeros(1, 1, CROP, CROP)
    layers = load_deployed(rim_net(), example, model)
    try:
        load_deployed(net, example, model, {"rim": 0, "fine": layers, "pelvis": 2 * layers}[kind])
    except OtherNetworkError:
        load_deployed(net, example, model, layers if kind == "pelvis" else 0)


def figures(kind: str, net: LandmarkNet, subjects: list[Subject]) -> dict[str, float]:
    """Mean landmark error in input pixels and share of presences told right, without augmentation; a rim's axes."""
    told = _figures(net, [example_of(kind, *subject, None) for subject in subjects])
    if kind != "pelvis":
        return told
    crops = [pelvis_example(film, None, close=True) for film, _ in subjects if shows_both_ischia(film)]
    return told | {"close_error_px": _figures(net, crops)["error_px"]}


def hardest_of(kind: str, net: LandmarkNet, subjects: list[Subject]) -> frozenset[Name]:
    """The ``HARDEST`` of the subjects for a network, by how many input pixels it is off on the first crop of each.

    As the films are; of a rim what counts are its axes, of a pelvis the landmarks that are there.
    """
    once = {name_of(*one): one for one in subjects}
    off: dict[Name, float] = {}
    names = list(once)
    for start in range(0, len(names), 32):
        part = names[start : start + 32]
        images, points, present, count = stack([example_of(kind, *once[name], None) for name in part])
        found, covariance, _ = _seen(net, images)
        if kind == "pelvis":
            errors = (found - points).norm(dim=-1)
        else:
            errors, present = axes_error(found + to_one_middle(found, covariance), points) * count, present[:, :1]
        off |= zip(part, (errors * present).sum(-1).tolist(), strict=True)
    bound = np.quantile([error for error in off.values() if error > 0], 1 - HARDEST)
    return frozenset(name for name, error in off.items() if error > bound)


def _seen(net: LandmarkNet, images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Landmarks, their covariances and the logits, wherever the network's weights lie."""
    with torch.no_grad(), mixed_precision(device_of(net)):
        heat, logits = (told.cpu() for told in net(images.to(device_of(net))))
    return *located(heat), logits


def _figures(net: LandmarkNet, examples: list[Example]) -> dict[str, float]:
    errors, hits, axes = [], [], []
    for start in range(0, len(examples), 32):
        images, points, present, _ = stack(examples[start : start + 32])
        found, covariance, logits = _seen(net, images)
        k = found.shape[1]
        errors.append((found - points).norm(dim=-1)[present])
        if k == len(CUP_LANDMARKS):
            axes.append(axes_error(found + to_one_middle(found, covariance), points)[present[:, 0]])
        claimed = logits[:, :-k] > 0
        hits.append((claimed == present[:, : claimed.shape[1]]).flatten())
    told = {
        "error_px": torch.cat(errors).mean().item(),
        "presence_right": torch.cat(hits).float().mean().item(),
    }
    if not axes:
        return told
    axis, version = torch.cat(axes).mean(0).tolist()
    return told | {"axis_error_px": axis, "version_error_px": version}


def main() -> None:
    """Command line."""
    parser = options(__doc__, Settings().steps)
    parser.add_argument("kind", choices=KINDS)
    parser.add_argument(
        "--hard",
        type=float,
        default=0.0,
        help="share of examples from the tenth that the weights are furthest off on when this command begins",
    )
    args = parser.parse_args()
    settings = replace(given(Settings(), args), hard=args.hard)
    train(args.kind, args.films, args.validation, args.out, settings, args.init)


if __name__ == "__main__":
    main()
