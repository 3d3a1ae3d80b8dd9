"""The second protocol: hosts that have IPv6 as well use it wherever both sides can."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from slowworm.flows.services import ICMP, ICMP6
from slowworm.rehearse.world.exchanges import Exchanges
from slowworm.rehearse.world.site import Site
from slowworm.rehearse.world.streams import mix, salt, unit

Addresses = npt.NDArray[np.uint32]
Bools = npt.NDArray[np.bool_]

SERVERS_SHARE = 0.45
"""Share of outside servers with IPv6 (assumption: the larger half of the popular ones)."""

PREFERRED = 0.9
"""Share of calls between two such hosts that go over IPv6: happy eyeballs prefers it (RFC 8305)."""

LONGER_HEADER = 20
"""Octets that each packet is longer, by its IPv6 header."""

INSIDE_PREFIX = bytes.fromhex("20010db80141")
"""2001:db8:141::/48, from the documentation prefix (RFC 3849)."""

OUTSIDE_PREFIX = bytes.fromhex("2a00")

ICMP6_UNREACHABLE = 1 << 8 | 3
"""Destination unreachable, address unreachable (RFC 4443)."""


def dual(site: Site, addresses: Addresses, share: float) -> Bools:
    """Which inside hosts have IPv6 too."""
    both: Bools = site.contains(addresses) & (unit(addresses, salt(site.seed, "dual stack")) < share)
    return both


def split(calls: Exchanges, site: Site, share: float) -> tuple[Exchanges, Exchanges]:
    """The exchanges over IPv4 and those over IPv6. Both carry IPv4 addresses; :func:`addresses6` maps them.

    Only calls of inside hosts to the outside move.
    """
    outside = unit(calls.server, salt(site.seed, "dual server")) < SERVERS_SHARE
    chance = unit(calls.time + calls.client, salt(site.seed, "preferred")) < PREFERRED
    moved = dual(site, calls.client, share) & outside & chance & ~site.contains(calls.server)
    return calls.take(~moved), calls.take(moved)


def addresses6(site: Site, addresses: Addresses) -> npt.NDArray[np.uint8]:
    """IPv6 addresses, shape (n, 16), that stand for these: the /24 becomes a /64, the host an interface
    identifier."""
    inside = site.contains(addresses)
    octets = np.zeros((len(addresses), 16), np.uint8)
    octets[:, :6] = np.frombuffer(INSIDE_PREFIX, np.uint8)
    octets[:, 6:8] = (addresses >> np.uint32(8)).astype(">u2").view(np.uint8).reshape(-1, 2)
    identifier = mix(addresses, salt(site.seed, "interface identifier")).astype(">u8")
    octets[:, 8:] = identifier.view(np.uint8).reshape(-1, 8)
    there = ~inside
    octets[there, :2] = np.frombuffer(OUTSIDE_PREFIX, np.uint8)
    octets[there, 2:6] = addresses[there].astype(">u4").view(np.uint8).reshape(-1, 4)
    octets[there, 6:8] = 0
    return octets


def as_icmp6(
    protocol: npt.NDArray[np.uint8], port: npt.NDArray[np.uint16]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16]]:
    """Protocol and type × 256 + code as IPv6 has them: 58, errors of type 1."""
    icmp = protocol == ICMP
    errors = icmp & (port >> 8 == 3)
    changed = np.where(errors, np.uint16(ICMP6_UNREACHABLE), port).astype(np.uint16)
    return np.where(icmp, np.uint8(ICMP6), protocol).astype(np.uint8), changed
