"""What a probe meets, wherever it goes: the Internet, the site, and the services that actors run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from slowworm.flows.services import ICMP
from slowworm.rehearse.world.exchanges import OPEN, RESET, SILENT
from slowworm.rehearse.world.internet import Internet
from slowworm.rehearse.world.site import Site

Addresses = npt.NDArray[np.uint32]

GROUP_ADDRESSES = 0xE0000000
"""From here on addresses are multicast or reserved: nobody answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Responses:
    """``services``: for each (protocol, port) the addresses (sorted) of actors' servers; ``servers``: all of them."""

    site: Site
    internet: Internet
    services: dict[tuple[int, int], Addresses]
    servers: Addresses

    def reply(self, client: Addresses, server: Addresses, protocol: int, ports: Any) -> npt.NDArray[np.int8]:
        """The outcome of each call of a stranger."""
        ports = np.broadcast_to(np.asarray(ports), server.shape)
        inside = self.site.contains(server)
        outcome = np.full(len(server), SILENT, np.int8)
        there = np.flatnonzero(~inside)
        outcome[there] = self.internet.reply(server[there], protocol, ports[there])
        here = np.flatnonzero(inside)
        outcome[here] = self.site.reply(
            server[here], protocol, ports[here], from_outside=~self.site.contains(client[here])
        )
        known = here[np.isin(server[here], self.servers)]
        if len(known):
            outcome[known] = OPEN if protocol == ICMP else RESET
        for (number, port), addresses in self.services.items():
            if number == protocol:
                outcome[known[(ports[known] == port) & np.isin(server[known], addresses)]] = OPEN
        outcome[server >= GROUP_ADDRESSES] = SILENT
        return outcome
