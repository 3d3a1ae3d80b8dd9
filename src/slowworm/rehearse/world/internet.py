"""The Internet around the site: which space is routed, what answers there, which servers people use."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from slowworm.flows.services import ICMP, TCP, UDP
from slowworm.rehearse.world.exchanges import OPEN, RESET, SILENT, UNREACHABLE
from slowworm.rehearse.world.site import Site
from slowworm.rehearse.world.streams import salt, stream, unit

Addresses = npt.NDArray[np.uint32]
Floats = npt.NDArray[np.float64]

RESERVED = (
    (0x00000000, 8), (0x0A000000, 8), (0x64400000, 10), (0x7F000000, 8), (0xA9FE0000, 16), (0xAC100000, 12),
    (0xC0A80000, 16), (0xC6120000, 15), (0xE0000000, 3),
)  # fmt: skip
"""Prefixes that nobody routes between networks (RFC 6890, RFC 5771), at the grain of a /16."""

ROUTED_SHARE = 0.8
"""Share of public unicast space in the global table: about 3.0 of 3.7 billion addresses (assumption from reports on
the size of the table)."""

ANSWERING: dict[tuple[int, int], float] = {
    (TCP, 80): 0.03, (TCP, 443): 0.025, (TCP, 8080): 0.008, (TCP, 22): 0.005, (TCP, 25): 0.004, (TCP, 23): 0.003,
    (TCP, 445): 0.002, (TCP, 2323): 0.0008, (TCP, 3389): 0.001, (TCP, 135): 0.001,
}  # fmt: skip
"""Share of all of IPv4 that opens a connection on a port. Assumption in the range of public Internet-wide surveys."""

ANSWERING_OTHER = {TCP: 0.0005, UDP: 0.001, ICMP: 0.09}
"""The same for other ports, for UDP, and for echo requests."""

REFUSING = {TCP: 0.075, UDP: 0.0, ICMP: 0.0}
"""Share of all of IPv4 that answers a SYN to a closed port with a reset (assumption: 5 to 10 %)."""

UNREACHABLE_SHARE = {TCP: 0.02, UDP: 0.035, ICMP: 0.02}
"""Share for which a router or the host says unreachable (assumption)."""

HOSTING_NETWORKS = 400
"""/16s in which servers are drawn: hosting companies, clouds, CDNs."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Internet:
    """Everything outside of ``site``, the same for every actor of one seed."""

    seed: int
    site: Site
    routed_networks: npt.NDArray[np.bool_] = field(init=False)
    """Whether each /16 is routed, by number."""

    def __post_init__(self) -> None:
        numbers = np.arange(65536)
        table = unit(numbers, salt(self.seed, "routed")) < ROUTED_SHARE
        for network, length in RESERVED:
            first = network >> 16
            table[first : first + (1 << (16 - length))] = False
        for network, length in self.site.prefixes:
            if not self.site.is_private(network):
                first = network >> 16
                table[first : first + max(1, 1 << (16 - length) if length < 16 else 1)] = True
        object.__setattr__(self, "routed_networks", table)

    def routed(self, addresses: Addresses) -> npt.NDArray[np.bool_]:
        """Which addresses lie in routed space."""
        result: npt.NDArray[np.bool_] = self.routed_networks[addresses >> np.uint32(16)]
        return result

    def reply(self, addresses: Addresses, protocol: int, ports: Any) -> npt.NDArray[np.int8]:
        """What a stranger's probe meets at outside addresses: an outcome each, the same whenever asked."""
        ports = np.broadcast_to(np.asarray(ports), addresses.shape).astype(np.int64)
        share = np.full(len(addresses), ANSWERING_OTHER.get(protocol, 0.0))
        for (number, port), value in ANSWERING.items():
            if number == protocol:
                share[ports == port] = value
        routed = float(self.routed_networks.mean())
        service = unit(
            addresses.astype(np.uint64) << np.uint64(16) | ports.astype(np.uint64), salt(self.seed, "open")
        )
        host = unit(addresses, salt(self.seed, "host"))
        refusing = REFUSING.get(protocol, 0.0) / routed
        outcome = np.full(len(addresses), SILENT, np.int8)
        outcome[host < refusing + UNREACHABLE_SHARE.get(protocol, 0.0) / routed] = UNREACHABLE
        outcome[host < refusing] = RESET
        outcome[service < share / routed] = OPEN
        outcome[~self.routed(addresses)] = SILENT
        return outcome

    def servers(self, n: int, *name: object) -> Addresses:
        """``n`` distinct server addresses of that name, clustered in hosting networks."""
        draw = stream(self.seed, "servers", *name)
        networks = self._outside_networks(stream(self.seed, "hosting"), HOSTING_NETWORKS)
        # Few hosting networks hold most servers: the square makes the first tenth hold a third.
        chosen = networks[np.floor(len(networks) * draw.random(2 * n + 64) ** 2).astype(int)]
        return _distinct(chosen << np.uint32(16) | draw.integers(256, 65280, len(chosen), dtype=np.uint32), n)

    def homes(self, n: int, *name: object) -> Addresses:
        """``n`` distinct addresses of that name all over routed space: subscribers, peers, visitors."""
        draw = stream(self.seed, "homes", *name)
        networks = self._outside_networks(draw, 2 * n + 64)
        return _distinct(
            networks << np.uint32(16) | draw.integers(1, 65535, len(networks), dtype=np.uint32), n
        )

    def _outside_networks(self, draw: np.random.Generator, n: int) -> Addresses:
        usable = self.routed_networks.copy()
        for network, length in self.site.prefixes:
            usable[network >> 16 : (network >> 16) + max(1, 1 << max(0, 16 - length))] = False
        numbers = np.flatnonzero(usable).astype(np.uint32)
        return numbers[draw.integers(0, len(numbers), n)]


def _distinct(addresses: Addresses, n: int) -> Addresses:
    _, first = np.unique(addresses, return_index=True)
    found = addresses[np.sort(first)][:n]
    if len(found) < n:
        raise ValueError(f"only {len(found)} of {n} distinct addresses")
    return found


def zipf(draw: np.random.Generator, n: int, ranks: int, exponent: float) -> npt.NDArray[np.int64]:
    """``n`` ranks from 0, rank r with probability proportional to (r + 1)^-exponent."""
    cumulative = np.cumsum(np.arange(1, ranks + 1, dtype=float) ** -exponent)
    found: npt.NDArray[np.int64] = np.searchsorted(cumulative, draw.random(n) * cumulative[-1]).astype(
        np.int64
    )
    return np.minimum(found, ranks - 1)
