"""Trains the three landmark networks of the cup-angle model.

``rim`` finds the cup's rim in a crop around a hip, ``fine`` measures it in a crop around the rim that was found, and
``pelvis`` finds the ischia on the whole film and measures them in a crop around both.

python -m training.cup_angle rim    --films films/train --validation films/validation --out runs/rim
python -m training.cup_angle fine   --films films/train --validation films/validation --out runs/fine
python -m training.cup_angle pelvis --films films/train --validation films/validation --out runs/pelvis
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ingest.cup import METHODS
from ingest.records import CUP_LANDMARKS, View
from simulation.truth import HipTruth
from training.cup_geometry import to_one_middle
from training.deployed import OtherNetworkError, load_deployed, renormalise
from training.films import LabelledFilm, load_films, stands_as_taken
from training.landmark_examples import (
    CROP,
    Example,
    Subject,
    as_it_is,
    pelvis_example,
    rim_example,
    shows_both_ischia,
    stack,
    varied,
)
from training.landmark_loss import axes_error, loss
from training.loop import Run, begun, device_of, given, mixed_precision, options, prefetch
from training.networks.landmarks import LandmarkNet, located

RARE = {"rim": ("hemi", 2), "fine": ("resurfacing", 1)}  # what a network errs most on, and how often more it is shown
CLOSE_SHARE = 0.6  # of the pelvis network's examples that show both ischia: the closer crop


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
    blob: float = 1.5  # standard deviation of a target heat map, in its cells
    seed: int = 3


def rim_net() -> LandmarkNet:
    """Five landmarks; logits of: a measurable cup, then the log Laplace scale of each landmark's error (pixels).

    Of the coarse and of the fine network alike.
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
        renormalise(net, stack([_example(kind, *known[i], rng) for i in rng.integers(0, len(known), 64)])[0])
    run = Run(out, settings, net)
    held_out = subjects_of(kind, load_films(validation))[:400]
    while run.step < settings.steps:
        subjects = subjects_of(kind, [film for source in sources for film in load_films(source)])

        def batch(
            subjects: list[Subject] = subjects,
        ) -> tuple[Tensor, ...]:
            chosen = [subjects[i] for i in rng.integers(0, len(subjects), settings.batch)]
            return stack([_example(kind, *one, rng, plain=rng.random() < settings.plain) for one in chosen])

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
    told = _figures(net, [_example(kind, *subject, None) for subject in subjects])
    if kind != "pelvis":
        return told
    crops = [pelvis_example(film, None, close=True) for film, _ in subjects if shows_both_ischia(film)]
    return told | {"close_error_px": _figures(net, crops)["error_px"]}


def _figures(net: LandmarkNet, examples: list[Example]) -> dict[str, float]:
    errors, hits, axes, device = [], [], [], device_of(net)
    for start in range(0, len(examples), 32):
        images, points, present, _ = stack(examples[start : start + 32])
        with torch.no_grad(), mixed_precision(device):
            heat, logits = (told.cpu() for told in net(images.to(device)))
        k, (found, covariance) = heat.shape[1], located(heat)
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


def subjects_of(kind: str, films: list[LabelledFilm]) -> list[Subject]:
    """What a network of ``KINDS`` learns from, as often as it does in a round."""
    if kind == "pelvis":
        upright = [(film, None) for film in films if stands_as_taken(film)]
        ischia = [one for one in upright if one[0].truth.ischium_right or one[0].truth.ischium_left]
        none = [one for one in upright if not (one[0].truth.ischium_right or one[0].truth.ischium_left)]
        return ischia + _a_third(none, len(ischia))
    films = [film for film in films if not film.truth.turned_deg]
    if kind == "fine":
        measured = [film for film in films if film.truth.view in METHODS]
        laterals = [film for film in measured if film.truth.view == View.CROSS_TABLE_LATERAL]
        shown = measured + laterals  # these twice: fewer are taken than of AP views
        return _more_of_rare(kind, [(f, hip) for f in shown for hip in f.truth.hips if hip.cup and hip.cup.visible])
    cups = [(film, hip) for film in films for hip in film.truth.hips if hip.implant != "none"]
    native = [(film, hip) for film in films for hip in film.truth.hips if hip.implant == "none"]
    return _more_of_rare(kind, cups) + _a_third(native, len(cups))


def _more_of_rare(kind: str, subjects: list[Subject]) -> list[Subject]:
    rare, times = RARE[kind]
    return subjects + times * [one for one in subjects if one[1].implant == rare]


def _a_third(others: list[Subject], of: int) -> list[Subject]:
    """Some of ``others``, evenly: about one to three of what is looked for."""
    return others[:: max(1, 3 * len(others) // max(1, of))]


def _example(
    kind: str, film: LabelledFilm, hip: HipTruth | None, rng: np.random.Generator | None, *, plain: bool = False
) -> Example:
    vary = as_it_is if plain else varied
    if hip is not None:
        return rim_example(film, hip, rng, fine=kind == "fine", vary=vary)
    close = rng is not None and shows_both_ischia(film) and rng.random() < CLOSE_SHARE
    return pelvis_example(film, rng, close=close, vary=vary)


def main() -> None:
    """Command line."""
    parser = options(__doc__, Settings().steps)
    parser.add_argument("kind", choices=KINDS)
    args = parser.parse_args()
    train(args.kind, args.films, args.validation, args.out, given(Settings(), args), args.init)


if __name__ == "__main__":
    main()
