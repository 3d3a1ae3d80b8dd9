"""What NetFlow v9 and IPFIX have in common and what not: headers, set numbers, and the fields of records."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from slowworm.sources.netflow import elements as ie

Field = tuple[int, int]
"""Information element and length in octets."""

VARIABLE = 0xFFFF
FIRST_TEMPLATE = 256

INTERFACE_NAME = 82
INGRESS_INTERFACE, EGRESS_INTERFACE = 10, 14
FORWARDING_STATUS = 89
OBSERVATION_DOMAIN = 149
START_MS, END_MS, START_NTP, END_NTP = 152, 153, 156, 157
SYSTEM_SCOPE, INTERFACE_SCOPE = 1, 2
"""Scope types of NetFlow v9 (RFC 3954, 6.1); IPFIX has information elements in their place."""

COMMON: dict[str, Field] = {
    "src4": (ie.SRC4, 4),
    "dst4": (ie.DST4, 4),
    "src6": (ie.SRC6, 16),
    "dst6": (ie.DST6, 16),
    "protocol": (4, 1),
    "src_port": (7, 2),
    "dst_port": (11, 2),
    "icmp4": (ie.ICMP_TYPE_CODE4, 2),
    "tcp_flags": (6, 1),
    "tcp_flags_wide": (6, 2),
    "tcp_sequence_number": (184, 4),
    "packets": (2, 8),
    "bytes": (1, 8),
    "in_if": (INGRESS_INTERFACE, 4),
    "out_if": (EGRESS_INTERFACE, 4),
    "status": (FORWARDING_STATUS, 1),
    "event": (ie.FIREWALL_EVENT, 1),
}
"""Parts of a record that both protocols have by the same number. A record has those of them that are known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """One of the two. ``sets``: numbers of template and options template sets. ``parts``: of records, in order."""

    version: int
    port: int
    head: np.dtype[Any]
    sequence_at: int
    sets: tuple[int, int]
    parts: Mapping[str, Field]

    def template(self, number: int, fields: Sequence[Field]) -> bytes:
        """A set with one template."""
        body = struct.pack(">HH", number, len(fields)) + _fields(fields)
        return _set(self.sets[0], body)

    def options(self, number: int, scope: Field, fields: Sequence[Field]) -> bytes:
        """A set with one options template of one scope field."""
        sizes = (4, 4 * len(fields)) if self.version == 9 else (1 + len(fields), 1)
        body = struct.pack(">HHH", number, *sizes) + _fields([scope, *fields])
        return _set(self.sets[1], body)

    def data(self, number: int, body: bytes) -> bytes:
        """A set of data records."""
        return _set(number, body)


def _fields(fields: Sequence[Field]) -> bytes:
    return b"".join(struct.pack(">HH", *field) for field in fields)


def _set(number: int, body: bytes) -> bytes:
    """A set, padded to four octets."""
    padding = -len(body) % 4
    return struct.pack(">HH", number, 4 + len(body) + padding) + body + bytes(padding)


V9 = Protocol(
    version=9,
    port=9995,
    head=np.dtype([("version", ">u2"), ("count", ">u2"), ("uptime", ">u4"), ("seconds", ">u4"), ("sequence", ">u4"),
                   ("domain", ">u4")]),
    sequence_at=12,
    sets=(0, 1),
    parts={**COMMON, "icmp6": (ie.ICMP_TYPE_CODE4, 2), "start": (ie.FIRST_SWITCHED, 4), "end": (ie.LAST_SWITCHED, 4)},
)  # fmt: skip
"""NetFlow v9 (RFC 3954). It knows one element for ICMP, whatever the IP version."""

IPFIX = Protocol(
    version=10,
    port=4739,
    head=np.dtype([("version", ">u2"), ("length", ">u2"), ("seconds", ">u4"), ("sequence", ">u4"), ("domain", ">u4")]),
    sequence_at=8,
    sets=(2, 3),
    parts={**COMMON, "icmp6": (ie.ICMP_TYPE_CODE6, 2), "start": (START_MS, 8), "end": (END_MS, 8),
           "start_ntp": (START_NTP, 8), "end_ntp": (END_NTP, 8)},
)  # fmt: skip
"""IPFIX (RFC 7011)."""
