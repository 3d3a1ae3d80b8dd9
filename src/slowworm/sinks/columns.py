"""Parts of batches, and columns of flows as columns of text: addresses, times, names; whole columns at a time."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

ROWS_AT_A_TIME = 131_072
"""Rows made into text in one go: their text stays in the processor's larger caches, and far from the 2 GiB that a
column of text can hold."""

_OCTETS = pa.array([str(value) for value in range(256)])


def pieces(batch: pa.RecordBatch) -> Iterator[pa.RecordBatch]:
    """The batch in parts of at most ROWS_AT_A_TIME rows."""
    for begin in range(0, batch.num_rows, ROWS_AT_A_TIME):
        yield batch.slice(begin, ROWS_AT_A_TIME)


def without_arp(batch: pa.RecordBatch) -> tuple[pa.RecordBatch, int]:
    """The flows that are IP, and how many are not."""
    ethertype = batch.column("ethertype")
    others = len(ethertype) - ethertype.null_count
    return (batch.filter(ethertype.is_null()), others) if others else (batch, 0)


def addresses(column: pa.Array) -> pa.Array:
    """An address column as text; null stays null."""
    if column.type == pa.uint32():
        values = column.fill_null(0).to_numpy(zero_copy_only=False)
        octets = [
            _OCTETS.take(pa.array(values >> np.uint32(shift) & np.uint32(255))) for shift in (24, 16, 8, 0)
        ]
        return _as_null(pc.binary_join_element_wise(*octets, "."), column)
    codes = column.dictionary_encode()
    names = [socket.inet_ntop(socket.AF_INET6, value) for value in codes.dictionary.to_pylist()]
    return pa.array(names, pa.string()).take(codes.indices)


def instants(column: pa.Array) -> pa.Array:
    """Times as ISO 8601 UTC with nanoseconds: ``2024-05-31T23:59:58.123456789Z``."""
    # Without their zone, for which some systems lack the data base.
    plain = column.cast(pa.int64()).cast(pa.timestamp("ns")).cast(pa.string())
    return pc.binary_join_element_wise(pc.binary_replace_slice(plain, 10, 11, "T"), "Z", "")


def names(column: pa.Array) -> pa.Array:
    """A dictionary column as plain text."""
    return column.dictionary_decode() if pa.types.is_dictionary(column.type) else column.cast(pa.string())


def plain(column: pa.Array) -> pa.Array:
    """Any column but addresses as text."""
    if pa.types.is_timestamp(column.type):
        return instants(column)
    return names(column)


def joined(columns: list[pa.Array], separator: str) -> memoryview:
    """The rows of columns of text, with null as nothing, each ended by a line feed, as bytes."""
    ends = [*columns[:-1], pc.binary_join_element_wise(pc.fill_null(columns[-1], ""), "\n", "")]
    lines = pc.binary_join_element_wise(*ends, separator, null_handling="replace", null_replacement="")
    return octets(lines)


def octets(column: pa.Array) -> memoryview:
    """All the bytes of a text column, one value behind the other."""
    if not len(column):
        return memoryview(b"")
    offsets = np.frombuffer(column.buffers()[1], np.int32)
    begin, end = int(offsets[column.offset]), int(offsets[column.offset + len(column)])
    data = column.buffers()[2]
    return memoryview(data)[begin:end] if data is not None else memoryview(b"")


def _as_null(text: pa.Array, column: pa.Array) -> pa.Array:
    if not column.null_count:
        return text
    return pc.if_else(column.is_valid(), text, pa.scalar(None, text.type))
