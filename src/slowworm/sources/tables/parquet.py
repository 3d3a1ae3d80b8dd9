"""Parquet, read with care: row group by row group, no more rows than the file's size can mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pyarrow as pa

from slowworm.sources.tables.damage import Damage

MAGIC = b"PAR1"

LEAST_ROWS = 100_000
"""Rows that a file of any size may have."""

ROWS_PER_BYTE = 1
"""Rows that a larger file may have per byte: the addresses, ports and times of real flows take several bytes a row,
but a few bytes of run lengths can claim billions of equal rows."""

ROWS_AT_A_TIME = 65_536

THRIFT_LIMIT = 16_000_000
"""Bytes and elements that the footer may claim for one of its strings and lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Some rows: ``first`` is the 0-based row in the file."""

    batch: pa.RecordBatch
    first: int


class Parquet:
    """A Parquet file in memory; ``schema`` is ``None`` where its footer cannot be read (the damage says so)."""

    def __init__(self, data: bytes, damage: Damage) -> None:
        import pyarrow.parquet as pq

        self._damage = damage
        self._limit = max(LEAST_ROWS, ROWS_PER_BYTE * len(data))
        self._file: pq.ParquetFile | None = None
        self.schema: pa.Schema | None = None
        try:
            self._file = pq.ParquetFile(
                pa.BufferReader(data),
                thrift_string_size_limit=min(THRIFT_LIMIT, len(data)),
                thrift_container_size_limit=min(THRIFT_LIMIT, len(data)),
                page_checksum_verification=True,
            )
            self.schema = self._file.schema_arrow
        except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError, MemoryError) as error:
            damage.whole(f"Parquet that cannot be read: {_first_line(error)}")

    def rows(self, columns: list[str]) -> Iterator[Rows]:
        """The rows, of the named columns only; what cannot be read is told and passed over."""
        if self._file is None:
            return
        first, left = 0, self._limit
        for number in range(self._file.metadata.num_row_groups):
            claimed = max(0, self._file.metadata.row_group(number).num_rows)
            if claimed > left:
                self._damage.whole(
                    f"row group {number} claims {claimed} rows, more than a file of this size can have: not read"
                )
                first += claimed
                continue
            left -= claimed
            done = 0
            try:
                for batch in self._file.iter_batches(
                    batch_size=ROWS_AT_A_TIME, row_groups=[number], columns=columns, use_threads=False
                ):
                    batch.validate(full=True)
                    if done + batch.num_rows > claimed:
                        raise ValueError("more rows than the footer says")
                    yield Rows(batch=batch, first=first + done)
                    done += batch.num_rows
            except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError, MemoryError) as error:
                self._damage.whole(
                    f"row group {number}: {claimed - done} of {claimed} rows cannot be read: {_first_line(error)}"
                )
            first += claimed


def _first_line(error: BaseException) -> str:
    return str(error).split("\n", 1)[0][:160]
