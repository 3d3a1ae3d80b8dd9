"""Flows as CSV: the columns of the flow table by name, addresses as text, times as ISO 8601."""

from __future__ import annotations

from collections.abc import Iterable
from typing import BinaryIO

import pyarrow as pa
import pyarrow.compute as pc

from slowworm.flows.schema import NAMES
from slowworm.sinks.base import SinkInfo, Written
from slowworm.sinks.columns import addresses, joined, pieces, plain

_SPECIAL = r'[",\r\n]'
_BREAKS = r"[\r\n]+"


class FlowCsv:
    """The sink."""

    info = SinkInfo(
        name="csv",
        title="the flow table as CSV",
        suffixes=(".csv",),
        claims=(".csv",),
        binary=False,
        lacks="line breaks within names, which become blanks",
    )

    def write(self, batches: Iterable[pa.RecordBatch], file: BinaryIO) -> Written:
        """A header and a row a flow; null is empty, names are quoted where they have to be."""
        flows = 0
        file.write((",".join(NAMES) + "\n").encode())
        for batch in batches:
            flows += batch.num_rows
            file.writelines(joined([_column(piece, name) for name in NAMES], ",") for piece in pieces(batch))
        return Written(flows=flows)


def _column(batch: pa.RecordBatch, name: str) -> pa.Array:
    column = batch.column(name)
    if name.endswith("_addr"):
        return addresses(column)
    if not pa.types.is_dictionary(column.type):
        return plain(column)
    return _quoted(column.dictionary.cast(pa.string())).take(column.indices)


def _quoted(words: pa.Array) -> pa.Array:
    """Words as CSV wants them."""
    words = pc.replace_substring_regex(words, _BREAKS, " ")
    special = pc.match_substring_regex(words, _SPECIAL)
    doubled = pc.replace_substring(words, '"', '""')
    return pc.if_else(special, pc.binary_join_element_wise('"', doubled, '"', ""), words)
