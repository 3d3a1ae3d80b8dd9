"""Addresses as text: between dotted quads, ``uint32`` columns and 16-byte columns."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


def parse_ipv4(text: str) -> int | None:
    """A dotted quad as an integer; ``None`` unless it is exactly four decimal octets.

    Leading zeros are read as decimal, as routers print them.
    """
    parts = text.split(".")
    if len(parts) != 4:
        return None
    value = 0
    for part in parts:
        if not (part.isascii() and part.isdigit()) or len(part) > 3 or int(part) > 255:
            return None
        value = value << 8 | int(part)
    return value


def format_ipv4(value: int) -> str:
    """``3232235777`` → ``192.168.1.1``."""
    return f"{value >> 24 & 255}.{value >> 16 & 255}.{value >> 8 & 255}.{value & 255}"


def to_objects(column: pa.Array) -> list[Address | None]:
    """An address column as :mod:`ipaddress` objects, null as ``None``."""
    if column.type == pa.uint32():
        return [None if v is None else ipaddress.IPv4Address(v) for v in column.to_pylist()]
    return [None if v is None else ipaddress.IPv6Address(v) for v in column.to_pylist()]


def ipv6_column(values: Sequence[str | None]) -> pa.Array:
    """IPv6 texts as a 16-byte column; what is no IPv6 address becomes null."""

    def packed(text: str | None) -> bytes | None:
        if text is None:
            return None
        try:
            return socket.inet_pton(socket.AF_INET6, text)
        except (OSError, ValueError):
            return None

    return pa.array([packed(v) for v in values], pa.binary(16))


def ipv6_rows(rows: npt.NDArray[np.uint8]) -> pa.Array:
    """IPv6 addresses as octets of shape (n, 16) as a 16-byte column, none of them null."""
    flat = np.ascontiguousarray(rows)
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(flat), [None, pa.py_buffer(flat)])


def octets(values: npt.NDArray[np.uint32]) -> npt.NDArray[np.uint8]:
    """``uint32`` addresses of shape (n,) as octets of shape (n, 4), first octet first."""
    return values.astype(">u4").view(np.uint8).reshape(-1, 4)


RESERVED: tuple[tuple[int, int], ...] = (
    (0x00000000, 8),
    (0x0A000000, 8),
    (0x64400000, 10),
    (0x7F000000, 8),
    (0xA9FE0000, 16),
    (0xAC100000, 12),
    (0xC0A80000, 16),
    (0xC6120000, 15),
    (0xE0000000, 3),
)
"""(network, length) of the IPv4 prefixes that no public host has: RFC 6890, multicast and 240/4."""
