"""What the documents must name: every column, every reason."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from ingest.records import Header, Reason
from ingest.rules import OPERATORS
from warehouse.columns import ROW_TYPES
from warehouse.land import Warehouse

ROOT = Path(__file__).parents[2]
MARTS = sorted((ROOT / "dbt_project" / "models" / "marts").glob("*.yml"))
DICTIONARY = (ROOT / "docs" / "data_dictionary.md").read_text(encoding="utf-8")


def table_of(title: str) -> list[list[str]]:
    """The cells of the Markdown table under the heading ``title``, without its head."""
    section = DICTIONARY.split(f"### {title}\n", 1)[1].split("\n#", 1)[0]
    rows = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


@pytest.mark.parametrize("mart", MARTS, ids=lambda path: path.stem)
def test_the_dictionary_says_of_each_mart_column_what_the_model_says(mart: Path) -> None:
    model = yaml.safe_load(mart.read_text(encoding="utf-8"))["models"][0]
    assert table_of(f"registry.{model['name']}") == [
        [column["name"], column["data_type"], column["description"]] for column in model["columns"]
    ]


@pytest.mark.parametrize("mart", MARTS, ids=lambda path: path.stem)
def test_the_description_of_a_mart_opens_with_its_grain(mart: Path) -> None:
    model = yaml.safe_load(mart.read_text(encoding="utf-8"))["models"][0]
    assert model["description"].startswith("One row per ")


@pytest.mark.parametrize("table", [*ROW_TYPES, "batch", "meta"])
def test_the_dictionary_has_each_landing_column(tmp_path: Path, table: str) -> None:
    warehouse = Warehouse(tmp_path / "warehouse.duckdb")
    warehouse.create()
    with warehouse.opened() as connection:
        columns = connection.execute(f"DESCRIBE landing.{table}").fetchall()
    assert [row[0] for row in table_of(f"landing.{table}")] == [column[0] for column in columns]


def test_every_reason_is_explained() -> None:
    text = (ROOT / "docs" / "dispositions.md").read_text(encoding="utf-8")
    explained = re.findall(r"^\| \w+ \| (\w+) \|", text, flags=re.MULTILINE)[1:]
    assert explained == [reason.value for reason in Reason]


def test_every_reason_is_explained_under_its_disposition() -> None:
    text = (ROOT / "docs" / "dispositions.md").read_text(encoding="utf-8")
    for disposition, reason in re.findall(r"^\| (\w+) \| (\w+) \|", text, flags=re.MULTILINE)[1:]:
        assert Reason(reason).disposition == disposition


def test_every_field_of_a_header_that_lands_is_in_the_table_of_what_is_kept() -> None:
    text = (ROOT / "docs" / "identity.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\|[^|]*\|([^|]*)\|", text, flags=re.MULTILINE)
    kept = {word for cell in cells for word in re.findall(r"\w+", cell)}
    assert {field.name for field in fields(Header)} <= kept


def test_every_field_that_a_rule_may_ask_for_is_documented() -> None:
    text = (ROOT / "docs" / "screening.md").read_text(encoding="utf-8")
    cells = re.findall(r"^\| ([a-z_, ]+) \|", text, flags=re.MULTILINE)
    assert set(OPERATORS) <= {word for cell in cells for word in cell.split(", ")}
