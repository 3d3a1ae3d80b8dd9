"""Runs a pass over all flows in this process, one partition per IP version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import pyarrow as pa

from slowworm.flows.schema import ip_version
from slowworm.flows.table import combine

R = TypeVar("R")


def partitions(batches: Iterable[pa.RecordBatch]) -> list[pa.RecordBatch]:
    """Flow batches as one batch per IP version, IPv4 first."""
    by_version: dict[int, list[pa.RecordBatch]] = {4: [], 6: []}
    for batch in batches:
        if batch.num_rows:
            by_version[ip_version(batch)].append(batch)
    return [combine(found) for found in by_version.values() if found]


def run(batches: Sequence[pa.RecordBatch], work: Callable[[pa.RecordBatch], R]) -> list[R]:
    """``work`` on every partition."""
    return [work(partition) for partition in partitions(batches)]
