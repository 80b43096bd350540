"""What is fitted on validation films, on numbers whose answer is known."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the training extra is not installed")

from training.calibration import (  # noqa: E402 - after the skip
    LEAST_ERROR_DEG,
    fit_curve,
    fit_errors,
    fit_line,
    fit_outliers,
    fit_temperature,
    fit_turns,
)
from training.graphs import IntervalCurve  # noqa: E402


def test_the_temperature_of_logits_three_times_too_sure_is_three():
    rng = np.random.default_rng(1)
    honest = torch.tensor(rng.normal(0, 1.5, (4000, 4)))
    labels = torch.multinomial(honest.softmax(1), 1, generator=torch.Generator().manual_seed(1))[:, 0]
    assert fit_temperature(2 * honest, labels) == pytest.approx(2, rel=0.08)


def test_that_hardly_a_film_is_turned_is_told_beside_the_temperature():
    rng = np.random.default_rng(4)
    seen = torch.tensor(rng.normal(0, 2, (6000, 4)))  # by one that had met films of every turn as often
    honest = seen + torch.tensor([1.5, 0.0, 0.0, 0.0])
    turned = torch.multinomial(honest.softmax(1), 1, generator=torch.Generator().manual_seed(4))[:, 0]
    temperature, upright = fit_turns(2 * seen, turned)
    assert temperature == pytest.approx(2, rel=0.08)
    assert upright == pytest.approx(1.5, abs=0.15)


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


def test_a_line_finds_what_features_say_of_the_chances():
    rng = np.random.default_rng(5)
    features = rng.normal([3, -100, 0], [0.5, 20, 1], (20_000, 3))
    logit = 4 * (features[:, 0] - 3) + 0.05 * (features[:, 1] + 100) - 1
    hits = rng.random(20_000) < 1 / (1 + np.exp(-logit))
    weights, shift = fit_line(features, hits)
    assert weights == pytest.approx([4, 0.05, 0], rel=0.06, abs=0.06)
    chances = 1 / (1 + np.exp(-(features @ weights + shift)))
    assert chances.mean() == pytest.approx(hits.mean(), abs=1e-4)


def test_a_line_through_few_that_nothing_else_tells_apart_is_not_certain():
    weights, shift = fit_line(np.array([[0.0], [1.0]] * 5), np.array([False, True] * 5))
    assert 3 < weights[0] < 50
    assert shift == pytest.approx(-weights[0] / 2, rel=1e-3)


def drawn(rng, spread):
    """What is stated of 6,000 errors, and the errors, whose standard deviation is ``spread`` of that."""
    stated = np.exp(rng.uniform(np.log(0.2), np.log(8), 6000))
    return stated, rng.normal(0, spread(stated))


@pytest.mark.parametrize(
    "spread",
    [
        pytest.param(lambda stated: stated**1.5, id="a power"),
        pytest.param(lambda stated: np.hypot(0.6, stated), id="no less than a least error"),
        pytest.param(lambda stated: np.where(stated < 2, stated, stated**2 / 2), id="worse than stated where unsure"),
    ],
)
def test_an_interval_holds_the_share_of_errors_that_it_says_wherever_it_is_asked(spread):
    rng = np.random.default_rng(3)
    curve = fit_errors(*drawn(rng, spread))
    stated, errors = drawn(rng, spread)
    held = np.abs(errors) <= curve(torch.tensor(stated)).numpy()
    for part in np.array_split(stated.argsort(), 5):
        assert held[part].mean() == pytest.approx(0.95, abs=0.03)


def test_an_interval_of_a_power_is_that_power():
    rng = np.random.default_rng(5)
    curve = fit_errors(*drawn(rng, lambda stated: stated**1.5))
    stated = torch.tensor([0.25, 0.5, 1.0, 2.0, 4.0, 7.0])
    assert curve(stated).numpy() == pytest.approx((1.96 * stated**1.5).numpy(), rel=0.12)


def test_what_is_stated_to_be_less_sure_never_has_the_narrower_interval():
    rng = np.random.default_rng(6)
    stated = np.exp(rng.uniform(-1, 2, 300))
    curve = fit_errors(stated, rng.normal(0, 1 / stated))  # what is stated is the wrong way round
    widths = curve(torch.logspace(-3, 2, 200)).numpy()
    assert (np.diff(widths) >= 0).all()
    assert (np.abs(rng.normal(0, 1 / stated)) <= curve(torch.tensor(stated)).numpy()).mean() > 0.9


def test_some_errors_are_enough_for_an_interval_and_none_is_no_trouble():
    curve = fit_errors(np.full(30, 0.7), np.linspace(0, 2.9, 30))
    assert curve(torch.tensor(0.7)).item() == pytest.approx(2.9, abs=0.11)
    assert fit_errors(np.array([0.5, 0.7]), np.zeros(2))(torch.tensor(0.6)).item() == pytest.approx(LEAST_ERROR_DEG)


def test_a_curve_that_was_not_fitted_changes_nothing():
    stated = torch.tensor([[0.0, 0.5], [1.0, 70.0]])
    assert IntervalCurve()(stated).numpy() == pytest.approx(stated.numpy(), rel=1e-5, abs=1e-5)


def test_one_film_in_a_hundred_of_the_known_kind_is_an_outlier_and_every_film_of_another_kind():
    torch.manual_seed(4)
    views = torch.randint(0, 3, (3000,))
    centres = torch.randn(3, 100) * 3
    known, held_out, again = (centres[views] + torch.randn(3000, 100) for _ in range(3))
    outliers = fit_outliers(known, views, held_out, 3)
    assert (outliers(again) > 1).float().mean().item() == pytest.approx(0.01, abs=0.008)
    assert (outliers(centres[views] + 4 * torch.randn(3000, 100)) > 1).float().mean().item() > 0.99
