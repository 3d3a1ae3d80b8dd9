"""Parquet, read with care: row group by row group, no more rows than the file's size can mean."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from slowworm.flows.table import combine
from slowworm.sources.tables.damage import Damage

if TYPE_CHECKING:
    import pyarrow.parquet as pq

MAGIC = b"PAR1"

LEAST_ROWS = 100_000
"""Rows that a file of any size may have."""

ROWS_PER_BYTE = 1
"""Rows that a larger file may have per byte: the addresses, ports and times of real flows take several bytes a row,
but a few bytes of run lengths can claim billions of equal rows."""

ROWS_AT_A_TIME = 65_536

EXPANSION = 200
"""How many times larger than the file its columns may become: one text in a dictionary can stand in all rows, one
prefix before all texts."""

EXPANSION_FREE = 64 << 20
"""What may come out of any file, however small."""

DELTA = "DictAccumulator"
"""What pyarrow's error names where texts are written as differences to the text before: it cannot read those as
dictionaries."""

DELTA_AT_A_TIME = 16
"""Rows of such texts that are read before their size is looked at: a page of kilobytes can hold long ones."""

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
        self._damage = damage
        self._data = data
        self._limit = max(LEAST_ROWS, ROWS_PER_BYTE * len(data))
        self._room = max(EXPANSION_FREE, EXPANSION * len(data))
        self._file: pq.ParquetFile | None = None
        self.schema: pa.Schema | None = None
        try:
            self._file = self._opened()
            self.schema = self._file.schema_arrow
        except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError, MemoryError) as error:
            damage.whole(f"Parquet that cannot be read: {_first_line(error)}")

    def _opened(self, texts: list[str] | None = None) -> pq.ParquetFile:
        """``texts``: columns to be read as dictionaries of the distinct texts, as they are in the file."""
        import pyarrow.parquet as pq

        limit = min(THRIFT_LIMIT, len(self._data))
        return pq.ParquetFile(
            pa.BufferReader(self._data),
            read_dictionary=texts,
            thrift_string_size_limit=limit,
            thrift_container_size_limit=limit,
            page_checksum_verification=True,
        )

    def rows(self, columns: list[str]) -> Iterator[Rows]:
        """The rows, of the named columns only; what cannot be read is told and passed over."""
        if self._file is None:
            return
        by_text = self._opened(_texts(self._file.metadata, columns))
        first, left = 0, self._limit
        for number in range(self._file.metadata.num_row_groups):
            group = self._file.metadata.row_group(number)
            claimed, size = max(0, group.num_rows), group.total_byte_size
            if claimed > left or size > self._room:
                what = f"{claimed} rows" if claimed > left else f"{size} bytes"
                self._damage.whole(
                    f"row group {number} claims {what}, more than a file of this size can have: not read"
                )
                first += claimed
                continue
            left -= claimed
            done = 0
            try:
                for batch in self._batches(by_text, number, columns):
                    if done + batch.num_rows > claimed:
                        raise ValueError("more rows than the footer says")
                    yield Rows(batch=batch, first=first + done)
                    done += batch.num_rows
            except (pa.ArrowException, OSError, ValueError, KeyError, OverflowError, MemoryError) as error:
                self._damage.whole(
                    f"row group {number}: {claimed - done} of {claimed} rows cannot be read: {_first_line(error)}"
                )
            first += claimed

    def _batches(self, by_text: pq.ParquetFile, number: int, columns: list[str]) -> Iterator[pa.RecordBatch]:
        """A row group's batches: texts by their dictionaries, and from where they have none in small pieces."""
        done = 0
        try:
            for batch in by_text.iter_batches(
                batch_size=ROWS_AT_A_TIME, row_groups=[number], columns=columns, use_threads=False
            ):
                self._check(batch)
                yield batch
                done += batch.num_rows
        except OSError as error:
            if DELTA not in str(error):
                raise
            yield from self._in_small_pieces(number, columns, done)

    def _in_small_pieces(self, number: int, columns: list[str], passed: int) -> Iterator[pa.RecordBatch]:
        """As above, behind the ``passed`` rows that were read already."""
        assert self._file is not None
        waiting: list[pa.RecordBatch] = []
        try:
            for batch in self._file.iter_batches(
                batch_size=DELTA_AT_A_TIME, row_groups=[number], columns=columns, use_threads=False
            ):
                here, passed = min(passed, batch.num_rows), max(0, passed - batch.num_rows)
                if here == batch.num_rows:
                    continue
                self._check(batch)
                waiting.append(batch.slice(here))
                if len(waiting) * DELTA_AT_A_TIME >= ROWS_AT_A_TIME:
                    yield combine(waiting)
                    waiting = []
        except Exception:
            if waiting:  # what stands before the damage is good
                yield combine(waiting)
            raise
        if waiting:
            yield combine(waiting)

    def _check(self, batch: pa.RecordBatch) -> None:
        batch.validate(full=True)
        self._room -= sum(_unpacked(column) for column in batch.columns)
        if self._room < 0:
            raise ValueError("its texts unpack to more than a file of this size can have")


def _texts(metadata: pq.FileMetaData, columns: list[str]) -> list[str]:
    """The columns of texts.

    What row groups say of their columns is not asked: pyarrow 26 ends the process over some damage there.
    """
    leaves = (metadata.schema.column(k) for k in range(metadata.num_columns))
    return [leaf.path for leaf in leaves if leaf.physical_type == "BYTE_ARRAY" and leaf.path in columns]


def _unpacked(column: pa.Array) -> int:
    """Bytes of a column with every text of a dictionary written out."""
    if not pa.types.is_dictionary(column.type) or not len(column.dictionary):
        return int(column.nbytes)
    texts = column.dictionary
    if not (pa.types.is_string(texts.type) or pa.types.is_binary(texts.type)):
        return int(column.nbytes)
    return int(pc.sum(pc.binary_length(texts).cast(pa.int64()).take(column.indices)).as_py() or 0)


def _first_line(error: BaseException) -> str:
    return str(error).split("\n", 1)[0][:160]
