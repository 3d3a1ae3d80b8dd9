"""Export messages built by code, to be mutated: NetFlow v1 to v9, IPFIX, sFlow v5, in every layout that is read."""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable

from tests.sources.packets import frames

SECONDS = 1_700_000_000

Fields = list[tuple[int, int]]
"""(element, length) of a template."""

IPV4: Fields = [
    (8, 4),
    (12, 4),
    (7, 2),
    (11, 2),
    (4, 1),
    (6, 1),
    (1, 4),
    (2, 4),
    (21, 4),
    (22, 4),
    (10, 2),
    (14, 2),
]
IPV6: Fields = [
    (27, 16),
    (28, 16),
    (7, 2),
    (11, 2),
    (4, 1),
    (6, 2),
    (85, 8),
    (86, 8),
    (152, 8),
    (153, 8),
    (139, 2),
]
BOTH_WAYS: Fields = [
    (8, 4),
    (12, 4),
    (4, 1),
    (231, 8),
    (232, 8),
    (298, 4),
    (299, 4),
    (154, 8),
    (155, 8),
    (32, 2),
]
FIREWALL: Fields = [(8, 4), (12, 4), (233, 1), (323, 8), (1, 4), (176, 1), (177, 1), (4, 1)]
EVENT: Fields = [(8, 4), (12, 4), (230, 1), (323, 8)]
DELTAS: Fields = [(8, 4), (12, 4), (158, 4), (159, 4), (161, 4), (1, 3), (2, 2), (34, 4), (302, 2), (48, 1)]
BOTH_VERSIONS: Fields = [(8, 4), (12, 4), (27, 16), (28, 16), (2, 4), (150, 4), (151, 4)]
VARIABLE: Fields = [(8, 4), (82, 0xFFFF), (12, 4), (96, 0xFFFF), (1, 8), (4, 1), (7, 2)]
LAYERED: Fields = [
    (8, 4),
    (12, 4),
    (1, 4),
    (4, 1),
    (7, 2),
    (11, 2),
    (22, 4),
    (21, 4),
    (210, 0),
    (256, 2),
    (90, 8),
]
CONNECTION: Fields = [
    (8, 4),
    (12, 4),
    (148, 4),
    (233, 1),
    (231, 4),
    (232, 4),
    (323, 8),
    (4, 1),
    (7, 2),
    (11, 2),
]
NSEL: Fields = [(27, 16), (28, 16), (148, 4), (40005, 1), (85, 4), (152, 8), (4, 1)]
FRAMES: Fields = [(315, 0xFFFF), (312, 2), (10, 4), (408, 2), (302, 4)]
SECTIONS: Fields = [(313, 64), (410, 2), (325, 8)]
FLOWS = (IPV4, IPV6, BOTH_WAYS, DELTAS, BOTH_VERSIONS, VARIABLE, LAYERED, FRAMES, SECTIONS)
EVENTS = (FIREWALL, EVENT, CONNECTION, NSEL)
LAYOUTS = (*FLOWS, *EVENTS)


SMALL = {
    148: (1, 2),
    230: (1, 4, 2),
    233: (1, 2, 3, 5),
    40005: (1, 2, 3, 5),
    408: (1, 0),
    410: (40, 20),
    302: (1, 2),
}
"""Elements of which few values mean something."""


def fixed(rng: random.Random) -> list[bytes]:
    """NetFlow v1, v5, v7 and every scheme of v8."""
    made = []
    for version, header, record in ((1, 16, 52), (5, 24, 48), (7, 24, 52)):
        head = struct.pack(">HHIII", version, 2, 5_000_000, SECONDS, 7) + rng.randbytes(header - 16)
        made.append(head + b"".join(_record(rng, record) for _ in range(2)))
    sizes = {
        1: 28,
        2: 28,
        3: 32,
        4: 32,
        5: 40,
        6: 32,
        7: 40,
        8: 44,
        9: 32,
        10: 32,
        11: 36,
        12: 36,
        13: 40,
        14: 40,
    }
    for scheme, record in sizes.items():
        head = struct.pack(">HHIIIIHB", 8, 2, 5_000_000, SECONDS, 7, 99, 1, scheme) + rng.randbytes(5)
        made.append(head + b"".join(_record(rng, record) for _ in range(2)))
    return made


def _record(rng: random.Random, size: int) -> bytes:
    """Random counters behind addresses; the protocol of v1 to v7 is one of four."""
    body = bytearray(rng.randbytes(size))
    if size >= 48:
        body[24:32] = struct.pack(">II", 4_000_000, 4_500_000)
        body[38] = rng.choice((1, 6, 17, 58))
    return bytes(body)


def sets(*parts: tuple[int, bytes]) -> bytes:
    """Sets with their headers."""
    return b"".join(struct.pack(">HH", number, 4 + len(body)) + body for number, body in parts)


def template(number: int, fields: Fields) -> bytes:
    """A template record of NetFlow v9, or of IPFIX without enterprise numbers."""
    return struct.pack(">HH", number, len(fields)) + b"".join(struct.pack(">HH", *f) for f in fields)


def v9(body: bytes, *, count: int = 2, sequence: int = 1, domain: int = 5) -> bytes:
    """A NetFlow v9 message."""
    return struct.pack(">HHIIII", 9, count, 5_000_000, SECONDS, sequence, domain) + body


def ipfix(body: bytes, *, sequence: int = 1, domain: int = 5) -> bytes:
    """An IPFIX message."""
    return struct.pack(">HHIII", 10, 16 + len(body), SECONDS, sequence, domain) + body


def data_record(rng: random.Random, fields: Iterable[tuple[int, int]]) -> bytes:
    """Random values; variable lengths short, or announced by three octets."""
    parts = []
    for element, length in fields:
        if length == 0xFFFF:
            frame = frames.ethernet(0x0800, frames.ipv4(frames.tcp(), 6))
            text = frame if element == 315 else rng.randbytes(rng.randrange(6))
            head = bytes([len(text)]) if rng.random() < 0.7 else b"\xff" + struct.pack(">H", len(text))
            parts.append(head + text)
        elif element == 4:
            parts.append(bytes([rng.choice((1, 6, 17, 58))]))
        elif element in SMALL:
            parts.append(rng.choice(SMALL[element]).to_bytes(length, "big"))
        elif element == 313:
            parts.append(frames.ipv4(frames.tcp(), 6).ljust(length, b"\0"))
        else:
            parts.append(rng.randbytes(length))
    return b"".join(parts)


def templated(rng: random.Random, version: int) -> list[bytes]:
    """Messages with a template and its data, options, and what only IPFIX has."""
    return with_layouts(rng, version, LAYOUTS) + _options(rng, version)


def stream(rng: random.Random, version: int) -> list[bytes]:
    """The same with many more messages of records than templates, as exporters send them."""
    return with_layouts(rng, version, LAYOUTS, more=12) + _options(rng, version)


def with_layouts(
    rng: random.Random, version: int, layouts: Iterable[Fields], *, more: int = 1
) -> list[bytes]:
    """For each layout a message with its template and records, and ``more`` with records alone."""
    message, first = (v9, 0) if version == 9 else (ipfix, 2)
    made = []
    for k, fields in enumerate(layouts):
        if version == 9 and any(length == 0xFFFF for _, length in fields):
            continue
        number = 256 + k
        for sequence in range(1 + more):
            body = b"".join(data_record(rng, fields) for _ in range(3))
            known = () if sequence else ((first, template(number, fields)),)
            made.append(message(sets(*known, (number, body)), sequence=k + sequence))
    return made


def _options(rng: random.Random, version: int) -> list[bytes]:
    """Sampling rates, interface names and the system's start; reverse elements and withdrawals of IPFIX."""
    message = v9 if version == 9 else ipfix
    first, second = (0, 1) if version == 9 else (2, 3)
    made = []
    if version == 9:
        options = struct.pack(">HHHHHHHHH", 300, 4, 8, 1, 4, 48, 1, 34, 4) + bytes(2)
        rates = b"".join(struct.pack(">IBI", 1, k, 100 * k) for k in range(3))
        made.append(message(sets((second, options), (300, rates + b"\0"))))
        names = struct.pack(">HHHHHHH", 303, 4, 4, 2, 4, 82, 16)
        made.append(message(sets((second, names), (303, struct.pack(">I16s", 3, b"Gi0/1")))))
        return made
    options = struct.pack(">HHH", 300, 4, 1) + struct.pack(">HHHHHHHH", 149, 4, 302, 4, 305, 4, 306, 4)
    rates = b"".join(struct.pack(">IIII", 5, k, 1, 99) for k in range(3))
    made.append(message(sets((second, options), (300, rates))))
    chances = struct.pack(">HHH", 303, 4, 1) + struct.pack(">HHHHHHHH", 302, 4, 309, 4, 310, 4, 311, 8)
    made.append(message(sets((second, chances), (303, struct.pack(">IIId", 1, 1, 100, 0.01)))))
    names = struct.pack(">HHH", 304, 2, 1) + struct.pack(">HHHH", 10, 4, 82, 0xFFFF)
    made.append(message(sets((second, names), (304, struct.pack(">IB", 3, 5) + b"Gi0/1"))))
    started = struct.pack(">HHH", 301, 2, 1) + struct.pack(">HHHH", 149, 4, 160, 8)
    made.append(message(sets((second, started), (301, struct.pack(">IQ", 5, SECONDS * 1000)))))
    reverse = struct.pack(">HHHHHH", 302, 5, 8, 4, 12, 4) + b"".join(
        struct.pack(">HHI", 0x8000 | element, length, pen) for element, length, pen in ((2, 4, 29305), (1, 4, 29305))
    ) + struct.pack(">HH", 2, 4)  # fmt: skip
    made.append(message(sets((first, reverse), (302, rng.randbytes(40)))))
    made.append(message(sets((first, struct.pack(">HH", 256, 0)))))
    made.append(message(sets((first, struct.pack(">HH", 2, 0)))))
    return made


def words(*values: int) -> bytes:
    """32-bit numbers."""
    return struct.pack(f">{len(values)}I", *values)


def item(form: int, body: bytes) -> bytes:
    """A sample or record of sFlow."""
    return words(form, len(body)) + body


def sflow(samples: list[bytes], *, ipv6: bool = False, sequence: int = 1) -> bytes:
    """A datagram."""
    agent = words(2) + bytes(range(16)) if ipv6 else words(1, 0x0A000001)
    return words(5) + agent + words(0, sequence, 1000, len(samples)) + b"".join(samples)


def sflow_datagrams(rng: random.Random) -> list[bytes]:
    """Every sample and record that is read, several to a datagram."""
    packets = [
        frames.ethernet(0x0800, frames.ipv4(frames.tcp(), 6)),
        frames.ethernet(0x86DD, frames.ipv6(frames.udp(b"abc"), 17)),
        frames.ethernet(0x8100, struct.pack(">HH", 5, 0x0800) + frames.ipv4(b"\x08\0\0\0", 1)),
        frames.ethernet(0x0806, frames.arp()),
    ]
    records = [item(1, words(1, 64, 4, len(p)) + p + bytes(-len(p) % 4)) for p in packets]
    inner = frames.ipv4(frames.tcp(), 6)
    records.append(item(1, words(11, 60, 0, len(inner)) + inner))
    records.append(item(3, words(60, 6, 0x0A000001, 0xC0000209, 1234, 80, 2, 0)))
    records.append(item(4, words(60, 17) + bytes(range(32)) + words(53, 4000, 0, 0)))
    records.append(item(2, words(64) + bytes(12)))
    records.append(item(1001, bytes(16)))
    plain = words(7, 3, 512, 9000, 2, 3, 4)
    wide = words(7, 0, 3, 512, 9000, 2, 0, 3, 0, 4)
    discarded = words(7, 0, 3, 2, 3, 4, 256)
    made = []
    for k, record in enumerate(records):
        made.append(sflow([item(1, plain + words(1) + record)], sequence=k))
        made.append(sflow([item(3, wide + words(2) + record + records[0])], sequence=k, ipv6=True))
    made.append(sflow([item(5, discarded + words(1) + records[0])]))
    made.append(sflow([item(2, words(1, 3, 1) + item(1, bytes(88))), item(1, plain + words(1) + records[0])]))
    made.append(sflow([item(4, words(1, 0, 3, 0)), item(9, rng.randbytes(12))]))
    made.append(sflow([item(1, plain + words(2) + records[k] + records[k + 1]) for k in range(4)]))
    return made
