"""Rows of the tables that identify a host, one type a kind of table, and where each row stands."""

from __future__ import annotations

import datetime
import ipaddress
from dataclasses import dataclass

from slowworm.flows.addresses import Address, parse_ipv4

MAC = (
    r"(?:[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}"
    r"|[0-9A-Fa-f]{1,2}(?::[0-9A-Fa-f]{1,2}){5}|[0-9A-Fa-f]{2}(?:-[0-9A-Fa-f]{2}){5})"
)
"""A MAC address as Cisco prints it, with colons (BSD leaves out leading zeros), or with hyphens as Windows does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A line of a listing; ``device``: whose it is, by its prompt; ``where``: ``file:line``."""

    text: str
    where: str
    device: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Nameless:
    """A row that was understood and names no device: an incomplete ARP entry, a title."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbour:
    """ARP or neighbour discovery: the MAC address that answered for an address, at one moment.

    ``port``: the switch port where the listing has it (NX-OS ``detail``). ``own``: the device's own address.
    """

    address: Address
    mac: str
    where: str
    interface: str | None = None
    port: str | None = None
    name: str | None = None
    device: str | None = None
    own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """A DHCP lease; times are aware and null where the listing has none, ``end`` also for a lease without end."""

    address: Address
    where: str
    mac: str | None = None
    name: str | None = None
    start: datetime.datetime | None = None
    end: datetime.datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Translation:
    """Source NAT: ``inside`` as it leaves, ``outside``, on its way to ``peer_port``; null where it is for all ports."""

    outside: Address
    inside: Address
    where: str
    protocol: int | None = None
    peer_port: int | None = None
    forwarded: bool = False
    """A standing rule that forwards one port inwards: it says nothing of who calls out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PortEntry:
    """Where a switch sees a MAC address; ``device``: the switch."""

    mac: str
    vlan: str | None
    port: str
    where: str
    device: str | None = None


_HEX = frozenset("0123456789abcdef")

Record = Neighbour | Lease | Translation | PortEntry


def mac_of(text: str) -> str | None:
    """``aabb.cc00.6500``, ``0:a:b:c:d:e``, ``AA-BB-…`` as ``aa:bb:cc:00:65:00``; ``None`` for all zeros and ones."""
    for sign in ":-":
        if sign in text:
            text = "".join(part.rjust(2, "0") for part in text.split(sign))
    digits = text.replace(".", "").lower()
    if len(digits) != 12 or set(digits) - _HEX or (len(set(digits)) == 1 and digits[0] in "0f"):
        return None
    return ":".join(digits[i : i + 2] for i in range(0, 12, 2))


def address_of(text: str) -> Address | None:
    """An address as routers print it, an IPv6 zone left out; ``None`` for anything else."""
    value = parse_ipv4(text)
    if value is not None:
        return ipaddress.IPv4Address(value)
    try:
        return ipaddress.IPv6Address(text.partition("%")[0]) if ":" in text else None
    except ValueError:
        return None
