"""Columns of a flow batch as numbers, with what is known of each; times as an exporter's clock has them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.sinks.base import Losses

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MILLISECOND = 1_000_000
LAST_SECOND = 2**32 - 1
"""The last second that an export header can say (2106)."""

WINDOW_MS = 1 << 28
"""Flows of one datagram of NetFlow v5 and v9 end in the same window (3.1 days): its stamps hold 24.8 days."""

BOOT_MS = 1 << 31
"""The exporter's clock starts anew so often (24.8 days), so that it never wraps: collectors differ on that."""

MAX_AGE_MS = BOOT_MS - WINDOW_MS - 1_001
"""How long before its window a flow may have begun (21.7 days)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Values, and where they mean something."""

    values: npt.NDArray[Any]
    known: Bools


def numbers(batch: pa.RecordBatch, name: str) -> Known:
    """An integer column as it is, 0 where it is null."""
    column = batch.column(name)
    return Known(
        values=column.fill_null(0).to_numpy(zero_copy_only=False),
        known=column.is_valid().to_numpy(zero_copy_only=False),
    )


def addresses(batch: pa.RecordBatch, name: str) -> Known:
    """An address column: uint32, or octets of shape (n, 16)."""
    column = batch.column(name)
    known = column.is_valid().to_numpy(zero_copy_only=False)
    if column.type == pa.uint32():
        return Known(values=column.fill_null(0).to_numpy(zero_copy_only=False), known=known)
    offset, data = column.offset * 16, column.buffers()[1]
    if data is None:
        return Known(values=np.zeros((len(column), 16), np.uint8), known=known)
    octets = np.frombuffer(data, np.uint8)[offset : offset + 16 * len(column)].reshape(-1, 16)
    return Known(values=np.where(known[:, None], octets, np.uint8(0)), known=known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Nanoseconds since 1970, 0 where unknown. ``late``: the later of both in ms, 0 where there is neither."""

    start: Ints
    end: Ints
    late: Ints

    @classmethod
    def of(cls, batch: pa.RecordBatch, losses: Losses) -> Times:
        """The times of a batch; those that no export can say are left out."""
        found = []
        for name in ("start_time", "end_time"):
            column = batch.column(name).cast(pa.int64())
            values = column.fill_null(0).to_numpy(zero_copy_only=False)
            beyond = (values < 0) | (values > LAST_SECOND * 10**9)
            beyond |= (values == 0) & column.is_valid().to_numpy(zero_copy_only=False)
            losses.add(f"far-{name}", f"{name} before 1970 or behind 2106 is left out", int(beyond.sum()))
            found.append(np.where(beyond, 0, values))
        start, end = found
        # A time of less than a millisecond since 1970 is none in the units of the clock.
        return cls(start=start, end=end, late=np.maximum(start, end) // MILLISECOND)

    @staticmethod
    def boot(late: Ints) -> Ints:
        """When the exporter of flows of that time had started, ms since 1970."""
        return late // BOOT_MS * BOOT_MS - BOOT_MS + 2_000

    def uptime(self, losses: Losses) -> tuple[Known, Known]:
        """Start and end as milliseconds since the exporter started."""
        window, boot = self.late // WINDOW_MS * WINDOW_MS, self.boot(self.late)
        stamps = []
        for name, time in (("start_time", self.start), ("end_time", self.end)):
            ms = time // MILLISECOND
            known = ms > 0
            old = known & (window - ms > MAX_AGE_MS)
            losses.add(f"old-{name}", f"{name} more than 21 days before the other is left out: the clock of the format "
                       "has no room for it", int(old.sum()))  # fmt: skip
            stamps.append(Known(values=np.where(known & ~old, ms - boot, 0), known=known & ~old))
        return stamps[0], stamps[1]
