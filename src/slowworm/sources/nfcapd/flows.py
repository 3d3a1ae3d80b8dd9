"""From records to flows: events told apart, counters of the other direction, sampling undone, missing made null."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.flows.services import ICMP, ICMP6, PORT_PROTOCOLS, TCP
from slowworm.flows.table import Column, countable, flow_batch
from slowworm.sources.nfcapd import layout
from slowworm.sources.nfcapd.account import Account
from slowworm.sources.nfcapd.rows import Array, Bools, Ints, Rows

MS = 1_000_000
LAST_MS = (1 << 63) // MS - 1
"""Times beyond it (the year 2262) do not fit the table."""
DROPPED = 2
"""First two bits of the forwarding status (RFC 7270, section 4.12): 0 unknown, 1 forwarded, 3 consumed."""
DENIED_BY_ACL = (129, 130)
NULL_INTERFACE = "Null"
ACTIONS = ("allow", "deny")


@dataclass(slots=True, kw_only=True)
class Told:
    """What was left out or could not be known, for the notes."""

    created: int = 0
    nat_events: int = 0
    unscaled: int = 0
    scaled: int = 0
    ended: list[npt.NDArray[np.int64]] = field(default_factory=list)
    with_flags: set[int] = field(default_factory=set)
    """Exporters (numbers in the file) that send TCP flags: nfdump keeps 0 for what an exporter does not send."""
    with_icmp: set[int] = field(default_factory=set)
    """Exporters that send ICMP types."""


def survey(found: Iterable[Rows]) -> Told:
    """What has to be known of the whole file before its records become flows."""
    told = Told()
    for rows in found:
        told.with_flags |= _exporters_where(rows, (rows.protocol == TCP) & (rows.tcp_flags > 0))
        told.with_icmp |= _exporters_where(rows, np.isin(rows.protocol, (ICMP, ICMP6)) & (rows.dst_port > 0))
        ended = np.isin(rows.event, (layout.DELETED, layout.DENIED, layout.UPDATED))
        if ended.any():
            told.ended.append(np.unique(_connection(rows)[ended]))
    return told


def _exporters_where(rows: Rows, chosen: Bools) -> set[int]:
    return set(np.unique(rows.exporter[chosen]).tolist())


def to_batch(rows: Rows, version: int, account: Account, told: Told) -> pa.RecordBatch | None:
    """The flows of ``rows``; ``None`` where there are none."""
    rows = _without_events(rows, told)
    if not len(rows):
        return None
    rate, rows = _sampling(rows, account, told)
    nsel = rows.event > 0
    # Cisco's OUT counters alone are those of a flow seen on its way out, not of an answer.
    outwards = (rows.packets == 0) & (rows.bytes == 0) & ~nsel
    packets = np.where(outwards, rows.answer_packets, rows.packets)
    octets = np.where(outwards, rows.answer_bytes, rows.bytes)
    answered = ~outwards & ((rows.answer_packets > 0) | (rows.answer_bytes > 0))
    of = np.repeat(np.arange(len(rows)), 1 + answered)
    back = np.zeros(len(of), np.bool_)
    back[1:] = of[1:] == of[:-1]

    def way(there: Array, again: Array) -> Array:
        return np.where(back if there.ndim == 1 else back[:, None], again[of], there[of])

    protocol = rows.protocol[of]
    columns: dict[str, Column] = {
        "start_time": _times(_first_known(rows.first, rows.event_time)[of]),
        "end_time": _times(_first_known(rows.last, rows.event_time)[of]),
        "src_addr": _addresses(way(rows.src, rows.dst)),
        "dst_addr": _addresses(way(rows.dst, rows.src)),
        "protocol": pa.array(protocol),
        "packets": _counts(way(packets, rows.answer_packets)),
        "bytes": _counts(way(octets, rows.answer_bytes)),
        "sampling_rate": _counts(rate[of].astype(np.uint32)),
        "tcp_flags": _tcp_flags(rows, of, back, told),
        "exporter": _texts(_exporters(rows, account)[of], account.exporter_names),
        "action": _texts(_actions(rows)[of], ACTIONS),
        "input": account.path,
    }
    inside, outside = way(rows.in_if, rows.out_if), way(rows.out_if, rows.in_if)
    dropped = (rows.status[of] >> 6 == DROPPED) & ~back
    columns["in_if"], columns["out_if"] = _interfaces(inside, None), _interfaces(outside, dropped)
    without = ~np.isin(protocol, PORT_PROTOCOLS)
    for name, ports in (
        ("src_port", way(rows.src_port, rows.dst_port)),
        ("dst_port", way(rows.dst_port, rows.src_port)),
    ):
        columns[name] = pa.array(ports.astype(np.uint16), mask=without)
    columns.update(_icmp(rows, of, back, told))
    return flow_batch(columns, rows=len(of), ip_version=version)


def _connection(rows: Rows) -> Ints:
    return rows.exporter.astype(np.int64) << 32 | rows.connection.astype(np.int64)


def _without_events(rows: Rows, told: Told) -> Rows:
    """Drop events that are no flows: the opening of a connection whose end is here too, and NAT's bookkeeping.

    An opening without its end stays, as a flow whose packets are not known; so does a new NAT session.
    """
    drop = np.zeros(len(rows), np.bool_)
    created = rows.event == layout.CREATED
    if created.any() and told.ended:
        drop |= created & np.isin(_connection(rows), np.concatenate(told.ended))
        told.created += int(drop.sum())
    nat = (rows.nat_event > 0) & (rows.event == 0)
    if nat.any():
        nowhere = rows.dst == 0 if rows.dst.ndim == 1 else ~rows.dst.any(axis=1)
        nat &= ~np.isin(rows.nat_event, layout.NAT_CREATED) | nowhere
        told.nat_events += int(nat.sum())
        drop |= nat
    return rows.take(~drop) if drop.any() else rows


def _sampling(rows: Rows, account: Account, told: Told) -> tuple[npt.NDArray[np.uint64], Rows]:
    """1 in how many packets, 0 unknown; and the rows with the counters that the exporter sent.

    nfcapd multiplies packets and bytes by the sampling rate when it stores a flow, and marks it as sampled; the
    flow table holds counters as exported, so that is undone where the rate is in the file and divides them.
    """
    rate = np.zeros(len(rows), np.uint64)
    if not rows.sampled.any():
        return rate, rows
    exporters, of = np.unique(rows.exporter, return_inverse=True)
    rates = np.array([account.rate(int(e)) for e in exporters.tolist()], np.uint64)[of]
    counters = {name: getattr(rows, name) for name in _COUNTERS}
    known = rows.sampled & (rates > 0)
    safe = np.maximum(rates, np.uint64(1))
    for values in counters.values():
        known &= values % safe == 0
    rate[known] = rates[known]
    told.scaled += int(known.sum())
    told.unscaled += int((rows.sampled & ~known).sum())
    divisor = np.where(known, safe, np.uint64(1))
    return rate, replace(rows, **{name: values // divisor for name, values in counters.items()})


_COUNTERS = ("packets", "bytes", "answer_packets", "answer_bytes")


def _first_known(values: Array, otherwise: Array) -> Array:
    return np.where(values > 0, values, otherwise)


def _times(ms: Array) -> pa.Array:
    good = (ms > 0) & (ms <= LAST_MS)
    ns = np.where(good, ms, 0).astype(np.int64) * MS
    return pa.array(ns, pa.int64(), mask=~good).cast(pa.timestamp("ns", tz="UTC"))


def _addresses(values: Array) -> pa.Array:
    if values.ndim == 1:
        return pa.array(values, pa.uint32(), mask=values == 0)
    present = values.any(axis=1)
    whole = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(16), len(values), [None, pa.py_buffer(np.ascontiguousarray(values).tobytes())]
    )
    if present.all():
        return whole
    index = np.arange(len(values))
    return whole.take(pa.array(index, mask=~present))


def _counts(values: Array) -> pa.Array:
    return countable(pa.array(values, mask=values == 0))


def _texts(codes: Ints, names: Iterable[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(
        pa.array(codes.astype(np.int32), mask=codes < 0), pa.array(list(names), pa.string())
    )


def _exporters(rows: Rows, account: Account) -> Ints:
    """Index of the exporter's name: its address from the record, else from the exporter's, else the identifier."""
    numbers, of = np.unique(rows.exporter, return_inverse=True)
    otherwise = account.name(account.ident) if account.ident else -1
    known = np.array([account.exporters.get(int(n), otherwise) for n in numbers.tolist()], np.int64)
    return np.where(rows.router >= 0, rows.router, known[of])


def _actions(rows: Rows) -> Ints:
    denied = (rows.event == layout.DENIED) | (rows.pf_action == layout.PF_BLOCK)
    denied |= np.isin(rows.status, DENIED_BY_ACL)
    allowed = np.isin(rows.event, (layout.CREATED, layout.DELETED, layout.UPDATED))
    allowed |= rows.pf_action == layout.PF_PASS
    return np.where(denied, 1, np.where(allowed, 0, -1))


def _interfaces(index: Array, dropped: Bools | None) -> pa.Array:
    """SNMP indices as text. 0 is no interface's index: nfdump stores it where the exporter said nothing."""
    distinct, codes = np.unique(index, return_inverse=True)
    names = [str(v) for v in distinct.tolist()]
    codes = np.where(index == 0, -1, codes)
    if dropped is not None and dropped.any():
        codes = np.where(dropped, len(names), codes)
        names.append(NULL_INTERFACE)
    return _texts(codes, names)


def _tcp_flags(rows: Rows, of: Ints, back: Bools, told: Told) -> pa.Array:
    """Null where there are none to have: no TCP, an event, an answer, an exporter that never sends any."""
    flags = np.where(back, rows.answer_flags[of], rows.tcp_flags[of]).astype(np.uint16)
    missing = (rows.protocol[of] != TCP) | ((back | (rows.event[of] > 0)) & (flags == 0))
    return pa.array(flags, mask=missing | ~np.isin(rows.exporter[of], list(told.with_flags)))


def _icmp(rows: Rows, of: Ints, back: Bools, told: Told) -> dict[str, Column]:
    """Type and code; null for an answer, whose type is not in the record, and where the exporter sends none.

    0 is an echo reply in ICMP, but nothing in ICMPv6.
    """
    protocol, both = rows.protocol[of], rows.dst_port[of]
    sent = np.isin(rows.exporter[of], list(told.with_icmp))
    missing = back | ~((protocol == ICMP) & sent | (protocol == ICMP6) & (both > 0))
    if missing.all():
        return {}
    return {
        "icmp_type": pa.array((both >> 8).astype(np.uint8), mask=missing),
        "icmp_code": pa.array((both & 255).astype(np.uint8), mask=missing),
    }
