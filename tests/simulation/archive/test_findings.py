"""Angles of invented lives, read with errors that were measured."""

import numpy as np

from simulation.archive.findings import MEASURED, batch_of, make_lives, shots


def angles_of(errors):
    """Of a dozen lives, in order: values and what is stated of each."""
    films = (shot for life in make_lives(12, seed=5) for shot in shots(life))
    rows = batch_of(films, errors, np.random.default_rng(1)).measurements
    return [(row.value_deg, row.uncertainty_deg) for row in rows]


def test_an_angle_states_what_was_stated_of_the_error_that_it_has():
    drawn = np.array([[5.0, 2.0], [0.0, 7.0]])
    angles = [(measure, view) for view, methods in MEASURED.items() for measure, _ in methods]
    perfect, read = angles_of({}), angles_of(dict.fromkeys(angles, drawn))
    assert {stated for _, stated in perfect} == {None}
    assert len(read) == len(perfect) > 30
    told = {(round(value - true, 6), stated) for (value, stated), (true, _) in zip(read, perfect, strict=True)}
    assert told == {(5.0, 2.0), (0.0, 7.0)}
