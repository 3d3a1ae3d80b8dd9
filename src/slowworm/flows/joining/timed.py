"""Flows with times: parts follow each other at one exporter, sightings overlap.

Three steps. At one exporter, rows of one key that overlap are sightings of the same packets at several interfaces
or in several files (a *block*); blocks that follow each other closely are parts of one flow. Between exporters,
flows of one key that overlap are sightings.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from slowworm.flows.joining.groups import (
    LARGEST,
    Bools,
    Ints,
    changes,
    dense,
    in_order,
    leaders,
    numbers,
    places,
    running_max,
    sizes,
    total,
)
from slowworm.flows.joining.keys import Candidates, counter, ranks
from slowworm.flows.services import TCP
from slowworm.flows.table import integers

SECOND = 10**9

INACTIVE = 15 * SECOND
"""A flow ends after so long without a packet: NetFlow's default (Cisco IOS). Longer gaps would join what exporters
take for two flows, and hide that somebody tried again; shorter ones would leave slow flows in parts."""

SKEW = 5 * SECOND
"""How far the clocks of two exporters may be apart. Routers with NTP agree within milliseconds, but NetFlow 9 tells
its time in whole seconds, and who dates by receipt adds the delay of the export. More would join the attempts of
different minutes; clocks that are further apart leave both sightings in the table."""

JITTER = 1 * SECOND
"""How far the next part may begin before the last one ends, at one exporter: each datagram of NetFlow 9 anchors the
router's clock anew, to a whole second."""

REPEAT = SECOND // 10
"""At one exporter, what begins within so little is the same sending seen twice: the interfaces of a router share a
clock (of ticks up to 10 ms), and nobody tries again so soon (TCP repeats a SYN after a second, RFC 6298). More would
take parts for sightings where a route changes in mid-flow; less would count twice what waited in a queue."""

FAR = 1 << 62
"""Times beyond (the year 2116) count as this, those before 1970 as 0, so that sums of times stay within 64 bits."""

SYN = 0x02


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """Flows of several rows each: ``rows`` (numbers in the batch) flow by flow, each beginning at ``begin``.

    Per flow ``packets``, ``bytes`` and the ``rate`` at which they were sampled, as one exporter counted them.
    """

    rows: Ints
    begin: Ints
    packets: Ints
    bytes: Ints
    rate: Ints
    sightings: int
    parts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spans:
    """Stretches of time of one key, sorted by group and start: what was counted in them, from how many rows."""

    group: Ints
    start: Ints
    end: Ints
    packets: Ints
    bytes: Ints
    rows: Ints

    def chosen(self, which: Ints | Bools) -> _Spans:
        return _Spans(
            group=self.group[which],
            start=self.start[which],
            end=self.end[which],
            packets=self.packets[which],
            bytes=self.bytes[which],
            rows=self.rows[which],
        )

    def summed(self, first: Bools, group: Ints) -> _Spans:
        """Spans together, from one ``first`` to the next; ``group`` is the new group of each."""
        begin = np.flatnonzero(first)
        return _Spans(
            group=group[begin],
            start=np.minimum.reduceat(self.start, begin),
            end=np.maximum.reduceat(self.end, begin),
            packets=total(self.packets, begin),
            bytes=total(self.bytes, begin),
            rows=total(self.rows, begin),
        )

    def best(self, group: Ints, rate: Ints) -> Ints:
        """Of each group the span that counted best, by :func:`quality`."""
        order = in_order(group)
        keys = (*quality(self.packets, self.bytes, rate), self.rows)
        return order[leaders(np.flatnonzero(changes(group[order])), *(k[order] for k in keys))]


def quality(packets: Ints, octets: Ints, rate: Ints) -> tuple[Ints, ...]:
    """Keys that put the best count first: the least sampled, then most packets, then fewest bytes.

    Of equals in packets, the one with more bytes has counted headers of the link, too.
    """
    return np.maximum(rate, 1), -packets, np.where(octets < 0, LARGEST, octets), rate


def timed(batch: pa.RecordBatch, found: Candidates) -> Flows | None:
    """Flows of more than one row among the candidates, which are sorted by key and start."""
    rows, start, end, cluster = _close(batch, found)
    if not len(rows):
        return None
    columns = batch.select(_COLUMNS).take(pa.array(rows))
    rate = integers(columns, "sampling_rate")
    observer = np.unique(dense(ranks(columns.column("exporter")), rate + 1), return_inverse=True)[1].astype(
        np.int64
    )
    observers = int(observer.max()) + 1
    order = in_order(cluster * observers + observer) if observers > 1 else np.arange(len(rows))
    rows, cluster, observer, rate = rows[order], cluster[order], observer[order], rate[order]
    syn = (integers(columns, "protocol") == TCP) & (np.maximum(integers(columns, "tcp_flags"), 0) & SYN > 0)
    lane = dense(*(ranks(columns.column(name)) for name in ("in_if", "out_if", "input")))
    spans = _Spans(
        group=cluster * observers + observer,
        start=start[order],
        end=end[order],
        packets=counter(columns.column("packets"))[order],
        bytes=counter(columns.column("bytes"))[order],
        rows=np.ones(len(rows), np.int64),
    )
    first, at_one = _at_one_exporter(spans, lane[order], syn[order], rate)
    flow = numbers(first)
    begin = np.flatnonzero(first)
    cluster, observer, rate = cluster[begin], observer[begin], rate[begin]
    if observers > 1:
        of_all = _over_exporters(at_one, cluster, observer)
        best = at_one.best(of_all, rate)
        at_one, rate = at_one.chosen(best), rate[best]
        flow = of_all[flow]
    order = in_order(flow)
    begin = np.flatnonzero(changes(flow[order]))
    size = sizes(begin, len(order))
    several = size > 1
    if not several.any():
        return None
    rows = rows[order][np.repeat(several, size)]
    size, added = size[several], at_one.rows[several]
    return Flows(
        rows=rows,
        begin=np.cumsum(size) - size,
        packets=at_one.packets[several],
        bytes=at_one.bytes[several],
        rate=rate[several],
        sightings=int((size - added).sum()),
        parts=int((added - 1).sum()),
    )


_COLUMNS = [
    "exporter",
    "in_if",
    "out_if",
    "input",
    "protocol",
    "tcp_flags",
    "sampling_rate",
    "packets",
    "bytes",
]


def _close(batch: pa.RecordBatch, found: Candidates) -> tuple[Ints, Ints, Ints, Ints]:
    """Rows with another of their key within reach, with start, end and the number of their neighbourhood."""
    times = batch.select(["start_time", "end_time"]).take(pa.array(found.rows))
    start = times.column(0).cast(pa.int64()).to_numpy(zero_copy_only=False)
    end = times.column(1).cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    start = np.clip(start, 0, FAR)
    end = np.clip(end, start, FAR)
    first = found.first.copy()
    first[1:] |= start[1:] > running_max(end, found.first)[:-1] + max(INACTIVE, SKEW)
    begin = np.flatnonzero(first)
    near = np.repeat(sizes(begin, len(first)) > 1, sizes(begin, len(first)))
    return found.rows[near], start[near], end[near], numbers(first)[near]


def _at_one_exporter(spans: _Spans, lane: Ints, syn: Bools, rate: Ints) -> tuple[Bools, _Spans]:
    """Where each flow of one exporter begins among the rows, and the flows."""
    spans = _anchored(spans, lane)
    blocks_first = _blocks(spans)
    block = numbers(blocks_first)
    again = _again(spans, block, lane, syn & (rate < 0))
    counted = replace(
        spans,
        packets=np.where(again, 0, spans.packets),
        bytes=np.where(again, 0, spans.bytes),
        rows=np.where(again, 0, 1),
    )
    begin = np.flatnonzero(blocks_first)
    # A block that opens a connection begins a flow: that a port is used again is no part of what was before.
    opens = np.bitwise_or.reduceat(syn, begin)
    reach = running_max(spans.end, changes(spans.group))
    before = np.where(begin > 0, reach[begin - 1], 0)
    fresh = changes(spans.group[begin]) | opens | (spans.start[begin] > before + INACTIVE)
    first = np.zeros(len(block), np.bool_)
    first[begin[fresh]] = True
    flow = numbers(first)
    if (changes(block, lane) == blocks_first).all():
        return first, counted.summed(first, flow)
    # Several interfaces or files in one block: each is added up, and of those that overlap the best one counts.
    order = in_order(block, lane)
    cells = counted.chosen(order).summed(changes(block[order], lane[order]), block[order])
    cells = cells.chosen(in_order(cells.group, cells.start))
    together = numbers(_blocks(cells))
    best = cells.chosen(cells.best(together, np.zeros(len(together), np.int64)))
    of_flow = flow[begin[best.group]]
    summed = best.summed(changes(of_flow), of_flow)
    whole = np.flatnonzero(first)
    return first, replace(
        summed,
        start=np.minimum.reduceat(spans.start, whole),
        end=np.maximum.reduceat(spans.end, whole),
    )


def _anchored(spans: _Spans, lane: Ints) -> _Spans:
    """The spans with ends that do not reach into the next part of the same interfaces and file by mere jitter."""
    place = dense(spans.group, lane)
    order = in_order(place)
    place, start, end = place[order], spans.start[order], spans.end[order]
    ahead = (place[1:] == place[:-1]) & (start[1:] - start[:-1] >= REPEAT)
    ahead &= (end[:-1] >= start[1:]) & (end[:-1] - start[1:] <= JITTER)
    if not ahead.any():
        return spans
    end[:-1] = np.where(ahead, start[1:] - 1, end[:-1])
    whole = spans.end.copy()
    whole[order] = end
    return replace(spans, end=whole)


def _blocks(spans: _Spans) -> Bools:
    """Where what was before has ended, and what follows does not repeat it."""
    first = changes(spans.group)
    reach = running_max(spans.end, first)
    first[1:] |= (spans.start[1:] > reach[:-1]) & (spans.start[1:] - spans.start[:-1] >= REPEAT)
    return first


def _again(spans: _Spans, block: Ints, lane: Ints, syn: Bools) -> Bools:
    """Rows that repeat a row of the same interfaces and file: the same counters, at the same time.

    So does a router that counts at its ingress and at its egress. ``syn``: rows of a SYN that no packet sampler took.
    Of other single packets the second may as well be the next one, and is added. So are rows with other counters:
    parts that differ in what is no part of the key here, such as the type of service.
    """
    again = np.zeros(len(block), np.bool_)
    begin = np.flatnonzero(changes(block))
    size = sizes(begin, len(block))
    rows = np.flatnonzero(np.repeat(size > 1, size))
    if not len(rows):
        return again
    keys = (lane, spans.packets, spans.bytes, syn.astype(np.int64))
    order = rows[in_order(block[rows], *(k[rows] for k in keys), spans.start[rows], spans.end[rows])]
    start, end, packets, opening = (c[order] for c in (spans.start, spans.end, spans.packets, syn))
    same = ~changes(block[order], *(k[order] for k in keys)) & (opening | ((packets > 1) & (end > start)))
    same[1:] &= (np.diff(start) < REPEAT) & (np.abs(np.diff(end)) < REPEAT)
    same[1:] &= opening[1:] | (start[1:] < end[:-1])
    again[order[same]] = True
    return again


def _over_exporters(flows: _Spans, cluster: Ints, observer: Ints) -> Ints:
    """The number of the flow that each exporter's flow is a sighting of.

    ``flows`` are sorted by cluster, observer and start. Where one exporter has several that overlap with those of
    another (attempts of one port, a second apart), the first goes with the first, the second with the second.
    """
    by_time = np.argsort(flows.start)
    order = by_time[in_order(cluster[by_time])]
    first = changes(cluster[order])
    reach = running_max(flows.end[order], first)
    first[1:] |= flows.start[order][1:] > reach[:-1] + SKEW
    match = np.empty(len(order), np.int64)
    match[order] = numbers(first)
    place = places(dense(match, observer), in_order(dense(match, observer)))
    return np.unique(dense(match, place), return_inverse=True)[1].astype(np.int64)
