"""NetFlow v5: records of one layout, IPv4 only, no way to leave a field out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.flows.schema import ip_version
from slowworm.flows.services import ICMP, ICMP6, PORT_PROTOCOLS, TCP
from slowworm.sinks.base import Losses, SinkInfo, Written
from slowworm.sinks.columns import pieces, without_arp
from slowworm.sinks.exports.frames import CAPTURE_HEADER, ENVELOPES, Packets, blank, send
from slowworm.sinks.exports.packing import pack
from slowworm.sinks.exports.rows import WINDOW_MS, Bools, Ints, Known, Times, addresses, numbers
from slowworm.sinks.exports.streams import Streams
from slowworm.sinks.names import MISSING, coded, index

PORT = 2055
MAX_RATE = 2**14 - 1
"""Sampling rates have 14 bits; the two above say how: 1 is one packet in so many."""

HEADER: list[Any] = [
    ("version", ">u2"), ("count", ">u2"), ("uptime", ">u4"), ("seconds", ">u4"), ("nanoseconds", ">u4"),
    ("sequence", ">u4"), ("engine", ">u2"), ("sampling", ">u2"),
]  # fmt: skip
RECORD: list[Any] = [
    ("src_addr", ">u4"), ("dst_addr", ">u4"), ("next_hop", ">u4"), ("in_if", ">u2"), ("out_if", ">u2"),
    ("packets", ">u4"), ("bytes", ">u4"), ("first", ">u4"), ("last", ">u4"), ("src_port", ">u2"), ("dst_port", ">u2"),
    ("pad", "u1"), ("tcp_flags", "u1"), ("protocol", "u1"), ("tos", "u1"), ("src_as", ">u2"), ("dst_as", ">u2"),
    ("src_mask", "u1"), ("dst_mask", "u1"), ("pad2", ">u2"),
]  # fmt: skip
_HEAD, _RECORD = np.dtype(HEADER), np.dtype(RECORD)

_LIMITS = {"packets": 2**32 - 1, "bytes": 2**32 - 1, "tcp_flags": 255}
_SEQUENCE_AT = 16


class NetflowV5:
    """The sink."""

    info = SinkInfo(
        name="netflow-v5",
        title="NetFlow v5 exports in a packet capture",
        suffixes=(".pcap",),
        claims=(),
        binary=True,
        columns=("start_time", "end_time", "src_addr", "dst_addr", "protocol", "src_port", "dst_port", "icmp_type",
                 "icmp_code", "tcp_flags", "packets", "bytes", "in_if", "out_if", "exporter", "sampling_rate"),
        lacks="IPv6; flows without a protocol; what else is null, which becomes 0; times below a millisecond; "
        "interface indexes above 65,535 and names; counters above 4,294,967,295; sampling rates above 16,383; "
        "firewall actions, labels",
    )  # fmt: skip

    def write(self, batches: Iterable[pa.RecordBatch], file: BinaryIO) -> Written:
        """Datagrams from one address per exporter, one engine per exporter and sampling rate."""
        losses, streams = Losses(), Streams(max_rate=MAX_RATE)
        file.write(CAPTURE_HEADER)
        flows = 0
        for batch in batches:
            if ip_version(batch) == 6:
                text = "IPv6 flows are left out: NetFlow v5 has no room for their addresses"
                losses.add("ipv6", text, batch.num_rows, flows=True)
                continue
            batch, arp = without_arp(batch)
            losses.add("arp", "what is not IP, as ARP, is left out", arp, flows=True)
            text = "flows whose protocol is not known are left out: NetFlow v5 has no way not to say it"
            lost = batch.column("protocol").null_count
            losses.add("no-protocol", text, lost, flows=True)
            batch = batch.filter(batch.column("protocol").is_valid()) if lost else batch
            losses.columns(batch, self.info.columns)
            flows += batch.num_rows
            for piece in pieces(batch):
                send(_packets(piece, streams, losses), streams, PORT, file)
        return Written(flows=flows, losses=losses.all(), notes=tuple(streams.notes()))


def _packets(batch: pa.RecordBatch, streams: Streams, losses: Losses) -> list[Packets]:
    if not batch.num_rows:
        return []
    times = Times.of(batch, losses)
    stream = streams.of(batch, losses)
    records = _records(batch, times, losses)
    family = streams.families[stream]
    made = []
    for version, envelope in ENVELOPES.items():
        rows = np.flatnonzero(family == version)
        if len(rows):
            # Flows without any time have headers without: a clock that was never set.
            window = np.where(times.late > 0, times.late // WINDOW_MS, -1)
            rows = rows[np.lexsort((times.late[rows], stream[rows]))]
            most = (envelope.room - _HEAD.itemsize) // _RECORD.itemsize
            packing = pack(stream[rows], window[rows], most)
            of = rows[packing.first]
            late = times.late[rows[packing.last]]
            packets = Packets(
                envelope=envelope,
                matrix=blank(envelope, len(of), _HEAD.itemsize + most * _RECORD.itemsize),
                size=_HEAD.itemsize + packing.count * _RECORD.itemsize,
                stream=stream[of],
                time=late,
                units=packing.count,
                place=np.arange(len(of)),
                sequence_at=_SEQUENCE_AT,
            )
            begin = envelope.size + _HEAD.itemsize
            packets.matrix[:, begin : begin + most * _RECORD.itemsize] = packing.body(records[rows], most)
            head = packets.head(_HEAD)
            head["version"], head["count"] = 5, packing.count
            head["uptime"] = np.where(late > 0, late - Times.boot(late), 0)
            head["seconds"], head["nanoseconds"] = late // 1000, late % 1000 * 1_000_000
            rate = streams.rates[stream[of]]
            head["engine"] = np.minimum(streams.engines[stream[of]], 0xFFFF)
            head["sampling"] = np.where(rate > 1, 1 << 14, 0) | rate
            made.append(packets)
    return made


def _records(batch: pa.RecordBatch, times: Times, losses: Losses) -> npt.NDArray[Any]:
    found = np.zeros(batch.num_rows, _RECORD)
    number = numbers(batch, "protocol").values
    icmp = (number == ICMP) | (number == ICMP6)
    ports = np.isin(number, PORT_PROTOCOLS)
    for name in ("src_addr", "dst_addr"):
        found[name] = addresses(batch, name).values
    found["protocol"] = number
    for name, needed in (("packets", None), ("bytes", None), ("tcp_flags", number == TCP)):
        found[name] = _limited(name, numbers(batch, name), losses, needed)
    source, target = numbers(batch, "src_port"), numbers(batch, "dst_port")
    kind, code = numbers(batch, "icmp_type"), numbers(batch, "icmp_code")
    found["src_port"] = np.where(ports, source.values, 0)
    message = kind.values.astype(np.int64) << 8 | code.values
    found["dst_port"] = np.where(icmp & kind.known, message, np.where(ports, target.values, 0))
    _tell_zero(losses, "src_port", ports & ~source.known)
    _tell_zero(losses, "dst_port", ports & ~target.known)
    _tell_zero(losses, "icmp_type", icmp & ~kind.known)
    for name in ("in_if", "out_if"):
        values = coded(batch.column(name), index)
        beyond = (values > 0xFFFF) | (values < MISSING)
        losses.add(f"no-{name}", f"0 is written for {name} by name or above 65,535: the format has 16 bits",
                   int(beyond.sum()))  # fmt: skip
        _tell_zero(losses, name, values == MISSING)
        found[name] = np.where(beyond | (values < 0), 0, values)
    found["first"], found["last"] = _stamps(times, losses)
    return found


def _limited(name: str, column: Known, losses: Losses, needed: Bools | None) -> npt.NDArray[Any]:
    limit = _LIMITS[name]
    beyond = column.values > limit
    if name == "tcp_flags":
        losses.add("tcp-flags-ns", "TCP flag NS is left out: the format has eight flags", int(beyond.sum()))
    else:
        losses.add(f"large-{name}", f"{limit:,} is written for {name} above it: the format has 32 bits",
                   int(beyond.sum()))  # fmt: skip
    _tell_zero(losses, name, ~column.known if needed is None else ~column.known & needed)
    return (
        column.values & np.uint16(limit)
        if name == "tcp_flags"
        else np.minimum(column.values, np.uint64(limit))
    )


def _stamps(times: Times, losses: Losses) -> tuple[Ints, Ints]:
    """First and last; one for the other where it is not known."""
    start, end = times.uptime(losses)
    timed = start.known | end.known
    for name, one in (("start_time", start), ("end_time", end)):
        losses.add(f"equal-{name}", f"the other time is written where {name} is not known",
                   int((timed & ~one.known).sum()))  # fmt: skip
    _tell_zero(losses, "start_time and end_time", ~timed)
    return (
        np.where(start.known, start.values, end.values).astype(np.int64),
        np.where(end.known, end.values, start.values).astype(np.int64),
    )


def _tell_zero(losses: Losses, name: str, which: Bools) -> None:
    text = f"0 is written where {name} is not known: the format cannot leave a field out"
    losses.add(f"zero-{name.split(' ')[0]}", text, int(which.sum()))
