"""Export datagrams as frames of a capture: Ethernet, IPv4 or IPv6 and UDP with checksums, in the order of time."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from slowworm.sinks.exports.streams import Streams

Ints = npt.NDArray[np.int64]
Octets = npt.NDArray[np.uint8]

MAX_PACKET = 1400
"""Octets of an IP packet at most: they pass through tunnels, where 1,500 do not."""

CAPTURE_HEADER = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 1)
"""Classic pcap of microseconds, little-endian, Ethernet."""

COLLECTOR = {4: "192.0.2.1", 6: "2001:db8::1"}
"""Destination of every datagram: addresses set aside for documentation (RFC 5737, RFC 3849)."""

EXPORTER_PORT = 50_000
_MACS = (bytes((2, 0, 0, 0, 0, 1)), bytes((2, 0, 0, 0, 0, 2)))
"""Collector and exporter: locally administered."""

UDP, TTL = 17, 64

_RECORD: list[Any] = [("seconds", "<u4"), ("micros", "<u4"), ("captured", "<u4"), ("length", "<u4")]
_ETHERNET: list[Any] = [("to_mac", "S6"), ("from_mac", "S6"), ("ethertype", ">u2")]
_UDP: list[Any] = [("from_port", ">u2"), ("to_port", ">u2"), ("udp_length", ">u2"), ("udp_checksum", "<u2")]
_IPV4: list[Any] = [("vhl", "u1"), ("tos", "u1"), ("ip_length", ">u2"), ("ident", ">u2"), ("fragment", ">u2"),
                    ("ttl", "u1"), ("protocol", "u1"), ("ip_checksum", "<u2"), ("src", "u1", 4),
                    ("dst", "u1", 4)]  # fmt: skip
_IPV6: list[Any] = [("vcf", ">u4"), ("ip_length", ">u2"), ("next", "u1"), ("hops", "u1"), ("src", "u1", 16),
                    ("dst", "u1", 16)]  # fmt: skip

_IP_AT = 30
"""Octets of the capture's record header and of Ethernet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What stands in front of a datagram of one IP version. ``addresses``: where source and destination begin."""

    version: int
    layout: np.dtype[Any]
    addresses: int

    @property
    def size(self) -> int:
        """Octets in front of the datagram."""
        return self.layout.itemsize

    @property
    def room(self) -> int:
        """Octets of the largest datagram."""
        return MAX_PACKET - (self.size - _IP_AT)


ENVELOPES = {
    4: Envelope(version=4, layout=np.dtype(_RECORD + _ETHERNET + _IPV4 + _UDP), addresses=_IP_AT + 12),
    6: Envelope(version=6, layout=np.dtype(_RECORD + _ETHERNET + _IPV6 + _UDP), addresses=_IP_AT + 8),
}


@dataclass(slots=True, kw_only=True)
class Packets:
    """Datagrams of one kind, each in a row of ``matrix`` behind room for its envelope, zero behind its end.

    ``size``: octets of each datagram. ``stream``: who sends it. ``time``: ms since 1970. ``units``: by how much it
    advances its stream's sequence number, which stands at ``sequence_at`` in the datagram. ``place``: of datagrams of
    one time the lower goes first.
    """

    envelope: Envelope
    matrix: Octets
    size: Ints
    stream: Ints
    time: Ints
    units: Ints
    place: Ints
    sequence_at: int

    def head(self, layout: np.dtype[Any]) -> Any:
        """The begin of every datagram as a structured array, to be written to."""
        return fields(self.matrix, self.envelope.size, layout)


def fields(matrix: Octets, at: int, layout: np.dtype[Any]) -> Any:
    """A part of every row as a structured array over the same memory."""
    return matrix[:, at : at + layout.itemsize].view(layout)[:, 0]


def blank(envelope: Envelope, count: int, octets: int) -> Octets:
    """Rows for ``count`` datagrams of at most ``octets``; of an even length, for the checksum."""
    width = envelope.size + octets
    return np.zeros((count, width + width % 2), np.uint8)


def send(made: Sequence[Packets], streams: Streams, port: int, file: BinaryIO) -> None:
    """Number the datagrams in the order of their time, put them into frames and write them."""
    if not made:
        return
    time, place, stream, units = (
        np.concatenate([getattr(p, name) for p in made]) for name in ("time", "place", "stream", "units")
    )
    order = np.lexsort((place, time))
    sequence = np.empty(len(order), np.int64)
    sequence[order] = streams.number(stream[order], units[order])
    views: list[memoryview] = []
    done = 0
    for packets in made:
        count = len(packets.size)
        at = packets.envelope.size + packets.sequence_at
        numbers = (sequence[done : done + count] & 0xFFFFFFFF).astype(">u4")
        packets.matrix[:, at : at + 4] = numbers.view(np.uint8).reshape(-1, 4)
        _wrap(packets, streams, port)
        flat = memoryview(packets.matrix.reshape(-1).data)
        begin = np.arange(count) * packets.matrix.shape[1]
        stop = begin + packets.envelope.size + packets.size
        views += [flat[a:b] for a, b in zip(begin.tolist(), stop.tolist(), strict=True)]
        done += count
    file.write(b"".join([views[i] for i in order.tolist()]))


def _wrap(packets: Packets, streams: Streams, port: int) -> None:
    envelope, size = packets.envelope, packets.size
    head = fields(packets.matrix, 0, envelope.layout)
    seconds = np.clip(packets.time // 1000, 0, 2**32 - 1)
    head["seconds"], head["micros"] = seconds, packets.time % 1000 * 1000
    head["captured"] = head["length"] = envelope.size - 16 + size
    head["to_mac"], head["from_mac"] = _MACS
    head["src"] = streams.sources(envelope.version)[packets.stream]
    head["dst"] = streams.packed(COLLECTOR[envelope.version])
    head["from_port"], head["to_port"], head["udp_length"] = EXPORTER_PORT, port, 8 + size
    if envelope.version == 4:
        head["ethertype"], head["vhl"], head["ttl"], head["protocol"] = 0x0800, 0x45, TTL, UDP
        head["ip_length"] = 28 + size
        head["ip_checksum"] = _checksum(_sums(packets.matrix[:, _IP_AT : _IP_AT + 20]))
    else:
        head["ethertype"], head["vcf"], head["next"], head["hops"] = 0x86DD, 6 << 28, UDP, TTL
        head["ip_length"] = 8 + size
    # The sums are of little-endian words, and so is what goes in (RFC 1071: the order of octets does not matter).
    pseudo = (UDP << 8) + ((8 + size) >> 8) + (((8 + size) & 255) << 8)
    total = _sums(packets.matrix[:, envelope.addresses :]) + pseudo
    found = _checksum(total)
    head["udp_checksum"] = np.where(found == 0, 0xFFFF, found)


def _sums(octets: Octets) -> Ints:
    total: Ints = octets.view("<u2").sum(axis=1, dtype=np.int64)
    return total


def _checksum(total: Ints) -> Ints:
    for _ in range(2):
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
