"""What exporters say beside their flows, by options (RFC 3954, 6.1; RFC 7011, 3.4.2.2): sampling, interfaces."""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from slowworm.sinks.base import Losses
from slowworm.sinks.exports.datagrams import Sending, of_bytes
from slowworm.sinks.exports.frames import ENVELOPES, Packets
from slowworm.sinks.exports.parts import Interfaces
from slowworm.sinks.exports.rows import Ints
from slowworm.sinks.exports.streams import Streams
from slowworm.sinks.exports.wire import (
    INGRESS_INTERFACE,
    INTERFACE_NAME,
    INTERFACE_SCOPE,
    OBSERVATION_DOMAIN,
    SYSTEM_SCOPE,
    VARIABLE,
    Protocol,
)
from slowworm.sources.netflow import elements as ie

SAMPLING_TEMPLATE, NAMES_TEMPLATE = 65_530, 65_531
"""Far from the numbers of data templates."""

FIRST = -1
"""Their place among packets of one time."""

MAX_NAME = 200
"""Octets of an interface's name: real ones have fewer than 64."""


def messages(
    protocol: Protocol,
    streams: Streams,
    interfaces: Interfaces,
    batch: pa.RecordBatch,
    stream: Ints,
    before: Sequence[Packets],
    losses: Losses,
) -> list[Packets]:
    """Options of the streams of a batch, in time for the packets ``before`` which they have to go."""
    first = np.full(len(streams.rates), np.iinfo(np.int64).max)
    for packets in before:
        np.minimum.at(first, packets.stream, packets.time)
    used = interfaces.used(batch, stream)
    found: dict[int, list[tuple[int, bytes, int]]] = {4: [], 6: []}
    family, rates = streams.families.tolist(), streams.rates.tolist()
    for one in np.unique(stream).tolist():
        if rates[one]:
            found[family[one]].append((one, _sampling(protocol, rates[one]), 1))
        for content, count in _names(protocol, interfaces, used.get(one, []), losses):
            found[family[one]].append((one, content, count))
    made = []
    for version, told in found.items():
        if told:
            of = np.array([item[0] for item in told], np.int64)
            sending = Sending(
                stream=of,
                late=first[of],
                records=np.array([item[2] for item in told], np.int64),
                templates=1,
                place=np.full(len(told), FIRST),
            )
            bodies = [item[1] for item in told]
            made.append(of_bytes(protocol, ENVELOPES[version], streams, sending, bodies=bodies))
    return made


def _sampling(protocol: Protocol, rate: int) -> bytes:
    """One packet in ``rate``. Whatever else the protocols could say of it, nfdump 1.7.1 then reads none of it."""
    if protocol.version == 9:
        fields = [(ie.SAMPLING_INTERVAL[0], 4)]
        template = protocol.options(SAMPLING_TEMPLATE, (SYSTEM_SCOPE, 4), fields)
        record = struct.pack(">II", 0, rate)
    else:
        fields = [(ie.PACKET_INTERVAL, 4), (ie.PACKET_SPACE, 4)]
        template = protocol.options(SAMPLING_TEMPLATE, (OBSERVATION_DOMAIN, 4), fields)
        record = struct.pack(">III", rate, 1, rate - 1)
    return template + protocol.data(SAMPLING_TEMPLATE, record)


def _names(
    protocol: Protocol, interfaces: Interfaces, names: Sequence[str], losses: Losses
) -> Iterator[tuple[bytes, int]]:
    """Which number stands for which interface, in as many messages as it takes; and how many each tells."""
    if not names:
        return
    texts = {name: name.encode("utf-8", "replace") for name in names}
    long = sum(len(text) > MAX_NAME for text in texts.values())
    losses.add("interface-names", f"names of interfaces are cut to {MAX_NAME} octets", long)
    texts = {name: text[:MAX_NAME].decode("utf-8", "ignore").encode() for name, text in texts.items()}
    width = max(1, *(len(text) for text in texts.values()))
    # A fixed length for NetFlow v9, which has no other.
    length = width if protocol.version == 9 else VARIABLE
    scope = (INTERFACE_SCOPE, 4) if protocol.version == 9 else (INGRESS_INTERFACE, 4)
    template = protocol.options(NAMES_TEMPLATE, scope, [(INTERFACE_NAME, length)])
    most = (ENVELOPES[6].room - protocol.head.itemsize - len(template) - 8) // (width + 5)
    for begin in range(0, len(names), most):
        part = names[begin : begin + most]
        records = b"".join(
            struct.pack(">I", interfaces.numbers[name])
            + (
                texts[name].ljust(width, b"\0")
                if protocol.version == 9
                else bytes([len(texts[name])]) + texts[name]
            )
            for name in part
        )
        yield template + protocol.data(NAMES_TEMPLATE, records), len(part)
