"""The survival curve against lifelines, on random lives with ties, deaths and losses."""

import warnings
from datetime import date, timedelta

import numpy as np
import pytest
from builders.landing import make_registered
from builders.registry import Registry

lifelines = pytest.importorskip("lifelines")
PRIMARY = date(2005, 1, 1)
HIPS = 300


def test_kaplan_meier_greenwood_and_aalen_johansen_are_those_of_the_textbook(registry: Registry) -> None:
    rng = np.random.default_rng(20)
    revision, death, last_film = (rng.integers(1, 130, HIPS) * 7 for _ in range(3))
    revised, died = rng.random(HIPS) < 0.5, rng.random(HIPS) < 0.4
    rows = [
        row
        for n in range(HIPS)
        for row in make_registered(f"{n}", f"p{n}", study_date=PRIMARY + timedelta(days=int(last_film[n])))
    ]
    registry.land(*rows)
    surgeries, deaths = [], []
    for n in range(HIPS):
        hip = {"patient_key": f"p{n}", "side": "right"}
        surgeries.append(hip | {"surgery_key": f"{n}", "surgery_date": PRIMARY, "kind": "primary"})
        if revised[n]:
            day = PRIMARY + timedelta(days=int(revision[n]))
            surgeries.append(hip | {"surgery_key": f"r{n}", "surgery_date": day, "kind": "revision"})
        if died[n]:
            deaths.append({"patient_key": f"p{n}", "death_date": PRIMARY + timedelta(days=int(death[n]))})
    registry.supply(surgery=surgeries, death=deaths)
    registry.run()
    found = registry.ask(
        "SELECT days_followed, at_risk, survival, survival_low, survival_high, standard_error, incidence_revision, "
        "incidence_death FROM registry.survival_km WHERE dimension = 'all' ORDER BY 1"
    )
    ends = np.where(died, death, last_film)
    outcome = np.where(revised & (~died | (revision <= death)), 1, np.where(died, 2, 0))
    days = np.where(outcome == 1, revision, ends)
    _check_against_lifelines(found, days, outcome)
    _check_incidences(found, days, outcome)


def _check_against_lifelines(found, days, outcome):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # lifelines warns of its own use of pandas
        fit = lifelines.KaplanMeierFitter().fit(days, outcome == 1)
    times = [row[0] for row in found]
    assert times == sorted(set(days.tolist()))
    expected = fit.survival_function_["KM_estimate"]
    low, high = (fit.confidence_interval_[f"KM_estimate_{end}_0.95"] for end in ("lower", "upper"))
    for day, at_risk, survival, survival_low, survival_high, *_ in found:
        assert at_risk == (days >= day).sum()
        assert survival == pytest.approx(expected.loc[day], abs=1e-9)
        assert survival_low == pytest.approx(low.loc[day], abs=1e-9)
        assert survival_high == pytest.approx(high.loc[day], abs=1e-9)


def _check_incidences(found, days, outcome):
    """Aalen-Johansen written as the formula stands: lifelines moves ties apart at random."""
    event_free, incidence, greenwood, survival = 1.0, np.zeros(3), 0.0, 1.0
    for day, _, _, _, _, error, revision, death in found:
        at_risk = (days >= day).sum()
        counts = np.array([((days == day) & (outcome == kind)).sum() for kind in range(3)])
        incidence += event_free * counts / at_risk
        event_free *= 1 - counts[1:].sum() / at_risk
        survival *= 1 - counts[1] / at_risk
        greenwood += counts[1] / (at_risk * (at_risk - counts[1])) if at_risk > counts[1] else 0.0
        assert revision == pytest.approx(incidence[1], abs=1e-9)
        assert death == pytest.approx(incidence[2], abs=1e-9)
        assert error is None or error == pytest.approx(survival * np.sqrt(greenwood), abs=1e-9)
