"""The store: flows and verdicts as Parquet partitions by hour of receipt, and DuckDB over them."""
