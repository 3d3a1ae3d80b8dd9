"""People on the web: bursts of connections to popular and odd sites, some of them dead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from slowworm.rehearse.world.actors.base import CALIBRATION, JUDGEMENT, Actor, Place, Resident, pick, seconds
from slowworm.rehearse.world.exchanges import (
    OPEN,
    RESET,
    SILENT,
    UNREACHABLE,
    Exchanges,
    Size,
    tcp,
    together,
    udp,
)
from slowworm.rehearse.world.internet import Addresses, zipf
from slowworm.rehearse.world.stacks import APPLE, LINUX, WINDOWS
from slowworm.rehearse.world.streams import salt, stream, unit

SITES = 30_000
"""Web servers that anybody visits, most popular first; the tail is visited once."""

DEAD_SITES = 600
"""Addresses of advertising and tracking hosts that no longer answer, with popularity of their own."""

SESSIONS, SESSION_SECONDS = 3, 300.0
"""Sessions of a host in an hour, and the mean seconds that a page comes after its session's begin (assumption)."""

OWN_SITE = 0.4
"""Share of a page's connections that go to the site itself; the others go to whatever it embeds."""

NOTHING = Size(median=1, sigma=0)

DEAD_OUTCOMES = ((SILENT, RESET, UNREACHABLE), (0.75, 0.2, 0.05))
"""How a dead site fails, with shares (assumption: most vanish without a word)."""


@dataclass(frozen=True, kw_only=True)
class WebClients(Actor):
    """Browsing workstations.

    ``pages``: an hour and host; ``connections``: beyond the first, a page; ``popularity``: exponent of Zipf's law
    (about 0.8 to 1.0 for web sites: Breslau et al., Web Caching and Zipf-like Distributions, 1999); ``dead``: share
    of connections to sites that are gone; ``quic``: share of connections over UDP; ``eyeballs``: share of TCP calls
    made twice, a quarter second apart, the slower one given up (RFC 8305).
    """

    kind: ClassVar[str] = "web-client"
    dual_stack: ClassVar[bool] = True
    active: float
    pages: float
    connections: float
    popularity: float
    dead: float
    quic: float
    eyeballs: float
    stacks: tuple[float, float, float]

    def _residents(self, place: Place) -> list[Resident]:
        return [Resident(addresses=place.endpoints("workstation"))]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        hosts = place.endpoints("workstation", share=self.active)
        visits = place.counts(draw, len(hosts), self.pages * place.hours)
        stack_of = pick(draw, len(hosts), (WINDOWS, APPLE, LINUX), self.stacks)
        client = np.repeat(hosts, visits)
        # People come in sessions: a host's pages gather after few moments of the hour.
        session = unit(
            client * np.uint64(SESSIONS) + draw.integers(0, SESSIONS, len(client)).astype(np.uint64),
            salt(place.seed, self.name, "sessions"),
        )
        within = draw.exponential(SESSION_SECONDS, len(client))
        at = seconds((session * place.spec.span_seconds + within) % place.spec.span_seconds)
        return browse(place, draw, self, client, np.repeat(stack_of, visits), at)


def browse(
    place: Place,
    draw: np.random.Generator,
    habits: WebClients,
    client: Addresses,
    stack: npt.NDArray[np.int64],
    moment: npt.NDArray[np.int64],
) -> Exchanges:
    """The connections of one page view of each ``client`` given, at its moment in ns."""
    sites = place.internet.servers(SITES, "sites")
    gone = place.internet.servers(DEAD_SITES, "dead sites")
    fate = pick(stream(place.seed, "fate of dead sites"), DEAD_SITES, *DEAD_OUTCOMES)
    each = 1 + draw.poisson(habits.connections, len(client))
    page = np.repeat(np.arange(len(client)), each)
    n = len(page)
    at = moment[page] + seconds(draw.exponential(1.5, n))
    main = zipf(draw, len(client), SITES, habits.popularity)[page]
    server = sites[np.where(draw.random(n) < OWN_SITE, main, zipf(draw, n, SITES, habits.popularity))]
    dead = np.flatnonzero(draw.random(n) < habits.dead)
    rank = zipf(draw, len(dead), DEAD_SITES, 0.9)
    outcome = np.full(n, OPEN)
    server[dead], outcome[dead] = gone[rank], fate[rank]
    over_udp = (draw.random(n) < habits.quic) & (outcome == OPEN)
    t = np.flatnonzero(~over_udp)
    calls = tcp(
        draw, time=at[t], client=client[page[t]], server=server[t], outcome=outcome[t],
        port=np.where(draw.random(len(t)) < 0.88, 443, 80), attempts=draw.integers(2, 5, len(t)),
        stack=stack[page[t]], up=Size(median=1200, sigma=1.0), down=Size(median=9000, sigma=1.8),
        seconds=Size(median=6, sigma=1.5),
    )  # fmt: skip
    u = np.flatnonzero(over_udp)
    quic = udp(
        draw, time=at[u], client=client[page[u]], server=server[u], port=443,
        request=Size(median=300, sigma=0.6), response=Size(median=900, sigma=0.3),
        packets=5 + draw.geometric(0.08, len(u)), answers=6 + draw.geometric(0.04, len(u)),
        seconds=Size(median=8, sigma=1.2),
    )  # fmt: skip
    again = calls.take((draw.random(len(calls)) < habits.eyeballs) & (calls.outcome == OPEN))
    given_up = tcp(
        draw, time=again.time + seconds(0.25), client=again.client, server=again.server, stack=again.stack,
        port=again.server_port, up=NOTHING, down=NOTHING, seconds=Size(median=0.05, sigma=0.5), aborted=1.0,
    )  # fmt: skip
    return together([calls, quic, given_up.replace(packets_up=3, up=3 * 52, packets_down=1, down=60)])


ACTORS = (
    WebClients(
        variant="office", family=CALIBRATION, active=0.85, pages=11, connections=8, popularity=0.95, dead=0.02,
        quic=0.0, eyeballs=0.0, stacks=(0.85, 0.12, 0.03),
    ),
    WebClients(
        variant="campus", family=JUDGEMENT, active=0.75, pages=16, connections=6, popularity=0.8, dead=0.045,
        quic=0.3, eyeballs=0.06, stacks=(0.45, 0.4, 0.15),
    ),
)  # fmt: skip
