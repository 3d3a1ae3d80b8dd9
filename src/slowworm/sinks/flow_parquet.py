"""Flows as Parquet: the flow table as it is, with addresses as text where one file has both IP versions."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from typing import Any, BinaryIO

import pyarrow as pa

from slowworm.flows.schema import NAMES, ip_version, schema
from slowworm.sinks.base import SinkInfo, Written
from slowworm.sinks.columns import addresses

ROWS_PER_GROUP = 1_000_000
"""Rows of a row group at most: large enough to pack well, small enough to be read one by one."""

IN_MEMORY = 64 << 20
"""Bytes of output that are kept in memory while the second IP version may still come; beyond it a temporary file."""

PACKING = "zstd"

WHOLE = "dst_addr"
"""The column that is neither packed nor folded into a dictionary: a file that is read gets no more rows than it has
bytes, so that a small one cannot unfold to billions, and this column has four a row, however equal the rows."""

ADDRESSES = ("src_addr", "dst_addr")


class FlowParquet:
    """The sink."""

    info = SinkInfo(
        name="parquet",
        title="the flow table as Parquet",
        suffixes=(".parquet", ".pq"),
        claims=(".parquet", ".pq"),
        binary=True,
        packs=True,
        lacks="nothing; where one file has both IP versions, addresses are text",
    )

    def write(self, batches: Iterable[pa.RecordBatch], file: BinaryIO) -> Written:
        """One IP version: exactly the flow table. Both: the same with addresses as text, IPv4 first."""
        with ExitStack() as stack:
            parts = {v: _Part(schema(v), stack.enter_context(_spool())) for v in (4, 6)}
            flows = 0
            for batch in batches:
                flows += batch.num_rows
                parts[ip_version(batch)].add(batch)
            for part in parts.values():
                part.close()
            if all(part.rows for part in parts.values()):
                _merge(list(parts.values()), file)
            else:
                only = parts[6] if parts[6].rows else parts[4]
                only.spool.seek(0)
                shutil.copyfileobj(only.spool, file, 1 << 20)
        return Written(flows=flows)


def _spool() -> Any:
    return tempfile.SpooledTemporaryFile(max_size=IN_MEMORY)


class _Part:
    """The flows of one schema, on their way."""

    def __init__(self, target: pa.Schema, spool: BinaryIO) -> None:
        self.spool, self.rows = spool, 0
        self._writer = _writer(spool, target)
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = 0

    def add(self, batch: pa.RecordBatch) -> None:
        """Take a batch; small ones wait until there are enough for a row group."""
        if not batch.num_rows:
            return
        self.rows += batch.num_rows
        self._waiting.append(batch)
        self._waiting_rows += batch.num_rows
        if self._waiting_rows >= ROWS_PER_GROUP:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            table = pa.Table.from_batches(self._waiting).unify_dictionaries()
            self._writer.write_table(table, row_group_size=ROWS_PER_GROUP)
            self._waiting, self._waiting_rows = [], 0

    def close(self) -> None:
        """Write what waits, and the footer."""
        self._flush()
        self._writer.close()


def _writer(file: BinaryIO, target: pa.Schema) -> Any:
    import pyarrow.parquet as pq

    return pq.ParquetWriter(
        file,
        target,
        compression={name: "none" if name == WHOLE else PACKING for name in NAMES},
        use_dictionary=[name for name in NAMES if name != WHOLE],
        write_page_checksum=True,
    )


def _merge(parts: list[_Part], file: BinaryIO) -> None:
    import pyarrow.parquet as pq

    target = schema(4)
    for name in ADDRESSES:
        target = target.set(target.get_field_index(name), pa.field(name, pa.string()))
    with _writer(file, target.with_metadata({"slowworm.flows": "1"})) as writer:
        for part in parts:
            part.spool.seek(0)
            stored = pq.ParquetFile(part.spool)
            for number in range(stored.num_row_groups):
                table = stored.read_row_group(number)
                for name in ADDRESSES:
                    text = pa.chunked_array(
                        [addresses(chunk) for chunk in table.column(name).chunks], pa.string()
                    )
                    table = table.set_column(table.schema.get_field_index(name), name, text)
                writer.write_table(table.cast(writer.schema), row_group_size=ROWS_PER_GROUP)
