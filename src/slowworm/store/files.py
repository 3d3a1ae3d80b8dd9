"""Parquet files of a store: how they are written, and what their footers say."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

ROWS_PER_GROUP = 131_072
"""Rows of a row group: what is read at a time. Eight times as many pack 4 % better and need eight times the memory."""

PACKING = "zstd"

SUCCESSIVE = pa.timestamp("ns", tz="UTC")
"""Type of the columns that are stored as differences: flows come nearly in the order of their times, and differences
are a third smaller than a dictionary of them and are read in half the time."""

VARIED = ("src_port",)
"""Columns in which few values repeat: a dictionary of them is larger than they are."""

STATISTICS = b"slowworm.statistics"
EXTRA = b"slowworm.extra"

BROKEN = (pa.ArrowException, OSError, ValueError, KeyError, OverflowError, MemoryError)
"""What reading a damaged Parquet file raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Least and greatest value of a time column, ns since 1970 UTC; ``None`` where all of it is null."""

    least: int | None = None
    greatest: int | None = None

    def joined(self, other: Span) -> Span:
        """The span of both."""
        if self.least is None or self.greatest is None:
            return other
        if other.least is None or other.greatest is None:
            return self
        return Span(least=min(self.least, other.least), greatest=max(self.greatest, other.greatest))


@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """What a footer says of a file: rows, and the spans of its time columns."""

    rows: int
    spans: dict[str, Span]

    def overlaps(self, start: int | None, end: int | None, *, first: str, last: str) -> bool:
        """Whether rows of it may lie in [start, end) ns, where a row lasts from column ``first`` to ``last``."""
        if start is None and end is None:
            return True
        begins, ends = self.spans.get(first, Span()), self.spans.get(last, Span())
        latest = max((g for g in (ends.greatest, begins.greatest) if g is not None), default=None)
        earliest = min((e for e in (begins.least, ends.least) if e is not None), default=None)
        if latest is None or earliest is None:
            return False
        return (start is None or latest >= start) and (end is None or earliest < end)


class Writing:
    """A Parquet file on its way: batches of one schema in, row groups out, statistics into the footer."""

    def __init__(self, file: BinaryIO, schema: pa.Schema) -> None:
        import pyarrow.parquet as pq

        times = [f.name for f in schema if f.type == SUCCESSIVE]
        self._schema = schema
        self._writer = pq.ParquetWriter(
            file,
            schema,
            compression=PACKING,
            use_dictionary=[f.name for f in schema if f.name not in times and f.name not in VARIED],
            column_encoding=dict.fromkeys(times, "DELTA_BINARY_PACKED"),
            write_page_checksum=True,
        )
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0
        self._statistics = Statistics(rows=0, spans=dict.fromkeys(times, Span()))

    @property
    def rows(self) -> int:
        """Rows taken so far."""
        return self._statistics.rows

    def add(self, batch: pa.RecordBatch) -> None:
        """Take a batch; small ones wait until they fill a row group."""
        self._statistics = _extended(self._statistics, batch)
        self._waiting.append(batch)
        self._waiting_rows += batch.num_rows
        if self._waiting_rows >= ROWS_PER_GROUP:
            self._flush()

    def finish(self, extra: object = None) -> Statistics:
        """Write what waits and the footer, with ``extra`` (what JSON can hold) in it."""
        self._flush()
        metadata = {STATISTICS: _to_json(self._statistics)}
        if extra is not None:
            metadata[EXTRA] = json.dumps(extra)
        self._writer.add_key_value_metadata(metadata)
        self._writer.close()
        return self._statistics

    def abandon(self) -> None:
        """Let go of the file, which is of no use then."""
        with contextlib.suppress(*BROKEN):
            self._writer.close()

    def _flush(self) -> None:
        if self._waiting:
            table = pa.Table.from_batches(self._waiting, self._schema).unify_dictionaries()
            self._writer.write_table(table, row_group_size=ROWS_PER_GROUP)
            self._waiting, self._waiting_rows = [], 0


def _extended(known: Statistics, batch: pa.RecordBatch) -> Statistics:
    spans = {name: span.joined(_span(batch.column(name))) for name, span in known.spans.items()}
    return replace(known, rows=known.rows + batch.num_rows, spans=spans)


def _span(column: pa.Array) -> Span:
    found = pc.min_max(column.cast(pa.int64())).as_py()
    return Span(least=found["min"], greatest=found["max"])


def _to_json(known: Statistics) -> str:
    spans = {name: [span.least, span.greatest] for name, span in known.spans.items()}
    return json.dumps({"rows": known.rows, "spans": spans})


def _from_json(text: bytes) -> Statistics:
    said = json.loads(text)
    spans = {}
    for name, (least, greatest) in said["spans"].items():
        if not all(bound is None or isinstance(bound, int) for bound in (least, greatest)):
            raise TypeError(f"{name}: {least!r} to {greatest!r}")
        spans[name] = Span(least=least, greatest=greatest)
    return Statistics(rows=said["rows"], spans=spans)


class Stored:
    """A file of a store, opened: its footer is read, its rows are not. Raises one of BROKEN for a damaged file."""

    def __init__(self, path: Path) -> None:
        import pyarrow.parquet as pq

        self._file = pq.ParquetFile(path, page_checksum_verification=True)
        metadata: dict[bytes, bytes] = self._file.metadata.metadata or {}
        try:
            self.statistics = _from_json(metadata[STATISTICS])
            self.extra: Any = json.loads(metadata.get(EXTRA, b"null"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise ValueError("its footer is not as a store writes it") from error
        if self.statistics.rows != self._file.metadata.num_rows:
            raise ValueError("its footer contradicts itself about the number of rows")

    def batches(self, target: pa.Schema) -> Iterator[pa.RecordBatch]:
        """The rows with the columns of ``target``: those that the file does not have are null, others left out."""
        there = self._file.schema_arrow
        names = [n for n in target.names if n in there.names]
        for batch in self._file.iter_batches(batch_size=ROWS_PER_GROUP, columns=names, use_threads=False):
            arrays = [
                batch.column(f.name).cast(f.type) if f.name in names else pa.nulls(batch.num_rows, f.type)
                for f in target
            ]
            yield pa.RecordBatch.from_arrays(arrays, schema=target)

    def close(self) -> None:
        """Close it."""
        self._file.close()


def rows_of(path: Path) -> int | None:
    """Rows of a Parquet file of any make, every page of them read; ``None`` for a damaged file."""
    import pyarrow.parquet as pq

    try:
        with contextlib.closing(pq.ParquetFile(path, page_checksum_verification=True)) as file:
            return sum(int(b.num_rows) for b in file.iter_batches(ROWS_PER_GROUP, use_threads=False))
    except BROKEN:
        return None


def whole_rows(path: Path) -> int | None:
    """The same of a file of a store, whose footer has to say as many."""
    rows = rows_of(path)
    try:
        with contextlib.closing(Stored(path)) as stored:
            return rows if rows == stored.statistics.rows else None
    except BROKEN:
        return None
