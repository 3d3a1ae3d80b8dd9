"""The words of the filter language: protocols, services, TCP flags, and what a name may not be unquoted."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from slowworm.flows.services import PORT_NAMES, PROTOCOL_NAMES

PROTOCOLS: Mapping[str, int] = MappingProxyType(
    {
        **{name: number for number, name in PROTOCOL_NAMES.items()},
        "ipinip": 4,
        "icmpv6": 58,
        "ipv6-icmp": 58,
    }
)
"""IANA protocol numbers by name; where a number has several names, the first is the one that is printed."""

BARE_PROTOCOLS: tuple[str, ...] = ("tcp", "udp", "icmp", "icmp6")
"""Protocols that are a condition by themselves, without ``proto``."""

SERVICES: Mapping[str, int] = MappingProxyType(
    {
        **{name: number for number, name in PORT_NAMES.items()},
        "dns": 53,
        "www": 80,
        "auth": 113,
        "epmap": 135,
        "smb": 445,
        "ms-wbt-server": 3389,
        "rdp": 3389,
        "x11": 6000,
        "winbox": 8291,
    }
)
"""Port numbers by the names that our output prints, and by others in use, as ``dns``, ``smb`` and ``rdp``.

Our own table and not ``socket.getservbyname``: a filter means the same on every machine.
"""

FLAGS: Mapping[str, int] = MappingProxyType(
    {
        "C": 0x80,
        "E": 0x40,
        "U": 0x20,
        "A": 0x10,
        "P": 0x08,
        "R": 0x04,
        "S": 0x02,
        "F": 0x01,
    }
)
"""TCP flags by letter, in the order in which nfdump prints them."""

ALL_FLAGS = 0x3F
"""What the letter ``X`` stands for: nfdump's "all flags on", the six flags of RFC 793."""

COMPARISONS: Mapping[str, str] = MappingProxyType(
    {
        "=": "=",
        "==": "=",
        "eq": "=",
        "!=": "!=",
        "ne": "!=",
        ">": ">",
        "gt": ">",
        "<": "<",
        "lt": "<",
        ">=": ">=",
        "ge": ">=",
        "<=": "<=",
        "le": "<=",
    }
)
"""Comparison operators as written, and as printed."""

SCALES: Mapping[str, int] = MappingProxyType({"k": 10**3, "m": 10**6, "g": 10**9, "t": 10**12})
"""Suffixes of counters; powers of ten, as in nfdump."""

RESERVED: frozenset[str] = frozenset(
    {
        "any",
        "arp",
        "resolved",
        "and",
        "or",
        "not",
        "src",
        "dst",
        "ip",
        "host",
        "net",
        "port",
        "in",
        "out",
        "if",
        "proto",
        "packets",
        "bytes",
        "flags",
        "icmp-type",
        "icmp-code",
        "router",
        "exporter",
        "ipv4",
        "ipv6",
        "inet",
        "inet6",
        *BARE_PROTOCOLS,
        *(word for word in COMPARISONS if word.isalpha()),
    }
)
"""Words that an interface or router can be called only in quotes.

Otherwise ``in if and tcp``, where the name was forgotten, would look for an interface called "and".
"""
