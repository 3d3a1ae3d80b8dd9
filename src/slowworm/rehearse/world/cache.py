"""The flow cache: packets of legs, sampled, become flow records under the active and inactive timeouts."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from slowworm.flows.services import TCP
from slowworm.rehearse.world.crossing import Passage
from slowworm.rehearse.world.exchanges import ACK, PSH
from slowworm.rehearse.world.legs import RESET_INTERVAL, SECOND, Legs
from slowworm.rehearse.world.spec import Vantage
from slowworm.rehearse.world.stacks import MAX_SYNS, OFFSETS

Ints = npt.NDArray[np.int64]

PUSHING = 0.4
"""Share of a conversation's inner packets that push (assumption; it matters only under sampling)."""

OPENING = 2
"""Packets that follow a SYN within a round trip, so that no timeout comes between: a SYN is never alone in a record
of a call that was answered."""

LEAST_OCTETS = 28
"""Of a packet: IP and UDP headers without payload."""

MILLISECOND = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Flow records: row of the passages, ns of first and last packet, packets, octets, flags."""

    passage: Ints
    start: Ints
    end: Ints
    packets: Ints
    octets: Ints
    flags: npt.NDArray[np.uint8]


def records(legs: Legs, passage: Passage, vantage: Vantage, draw: np.random.Generator) -> Records:
    """What the exporters send for all passages, in no particular order; times to the millisecond."""
    repeated = legs.attempts[passage.leg] > 0
    parts = [
        _trains(legs, passage, np.flatnonzero(~repeated), vantage, draw),
        _repetitions(legs, passage, np.flatnonzero(repeated), vantage, draw),
    ]
    joined = {f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Records)}
    for name in ("start", "end"):
        joined[name] = (joined[name] + passage.later[joined["passage"]]) // MILLISECOND * MILLISECOND
    return Records(**joined)


def _repetitions(
    legs: Legs, passage: Passage, rows: Ints, vantage: Vantage, draw: np.random.Generator
) -> Records:
    """Packets at their stack's times, one by one: each sampled, gaps beyond the inactive timeout part records."""
    leg = passage.leg[rows]
    attempts, stack = legs.attempts[leg].astype(np.int64), legs.stack[leg].astype(np.int64)
    each = legs.octets[leg] // np.maximum(attempts, 1)
    found: list[tuple[Ints, Ints, Ints, Ints]] = []
    start = np.zeros(len(rows), np.int64)
    last, count = start.copy(), start.copy()

    def emit(which: Ints) -> None:
        found.append((which, start[which].copy(), last[which].copy(), count[which].copy()))

    most = int(attempts.max(initial=0))
    for number in range(min(most, MAX_SYNS)):
        sent = attempts > number
        if vantage.sampling > 1:
            sent &= draw.random(len(rows)) * vantage.sampling < 1
        offset = np.where(stack < 0, RESET_INTERVAL * number, OFFSETS[stack, number])
        now = legs.time[leg] + (offset * SECOND).astype(np.int64)
        gap = sent & (count > 0) & (now - last > vantage.inactive_timeout * SECOND)
        gap |= sent & (count > 0) & (now - start > vantage.active_timeout * SECOND)
        if gap.any():
            emit(np.flatnonzero(gap))
            count[gap] = 0
        start = np.where(sent & (count == 0), now, start)
        last = np.where(sent, now, last)
        count += sent
    emit(np.flatnonzero(count))
    which = np.concatenate([f[0] for f in found])
    packets = np.concatenate([f[3] for f in found])
    return Records(
        passage=rows[which],
        start=np.concatenate([f[1] for f in found]),
        end=np.concatenate([f[2] for f in found]),
        packets=packets,
        octets=packets * each[which],
        flags=legs.head[leg[which]],
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seen:
    """Trains as the cache sees them: which passage, packets and octets counted, ns of the first, seconds to the last.

    ``first``, ``inner``, ``last``: flags of the first packet, of those between, and of the last, where they are seen.
    """

    passage: Ints
    packets: Ints
    octets: Ints
    start: Ints
    length: npt.NDArray[np.float64]
    first: Ints
    inner: Ints
    last: Ints

    def take(self, rows: npt.NDArray[Any]) -> _Seen:
        return _Seen(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def _trains(legs: Legs, passage: Passage, rows: Ints, vantage: Vantage, draw: np.random.Generator) -> Records:
    """Trains of packets, sampled, then parted by the timeouts."""
    trains = _seen(legs, passage, rows, vantage, draw)
    pieces = _pieces(trains, vantage, draw)
    one = trains.take(pieces == 1)
    whole = Records(
        passage=one.passage,
        start=one.start,
        end=one.start + (one.length * SECOND).astype(np.int64),
        packets=one.packets,
        octets=one.octets,
        flags=(one.first | one.inner | one.last).astype(np.uint8),
    )
    many = pieces > 1
    if not many.any():
        return whole
    parts = [whole, _cut(trains.take(many), pieces[many], vantage, draw)]
    return Records(**{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Records)})


def _seen(legs: Legs, passage: Passage, rows: Ints, vantage: Vantage, draw: np.random.Generator) -> _Seen:
    leg = passage.leg[rows]
    sent, octets, seconds = legs.packets[leg], legs.octets[leg], legs.seconds[leg]
    first, last = np.ones(len(rows), np.int64), (sent > 1).astype(np.int64)
    between = sent - first - last
    pushing = np.where(between > 0, np.maximum(np.rint(PUSHING * between), 1), 0).astype(np.int64)
    plain = between - pushing
    counted, begin, length = sent, np.zeros(len(rows)), seconds
    if vantage.sampling > 1:
        share = 1.0 / vantage.sampling
        first, last = draw.binomial(first, share), draw.binomial(last, share)
        pushing, plain = draw.binomial(pushing, share), draw.binomial(plain, share)
        counted = first + last + pushing + plain
        octets = np.maximum(np.rint(octets / sent * counted).astype(np.int64), LEAST_OCTETS * counted)
        begin, end = _extent(first > 0, pushing + plain, last > 0, draw)
        begin, length = begin * seconds, (end - begin) * seconds
    tcp = legs.protocol[leg] == TCP
    found = _Seen(
        passage=rows,
        packets=counted,
        octets=octets,
        start=legs.time[leg] + (begin * SECOND).astype(np.int64),
        length=length,
        first=np.where(first > 0, legs.head[leg], 0),
        inner=np.where(tcp, np.where(plain > 0, ACK, 0) | np.where(pushing > 0, PSH | ACK, 0), 0),
        last=np.where(last > 0, legs.tail[leg], 0),
    )
    return found if vantage.sampling == 1 else found.take(counted > 0)


def _extent(
    first: npt.NDArray[np.bool_], inner: Ints, last: npt.NDArray[np.bool_], draw: np.random.Generator
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Where the earliest and latest sampled packets of a train lie, as shares of its length.

    Of ``inner`` packets anywhere in between the earliest is the least of so many uniform numbers; given that one, the
    latest is the greatest of the others above it.
    """
    k = np.maximum(inner, 1)
    low = 1 - draw.random(len(k)) ** (1.0 / k)
    high = np.where(k > 1, low + (1 - low) * draw.random(len(k)) ** (1.0 / np.maximum(k - 1, 1)), low)
    low = np.where(first, 0.0, np.where(inner > 0, low, 1.0))
    high = np.where(last, 1.0, np.where(inner > 0, high, 0.0))
    return np.minimum(low, high), high


def _pieces(trains: _Seen, vantage: Vantage, draw: np.random.Generator) -> Ints:
    """How many records each train becomes: parted by the active timeout, and at gaps beyond the inactive one."""
    pieces = np.ones(len(trains.packets), np.int64)
    shortest = min(vantage.inactive_timeout, vantage.active_timeout)
    long = np.flatnonzero((trains.length > shortest) & (trains.packets > 1))
    packets, length = trains.packets[long], trains.length[long]
    idle = draw.binomial(packets - 1, np.exp(-vantage.inactive_timeout / (length / packets)))
    active = np.ceil(length / vantage.active_timeout).astype(np.int64) - 1
    pieces[long] = np.minimum(1 + np.maximum(idle, active), packets - _opening(packets, vantage))
    return pieces


def _opening(packets: Ints, vantage: Vantage) -> Ints:
    """Packets that stay with each train's first one; under sampling any packet may be alone."""
    return np.minimum(OPENING, packets - 2) if vantage.sampling == 1 else np.zeros_like(packets)


def _cut(trains: _Seen, pieces: Ints, vantage: Vantage, draw: np.random.Generator) -> Records:
    """Trains in several records: equal stretches with gaps; packets and octets in proportion, none without a packet.

    Within a record no gap is longer than the inactive timeout, which bounds its length too.
    """
    of = np.repeat(np.arange(len(pieces)), pieces)
    number = np.arange(len(of)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    t, count = trains.take(of), pieces[of]
    initial, final = number == 0, number == count - 1
    left, right = number / count, (number + 1) / count
    gap = np.where(final, 0.0, 0.2 * draw.random(len(of))) / count
    opening = _opening(t.packets, vantage)
    spare = t.packets - count - opening
    own = (
        1
        + opening * initial
        + np.floor(spare * right).astype(np.int64)
        - np.floor(spare * left).astype(np.int64)
    )
    octets = np.floor(t.octets * right).astype(np.int64) - np.floor(t.octets * left).astype(np.int64)
    longest = np.minimum(vantage.active_timeout, vantage.inactive_timeout * (own - 1))
    lasting = np.minimum(t.length * (right - left - gap), longest)
    # A record of one packet carries that packet's flags alone.
    alone = own == 1
    inner = np.where(t.inner > 0, t.inner, t.first | t.last)
    flags = np.where(initial & (t.first > 0), t.first | np.where(alone, 0, inner), inner)
    flags = np.where(final & (t.last > 0), t.last | np.where(alone, 0, inner), flags)
    return Records(
        passage=t.passage,
        start=t.start + (t.length * left * SECOND).astype(np.int64),
        end=t.start + ((t.length * left + lasting) * SECOND).astype(np.int64),
        packets=own,
        octets=np.maximum(octets, LEAST_OCTETS * own),
        flags=flags.astype(np.uint8),
    )
