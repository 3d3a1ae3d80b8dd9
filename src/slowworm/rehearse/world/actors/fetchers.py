"""Programs that call many sites by themselves: crawlers and webhook senders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from slowworm.rehearse.world.actors.base import CALIBRATION, JUDGEMENT, Actor, Place, Resident, pick, seconds
from slowworm.rehearse.world.actors.web import DEAD_OUTCOMES
from slowworm.rehearse.world.exchanges import OPEN, Exchanges, Size, tcp, together
from slowworm.rehearse.world.internet import zipf
from slowworm.rehearse.world.stacks import LINUX


@dataclass(frozen=True, kw_only=True)
class Crawler(Actor):
    """Crawlers over ``sites`` an hour, ``requests`` each; a share ``dead`` of the sites is gone and tried ``tries``
    times."""

    kind: ClassVar[str] = "crawler"
    dual_stack: ClassVar[bool] = True
    crawlers: int
    sites: float
    requests: float
    dead: float
    tries: int
    plain: float

    def _residents(self, place: Place) -> list[Resident]:
        return [Resident(addresses=place.servers(self.crawlers), lookalike="crawler")]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        hosts = place.servers(self.crawlers)
        count = int(draw.poisson(self.sites * place.hours)) + 1
        sites = place.internet.servers(count * len(hosts), self.name)
        n = len(sites)
        dead = draw.random(n) < self.dead
        outcome = np.where(dead, pick(draw, n, *DEAD_OUTCOMES), OPEN)
        visits = np.where(dead, self.tries, draw.geometric(1 / self.requests, n))
        site = np.repeat(np.arange(n), visits)
        begin = place.moments(draw, n)
        return tcp(
            draw, time=begin[site] + seconds(draw.exponential(20, len(site))),
            client=np.repeat(hosts, count)[site], server=sites[site],
            port=np.where(draw.random(n) < self.plain, 80, 443)[site], outcome=outcome[site], attempts=2,
            stack=LINUX, up=Size(median=600, sigma=0.5), down=Size(median=2e4, sigma=1.6),
            seconds=Size(median=1.5, sigma=1.0),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class WebhookSender(Actor):
    """Senders of notices to customers' servers: ``events`` an hour over ``endpoints`` addresses, a share ``dead`` of
    which does not answer and is tried again after each of ``retries`` seconds.
    """

    kind: ClassVar[str] = "webhook-sender"
    events: float
    endpoints: int
    dead: float
    retries: tuple[float, ...]

    def _residents(self, place: Place) -> list[Resident]:
        return [Resident(addresses=place.servers(1), lookalike="webhook-sender")]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        host = place.servers(1)[0]
        n = int(draw.poisson(self.events * place.hours))
        servers = place.internet.servers(self.endpoints, self.name)
        gone = draw.random(self.endpoints) < self.dead
        how = pick(draw, self.endpoints, *DEAD_OUTCOMES)
        odd_port = np.where(draw.random(self.endpoints) < 0.1, 8443, 443)
        to = zipf(draw, n, self.endpoints, 0.4)
        at = place.moments(draw, n)
        parts = []
        for delay in (0.0, *self.retries):
            which = np.flatnonzero(gone[to] | (delay == 0))
            parts.append(
                tcp(
                    draw, time=at[which] + seconds(delay * draw.uniform(0.9, 1.1, len(which))), client=host,
                    server=servers[to[which]], port=odd_port[to[which]],
                    outcome=np.where(gone[to[which]], how[to[which]], OPEN), attempts=3, stack=LINUX,
                    up=Size(median=2500, sigma=0.8), down=Size(median=900, sigma=0.5),
                    seconds=Size(median=0.6, sigma=0.8),
                )
            )  # fmt: skip
        return together(parts)


ACTORS = (
    Crawler(
        variant="breadth-first", family=CALIBRATION, crawlers=2, sites=2500, requests=3, dead=0.12, tries=2,
        plain=0.2,
    ),
    Crawler(
        variant="link-checker", family=JUDGEMENT, crawlers=1, sites=4000, requests=1.2, dead=0.28, tries=1,
        plain=0.45,
    ),
    WebhookSender(
        variant="eager", family=CALIBRATION, events=1500, endpoints=700, dead=0.15, retries=(10, 60, 300),
    ),
    WebhookSender(
        variant="stale-list", family=JUDGEMENT, events=700, endpoints=900, dead=0.5, retries=(5, 25, 125, 625),
    ),
)  # fmt: skip
