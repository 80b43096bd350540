"""Invented lives, landed as films that were read, and found again in the registry."""

from dataclasses import replace

import numpy as np
from builders.registry import PROJECT, Registry
from scipy.stats import binom

from simulation.archive.findings import batch_of, make_lives, read_errors, shots
from simulation.archive.life import Rates
from simulation.archive.recomputed import compare_changes, compare_episodes

ERRORS = PROJECT.parent / "docs" / "validation" / "angle_errors.csv"


def build(registry: Registry, lives, errors) -> None:
    films = (shot for life in lives for shot in shots(life))
    registry.land_batch(batch_of(films, errors, np.random.default_rng(4)))
    registry.run()


def test_episodes_are_found_again_with_every_operation_inside_its_interval(registry: Registry) -> None:
    lives = make_lives(700, seed=31)
    build(registry, lives, {})
    with registry.opened() as connection:
        episodes = compare_episodes(lives, connection)
    assert episodes.true["revision"] > 60
    assert episodes.recall("native", "primary") == 1
    assert episodes.precision("native", "primary") == 1
    assert episodes.recall() >= 0.98
    assert episodes.precision() >= 0.98
    assert 0.5 < episodes.recall("revision") < 1  # a new cup that lies like the old one is not seen on films


def test_migrations_are_found_and_cups_that_never_moved_are_left_alone(registry: Registry) -> None:
    lives = make_lives(2000, seed=32, rates=replace(Rates(), migrating=0.5, revised=0.0, missed=0.0))
    build(registry, lives, read_errors(ERRORS))
    with registry.opened() as connection:
        alarms = compare_changes(lives, connection)
    assert alarms.migrations > 30
    assert alarms.migrations_confirmed >= binom.ppf(0.01, alarms.migrations, 0.95)  # a few hundred: luck
    assert alarms.still_films > 2000
    assert alarms.still_films_flagged <= 0.07 * alarms.still_films
    assert alarms.still_hips > 200
    assert alarms.still_hips_alarmed <= binom.ppf(0.99, alarms.still_hips, 0.02)  # few hips: luck
