"""The new batch: of each flow the row that was seen first, with what the others add to it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slowworm.flows.joining.groups import LARGEST, MISSING, Ints, dense, leaders, sizes
from slowworm.flows.joining.keys import ranks
from slowworm.flows.joining.timed import Flows
from slowworm.flows.table import integers

PLACE = ("exporter", "in_if", "out_if", "input")
"""Who saw it, in the order in which ties of the start are decided."""


def rebuilt(batch: pa.RecordBatch, flows: Sequence[Flows]) -> pa.RecordBatch:
    """``batch`` with one row for each of the flows, in the place of the row that was seen first."""
    if not flows:
        return batch
    rows = np.concatenate([f.rows for f in flows])
    begin = np.concatenate([f.begin + shift for f, shift in zip(flows, _shifts(flows), strict=True)])
    packets, octets, rate = (
        np.concatenate([getattr(f, name) for f in flows]) for name in ("packets", "bytes", "rate")
    )
    members = batch.take(pa.array(rows))
    flow = np.repeat(np.arange(len(begin)), sizes(begin, len(rows)))
    start, ended = (_times(members.column(name)) for name in ("start_time", "end_time"))
    place = dense(*(ranks(members.column(name)) for name in PLACE))
    lead = leaders(begin, start, place, integers(members, "line"))
    changed = {
        "start_time": _nullable(np.minimum.reduceat(start, begin), LARGEST),
        "end_time": _nullable(
            np.maximum.reduceat(np.where(ended == LARGEST, -LARGEST, ended), begin), -LARGEST
        ),
        "tcp_flags": _nullable(_together(members, "tcp_flags", begin), MISSING),
        "resolved": _nullable(_together(members, "resolved", begin), MISSING),
        "tcp_sequence_number": _nullable(_opening(members, start, begin, flow), MISSING),
        "packets": _nullable(packets, MISSING),
        "bytes": _nullable(octets, MISSING),
        "sampling_rate": _nullable(rate, MISSING),
    }
    keep = np.ones(batch.num_rows, np.bool_)
    keep[rows] = False
    keep[rows[lead]] = True
    at = (np.cumsum(keep) - 1)[rows[lead]]
    kept = batch.filter(pa.array(keep))
    mask = np.zeros(kept.num_rows, np.bool_)
    mask[at] = True
    by_place = pa.array(np.argsort(at))
    columns = [
        pc.replace_with_mask(column, pa.array(mask), changed[field.name].take(by_place).cast(field.type))
        if field.name in changed
        else column
        for field, column in zip(kept.schema, kept.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=kept.schema)


def _shifts(flows: Sequence[Flows]) -> list[int]:
    """Where the rows of each of them begin when they stand behind each other."""
    return [sum(len(f.rows) for f in flows[:i]) for i in range(len(flows))]


def _times(column: pa.Array) -> Ints:
    """A time column as ns, LARGEST for null."""
    values: Ints = column.cast(pa.int64()).fill_null(LARGEST).to_numpy(zero_copy_only=False)
    return values


def _nullable(values: Ints, missing: int) -> pa.Array:
    return pa.array(values, pa.int64(), mask=values == missing)


def _together(members: pa.RecordBatch, name: str, begin: Ints) -> Ints:
    """Every bit that any row has, MISSING where none is known."""
    column = members.column(name)
    values = column.cast(pa.int64()).fill_null(MISSING).to_numpy(zero_copy_only=False)
    bits = np.bitwise_or.reduceat(np.maximum(values, 0), begin)
    return np.where(np.maximum.reduceat(values, begin) < 0, MISSING, bits)


def _opening(members: pa.RecordBatch, start: Ints, begin: Ints, flow: Ints) -> Ints:
    """The sequence number of the row that began first among those that have one."""
    values = integers(members, "tcp_sequence_number")
    when = np.where(values < 0, LARGEST, start)
    earliest = (when == np.minimum.reduceat(when, begin)[flow]) & (values >= 0)
    smallest = np.minimum.reduceat(np.where(earliest, values, LARGEST), begin)
    return np.where(smallest == LARGEST, MISSING, smallest)
