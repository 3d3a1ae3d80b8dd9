"""Things and tunnels: devices that call home, a cloud that is gone, long-lived tunnels, anonymity networks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from slowworm.rehearse.world.actors.base import CALIBRATION, JUDGEMENT, Actor, Place, Resident, pick, seconds
from slowworm.rehearse.world.exchanges import OPEN, RESET, SILENT, Exchanges, Size, tcp, together, udp
from slowworm.rehearse.world.internet import zipf
from slowworm.rehearse.world.stacks import EMBEDDED, LINUX, WINDOWS


@dataclass(frozen=True, kw_only=True)
class Things(Actor):
    """Devices with a vendor's cloud behind them.

    ``reports`` an hour; ``orphaned``: share whose cloud is gone, which try its few addresses every ``stubborn``
    seconds; ``relays``: UDP relays that a device tries at every start, ``starts`` an hour, most of which do not
    answer.
    """

    kind: ClassVar[str] = "iot"
    reports: float
    port: int
    orphaned: float
    stubborn: float
    relays: int
    starts: float

    def _residents(self, place: Place) -> list[Resident]:
        return [Resident(addresses=place.endpoints("thing"), lookalike="iot")]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        things = place.endpoints("thing")
        orphan = draw.random(len(things)) < self.orphaned
        clouds = place.internet.servers(30, self.name)
        well = things[~orphan]
        client = np.repeat(well, place.counts(draw, len(well), self.reports * place.hours))
        n = len(client)
        reports = tcp(
            draw, time=place.moments(draw, n), client=client, server=clouds[zipf(draw, n, 30, 0.9)], port=self.port,
            stack=EMBEDDED, up=Size(median=800, sigma=0.6), down=Size(median=600, sigma=0.6),
            seconds=Size(median=5, sigma=1.5),
        )  # fmt: skip
        dead = place.internet.servers(6, self.name, "gone clouds")
        lost = np.flatnonzero(orphan)
        rounds = place.rounds(self.stubborn / place.scale)
        row = np.repeat(lost, len(rounds))
        at = np.tile(rounds, len(lost)) + draw.random(len(row)) * self.stubborn / 2
        # Each knows two of the addresses, from its firmware.
        known = (row * 5 + draw.integers(0, 2, len(row))) % len(dead)
        tries = tcp(
            draw, time=seconds(at), client=things[row], server=dead[known], port=self.port, stack=EMBEDDED,
            outcome=np.where(known % 3 == 2, RESET, SILENT), attempts=3, up=Size(median=1, sigma=0),
            down=Size(median=1, sigma=0), seconds=Size(median=1, sigma=0),
        )  # fmt: skip
        relays = place.internet.servers(max(2 * self.relays, 2), self.name, "relays")
        row = np.repeat(
            np.arange(len(things)), self.relays * draw.poisson(self.starts * place.hours, len(things))
        )
        n = len(row)
        punching = udp(
            draw, time=place.moments(draw, n), client=things[row], server=relays[draw.integers(0, len(relays), n)],
            port=32100, request=Size(median=32, sigma=0), response=Size(median=48, sigma=0),
            outcome=np.where(draw.random(n) < 0.7, SILENT, OPEN), attempts=2,
        )  # fmt: skip
        return together([reports, tries, punching])


@dataclass(frozen=True, kw_only=True)
class Tunnels(Actor):
    """Workstations with a tunnel that lasts: VPN over UDP or TCP, to one of few concentrators."""

    kind: ClassVar[str] = "vpn"
    share: float
    protocol: int
    port: int

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        hosts = place.endpoints("workstation", share=self.share)
        n = len(hosts)
        ends = place.internet.servers(8, self.name)[np.arange(n) % 8]
        # Half of them were up before the world began.
        begin = (draw.random(n) * 1.5 - 0.75) * place.spec.span_seconds
        length = Size(median=2400, sigma=0.8)
        if self.protocol == 6:
            return tcp(
                draw, time=seconds(begin), client=hosts, server=ends, port=self.port, stack=WINDOWS,
                up=Size(median=2e6, sigma=1.5), down=Size(median=1e7, sigma=1.5), seconds=length,
            )  # fmt: skip
        packets = np.rint(Size(median=9000, sigma=1.3).draw(draw, n)).astype(np.int64) + 20
        return udp(
            draw, time=seconds(begin), client=hosts, server=ends, port=self.port, client_port=self.port,
            packets=packets,
            request=Size(median=250, sigma=0.4), response=Size(median=900, sigma=0.3), seconds=length,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Onion(Actor):
    """Members of an anonymity network: clients with few guards, or a relay that talks to ``relays`` others, of which
    ``dead`` do not answer.
    """

    kind: ClassVar[str] = "tor"
    share: float
    relays: int
    calls: float
    dead: float
    relaying: bool

    def _residents(self, place: Place) -> list[Resident]:
        if self.relaying:
            return [Resident(addresses=place.servers(1), lookalike="tor-relay", services=((6, 9001),))]
        return [Resident(addresses=place.endpoints("workstation", share=self.share))]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        hosts = place.servers(1) if self.relaying else place.endpoints("workstation", share=self.share)
        others = place.internet.servers(6000, "onion routers")
        port = pick(place.stream("ports"), 6000, (9001, 443, 9030), (0.55, 0.35, 0.1))
        own = place.stream("dead").random(6000) < self.dead
        row = np.repeat(
            np.arange(len(hosts)), place.counts(draw, len(hosts), self.calls * place.hours, shape=20)
        )
        n = len(row)
        to = (row * 613 + zipf(draw, n, self.relays, 0.3)) % 6000
        return tcp(
            draw, time=place.moments(draw, n), client=hosts[row], server=others[to], port=port[to], stack=LINUX,
            outcome=np.where(own[to], SILENT, OPEN), attempts=4, up=Size(median=4e4, sigma=1.5),
            down=Size(median=8e4, sigma=1.5), seconds=Size(median=180, sigma=1.2),
        )  # fmt: skip


ACTORS = (
    Things(variant="sensors", family=CALIBRATION, reports=12, port=8883, orphaned=0.06, stubborn=30, relays=0,
    starts=0),
    Things(variant="cameras", family=JUDGEMENT, reports=6, port=443, orphaned=0.1, stubborn=12, relays=40,
    starts=0.5),
    Tunnels(variant="datagram", family=CALIBRATION, share=0.03, protocol=17, port=4500),
    Tunnels(variant="stream", family=JUDGEMENT, share=0.04, protocol=6, port=443),
    Onion(variant="client", family=CALIBRATION, share=0.004, relays=4, calls=20, dead=0.05, relaying=False),
    Onion(variant="relay", family=JUDGEMENT, share=0.0, relays=3000, calls=1500, dead=0.04, relaying=True),
)  # fmt: skip
