"""Lives of invented patients."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest

from simulation.archive.life import Rates
from simulation.archive.living import live
from simulation.people.body_shape import Build
from simulation.people.disease import CONDITIONS


@pytest.fixture(scope="module")
def lives():
    return [live(n, Build("F", 68.0, 45.0, 1.0), np.random.default_rng([3, n]), Rates()) for n in range(400)]


def hips(lives):
    return [hip for life in lives for hip in life.hips]


def test_the_same_stream_gives_the_same_life(lives):
    assert live(7, Build("F", 68.0, 45.0, 1.0), np.random.default_rng([3, 7]), Rates()) == lives[7]


def test_time_runs_forward(lives):
    for life in lives:
        days = [visit.planned for visit in life.visits]
        assert days == sorted(set(days))
        assert all(life.birth_date < day for day in days)
        ends = [day for day in (life.death, life.moved_away) if day is not None]
        assert all(day < end for day in days for end in ends)
        for hip in life.hips:
            assert all(a.day < b.day for a, b in pairwise(hip.operations))


def test_missed_visits_have_no_films_and_kept_ones_do(lives):
    for life in lives:
        for visit in life.visits:
            assert bool(visit.shots) == (visit.day is not None)
    planned = [visit for life in lives for visit in life.visits if visit.reason == "follow-up"]
    assert np.mean([visit.day is None for visit in planned]) == pytest.approx(Rates().missed, abs=0.03)


def test_what_is_implanted_stays_until_it_is_revised(lives):
    for hip in hips(lives):
        numbers = [o.number for o in hip.operations if o.kind != "fixation"]
        assert numbers == list(range(len(numbers)))
        for operation in hip.operations:
            before, after = (hip.state(operation.day + timedelta(days=shift)) for shift in (-1, 1))
            assert after.implant == operation.kind
            assert before != after


def test_a_migrating_cup_moves_one_way(lives):
    moving = [hip for hip in hips(lives) if hip.moves_from is not None]
    assert moving
    for hip in moving:
        end = hip.operations[1].day if len(hip.operations) > 1 else hip.moves_from + timedelta(days=1500)
        days = [hip.moves_from + timedelta(days=step) for step in range(0, (end - hip.moves_from).days, 120)]
        upwards = [hip.state(day).cup_moved_mm[1] for day in days]
        assert all(later >= earlier for earlier, later in pairwise(upwards))
        if len(days) > 2:
            assert upwards[-1] > 0


def test_arthritis_only_gets_worse(lives):
    hip = next(hip for hip in hips(lives) if hip.condition == "arthritis")
    alone = replace(hip, operations=())
    grades = [int(alone.state(hip.ill_since + timedelta(days=200 * k)).condition[-1]) for k in range(30)]
    assert grades == sorted(grades)
    assert (grades[0], grades[-1]) == (1, 4)


def test_every_state_names_a_known_condition(lives):
    for hip in hips(lives):
        for visit_day in (hip.ill_since, hip.ill_since + timedelta(days=3000)):
            condition = hip.state(visit_day).condition
            assert condition is None or condition.partition(":")[0] in CONDITIONS


def test_things_happen_as_often_as_their_rates_say(lives):
    replaced = [hip for hip in hips(lives) if hip.operations and hip.operations[0].kind in ("tha", "resurfacing")]
    assert np.mean([hip.moves_from is not None for hip in replaced]) == pytest.approx(Rates().migrating, abs=0.05)
    assert np.mean([hip.sinks_mm > 0 for hip in replaced]) == pytest.approx(Rates().sinking, abs=0.05)
    assert np.mean([not life.hips for life in lives]) == pytest.approx(Rates().no_hip_films, abs=0.04)
    revised = [hip for hip in replaced if len(hip.operations) > 1]
    assert revised
