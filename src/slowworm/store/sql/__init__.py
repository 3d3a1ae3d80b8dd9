"""SQL over flows and verdicts: DuckDB in memory, its relations and functions, and nothing else within its reach."""
