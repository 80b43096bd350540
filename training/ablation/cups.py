"""The subject of three ablations: the network that measures a cup, trained from chance for a few minutes.

The crop is placed by the truth, so that nothing but the measurement is compared. What counts are the angles that the
landmarks make: the long axis of the rim, and asin(minor / major) of its ellipse.
"""

import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from torch import Tensor, nn

from ingest.cup import METHODS
from ingest.records import View
from simulation.truth import HipTruth
from training import cup_angle, cup_geometry, landmark_loss
from training.films import LabelledFilm, stands_as_taken
from training.landmark_examples import Vary, rim_example, stack, varied
from training.loop import optimizer_for, prefetch
from training.networks.landmarks import LandmarkNet, soft_argmax

Subject = tuple[LabelledFilm, HipTruth]
Batch = tuple[Tensor, Tensor, Tensor, Tensor]  # images, points, presences, how much the axes count
AP_VIEWS = (View.AP_PELVIS, View.AP_HIP)
LEVEL = torch.tensor([[[0.0, 0.0], [1.0, 0.0]]])  # a baseline along the rows


class Reading(Protocol):
    """What a network is asked for: its loss, and the ends of the rim's axes that its answer means."""

    def net(self) -> LandmarkNet:
        """An untrained network."""

    def loss(self, heat: Tensor, logits: Tensor, batch: Batch) -> Tensor:
        """Loss of a batch."""

    def points(self, heat: Tensor) -> Tensor:
        """Answers (B, K, 96, 96) to landmarks (B, 5, 2) in input pixels."""


@dataclass(frozen=True, slots=True)
class Landmarks:
    """A heat map for each of five landmarks, as deployed."""

    blob: float = cup_angle.Settings().blob

    def net(self) -> LandmarkNet:
        """As deployed."""
        return cup_angle.rim_net()

    def loss(self, heat: Tensor, logits: Tensor, batch: Batch) -> Tensor:
        """As deployed."""
        return landmark_loss.loss(heat, logits, *batch[1:], self.blob)

    def points(self, heat: Tensor) -> Tensor:
        """Expected positions."""
        return soft_argmax(heat)


@dataclass(frozen=True, slots=True)
class Score:
    """Absolute errors in degrees of every cup tested."""

    axis_deg: np.ndarray
    version_deg: np.ndarray  # of AP views

    def row(self) -> list[str]:
        """Mean and 95th percentile of the axis, then of the version."""
        return [f"{told(e):.2f}" for e in (self.axis_deg, self.version_deg) for told in (np.mean, _ninety_five)]


HEAD = ["cups", "axis MAE", "axis p95", "version MAE", "version p95"]


def _ninety_five(errors: np.ndarray) -> float:
    return float(np.percentile(errors, 95))


def subjects(films: list[LabelledFilm]) -> list[Subject]:
    """Every wholly visible cup of the views on which one is measured."""
    upright = [film for film in films if stands_as_taken(film) and film.truth.view in METHODS]
    return [(film, hip) for film in upright for hip in film.truth.hips if hip.cup and hip.cup.visible]


def trained(
    known: list[Subject],
    steps: int,
    *,
    reading: Reading | None = None,
    vary: Vary = varied,
) -> LandmarkNet:
    """The weights after ``steps`` from chance, seeded; deployed hyperparameters but for the length.

    Not averaged: in so few steps an average still holds some of the chance, and the rate has come down to nothing.
    """
    settings, reading = cup_angle.Settings(steps=steps), reading or Landmarks()
    torch.manual_seed(settings.seed)
    rng = np.random.default_rng(settings.seed)
    net = reading.net().to(memory_format=torch.channels_last).train()
    optimizer = optimizer_for(net, settings.learning_rate, settings.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, settings.learning_rate, steps, pct_start=0.15)

    def batch() -> Batch:
        chosen = [known[i] for i in rng.integers(0, len(known), settings.batch)]
        return stack([rim_example(*one, rng, fine=True, vary=vary) for one in chosen])

    began = time.monotonic()
    for step, made in enumerate(prefetch(batch, steps)):
        with torch.autocast("cpu", torch.bfloat16):
            heat, logits = net(made[0])
        value = reading.loss(heat, logits.float(), made)
        optimizer.zero_grad()
        value.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        schedule.step()
        if (step + 1) % 50 == 0:
            print(f"  step {step + 1}: loss {value.item():.3f}, {time.monotonic() - began:.0f} s", flush=True)
    return net.eval()


def score(net: LandmarkNet, tested: list[Subject], reading: Reading | None = None) -> Score:
    """Errors on crops without augmentation."""
    reading, axis, version = reading or Landmarks(), [], []
    for start in range(0, len(tested), 32):
        part = tested[start : start + 32]
        images, points, *_ = stack([rim_example(*one, None, fine=True) for one in part])
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            heat, _ = net(images)
        apart = (angles_of(reading.points(heat.float())) - angles_of(points)).abs()
        axis.append(torch.minimum(apart[:, 0], 180 - apart[:, 0]))
        version.append(apart[[film.truth.view in AP_VIEWS for film, _ in part], 1])
    return Score(torch.cat(axis).numpy(), torch.cat(version).numpy())


def angles_of(points: Tensor) -> Tensor:
    """Direction of the long axis over a half turn, and the version of the ellipse: (B, 2) degrees."""
    major = points[:, 1] - points[:, 0]
    along = torch.rad2deg(torch.atan2(major[:, 1], major[:, 0])) % 180
    told = cup_geometry.angles(points[:, None], LEVEL.expand(len(points), -1, -1))
    return torch.stack((along, told[:, 0, 1]), -1)
