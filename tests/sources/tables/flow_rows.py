"""Flows of a reading as dictionaries, for comparison."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from slowworm.flows.addresses import to_objects
from slowworm.sources.base import Reading

PROVENANCE = ("input", "line")


def rows(reading: Reading) -> list[dict[str, Any]]:
    """Flows in the order of their lines, without nulls: addresses as text, times as ISO 8601 in seconds."""
    found: list[dict[str, Any]] = []
    for batch in reading.batches:
        batch.validate(full=True)
        columns = {}
        for name in batch.schema.names:
            column = batch.column(name)
            if name.endswith("_addr"):
                columns[name] = [None if a is None else str(a) for a in to_objects(column)]
            elif pa.types.is_timestamp(column.type):
                ticks = column.cast(pa.int64()).to_pylist()
                columns[name] = [None if t is None else _shown(t) for t in ticks]
            else:
                columns[name] = column.to_pylist()
        found += [{k: v[i] for k, v in columns.items() if v[i] is not None} for i in range(batch.num_rows)]
    return sorted(found, key=lambda row: row.get("line", 0))


def plain(reading: Reading) -> list[dict[str, Any]]:
    """Flows without where they come from."""
    return [{k: v for k, v in row.items() if k not in PROVENANCE} for row in rows(reading)]


def notes(reading: Reading) -> dict[str, int]:
    """Notes as id → count."""
    return {note.id: note.count for note in reading.notes}


def damaged(reading: Reading) -> int:
    """How many problems there are, with their counts."""
    return sum(problem.count for problem in reading.problems)


def _shown(nanoseconds: int) -> str:
    seconds, rest = divmod(nanoseconds, 10**9)
    whole = pa.scalar(seconds, pa.int64()).cast(pa.timestamp("s")).as_py().isoformat()
    return f"{whole}.{rest:09d}".rstrip("0").rstrip(".")
