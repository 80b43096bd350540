"""Landing: append-only Parquet batches, moved into DuckDB exactly once."""
