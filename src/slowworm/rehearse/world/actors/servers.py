"""Servers that strangers call: web, time and name servers, whose answers go to thousands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from slowworm.rehearse.world.actors.base import CALIBRATION, JUDGEMENT, Actor, Place, Resident, pick, seconds
from slowworm.rehearse.world.exchanges import HALF, OPEN, SILENT, Exchanges, Size, tcp, together, udp
from slowworm.rehearse.world.internet import zipf
from slowworm.rehearse.world.stacks import APPLE, LINUX, WINDOWS


@dataclass(frozen=True, kw_only=True)
class WebServer(Actor):
    """Public web servers: ``visitors`` an hour and server with ``connections`` each.

    A share ``lost`` of the callers vanishes after its SYN.
    """

    kind: ClassVar[str] = "web-server"
    servers: int
    visitors: float
    connections: float
    lost: float
    plain: float

    def _residents(self, place: Place) -> list[Resident]:
        hosts = place.servers(self.servers)
        return [Resident(addresses=hosts, lookalike="web-server", services=((6, 80), (6, 443)))]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        hosts = place.servers(self.servers)
        count = draw.poisson(self.visitors * place.hours, len(hosts))
        visit = np.repeat(hosts, count)
        n = len(visit)
        people = place.internet.homes(60_000, "visitors", self.name)
        visitor = people[zipf(draw, n, len(people), 0.4)]
        each = draw.geometric(1 / self.connections, n)
        row = np.repeat(np.arange(n), each)
        m = len(row)
        return tcp(
            draw, time=place.moments(draw, n)[row] + seconds(draw.exponential(4, m)), client=visitor[row],
            server=visit[row], port=np.where(draw.random(m) < self.plain, 80, 443),
            outcome=np.where(draw.random(m) < self.lost, HALF, OPEN), attempts=draw.integers(1, 5, m),
            stack=pick(draw, n, (WINDOWS, APPLE, LINUX), (0.4, 0.35, 0.25))[row], up=Size(median=1200, sigma=0.8),
            down=Size(median=1.5e4, sigma=1.6), seconds=Size(median=4, sigma=1.3),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class TimeServer(Actor):
    """Public time servers: ``clients`` an hour; a share ``limited`` of the requests goes unanswered."""

    kind: ClassVar[str] = "ntp-server"
    servers: int
    clients: float
    limited: float
    classic: float

    def _residents(self, place: Place) -> list[Resident]:
        return [
            Resident(addresses=place.servers(self.servers), lookalike="ntp-server", services=((17, 123),))
        ]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        hosts = place.servers(self.servers)
        count = draw.poisson(self.clients * place.hours, len(hosts))
        n = int(count.sum())
        people = place.internet.homes(50_000, "clocks", self.name)
        same = Size(median=76, sigma=0)
        asked = udp(
            draw, time=place.moments(draw, n), client=people[zipf(draw, n, len(people), 0.3)],
            server=np.repeat(hosts, count), port=123, request=same, response=same,
            client_port=np.where(draw.random(n) < self.classic, 123, draw.integers(1024, 65536, n)),
            outcome=np.where(draw.random(n) < self.limited, SILENT, OPEN),
        )  # fmt: skip
        above = place.internet.servers(5, "stratum one")
        polls = place.rounds(64.0)
        upstream = udp(
            draw, time=seconds(np.repeat(polls, len(above) * len(hosts))),
            client=np.tile(np.repeat(hosts, len(above)), len(polls)), server=np.tile(above, len(polls) * len(hosts)),
            port=123, client_port=123, request=same, response=same,
        )  # fmt: skip
        return together([asked, upstream])


@dataclass(frozen=True, kw_only=True)
class NameServer(Actor):
    """Authoritative name servers of the site, asked by the world's resolvers: ``queries`` an hour and server."""

    kind: ClassVar[str] = "name-server"
    servers: int
    queries: float
    resolvers: int

    def _residents(self, place: Place) -> list[Resident]:
        hosts = place.servers(self.servers)
        return [Resident(addresses=hosts, lookalike="name-server", services=((17, 53), (6, 53)))]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        hosts = place.servers(self.servers)
        n = int(draw.poisson(self.queries * place.hours * len(hosts)))
        resolvers = place.internet.servers(self.resolvers, "resolvers of the world")
        return udp(
            draw, time=place.moments(draw, n), client=resolvers[zipf(draw, n, self.resolvers, 0.8)],
            server=hosts[draw.integers(0, len(hosts), n)], port=53, request=Size(median=75, sigma=0.15),
            response=Size(median=220, sigma=0.5),
        )  # fmt: skip


ACTORS = (
    WebServer(
        variant="institute", family=CALIBRATION, servers=8, visitors=500, connections=4, lost=0.02, plain=0.25,
    ),
    WebServer(variant="shop", family=JUDGEMENT, servers=4, visitors=1500, connections=2.5, lost=0.06, plain=0.05),
    TimeServer(variant="pool", family=CALIBRATION, servers=1, clients=9000, limited=0.02, classic=0.3),
    TimeServer(variant="rate-limited", family=JUDGEMENT, servers=2, clients=4000, limited=0.3, classic=0.7),
    NameServer(variant="primary", family=CALIBRATION, servers=2, queries=3000, resolvers=4000),
    NameServer(variant="hidden", family=JUDGEMENT, servers=3, queries=1200, resolvers=9000),
)  # fmt: skip
