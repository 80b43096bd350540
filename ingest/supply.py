"""What a hospital supplies beside its films: files of a documented contract, checked row by row and pseudonymised."""

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from ingest.errors import UsageError
from warehouse.supplied import TABLES

Keyer = Callable[..., str]  # identity.SiteKey: kind and parts to a pseudonym
_FIRST_DATE, _LONGEST = date(1900, 1, 1), 64


@dataclass(frozen=True, slots=True)
class Contract:
    """One file: its columns, those that no row may leave empty, and what identifies a row."""

    table: str  # of the schema supplied
    columns: tuple[str, ...]
    required: tuple[str, ...]
    key: tuple[str, ...]


CONTRACTS: Mapping[str, Contract] = {
    "surgeries": Contract(
        "surgery",
        (
            *("surgery_id", "patient_id", "issuer_of_patient_id", "side", "surgery_date", "kind"),
            *("cause", "site_code", "surgeon_code", "implant_code"),
        ),
        ("surgery_id", "patient_id", "side", "surgery_date", "kind"),
        ("surgery_id",),
    ),
    "deaths": Contract(
        "death",
        ("patient_id", "issuer_of_patient_id", "death_date"),
        ("patient_id", "death_date"),
        ("patient_id", "issuer_of_patient_id"),
    ),
    "implants": Contract(
        "implant", ("implant_code", "manufacturer", "implant_name", "fixation"), ("implant_code",), ("implant_code",)
    ),
    "sites": Contract("site", ("site_code", "site_name"), ("site_code",), ("site_code",)),
}
_ALLOWED = {"side": ("left", "right"), "kind": ("primary", "revision")}


def write_templates(folder: Path) -> list[Path]:
    """Empty files with the headers of the contract (0640); one that is there is not touched.

    Raises:
        UsageError: a file is there already, or the folder cannot be written.
    """
    paths = [folder / f"{name}.csv" for name in CONTRACTS]
    there = [path.name for path in paths if path.exists()]
    if there:
        raise UsageError(f"{folder} has {', '.join(there)} already: name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        for path, contract in zip(paths, CONTRACTS.values(), strict=True):
            path.write_text(",".join(contract.columns) + "\n", encoding="utf-8")
            path.chmod(0o640)
    except OSError as error:
        raise UsageError(f"{folder} cannot be written ({error.strerror}): name another folder") from None
    return paths


def read_supplied(folder: Path, keyer: Keyer) -> dict[str, pa.Table]:
    """The rows of every file that is there, as the tables of the schema supplied; no message shows a value.

    Raises:
        UsageError: no file is there, a column is missing or unknown, or a row breaks the contract.
    """
    found = {name: path for name in CONTRACTS if (path := _only_file(folder, name)) is not None}
    if not found:
        names = ", ".join(f"{name}.csv" for name in CONTRACTS)
        raise UsageError(f"{folder} has none of {names} (or .parquet): 'ingest template {folder}' writes empty ones")
    return {CONTRACTS[name].table: _table(path, CONTRACTS[name], keyer) for name, path in found.items()}


def _only_file(folder: Path, name: str) -> Path | None:
    there = [path for suffix in ("csv", "parquet") if (path := folder / f"{name}.{suffix}").is_file()]
    if len(there) > 1:
        raise UsageError(f"{folder} has {there[0].name} and {there[1].name}: leave one of them")
    return there[0] if there else None


def _table(path: Path, contract: Contract, keyer: Keyer) -> pa.Table:
    columns, rows = _read_csv(path) if path.suffix == ".csv" else _read_parquet(path)
    _check_columns(path.name, columns, contract)
    seen: dict[tuple[str, ...], int] = {}
    out = []
    for number, row in enumerate(rows, start=2):  # as a spreadsheet counts, the header first
        out.append(_pseudonymised(_checked(path.name, number, row, contract), keyer))
        key = tuple(row[column] for column in contract.key)
        if key in seen:
            raise UsageError(f"{path.name} has the same {' and '.join(contract.key)} in rows {seen[key]} and {number}")
        seen[key] = number
    return pa.Table.from_pylist(out, schema=TABLES[contract.table])


def _read_csv(path: Path) -> tuple[Sequence[str], Iterator[dict[str, str]]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} cannot be read as UTF-8 text ({type(error).__name__})") from None
    reader = csv.reader(lines)
    header = [name.strip() for name in next(reader, [])]
    return header, _rows(path.name, header, reader)


def _rows(name: str, header: Sequence[str], reader: Iterator[list[str]]) -> Iterator[dict[str, str]]:
    for number, cells in enumerate(reader, start=2):
        if len(cells) != len(header):
            raise UsageError(f"{name} has {len(cells)} cells in row {number} and {len(header)} in its header")
        yield {column: cell.strip()[:_LONGEST] for column, cell in zip(header, cells, strict=True)}


def _read_parquet(path: Path) -> tuple[Sequence[str], Iterator[dict[str, str]]]:
    try:
        table = pq.read_table(path, partitioning=None)
    except (OSError, pa.ArrowException) as error:
        raise UsageError(f"{path.name} cannot be read as Parquet ({type(error).__name__})") from None
    rows = (
        {name: "" if value is None else str(value).strip()[:_LONGEST] for name, value in row.items()}
        for row in table.to_pylist()
    )
    return table.column_names, rows


def _check_columns(name: str, columns: Sequence[str], contract: Contract) -> None:
    missing = [column for column in contract.columns if column not in columns]
    unknown = [column for column in columns if column not in contract.columns]
    if missing or unknown or len(set(columns)) != len(columns):
        raise UsageError(
            f"{name} must have exactly the columns {', '.join(contract.columns)}"
            + (f"; it lacks {', '.join(missing)}" if missing else "")
            + (f"; it also has {len(unknown)} others" if unknown else "")
        )


def _checked(name: str, number: int, row: Mapping[str, str], contract: Contract) -> dict[str, Any]:
    """The row with its dates read and its empty cells None."""
    checked: dict[str, Any] = {}
    for column, text in row.items():
        if not text and column in contract.required:
            raise UsageError(f"{name} has no {column} in row {number}")
        if text and text not in _ALLOWED.get(column, (text,)):
            raise UsageError(f"{name} has another {column} than {' or '.join(_ALLOWED[column])} in row {number}")
        checked[column] = _date(name, number, column, text) if column.endswith("_date") else text or None
    return checked


def _date(name: str, number: int, column: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if day < _FIRST_DATE:
        raise UsageError(f"{name} has no {column} like 2020-12-31, from 1900 on, in row {number}")
    return day


def _pseudonymised(row: dict[str, Any], keyer: Keyer) -> dict[str, Any]:
    """Keys in place of identifiers, by the same rule as for a film's header."""
    if "patient_id" in row:
        row["patient_key"] = keyer("patient", row.pop("patient_id"), row.pop("issuer_of_patient_id") or "")
    if "surgery_id" in row:
        row["surgery_key"] = keyer("surgery", row.pop("surgery_id"))
    return row
