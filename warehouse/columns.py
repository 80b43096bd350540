"""How a batch becomes Parquet and back: one row per batch, one list of structs per landing table."""

from dataclasses import fields
from datetime import UTC, date, datetime
from typing import Any, get_type_hints

import pyarrow as pa

from warehouse.rows import Batch, FileRow, FilmRow, HipRow, InferenceRow, MeasurementRow, RunRow

ROW_TYPES: dict[str, type] = {
    "run": RunRow,
    "file": FileRow,
    "film": FilmRow,
    "inference": InferenceRow,
    "hip": HipRow,
    "measurement": MeasurementRow,
}  # landing table -> what the spool holds for it

_BATCH_FIELDS = {
    "run": "runs",
    "file": "files",
    "film": "films",
    "inference": "inferences",
    "hip": "hips",
    "measurement": "measurements",
}

_ARROW_TYPES: dict[Any, pa.DataType] = {
    str: pa.string(),
    int: pa.int64(),
    float: pa.float64(),
    bool: pa.bool_(),
    date: pa.date32(),
    datetime: pa.timestamp("us"),  # UTC without a zone, as everywhere in landing
    list[str]: pa.list_(pa.string()),
    list[float]: pa.list_(pa.float64()),
    list[list[float]]: pa.list_(pa.list_(pa.float64())),
}


def arrow_schema(row_type: type) -> pa.Schema:
    """The Arrow columns of a row type, in its order; ``X | None`` is nullable."""
    return pa.schema([_arrow_field(name, hint) for name, hint in get_type_hints(row_type).items()])


def _arrow_field(name: str, hint: Any) -> pa.Field:
    choices = [choice for choice in getattr(hint, "__args__", ()) if choice is not type(None)]
    optional = hint not in _ARROW_TYPES
    return pa.field(name, _ARROW_TYPES[choices[0] if optional else hint], nullable=optional)


BATCH_SCHEMA = pa.schema(
    [pa.field("batch_id", pa.string(), nullable=False), pa.field("run_id", pa.string(), nullable=False)]
    + [pa.field(table, pa.list_(pa.struct(arrow_schema(row)))) for table, row in ROW_TYPES.items()],
)


def to_table(batch: Batch) -> pa.Table:
    """The one row that a batch is on disk; aware times become UTC."""
    row: dict[str, Any] = {"batch_id": batch.batch_id, "run_id": batch.run_id}
    for table, field in _BATCH_FIELDS.items():
        row[table] = [_plain(item) for item in getattr(batch, field)]
    return pa.Table.from_pylist([row], schema=BATCH_SCHEMA)


def _plain(row: Any) -> dict[str, Any]:
    return {field.name: _without_zone(getattr(row, field.name)) for field in fields(row)}


def _without_zone(value: Any) -> Any:
    """An aware time as UTC without a zone; everything else as it is."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    return value


def rows_of(table: pa.Table, name: str) -> pa.Table:
    """The rows that a batch holds for landing table ``name``, unpacked again."""
    structs = table[name].combine_chunks().flatten()
    return pa.Table.from_batches(
        [pa.RecordBatch.from_struct_array(structs)] if len(structs) else [],
        schema=arrow_schema(ROW_TYPES[name]),
    )
