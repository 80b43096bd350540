"""What is fitted on validation films, on numbers whose answer is known."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from training.calibration import fit_curve, fit_errors, fit_outliers, fit_temperature  # noqa: E402 - after the skip


def test_the_temperature_of_logits_three_times_too_sure_is_three():
    rng = np.random.default_rng(1)
    honest = torch.tensor(rng.normal(0, 1.5, (4000, 4)))
    labels = torch.multinomial(honest.softmax(1), 1, generator=torch.Generator().manual_seed(1))[:, 0]
    assert fit_temperature(2 * honest, labels) == pytest.approx(2, rel=0.08)


def test_a_curve_turns_scores_into_the_chances_they_came_with():
    rng = np.random.default_rng(2)
    logit = rng.uniform(-3, 3, 20_000)
    hits = rng.random(20_000) < 1 / (1 + np.exp(-(2 * logit + 1)))
    curve = fit_curve(1 / (1 + np.exp(-logit)), hits)
    assert curve.slope.item() == pytest.approx(2, rel=0.05)
    assert curve.shift.item() == pytest.approx(1, abs=0.08)


def test_validation_without_a_miss_promises_no_certainty():
    curve = fit_curve(np.full(50, 0.9), np.ones(50, bool))
    assert curve(torch.tensor(0.9)).item() == pytest.approx(51 / 52, abs=0.01)


def test_an_interval_holds_the_share_of_errors_that_it_says():
    rng = np.random.default_rng(3)
    stated = rng.uniform(0.5, 4, 4000)
    scale, power = fit_errors(stated, rng.normal(0, stated**1.5))
    fresh = rng.uniform(0.5, 4, 4000)
    held = np.abs(rng.normal(0, fresh**1.5)) <= scale * fresh**power
    assert held.mean() == pytest.approx(0.95, abs=0.015)
    assert power == pytest.approx(1.5, abs=0.15)
    assert scale == pytest.approx(1.96, rel=0.1)


def test_one_film_in_a_hundred_of_the_known_kind_is_an_outlier_and_every_film_of_another_kind():
    torch.manual_seed(4)
    views = torch.randint(0, 3, (3000,))
    centres = torch.randn(3, 100) * 3
    known, held_out, again = (centres[views] + torch.randn(3000, 100) for _ in range(3))
    outliers = fit_outliers(known, views, held_out, 3)
    assert (outliers(again) > 1).float().mean().item() == pytest.approx(0.01, abs=0.008)
    assert (outliers(centres[views] + 4 * torch.randn(3000, 100)) > 1).float().mean().item() > 0.99
