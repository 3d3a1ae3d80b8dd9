"""NetFlow v9 and IPFIX messages built by hand: what the captures at hand do not hold."""

from __future__ import annotations

import ipaddress
import struct

SENT = 1_700_000_000
"""When the messages are sent: 2023-11-14 22:13:20 UTC."""

UPTIME = 5_000_000
"""Milliseconds since their exporter started."""

Field = tuple[int, int]
"""Element and length."""


def v9(*sets: bytes, sequence: int = 1, domain: int = 7, sent: int = SENT, uptime: int = UPTIME) -> bytes:
    """A NetFlow v9 message."""
    return struct.pack(">HHIIII", 9, len(sets), uptime, sent, sequence, domain) + b"".join(sets)


def ipfix(*sets: bytes, sequence: int = 0, domain: int = 7, sent: int = SENT) -> bytes:
    """An IPFIX message."""
    body = b"".join(sets)
    return struct.pack(">HHIII", 10, 16 + len(body), sent, sequence, domain) + body


def template(number: int, *fields: Field, version: int = 9) -> bytes:
    """A template set."""
    body = struct.pack(">HH", number, len(fields)) + b"".join(struct.pack(">HH", *f) for f in fields)
    return _set(0 if version == 9 else 2, body)


def options_template(number: int, scope: Field, *fields: Field, version: int = 9) -> bytes:
    """An options template set with one scope."""
    parts = b"".join(struct.pack(">HH", *f) for f in (scope, *fields))
    if version == 9:
        return _set(1, struct.pack(">HHH", number, 4, 4 * len(fields)) + parts)
    return _set(3, struct.pack(">HHH", number, 1 + len(fields), 1) + parts)


def data(number: int, *records: bytes) -> bytes:
    """A data set."""
    return _set(number, b"".join(records))


def _set(number: int, body: bytes) -> bytes:
    # Not filled up to whole words: octets behind the last record might be taken for records of one octet.
    return struct.pack(">HH", number, 4 + len(body)) + body


def ip(address: str) -> bytes:
    """An address as octets."""
    return ipaddress.ip_address(address).packed
