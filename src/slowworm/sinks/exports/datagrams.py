"""Messages of NetFlow v9 and IPFIX with their headers filled in; what they say is for others to put in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slowworm.sinks.exports.frames import Envelope, Octets, Packets, blank
from slowworm.sinks.exports.rows import Ints, Times
from slowworm.sinks.exports.streams import Streams
from slowworm.sinks.exports.wire import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """Who sends messages, when, and what is in each. ``records``: of data. ``templates``: in every message.

    ``late``: the latest time of the flows in ms since 1970, 0 where they have none: such headers have no time either,
    like those of an exporter whose clock was never set. ``place``: of messages of one time the lower goes first.
    """

    stream: Ints
    late: Ints
    records: Ints
    templates: int
    place: Ints


def datagrams(
    protocol: Protocol, envelope: Envelope, streams: Streams, sending: Sending, *, octets: Ints
) -> Packets:
    """Messages with ``octets`` behind their headers, for :func:`body` to fill."""
    head = protocol.head.itemsize
    late = sending.late
    # Both headers have whole seconds.
    time = -(-late // 1000) * 1000
    made = Packets(
        envelope=envelope,
        matrix=blank(envelope, len(octets), head + int(octets.max(initial=0))),
        size=head + octets,
        stream=sending.stream,
        time=time,
        place=sending.place,
        units=np.ones(len(octets), np.int64) if protocol.version == 9 else sending.records,
        sequence_at=protocol.sequence_at,
    )
    header = made.head(protocol.head)
    header["version"], header["seconds"] = protocol.version, time // 1000
    header["domain"] = streams.rates[sending.stream]
    if protocol.version == 9:
        header["count"] = sending.records + sending.templates
        header["uptime"] = np.where(late > 0, time - Times.boot(late), 0)
    else:
        header["length"] = made.size
    return made


def body(packets: Packets, protocol: Protocol) -> Octets:
    """What stands behind the headers, to be written to."""
    return packets.matrix[:, packets.envelope.size + protocol.head.itemsize :]


def of_bytes(
    protocol: Protocol, envelope: Envelope, streams: Streams, sending: Sending, *, bodies: Sequence[bytes]
) -> Packets:
    """Messages of which somebody has put the bodies together already."""
    octets = np.array([len(b) for b in bodies], np.int64)
    made = datagrams(protocol, envelope, streams, sending, octets=octets)
    room = body(made, protocol)
    for row, content in zip(room, bodies, strict=True):
        row[: len(content)] = np.frombuffer(content, np.uint8)
    return made
