"""Flows whose counts are known, and a store to put them into."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.flows.addresses import ipv6_rows
from slowworm.flows.table import flow_batch
from slowworm.store.store import Store

HOUR = datetime.datetime(2026, 11, 22, 18, tzinfo=datetime.UTC)
NANOSECOND = 10**9


def at(minutes: float) -> datetime.datetime:
    """So many minutes after HOUR."""
    return HOUR + datetime.timedelta(minutes=minutes)


def numbered(first: int, rows: int, *, ip_version: int = 4, minute: float = 0.0) -> pa.RecordBatch:
    """Flows whose ``bytes`` are first, first + 1, …, one a second from ``minute`` on, of 10 s each."""
    number = np.arange(first, first + rows, dtype=np.uint64)
    start = int(at(minute).timestamp()) * NANOSECOND + np.arange(rows) * NANOSECOND
    address = (np.uint64(0x0A000000) + number % np.uint64(200)).astype(np.uint32)
    target = (np.uint64(0x5DB80000) + number).astype(np.uint32)
    return flow_batch(
        {
            "start_time": start,
            "end_time": start + 10 * NANOSECOND,
            "src_addr": address if ip_version == 4 else ipv6_rows(_sixteen(address)),
            "dst_addr": target if ip_version == 4 else ipv6_rows(_sixteen(target)),
            "protocol": np.full(rows, 6, np.uint8),
            "src_port": (number % np.uint64(60000)).astype(np.uint16),
            "dst_port": np.full(rows, 445, np.uint16),
            "packets": np.ones(rows, np.uint64),
            "bytes": number,
            "in_if": "Gi0/1",
            "exporter": "r1",
        },
        rows=rows,
        ip_version=ip_version,
    )


def _sixteen(values: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    octets = np.zeros((len(values), 16), np.uint8)
    octets[:, :4] = [0x20, 0x01, 0x0D, 0xB8]
    octets[:, 12:] = values.astype(">u4").view(np.uint8).reshape(-1, 4)
    return octets


def numbers(batches: Iterable[pa.RecordBatch]) -> list[int]:
    """The ``bytes`` of flows, sorted."""
    return sorted(int(n) for batch in batches for n in batch.column("bytes").to_pylist())


def files_of(store: Store) -> list[Path]:
    """Parquet files in the partitions, whether they count or not."""
    return sorted(store.root.glob("flows/*/*/*.parquet"))
