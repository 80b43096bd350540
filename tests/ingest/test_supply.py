"""Supplied files: what is accepted, what becomes of it, and what a refusal says."""

import stat
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.errors import UsageError
from ingest.supply import CONTRACTS, read_supplied, write_templates
from warehouse.supplied import TABLES

SURGERIES = ",".join(CONTRACTS["surgeries"].columns)


def key(kind: str, *parts: str) -> str:
    """Shows what would be hashed."""
    return "/".join((kind, *parts))


def write(folder: Path, name: str, *lines: str) -> None:
    (folder / name).write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_templates_are_read_as_empty_tables(tmp_path: Path) -> None:
    paths = write_templates(tmp_path)
    assert [stat.S_IMODE(path.stat().st_mode) for path in paths] == [0o640] * 4
    tables = read_supplied(tmp_path, key)
    assert {name: table.num_rows for name, table in tables.items()} == dict.fromkeys(TABLES, 0)


def test_a_template_overwrites_nothing(tmp_path: Path) -> None:
    write(tmp_path, "deaths.csv", "mine")
    with pytest.raises(UsageError, match=r"has deaths\.csv already"):
        write_templates(tmp_path)
    assert (tmp_path / "deaths.csv").read_text() == "mine\n"


def test_identifiers_become_keys_as_those_of_films_do(tmp_path: Path) -> None:
    write(tmp_path, "surgeries.csv", SURGERIES, "op1, P1 ,HOSP,left,2020-02-29,primary,,s1,,i1")
    rows = read_supplied(tmp_path, key)["surgery"].to_pylist()
    assert rows == [
        {
            "surgery_key": "surgery/op1",
            "patient_key": "patient/P1/HOSP",
            "side": "left",
            "surgery_date": date(2020, 2, 29),
            "kind": "primary",
            "cause": None,
            "site_code": "s1",
            "surgeon_code": None,
            "implant_code": "i1",
        }
    ]


def test_parquet_says_the_same_as_csv(tmp_path: Path) -> None:
    columns = {"patient_id": ["P1"], "issuer_of_patient_id": [None], "death_date": [date(2021, 5, 6)]}
    pq.write_table(pa.table(columns), tmp_path / "deaths.parquet")
    rows = read_supplied(tmp_path, key)["death"].to_pylist()
    assert rows == [{"patient_key": "patient/P1/", "death_date": date(2021, 5, 6)}]


@pytest.mark.parametrize(
    ("name", "lines", "message"),
    [
        ("surgeries.csv", [SURGERIES, "1,SECRET,,left,2020-02-30,primary,,,,"], r"no surgery_date like .* in row 2"),
        ("surgeries.csv", [SURGERIES, "1,SECRET,,links,2020-02-03,primary,,,,"], r"another side than .* in row 2"),
        ("surgeries.csv", [SURGERIES, "1,,,left,2020-02-03,primary,,,,"], "no patient_id in row 2"),
        ("surgeries.csv", [SURGERIES, "1,SECRET,left"], "3 cells in row 2 and 10 in its header"),
        (
            "surgeries.csv",
            [SURGERIES, *["SECRET,P,,left,2020-02-03,primary,,,,"] * 2],
            "the same surgery_id in rows 2 and 3",
        ),
        ("surgeries.csv", [SURGERIES.replace("kind", "type")], r"it lacks kind; it also has 1 others"),
        ("deaths.csv", ["patient_id,issuer_of_patient_id,death_date", *["SECRET,,2020-01-01"] * 2], "rows 2 and 3"),
        ("deaths.csv", [""], "it lacks patient_id, issuer_of_patient_id, death_date"),
        ("deaths.parquet", ["SECRET"], "cannot be read as Parquet"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else None,
)
def test_a_row_that_breaks_the_contract_is_named_without_its_values(
    tmp_path: Path, name: str, lines: list[str], message: str
) -> None:
    write(tmp_path, name, *lines)
    with pytest.raises(UsageError, match=message) as refused:
        read_supplied(tmp_path, key)
    assert "SECRET" not in str(refused.value)


def test_a_folder_without_any_of_the_files_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"none of surgeries\.csv, deaths\.csv"):
        read_supplied(tmp_path, key)


def test_two_files_of_one_kind_are_told(tmp_path: Path) -> None:
    write_templates(tmp_path)
    write(tmp_path, "sites.parquet", "x")
    with pytest.raises(UsageError, match=r"sites\.csv and sites\.parquet"):
        read_supplied(tmp_path, key)
