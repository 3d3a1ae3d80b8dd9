"""The site: its prefixes, which /24s are in use, where endpoints and servers sit, what a stranger's probe meets."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from slowworm.errors import UsageError
from slowworm.flows.services import ICMP, TCP
from slowworm.rehearse.world.exchanges import OPEN, RESET, SILENT, UNREACHABLE
from slowworm.rehearse.world.streams import salt, stream, unit

Addresses = npt.NDArray[np.uint32]
Bools = npt.NDArray[np.bool_]

DENSITY = (0.1, 0.6)
"""Range of the share of a /24 in use that holds hosts (assumption: DHCP pools are rarely full)."""

SLOTS = 126
"""How many kinds of server a site has room for: two addresses of each server /24 for each."""

POOL = 8
"""Public addresses of the translation at the border, where the site has private prefixes."""

CLASSES = (("workstation", 0.84), ("thing", 0.07), ("phone", 0.06), ("printer", 0.03))
"""What endpoints are, with shares (assumption: an office or campus)."""

OPEN_INSIDE = {(TCP, 445): 0.12, (TCP, 135): 0.12, (TCP, 139): 0.1, (TCP, 80): 0.05, (TCP, 443): 0.05,
               (TCP, 22): 0.08, (TCP, 23): 0.01, (TCP, 3389): 0.04, (TCP, 9100): 0.03}  # fmt: skip
"""Share of live inside hosts that open a connection to another inside host on a port (assumption)."""

REFUSING_INSIDE = 0.55
"""Share of live inside hosts that answer a closed port with a reset; the others' own firewall drops."""

ECHOING_INSIDE = 0.7
"""Share of live inside hosts that answer an echo request."""

SHIELDED = 0.5
"""Share of endpoint /24s where a firewall at the border drops what was not asked for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Site:
    """``inside`` prefixes with ``hosts`` endpoints in some of their /24s; the others are dark."""

    seed: int
    inside: tuple[str, ...]
    hosts: int
    server_subnets: Addresses = field(init=False)
    """Network numbers (address >> 8) of the /24s that hold servers."""
    endpoints: Addresses = field(init=False)
    """Endpoint addresses, in an order of their own."""

    def __post_init__(self) -> None:
        draw = stream(self.seed, "site")
        subnets = self._subnets(draw)
        count = max(1, min(max(8, self.hosts // 250), len(subnets) // 4))
        public = subnets[~self.private(subnets << np.uint32(8))]
        servers = (public if len(public) else subnets)[:count]
        found: list[Addresses] = []
        missing = self.hosts
        for subnet in subnets[~np.isin(subnets, servers)]:
            if missing <= 0:
                break
            size = min(missing, round(253 * draw.uniform(*DENSITY)))
            found.append(subnet << np.uint32(8) | (2 + draw.permutation(253)[:size]).astype(np.uint32))
            missing -= size
        if missing > 0:
            raise UsageError(
                f"{self.hosts} hosts do not fit into {', '.join(self.inside)}: give larger prefixes"
            )
        object.__setattr__(self, "server_subnets", servers)
        object.__setattr__(self, "endpoints", np.concatenate(found))

    @cached_property
    def prefixes(self) -> tuple[tuple[int, int], ...]:
        """(network, length) of each inside prefix."""
        networks = (ipaddress.IPv4Network(text) for text in self.inside)
        return tuple((int(n.network_address), n.prefixlen) for n in networks)

    def contains(self, addresses: Addresses) -> Bools:
        """Which addresses are inside."""
        found = np.zeros(len(addresses), np.bool_)
        for network, length in self.prefixes:
            found |= addresses >> np.uint32(32 - length) == network >> (32 - length)
        return found

    @staticmethod
    def is_private(address: int) -> bool:
        """Whether an address is RFC 1918's: it never crosses the border as it is."""
        return address >> 24 == 10 or address >> 20 == 0xAC1 or address >> 16 == 0xC0A8

    def private(self, addresses: Addresses) -> Bools:
        """Which addresses are RFC 1918's."""
        private: Bools = np.asarray(
            (addresses >> 24 == 10) | (addresses >> 20 == 0xAC1) | (addresses >> 16 == 0xC0A8)
        )
        return private

    def crosses(self, client: Addresses, server: Addresses) -> Bools:
        """Which pairs have the border between them."""
        crossing: Bools = self.contains(client) ^ self.contains(server)
        return crossing

    def classes(self) -> npt.NDArray[np.int64]:
        """Index into ``CLASSES`` of each endpoint."""
        edges = np.cumsum([share for _, share in CLASSES])[:-1]
        found: npt.NDArray[np.int64] = np.searchsorted(
            edges, unit(self.endpoints, salt(self.seed, "class")), side="right"
        )
        return found

    def of_class(self, name: str) -> Addresses:
        """Endpoints of one class."""
        found: Addresses = self.endpoints[self.classes() == [n for n, _ in CLASSES].index(name)]
        return found

    def servers(self, slot: int, n: int) -> Addresses:
        """The first ``n`` server addresses of a kind with this slot: never another slot's."""
        if slot >= SLOTS:
            raise ValueError(f"slot {slot} of {SLOTS}")
        per_subnet = stream(self.seed, "octets").permutation(252).astype(np.uint32) + 2
        index = np.arange(min(n, 2 * len(self.server_subnets)))
        octet = per_subnet[2 * slot + index // len(self.server_subnets)]
        subnet = self.server_subnets[(index + slot) % len(self.server_subnets)]
        address: Addresses = subnet << np.uint32(8) | octet
        return address

    @cached_property
    def has_private(self) -> bool:
        """Whether some hosts have private addresses."""
        return any(self.is_private(network) for network, _ in self.prefixes)

    @cached_property
    def pool(self) -> Addresses:
        """Public addresses that hosts with private ones share beyond the border; none where the site has none."""
        pool = self.servers(SLOTS - 1, 2 * len(self.server_subnets))
        return pool[~self.private(pool)][:POOL]

    @cached_property
    def used(self) -> Bools:
        """Whether each /24 of all space below 2^24 holds hosts."""
        table = np.zeros(1 << 24, np.bool_)
        table[self.endpoints >> np.uint32(8)] = True
        table[self.server_subnets] = True
        return table

    def dark(self, addresses: Addresses) -> Bools:
        """Which inside addresses lie in a /24 without hosts."""
        unused: Bools = ~self.used[addresses >> np.uint32(8)]
        return self.contains(addresses) & unused

    @cached_property
    def _sorted(self) -> Addresses:
        return np.sort(self.endpoints)

    def alive(self, addresses: Addresses) -> Bools:
        """Which addresses are endpoints."""
        place = np.minimum(np.searchsorted(self._sorted, addresses), len(self._sorted) - 1)
        alive: Bools = np.asarray(self._sorted[place] == addresses)
        return alive

    def reply(
        self, addresses: Addresses, protocol: int, ports: Any, *, from_outside: Any
    ) -> npt.NDArray[np.int8]:
        """What a probe meets at inside addresses that run no service of the world's: an outcome each."""
        ports = np.broadcast_to(np.asarray(ports), addresses.shape).astype(np.uint64)
        share = np.zeros(len(addresses))
        for (number, port), value in OPEN_INSIDE.items():
            if number == protocol:
                share[ports == port] = value
        if protocol == ICMP:
            share[:] = ECHOING_INSIDE
        service = unit(addresses.astype(np.uint64) << np.uint64(16) | ports, salt(self.seed, "inside open"))
        refusing = unit(addresses, salt(self.seed, "inside refusing")) < REFUSING_INSIDE
        alive = self.alive(addresses)
        outcome = np.full(len(addresses), SILENT, np.int8)
        speaking_router = unit(addresses >> np.uint32(8), salt(self.seed, "unreachables")) < 0.1
        outcome[~alive & speaking_router & ~self.dark(addresses)] = UNREACHABLE
        outcome[alive & refusing & (protocol == TCP)] = RESET
        outcome[alive & (service < share)] = OPEN
        shielded = unit(addresses >> np.uint32(8), salt(self.seed, "shielded")) < SHIELDED
        outcome[np.broadcast_to(from_outside, addresses.shape) & shielded] = SILENT
        return outcome

    def _subnets(self, draw: np.random.Generator) -> Addresses:
        """Network numbers of all /24s in an order of their own; of a large prefix 1,024 of them."""
        parts = []
        for network, length in self.prefixes:
            count = 1 << (24 - length)
            chosen = draw.permutation(count)[:1024]
            parts.append((network >> 8) + chosen.astype(np.int64))
        # Prefixes take turns, so that each holds its share of the hosts.
        longest = max(map(len, parts))
        grid = np.full((longest, len(parts)), -1, np.int64)
        for column, part in enumerate(parts):
            grid[: len(part), column] = part
        flat = grid.reshape(-1)
        subnets: Addresses = flat[flat >= 0].astype(np.uint32)
        _, first = np.unique(subnets, return_index=True)
        ordered: Addresses = subnets[np.sort(first)]
        return ordered
