"""Flows without times, as pasted listings have them: the same flow in the caches of two routers counts once.

A listing is a snapshot, so rows of one key in two routers' listings are sightings of one flow. Rows of one router
are left alone, also where they repeat: its cache tells flows apart by more than it prints (the type of service),
and two listings of one router cannot be told from two flows.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from slowworm.flows.joining.groups import changes, dense, in_order, numbers, places, sizes
from slowworm.flows.joining.keys import Candidates, counter, ranks
from slowworm.flows.joining.timed import Flows, quality
from slowworm.flows.table import integers

COLUMNS = ["exporter", "in_if", "out_if", "input", "packets", "bytes", "sampling_rate"]
TIES = ["line", "tcp_flags", "tcp_sequence_number", "resolved"]
"""What decides between rows of one listing that are as well counted: everything else that a row can add."""


def untimed(batch: pa.RecordBatch, found: Candidates) -> Flows | None:
    """Flows that several named exporters list. Of several rows each, the best counted go together."""
    columns = batch.select([*COLUMNS, *TIES]).take(pa.array(found.rows))
    exporter = ranks(columns.column("exporter"))
    named = exporter > 0  # without a prompt it cannot be told whether it is another router
    if not named.any():
        return None
    key, rows, exporter = numbers(found.first)[named], found.rows[named], exporter[named]
    packets, octets = (counter(columns.column(name))[named] for name in ("packets", "bytes"))
    rate = integers(columns, "sampling_rate")[named]
    ties = [dense(*(ranks(columns.column(n)) for n in ("in_if", "out_if", "input")))[named]]
    ties += [integers(columns, name)[named] for name in TIES]
    listing = dense(key, exporter)
    place = places(listing, in_order(listing, *quality(packets, octets, rate), *ties))
    flow = dense(key, place)
    order = in_order(flow, *quality(packets, octets, rate))
    begin = np.flatnonzero(changes(flow[order]))
    size = sizes(begin, len(order))
    several = size > 1
    if not several.any():
        return None
    members = rows[order[np.repeat(several, size)]]
    best, size = order[begin[several]], size[several]
    return Flows(
        rows=members,
        begin=np.cumsum(size) - size,
        packets=packets[best],
        bytes=octets[best],
        rate=rate[best],
        sightings=int((size - 1).sum()),
        parts=0,
    )
