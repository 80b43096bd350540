"""What is written beside the models: the dictionary is made from them, the seed of errors from our own figures."""

import csv
import json
import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from builders.registry import PROJECT, Registry

from simulation.archive.findings import read_errors
from warehouse.dictionary import with_marts

ROOT = PROJECT.parent
ANGLES = {
    ("inclination", "ap_pelvis"): "inclination, AP pelvis",
    ("version", "ap_pelvis"): "version, AP pelvis",
    ("version", "ap_hip"): "version, AP hip",
    ("version", "cross_table_lateral"): "version, cross-table",
}


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory, dbt_target: Path) -> dict:
    registry = Registry(tmp_path_factory.mktemp("parsed"), dbt_target)
    parsed = registry.dbt("parse")
    assert parsed.returncode == 0, parsed.stdout[-3000:]
    return json.loads((dbt_target / "manifest.json").read_text(encoding="utf-8"))


def test_the_dictionary_is_what_the_manifest_says(manifest: dict) -> None:
    document = (ROOT / "docs" / "data_dictionary.md").read_text(encoding="utf-8")
    assert with_marts(document, manifest) == document, (
        "run: dbt parse, then python -m warehouse.dictionary dbt_project/target/manifest.json docs/data_dictionary.md"
    )


def test_every_model_seed_source_and_described_column_says_what_it_is(manifest: dict) -> None:
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed")]
    nodes += manifest["sources"].values()
    assert [node["name"] for node in nodes if not node["description"]] == []
    columns = [(node["name"], column) for node in nodes for column in node["columns"].values()]
    assert [(model, column["name"]) for model, column in columns if not column["description"]] == []


def test_every_mart_has_an_owner_an_enforced_contract_and_unit_tests(manifest: dict) -> None:
    marts = [n for n in manifest["nodes"].values() if n["resource_type"] == "model" and n["schema"] == "registry"]
    assert len(marts) == 21
    tested = {test["model"] for test in manifest["unit_tests"].values()}
    assert [mart["name"] for mart in marts if mart["group"] != "registry"] == []
    assert [mart["name"] for mart in marts if not mart["contract"]["enforced"]] == []
    assert [mart["name"] for mart in marts if mart["name"] not in tested] == []


def test_every_rule_of_the_registry_names_unit_tests_that_there_are(manifest: dict) -> None:
    document = (ROOT / "docs" / "registry_validation.md").read_text(encoding="utf-8")
    table = document.split("## Rules, and the tests that hold them", 1)[1]
    rules = dict(re.findall(r"^\| ([a-z][^|]+) \| (`[^|]+) \|$", table, flags=re.MULTILINE))
    named = {rule: re.findall(r"`(\w+)`", tests) for rule, tests in rules.items()}
    written = {test["name"] for test in manifest["unit_tests"].values()}
    assert {rule: missing for rule, tests in named.items() if (missing := set(tests) - written)} == {}
    assert len(named) == 15
    assert all(named.values())


def test_nothing_asks_by_exists_for_a_row_that_differs(manifest: dict) -> None:
    # DuckDB 1.5 answers that there is none where such a condition stands beside a comparison by size.
    code = {node["name"]: node["raw_code"] for node in manifest["nodes"].values() if "raw_code" in node}
    asked = {name: re.findall(r"\bexists\s*\((.*?)\n\s*\)", sql, flags=re.DOTALL) for name, sql in code.items()}
    assert any(asked.values())
    assert [name for name, found in asked.items() if any(re.search("<>|!=", part) for part in found)] == []


def test_the_minimal_detectable_change_rests_on_our_own_measured_errors() -> None:
    figures = json.loads((ROOT / "docs" / "validation" / "figures.json").read_text(encoding="utf-8"))
    angles = figures["usual"]["angles"]["angles"]
    errors = read_errors(ROOT / "docs" / "validation" / "angle_errors.csv")
    with (PROJECT / "seeds" / "measured_errors.csv").open(encoding="utf-8") as file:
        rows = {(row["measure"], row["view"]): row for row in csv.DictReader(file)}
    assert rows.keys() == ANGLES.keys() == errors.keys()
    for key, row in rows.items():
        differences = [abs(a - b) for a, b in combinations(errors[key][:, 0], 2)]
        assert float(row["detectable_deg"]) == pytest.approx(np.percentile(differences, 95), abs=2e-4)
        assert float(row["detectable_deg"]) == angles[ANGLES[key]]["detectable_deg"]
        assert int(row["angles"]) == angles[ANGLES[key]]["n"] == len(errors[key])
