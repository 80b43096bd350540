"""One registry a test; what dbt parses is shared by them all, and so is one cohort that several tests only read."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest
from builders.registry import Registry

from simulation.archive.findings import batch_of, make_lives, shots, surgeries_of


@pytest.fixture(scope="session")
def dbt_target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dbt-target")


@pytest.fixture
def registry(tmp_path: Path, dbt_target: Path) -> Registry:
    return Registry(tmp_path, dbt_target)


@pytest.fixture(scope="session")
def cohort(tmp_path_factory: pytest.TempPathFactory, dbt_target: Path) -> Registry:
    """300 lives, their surgeries, deaths and sites supplied, built; not to be changed."""
    registry = Registry(tmp_path_factory.mktemp("cohort"), dbt_target)
    lives = make_lives(300, seed=33)
    registry.land_batch(batch_of((shot for life in lives for shot in shots(life)), {}, np.random.default_rng(1)))
    stranger = {"surgery_key": "s", "patient_key": "?", "side": "left", "surgery_date": date(2010, 1, 1)}
    stranger |= {"kind": "primary"}
    registry.supply(
        surgery=[stranger, *(row for life in lives for row in surgeries_of(life))],
        death=[{"patient_key": f"p{life.number}", "death_date": life.death} for life in lives if life.death],
        site=[{"site_code": code, "site_name": code.title()} for code in ("north", "south")],
    )
    registry.run()
    return registry
