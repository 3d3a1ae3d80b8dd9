"""Peer-to-peer: many strangers, on the network's port and on others, a good part of them gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from slowworm.rehearse.world.actors.base import (
    CALIBRATION,
    JUDGEMENT,
    Actor,
    Addresses,
    Ints,
    Place,
    Resident,
    pick,
)
from slowworm.rehearse.world.exchanges import (
    OPEN,
    RESET,
    SILENT,
    UNREACHABLE,
    Amounts,
    Exchanges,
    Size,
    tcp,
    together,
    udp,
)
from slowworm.rehearse.world.internet import zipf
from slowworm.rehearse.world.stacks import LINUX, WINDOWS

PEERS = 120_000
"""Peers that a site's clients hear of within a day."""

PIECES: Amounts = {
    "up": Size(median=8e3, sigma=2.2), "down": Size(median=2e4, sigma=2.4), "seconds": Size(median=60, sigma=1.4),
}  # fmt: skip
"""What two peers exchange: mostly little, now and then a film."""


@dataclass(frozen=True, kw_only=True)
class Peers(Actor):
    """Workstations in a file-sharing network.

    ``members``: share of workstations; ``calls``: TCP calls an hour; ``same_port``: share of peers on the network's
    usual ``port``, the others on ports of their own; ``stale``: share of calls to peers that are gone; ``lookups``:
    DHT packets an hour over UDP, of which ``stale_lookups`` go unanswered; ``incoming``: calls from outside, an
    hour.
    """

    kind: ClassVar[str] = "p2p"
    members: float
    calls: float
    port: int
    same_port: float
    stale: float
    lookups: float
    stale_lookups: float
    incoming: float

    def _residents(self, place: Place) -> list[Resident]:
        return [Resident(addresses=place.endpoints("workstation", share=self.members), lookalike="p2p")]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        return swarm(place, draw, self, place.endpoints("workstation", share=self.members))


def swarm(place: Place, draw: np.random.Generator, habits: Peers, hosts: Addresses) -> Exchanges:
    """What ``hosts`` do in the network of these habits."""
    peers = place.internet.homes(PEERS, "peers", habits.name)
    # A peer listens on one port, whoever calls it.
    own = place.stream("peers")
    port_of = np.where(own.random(PEERS) < habits.same_port, habits.port, own.integers(1024, 65536, PEERS))
    listening = np.where(
        draw.random(len(hosts)) < habits.same_port, habits.port, draw.integers(10_000, 65_536, len(hosts))
    )

    def meet(mean: float) -> tuple[Ints, Ints, Ints]:
        count = place.counts(draw, len(hosts), mean * place.hours)
        who = np.repeat(np.arange(len(hosts)), count)
        return who, zipf(draw, len(who), PEERS, 0.3), place.moments(draw, len(who))

    who, peer, at = meet(habits.calls)
    n = len(who)
    gone = draw.random(n) < habits.stale
    failing = pick(draw, n, (SILENT, RESET, UNREACHABLE), (0.72, 0.22, 0.06))
    out = tcp(
        draw, time=at, client=hosts[who], server=peers[peer], port=port_of[peer], stack=WINDOWS,
        outcome=np.where(gone, failing, OPEN), attempts=draw.integers(1, 4, n), aborted=0.4, **PIECES,
    )  # fmt: skip
    who, peer, at = meet(habits.lookups)
    n = len(who)
    quiet = draw.random(n) < habits.stale_lookups
    asked = udp(
        draw, time=at, client=hosts[who], server=peers[peer], port=port_of[peer], client_port=listening[who],
        request=Size(median=130, sigma=0.2), response=Size(median=320, sigma=0.4),
        outcome=np.where(quiet, pick(draw, n, (SILENT, UNREACHABLE), (0.93, 0.07)), OPEN),
    )  # fmt: skip
    who, peer, at = meet(habits.incoming)
    came = tcp(
        draw, time=at, client=peers[peer], server=hosts[who], port=listening[who], stack=LINUX,
        outcome=np.where(draw.random(len(who)) < 0.25, RESET, OPEN), aborted=0.4, **PIECES,
    )  # fmt: skip
    return together([out, asked, came])


ACTORS = (
    Peers(
        variant="bittorrent", family=CALIBRATION, members=0.02, calls=350, port=6881, same_port=0.12, stale=0.55,
        lookups=500, stale_lookups=0.6, incoming=90,
    ),
    Peers(
        variant="edonkey", family=JUDGEMENT, members=0.015, calls=220, port=4662, same_port=0.4, stale=0.42,
        lookups=150, stale_lookups=0.35, incoming=140,
    ),
)  # fmt: skip
