"""Name resolution: a resolver that asks the whole Internet, and the clients that ask the resolver."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from slowworm.rehearse.world.actors.base import CALIBRATION, JUDGEMENT, Actor, Place, Resident, pick, seconds
from slowworm.rehearse.world.exchanges import OPEN, SILENT, UNREACHABLE, Exchanges, Size, tcp, together, udp
from slowworm.rehearse.world.internet import zipf
from slowworm.rehearse.world.stacks import LINUX

AUTHORITIES = 40_000
"""Authoritative servers that a site's resolver meets in a day, most popular first."""

LAME = 3_000
"""Delegated servers that do not answer."""


@dataclass(frozen=True, kw_only=True)
class Resolver(Actor):
    """Recursing resolvers.

    ``queries``: that miss the cache, an hour and endpoint of the site; ``lame``: share of them to servers that do
    not answer; ``retries``: repetitions before another server is asked; ``burst``: queries for one name (QNAME
    minimisation, DNSSEC); ``over_tcp``: share of answers that are fetched again over TCP.
    """

    kind: ClassVar[str] = "resolver"
    dual_stack: ClassVar[bool] = True
    resolvers: int
    queries: float
    lame: float
    retries: int
    burst: float
    over_tcp: float
    popularity: float

    def _residents(self, place: Place) -> list[Resident]:
        hosts = place.servers(self.resolvers)
        return [Resident(addresses=hosts, lookalike="resolver", services=((17, 53), (6, 53)))]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        hosts = place.servers(self.resolvers)
        names = int(draw.poisson(place.spec.hosts * self.queries * place.hours / self.burst))
        each = draw.geometric(1 / self.burst, names)
        name = np.repeat(np.arange(names), each)
        n = len(name)
        at = place.moments(draw, names)[name] + seconds(draw.exponential(0.08, n))
        client = hosts[draw.integers(0, len(hosts), names)][name]
        good = place.internet.servers(AUTHORITIES, "authorities")
        bad = place.internet.servers(LAME, "lame authorities")
        lame = draw.random(n) < self.lame
        server = good[zipf(draw, n, AUTHORITIES, self.popularity)]
        server[lame] = bad[zipf(draw, int(lame.sum()), LAME, 0.6)]
        outcome = np.where(lame, pick(draw, n, (SILENT, UNREACHABLE), (0.9, 0.1)), OPEN)
        asked = udp(
            draw, time=at, client=client, server=server, port=53, request=Size(median=72, sigma=0.15),
            response=Size(median=190, sigma=0.6), outcome=outcome, attempts=1 + self.retries,
        )  # fmt: skip
        big = np.flatnonzero((draw.random(n) < self.over_tcp) & ~lame)
        fetched = tcp(
            draw, time=at[big] + seconds(0.1), client=client[big], server=server[big], port=53, stack=LINUX,
            up=Size(median=60, sigma=0.2), down=Size(median=1900, sigma=0.4), seconds=Size(median=0.1, sigma=0.5),
        )  # fmt: skip
        return together([asked, fetched])


@dataclass(frozen=True, kw_only=True)
class StubClients(Actor):
    """Endpoints asking two resolvers of the site: ``queries`` an hour and host."""

    kind: ClassVar[str] = "stub-client"
    inside_only: ClassVar[bool] = True
    queries: float
    resolvers: int

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        hosts = place.endpoints("workstation", "thing", "phone")
        servers = place.servers(self.resolvers)
        count = place.counts(draw, len(hosts), self.queries * place.hours)
        client = np.repeat(hosts, count)
        n = len(client)
        return udp(
            draw, time=place.moments(draw, n), client=client, server=servers[draw.integers(0, len(servers), n)],
            port=53, request=Size(median=66, sigma=0.15), response=Size(median=160, sigma=0.6),
        )  # fmt: skip


ACTORS = (
    Resolver(
        variant="recursive", family=CALIBRATION, resolvers=2, queries=14, lame=0.06, retries=1, burst=1.6,
        over_tcp=0.01, popularity=0.9,
    ),
    Resolver(
        variant="validating", family=JUDGEMENT, resolvers=3, queries=10, lame=0.13, retries=2, burst=3.5,
        over_tcp=0.06, popularity=0.7,
    ),
    StubClients(variant="desktop", family=CALIBRATION, queries=25, resolvers=2),
    StubClients(variant="mobile", family=JUDGEMENT, queries=40, resolvers=3),
)  # fmt: skip
