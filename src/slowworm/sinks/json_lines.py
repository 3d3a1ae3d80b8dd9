"""Flows as JSON lines: an object a flow, with the names of the flow table; what is null is left out."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from slowworm.flows.schema import NAMES
from slowworm.sinks.base import SinkInfo, Written
from slowworm.sinks.columns import addresses, instants, octets, pieces


class JsonLines:
    """The sink."""

    info = SinkInfo(
        name="jsonl",
        title="the flow table as JSON lines",
        suffixes=(".jsonl", ".ndjson"),
        claims=(".jsonl", ".ndjson"),
        binary=False,
        lacks="nothing",
    )

    def write(self, batches: Iterable[pa.RecordBatch], file: BinaryIO) -> Written:
        """A line a flow. Numbers are numbers, of up to 64 bits; all text is ASCII, the rest of Unicode escaped."""
        flows = 0
        for batch in batches:
            flows += batch.num_rows
            file.writelines(_lines(piece) for piece in pieces(batch))
        return Written(flows=flows)


def _lines(batch: pa.RecordBatch) -> memoryview:
    members = [member for name in NAMES if (member := _member(batch, name)) is not None]
    # Each member has a comma in front; the first one's is cut.
    members.append(pa.repeat("", batch.num_rows))
    body = pc.binary_join_element_wise(*members, "", null_handling="replace", null_replacement="")
    body = pc.binary_replace_slice(body, 0, 1, "")
    return octets(pc.binary_join_element_wise("{", body, "}\n", ""))


def _member(batch: pa.RecordBatch, name: str) -> pa.Array | None:
    """``,"dst_port":445`` in every row, null where the value is; ``None`` where it is throughout."""
    column = batch.column(name)
    if column.null_count == len(column):
        return None
    if pa.types.is_dictionary(column.type):
        words = [None if w is None else json.dumps(w) for w in column.dictionary.to_pylist()]
        text = pa.array(words, pa.string()).take(column.indices)
        return pc.binary_join_element_wise(f',"{name}":', text, "")
    if name.endswith("_addr") or pa.types.is_timestamp(column.type):
        text = addresses(column) if name.endswith("_addr") else instants(column)
        return pc.binary_join_element_wise(f',"{name}":"', text, '"', "")
    return pc.binary_join_element_wise(f',"{name}":', column.cast(pa.string()), "")
