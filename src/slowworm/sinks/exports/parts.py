"""A flow batch as the parts of NetFlow v9 and IPFIX records, each with the rows that have it."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from slowworm.flows.schema import ip_version
from slowworm.sinks.base import Losses
from slowworm.sinks.exports.rows import MILLISECOND, Ints, Known, Times, addresses, numbers
from slowworm.sinks.exports.wire import Protocol
from slowworm.sinks.names import DROPPED, MISSING, NAMED, NULL_INTERFACE, coded, codes, index
from slowworm.sources.netflow import elements as ie
from slowworm.sources.netflow.columns import NTP_EPOCH

INTERFACE_STAND_INS = 0x7F00_0000
"""From here on numbers stand for interfaces that are known by name: legal indexes (RFC 2863) that agents do not use."""

LAST_NTP_SECOND = 2**32 - 1 - NTP_EPOCH
"""The last second of the era that NTP time stamps count in (2036)."""

SECOND = 1_000_000_000
_NUMBERS = ("protocol", "src_port", "dst_port", "packets", "bytes", "tcp_sequence_number")


class Interfaces:
    """Numbers for interfaces that are known by name."""

    def __init__(self) -> None:
        self.numbers: dict[str, int] = {}

    def column(self, batch: pa.RecordBatch, name: str) -> Known:
        """An interface column as numbers."""
        column = batch.column(name)
        values = coded(column, self._number)
        return Known(values=values, known=values != MISSING)

    def _number(self, text: str) -> int:
        if text == NULL_INTERFACE:
            return 0
        number = index(text)
        if number != NAMED and number < INTERFACE_STAND_INS:
            return number
        return self.numbers.setdefault(text, INTERFACE_STAND_INS + len(self.numbers))

    def used(self, batch: pa.RecordBatch, stream: Ints) -> dict[int, list[str]]:
        """The names that the flows of each stream need."""
        found: dict[int, set[str]] = {}
        if not self.numbers:
            return {}
        for name in ("in_if", "out_if"):
            code, texts = codes(batch.column(name))
            named = np.array([text in self.numbers for text in texts] + [False])[code]
            for pair in np.unique(stream[named] << 32 | code[named]).tolist():
                found.setdefault(pair >> 32, set()).add(texts[pair & 0xFFFFFFFF])
        return {one: sorted(names) for one, names in sorted(found.items())}


def parts_of(
    batch: pa.RecordBatch, protocol: Protocol, times: Times, interfaces: Interfaces, losses: Losses
) -> dict[str, Known]:
    """The parts that a protocol has, by the names of its table."""
    version = ip_version(batch)
    flags = numbers(batch, "tcp_flags")
    wide = flags.known & (flags.values > 255)
    found = {
        f"src{version}": addresses(batch, "src_addr"),
        f"dst{version}": addresses(batch, "dst_addr"),
        **{name: numbers(batch, name) for name in _NUMBERS},
        "tcp_flags": Known(values=flags.values, known=flags.known & ~wide),
        "tcp_flags_wide": Known(values=flags.values, known=wide),
        "in_if": interfaces.column(batch, "in_if"),
        **_output(batch, interfaces),
        "event": _event(batch),
        f"icmp{version}": _icmp(batch, losses),
    }  # fmt: skip
    if protocol.version == 9:
        found["start"], found["end"] = times.uptime(losses)
    else:
        found |= _absolute(times, losses)
    return found


def _output(batch: pa.RecordBatch, interfaces: Interfaces) -> dict[str, Known]:
    """The output interface; of what the router dropped it is 0, and the forwarding status says so."""
    found = interfaces.column(batch, "out_if")
    dropped = coded(batch.column("out_if"), lambda text: int(text == NULL_INTERFACE)) == 1
    return {
        "out_if": found,
        "status": Known(values=np.full(len(dropped), DROPPED), known=dropped),
    }


def _event(batch: pa.RecordBatch) -> Known:
    """``deny`` is an event of its own; a flow with its counters is told at its end."""
    values = coded(
        batch.column("action"), lambda word: ie.EVENT_DENIED if word == "deny" else ie.EVENT_DELETED
    )
    return Known(values=values, known=values != MISSING)


def _icmp(batch: pa.RecordBatch, losses: Losses) -> Known:
    kind, code = numbers(batch, "icmp_type"), numbers(batch, "icmp_code")
    losses.add("icmp_code", "an ICMP code that is not known is written as 0: the format has type and code in one",
               int((kind.known & ~code.known).sum()))  # fmt: skip
    return Known(values=kind.values.astype(np.int64) << 8 | code.values, known=kind.known)


def _absolute(times: Times, losses: Losses) -> dict[str, Known]:
    """Milliseconds; where they do not say it all, NTP time stamps besides: few collectors read those."""
    fine = np.zeros(len(times.late), np.bool_)
    far = np.zeros(len(times.late), np.bool_)
    for one in (times.start, times.end):
        fine |= one % MILLISECOND > 0
        far |= one // SECOND > LAST_NTP_SECOND
    losses.add("ntp-era", "times behind 2036 are cut to the millisecond: the format's finer time stamps end there",
               int((fine & far).sum()))  # fmt: skip
    fine &= ~far
    found = {}
    for name, one in (("start", times.start), ("end", times.end)):
        found[name] = Known(values=one // MILLISECOND, known=one > 0)
        seconds, rest = np.divmod(one, SECOND)
        # Rounded up, so that rounding to the nearest nanosecond gives it back.
        fraction = -((-rest.astype(np.int64) << 32) // SECOND)
        ntp = (seconds + NTP_EPOCH).astype(np.uint64) << np.uint64(32) | fraction.astype(np.uint64)
        found[f"{name}_ntp"] = Known(values=ntp, known=fine & (one > 0))
    return found
