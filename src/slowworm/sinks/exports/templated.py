"""NetFlow v9 and IPFIX: a template for every set of fields that flows have, so that nothing unknown becomes zero."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.sinks.base import Losses, SinkInfo, Written
from slowworm.sinks.columns import pieces, without_arp
from slowworm.sinks.exports.datagrams import Sending, body, datagrams, of_bytes
from slowworm.sinks.exports.frames import CAPTURE_HEADER, ENVELOPES, Envelope, Packets, fields, send
from slowworm.sinks.exports.options import messages
from slowworm.sinks.exports.packing import pack
from slowworm.sinks.exports.parts import Interfaces, parts_of
from slowworm.sinks.exports.rows import WINDOW_MS, Ints, Known, Times
from slowworm.sinks.exports.streams import Streams
from slowworm.sinks.exports.wire import FIRST_TEMPLATE, IPFIX, V9, Field, Protocol

TEMPLATE_EVERY = 20
"""Data packets between two sendings of their template, as Cisco's exporters have it by default: who comes in late, or
lost a packet, reads on after so many."""

MAX_TEMPLATES = 65_000
"""Sets of fields that are told apart; template numbers end at 65,535."""

PLACES = 32
"""Bits for the places of packets of one kind: each kind's are numbered behind those of the kind before."""

_SET = np.dtype([("set", ">u2"), ("length", ">u2")])
_COLUMNS = ("start_time", "end_time", "src_addr", "dst_addr", "protocol", "src_port", "dst_port",
            "icmp_type", "icmp_code", "tcp_flags", "tcp_sequence_number", "packets", "bytes", "in_if", "out_if",
            "exporter", "action", "sampling_rate")  # fmt: skip
_LACKS = "names of exporters, which become addresses; labels; flows without addresses, or of which nothing was counted"


class _Templated:
    """What both sinks do. ``protocol``: which of them."""

    info: SinkInfo
    protocol: Protocol

    def write(self, batches: Iterable[pa.RecordBatch], file: BinaryIO) -> Written:
        """Datagrams from one address per exporter, one observation domain per sampling rate."""
        state = _State(protocol=self.protocol)
        file.write(CAPTURE_HEADER)
        flows = 0
        for batch in batches:
            batch, others = without_arp(batch)
            state.losses.add("arp", "what is not IP, as ARP, is left out", others, flows=True)
            state.losses.columns(batch, self.info.columns)
            for piece in pieces(batch):
                flows += _write(piece, state, file)
        return Written(flows=flows, losses=state.losses.all(), notes=tuple(state.streams.notes()))


class NetflowV9(_Templated):
    """The sink for NetFlow v9."""

    protocol = V9
    info = SinkInfo(
        name="netflow-v9",
        title="NetFlow v9 exports in a packet capture",
        suffixes=(".pcap",),
        claims=(),
        binary=True,
        columns=_COLUMNS,
        lacks=f"{_LACKS}; times below a millisecond",
    )


class Ipfix(_Templated):
    """The sink for IPFIX."""

    protocol = IPFIX
    info = SinkInfo(
        name="ipfix",
        title="IPFIX exports in a packet capture",
        suffixes=(".pcap",),
        claims=(),
        binary=True,
        columns=_COLUMNS,
        lacks=_LACKS,
    )


@dataclass(slots=True, kw_only=True)
class _State:
    """What lasts from one batch to the next. ``templates``: which parts a record has → template number."""

    protocol: Protocol
    losses: Losses = field(default_factory=Losses)
    streams: Streams = field(default_factory=lambda: Streams(max_rate=2**32 - 1))
    interfaces: Interfaces = field(default_factory=Interfaces)
    templates: dict[int, int] = field(default_factory=dict)


def _write(batch: pa.RecordBatch, state: _State, file: BinaryIO) -> int:
    """Write the flows of a batch; how many they were."""
    times = Times.of(batch, state.losses)
    parts = parts_of(batch, state.protocol, times, state.interfaces, state.losses)
    kind = _kinds(parts, state)
    chosen = np.flatnonzero(kind >= 0)
    if not len(chosen):
        return 0
    if len(chosen) < batch.num_rows:
        batch = batch.take(pa.array(chosen))
        kind = kind[chosen]
        times = Times(start=times.start[chosen], end=times.end[chosen], late=times.late[chosen])
        parts = {name: Known(values=p.values[chosen], known=p.known[chosen]) for name, p in parts.items()}
    stream = state.streams.of(batch, state.losses)
    made = _packets(kind, stream, times.late, parts, state)
    made += messages(state.protocol, state.streams, state.interfaces, batch, stream, made, state.losses)
    send(made, state.streams, state.protocol.port, file)
    return len(chosen)


def _kinds(parts: dict[str, Known], state: _State) -> Ints:
    """Which parts each record has, as bits in the order of the protocol's table; -1 for what cannot be written."""
    kind = np.zeros(len(next(iter(parts.values())).known), np.int64)
    has = {name: np.zeros(len(kind), np.bool_) for name in ("address", "count")}
    for bit, name in enumerate(state.protocol.parts):
        if name in parts:
            known = parts[name].known
            kind |= known.astype(np.int64) << bit
            if name[:-1] in ("src", "dst"):
                has["address"] |= known
            elif name in ("packets", "bytes", "event"):
                has["count"] |= known
    lost = ~has["address"]
    state.losses.add("no-address", "flows without any address are left out", int(lost.sum()), flows=True)
    empty = ~lost & ~has["count"]
    state.losses.add("no-counter", "flows without packets, octets and a firewall's action are left out: a record needs "
                     "one of them", int(empty.sum()), flows=True)  # fmt: skip
    lost |= empty
    for bits in np.unique(kind[~lost]).tolist():
        if len(state.templates) < MAX_TEMPLATES:
            state.templates.setdefault(bits, FIRST_TEMPLATE + len(state.templates))
    refused = ~lost & ~np.isin(kind, np.fromiter(state.templates, np.int64))
    state.losses.add("no-template", "flows with ever other sets of fields are left out: there are no more templates",
                     int(refused.sum()), flows=True)  # fmt: skip
    return np.where(lost | refused, -1, kind)


def _packets(kind: Ints, stream: Ints, late: Ints, parts: dict[str, Known], state: _State) -> list[Packets]:
    """Data packets and those of their templates."""
    family = state.streams.families[stream]
    made: list[Packets] = []
    for version, envelope in ENVELOPES.items():
        mine = np.flatnonzero(family == version)
        order = mine[np.lexsort((late[mine], stream[mine], kind[mine]))]
        bounds = np.flatnonzero(np.diff(kind[order])) + 1
        for rows in np.split(order, bounds):
            if len(rows):
                place = len(made) << PLACES
                made += _of_kind(rows, int(kind[rows[0]]), envelope, stream, late, parts, state, place)
    return made


def _of_kind(
    rows: Ints,
    kind: int,
    envelope: Envelope,
    stream: Ints,
    late: Ints,
    parts: dict[str, Known],
    state: _State,
    place: int,
) -> list[Packets]:
    """Packets of records that have the same parts, with those of their template in front of them."""
    protocol = state.protocol
    names = [name for bit, name in enumerate(protocol.parts) if kind >> bit & 1]
    layout = [protocol.parts[name] for name in names]
    records = _records(rows, names, layout, parts)
    size = records.dtype.itemsize
    most = (envelope.room - protocol.head.itemsize - _SET.itemsize) // size
    window = np.where(late[rows] > 0, late[rows] // WINDOW_MS, -1)
    packing = pack(stream[rows], window, most)
    number = state.templates[kind]
    octets = packing.count * size
    octets += -octets % 4
    sending = Sending(
        stream=stream[rows[packing.first]],
        late=late[rows[packing.last]],
        records=packing.count,
        templates=0,
        place=place + 2 * np.arange(len(packing.first)) + 1,
    )
    data = datagrams(protocol, envelope, state.streams, sending, octets=_SET.itemsize + octets)
    room = body(data, protocol)
    head = fields(room, 0, _SET)
    head["set"], head["length"] = number, _SET.itemsize + octets
    content = packing.body(records, most)
    width = min(most * size, room.shape[1] - _SET.itemsize)
    room[:, _SET.itemsize : _SET.itemsize + width] = content[:, :width]
    told = np.flatnonzero(packing.number % TEMPLATE_EVERY == 0)
    ahead = Sending(
        stream=sending.stream[told],
        late=sending.late[told],
        records=np.zeros(len(told), np.int64),
        templates=1,
        place=sending.place[told] - 1,
    )
    bodies = [protocol.template(number, layout)] * len(told)
    return [of_bytes(protocol, envelope, state.streams, ahead, bodies=bodies), data]


def _records(
    rows: Ints, names: list[str], layout: list[Field], parts: dict[str, Known]
) -> npt.NDArray[np.void]:
    kinds: list[Any] = [
        (name, "u1", 16) if length == 16 else (name, f">u{length}")
        for name, (_, length) in zip(names, layout, strict=True)
    ]
    records = np.empty(len(rows), np.dtype(kinds))
    for name in names:
        records[name] = parts[name].values[rows]
    return records
