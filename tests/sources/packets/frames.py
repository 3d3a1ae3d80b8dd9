"""Frames built by hand: what the captures at hand do not hold."""

from __future__ import annotations

import ipaddress
import struct

ETHERNET = bytes(6) + bytes.fromhex("020000000001")


def tcp(sp: int = 1234, dp: int = 80, *, flags: int = 2, seq: int = 7) -> bytes:
    """A TCP header."""
    return struct.pack(">HHIIHHHH", sp, dp, seq, 0, 5 << 12 | flags, 1024, 0, 0)


def udp(payload: bytes = b"", sp: int = 53, dp: int = 4000) -> bytes:
    """A UDP datagram."""
    return struct.pack(">HHHH", sp, dp, 8 + len(payload), 0) + payload


def ipv4(
    payload: bytes,
    protocol: int,
    *,
    src: str = "10.0.0.1",
    dst: str = "192.0.2.9",
    options: bytes = b"",
    fragment: int = 0,
    length: int | None = None,
    ttl: int = 61,
) -> bytes:
    """An IPv4 packet; ``fragment``: the 16 bits of flags and offset."""
    words = 5 + len(options) // 4
    total = 4 * words + len(payload) if length is None else length
    header = struct.pack(">BBHHHBBH", 0x40 | words, 0, total, 1, fragment, ttl, protocol, 0)
    return header + packed(src) + packed(dst) + options + payload


def ipv6(
    payload: bytes, following: int, *, src: str = "2001:db8::1", dst: str = "2001:db8::2", length: int = -1
) -> bytes:
    """An IPv6 packet."""
    size = len(payload) if length < 0 else length
    return struct.pack(">IHBB", 6 << 28, size, following, 60) + packed(src) + packed(dst) + payload


def packed(address: str) -> bytes:
    """An address as octets."""
    return ipaddress.ip_address(address).packed


def ethernet(kind: int, payload: bytes) -> bytes:
    """An Ethernet II frame."""
    return ETHERNET + struct.pack(">H", kind) + payload


def label(value: int, *, last: bool) -> bytes:
    """An MPLS label."""
    return struct.pack(">I", value << 12 | last << 8 | 64)


def arp(operation: int = 1, sender: str = "10.0.0.1", target: str = "10.0.0.2") -> bytes:
    """ARP for IPv4 over Ethernet."""
    head = struct.pack(">HHBBH", 1, 0x0800, 6, 4, operation)
    return head + bytes(6) + packed(sender) + bytes(6) + packed(target)
