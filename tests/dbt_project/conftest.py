"""One registry a test; what dbt parses is shared by them all."""

from pathlib import Path

import pytest
from builders.registry import Registry


@pytest.fixture(scope="session")
def dbt_target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dbt-target")


@pytest.fixture
def registry(tmp_path: Path, dbt_target: Path) -> Registry:
    return Registry(tmp_path, dbt_target)
