"""Invented lives, landed as films that were read, and found again in the registry."""

import csv
from dataclasses import replace

import numpy as np
import pytest
from builders.registry import PROJECT, Registry

from simulation.archive.findings import batch_of, make_lives, shots
from simulation.archive.life import Rates
from simulation.archive.recomputed import compare_changes, compare_episodes


@pytest.fixture
def measured_errors():
    with (PROJECT / "seeds" / "measured_errors.csv").open(encoding="utf-8") as file:
        return {(row["measure"], row["view"]): float(row["error_sd_deg"]) for row in csv.DictReader(file)}


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


def test_migrations_are_found_and_still_cups_are_left_alone(registry: Registry, measured_errors) -> None:
    lives = make_lives(500, seed=32, rates=replace(Rates(), migrating=0.5, revised=0.0, missed=0.0))
    build(registry, lives, measured_errors)
    with registry.opened() as connection:
        alarms = compare_changes(lives, connection)
    assert alarms.migrations > 30
    assert alarms.confirmed >= 0.95 * alarms.migrations
    assert alarms.still_films > 2000
    assert alarms.still_films_confirmed <= 0.02 * alarms.still_films
    assert alarms.still_series_confirmed <= 0.02 * alarms.still_series
