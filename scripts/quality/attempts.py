"""Connection attempts: flows of both directions as one row per connection, with who opened it and what came of it.

Zeek, Slips, ntopng and Snort watch connections, SiLK, NEMEA and flow-dscan single flows. So that each rule is
measured on the same ground, all of them read this table. Where direction or outcome is not certain, the
reading is the one that spares benign hosts: what looks like a server's answer starts nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.flows.schema import ip_version
from slowworm.flows.services import ICMP, PORT_NAMES, TCP
from slowworm.flows.table import combine, integers

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
ANSWERED, FAILED, REJECTED = 1, 0, -1
"""Outcomes: ``REJECTED`` is a failure that a reset told of."""

MAX_LONE_PACKETS = 3
"""Without TCP flags: packets up to which an unanswered flow is taken for a SYN and its repetitions."""

_NO_PORT = 0xFFFF
_SERVER_PORT = np.zeros(65536, np.bool_)
_SERVER_PORT[1:1024] = True
_SERVER_PORT[[port for port in PORT_NAMES if port >= 1024]] = True


@dataclass(frozen=True, kw_only=True)
class Attempts:
    """Attempts to open a connection, in the order of time; arrays of equal length.

    ``time`` in ns since 1970; ``port`` is the destination port, -1 where there is none; ``flags`` (-1 unknown),
    ``packets`` and ``octets`` are of the largest flow of the side that called.
    """

    source: Ints
    destination: Ints
    protocol: Ints
    src_port: Ints
    port: Ints
    time: Ints
    outcome: npt.NDArray[np.int8]
    flags: Ints
    packets: Ints
    octets: Ints

    def __len__(self) -> int:
        return len(self.source)

    @property
    def failed(self) -> Bools:
        """Nothing came back, or a reset."""
        return self.outcome <= FAILED

    @cached_property
    def first(self) -> Bools:
        """Whether the source had not tried this destination before."""
        return first_of(self.source << 32 | self.destination)

    def contact_times(self, source: int) -> Ints:
        """When a source first tried each of its destinations, sorted."""
        sources, times = self._first_contacts
        return times[np.searchsorted(sources, source) : np.searchsorted(sources, source, side="right")]

    def contacts_until(self, source: Ints, time: Ints) -> Ints:
        """How many distinct destinations each ``source`` had tried up to ``time``."""
        pairs = zip(source.tolist(), time.tolist(), strict=True)
        counts = [np.searchsorted(self.contact_times(s), t, side="right") for s, t in pairs]
        return np.array(counts, np.int64)

    @cached_property
    def _first_contacts(self) -> tuple[Ints, Ints]:
        order = np.argsort(self.source[self.first], kind="stable")
        return self.source[self.first][order], self.time[self.first][order]


def first_of(key: Ints) -> Bools:
    """Which rows hold a key that no row before them held."""
    flag = np.zeros(len(key), np.bool_)
    flag[np.unique(key, return_index=True)[1]] = True
    return flag


def attempts(batches: Sequence[pa.RecordBatch]) -> Attempts:
    """The attempts of IPv4 flow batches. IPv6 flows take no part: half of the peers know IPv4 only."""
    flows = combine([b for b in batches if ip_version(b) == 4 and b.num_rows])
    src, dst = integers(flows, "src_addr"), integers(flows, "dst_addr")
    protocol, kind = integers(flows, "protocol"), integers(flows, "icmp_type")
    # Echo replies and ICMP errors open nothing, and an echo has its type instead of ports.
    used = (src >= 0) & (dst >= 0) & (protocol >= 0) & ((protocol != ICMP) | (kind == 8) | (kind == 0))
    rows = np.flatnonzero(used)
    src, dst, protocol, kind = src[rows], dst[rows], protocol[rows], kind[rows]
    ports = [
        np.where(p < 0, _NO_PORT, p)
        for p in (_column(flows, "src_port", rows), _column(flows, "dst_port", rows))
    ]
    here, there = src << 16 | ports[0], dst << 16 | ports[1]
    forward = here < there
    low, high = np.minimum(here, there), np.maximum(here, there)
    order, begin = _grouped(_mixed(low, high, protocol))
    sides = _Sides(
        order=order,
        begin=begin,
        forward=forward[order],
        flags=_column(flows, "tcp_flags", rows)[order],
        packets=_column(flows, "packets", rows)[order],
        octets=_column(flows, "bytes", rows)[order],
        time=_times(flows, rows)[order],
        sampled=(_column(flows, "sampling_rate", rows) > 1)[order],
        reply=(protocol == ICMP)[order] & (kind == 0)[order],
    )
    return _opened(sides, low[order[begin]], high[order[begin]], protocol[order[begin]])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sides:
    """Flows sorted into connections; ``forward``: sent by the lower endpoint."""

    order: Ints
    begin: Ints
    forward: Bools
    flags: Ints
    packets: Ints
    octets: Ints
    time: Ints
    sampled: Bools
    reply: Bools

    def seen(self, side: Bools) -> Bools:
        return np.add.reduceat(side.astype(np.int64), self.begin) > 0

    def most(self, values: Ints, side: Bools) -> Ints:
        result: Ints = np.maximum.reduceat(np.where(side, values, -1), self.begin)
        return result

    def all_flags(self, side: Bools) -> Ints:
        """The flags of one side together, -1 where it told none."""
        known = side & (self.flags >= 0)
        together: Ints = np.bitwise_or.reduceat(np.where(known, self.flags, 0), self.begin)
        return np.where(self.seen(known), together, -1)

    def start(self, side: Bools) -> Ints:
        """The earliest time of one side; the largest integer where it sent nothing."""
        latest = np.iinfo(np.int64).max
        result: Ints = np.minimum.reduceat(np.where(side, self.time, latest), self.begin)
        return result


def _opened(sides: _Sides, low: Ints, high: Ints, protocol: Ints) -> Attempts:
    a, b = sides.forward, ~sides.forward
    flags_a, flags_b = sides.all_flags(a), sides.all_flags(b)
    caller = _caller(
        tcp=protocol == TCP,
        seen=(sides.seen(a), sides.seen(b)),
        flags=(flags_a, flags_b),
        start=(sides.start(a), sides.start(b)),
        sampled=sides.seen(sides.sampled),
        port=(low & 0xFFFF, high & 0xFFFF),
        reply=(sides.seen(a & sides.reply), sides.seen(b & sides.reply)),
    )
    by_a = caller == 1
    mine, theirs = np.where(by_a, flags_a, flags_b), np.where(by_a, flags_b, flags_a)
    packets = np.where(by_a, sides.most(sides.packets, a), sides.most(sides.packets, b))
    octets = np.where(by_a, sides.most(sides.octets, a), sides.most(sides.octets, b))
    answered = np.where(by_a, sides.seen(b), sides.seen(a))
    outcome = _outcome(protocol == TCP, mine, theirs, packets, answered)
    from_end, to_end = np.where(by_a, low, high), np.where(by_a, high, low)
    time = np.where(by_a, sides.start(a), sides.start(b))
    kept = np.flatnonzero(caller != 0)
    kept = kept[np.lexsort((to_end[kept], from_end[kept], time[kept]))]
    port = to_end[kept] & 0xFFFF
    return Attempts(
        source=from_end[kept] >> 16,
        destination=to_end[kept] >> 16,
        protocol=protocol[kept],
        src_port=from_end[kept] & 0xFFFF,
        port=np.where((protocol[kept] == ICMP) | (port == _NO_PORT), -1, port),
        time=time[kept],
        outcome=outcome[kept],
        flags=mine[kept],
        packets=packets[kept],
        octets=octets[kept],
    )


def _caller(
    *,
    tcp: Bools,
    seen: tuple[Bools, Bools],
    flags: tuple[Ints, Ints],
    start: tuple[Ints, Ints],
    sampled: Bools,
    port: tuple[Ints, Ints],
    reply: tuple[Bools, Bools],
) -> Ints:
    """Which side called: 1 the lower endpoint, -1 the higher, 0 nobody that was seen.

    A lone SYN tells best, then who came first, then the ports: where one side's is a server's it was called. Of
    sampled packets the first that is seen need not be the first.
    """
    server = _SERVER_PORT[port[0]].astype(np.int64) - _SERVER_PORT[port[1]]
    earlier = np.where(start[0] == start[1], 0, np.where(start[0] < start[1], 1, -1))
    first, second = np.where(sampled, -server, earlier), np.where(sampled, earlier, -server)
    guess = np.where(first != 0, first, np.where(second != 0, second, np.where(port[0] > port[1], 1, -1)))
    alone_a, alone_b = seen[0] & ~seen[1], seen[1] & ~seen[0]
    # Of one direction the time says nothing: what comes from a server's port to another is an answer, and between
    # a server's port and the same (NTP) it could be either.
    alone = np.where(server != 0, -server, np.where(alone_a, 1, -1))
    alone = np.where(_SERVER_PORT[port[0]] & (port[0] == port[1]), 0, alone)
    caller = np.where(alone_a | alone_b, alone, guess)
    for way, own in ((1, 0), (-1, 1)):
        bits = np.where(flags[own] < 0, 0, flags[own])
        caller = np.where(tcp & (bits & (SYN | ACK) == SYN), way, caller)  # a SYN that nobody took up
        lone = (alone_a if own == 0 else alone_b) & tcp & (flags[own] >= 0)
        answer = (bits & (SYN | ACK | PSH | FIN) == SYN | ACK) | (bits & (RST | SYN | PSH) == RST)
        caller = np.where(lone & answer, -way, caller)
        caller = np.where(reply[own], -way, caller)
    heard = np.where(caller == 1, seen[0], seen[1])
    return np.where(heard, caller, 0)


def _outcome(tcp: Bools, mine: Ints, theirs: Ints, packets: Ints, answered: Bools) -> npt.NDArray[np.int8]:
    outcome = np.where(answered, ANSWERED, FAILED).astype(np.int8)
    known = tcp & (mine >= 0)
    # One way only: a side that acknowledges has been answered, whether or not the answer was exported.
    outcome[known & (mine & ACK != 0)] = ANSWERED
    outcome[tcp & (mine < 0) & ~answered & (packets > MAX_LONE_PACKETS)] = ANSWERED
    refused = (theirs >= 0) & (theirs & RST != 0) & (theirs & (SYN | PSH) == 0)
    outcome[known & answered & refused & (mine & PSH == 0)] = REJECTED
    return outcome


def _column(flows: pa.RecordBatch, name: str, rows: Ints) -> Ints:
    return integers(flows, name)[rows]


def _times(flows: pa.RecordBatch, rows: Ints) -> Ints:
    column = flows.column("start_time").cast(pa.int64())
    if column.null_count == len(column):
        raise ValueError("flows without times: a rule with a window cannot be run on them")
    values: Ints = column.fill_null(0).to_numpy(zero_copy_only=False)
    return values[rows]


def _mixed(low: Ints, high: Ints, protocol: Ints) -> npt.NDArray[np.uint64]:
    """The endpoints and the protocol as one 64-bit key (splitmix64): two among millions hardly ever collide."""
    key = low.astype(np.uint64)
    for part in (high.astype(np.uint64), protocol.astype(np.uint64)):
        key += np.uint64(0x9E3779B97F4A7C15)
        key = (key ^ key >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        key = (key ^ key >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        key = (key ^ key >> np.uint64(31)) ^ part * np.uint64(0xD6E8FEB86659FD93)
    return key


def _grouped(key: npt.NDArray[np.uint64]) -> tuple[Ints, Ints]:
    """Rows in the order of their key, and where each new key begins."""
    order = np.argsort(key, kind="stable")
    new = np.ones(len(key), np.bool_)
    new[1:] = key[order][1:] != key[order][:-1]
    return order, np.flatnonzero(new)
