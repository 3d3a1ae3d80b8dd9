"""Mail: relays that call dead exchangers again and again, and people's mail programs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from slowworm.rehearse.world.actors.base import CALIBRATION, JUDGEMENT, Actor, Place, Resident, pick, seconds
from slowworm.rehearse.world.exchanges import OPEN, RESET, SILENT, UNREACHABLE, Exchanges, Size, tcp, together
from slowworm.rehearse.world.internet import zipf
from slowworm.rehearse.world.stacks import LINUX, WINDOWS

EXCHANGERS = 6_000
"""Mail exchangers that a site writes to."""

DEAD_EXCHANGERS = 900
"""Exchangers of domains that lapsed or moved."""


@dataclass(frozen=True, kw_only=True)
class MailRelay(Actor):
    """Relays to the world.

    ``messages``: an hour and relay; ``dead``: share of messages whose exchanger does not answer; ``retries``: minutes
    after the first attempt at which it is tried again; ``greylisted``: share told to come back, which they do once;
    ``campaign``: messages of a newsletter sent at one moment; ``incoming``: calls from outside, an hour and relay.
    """

    kind: ClassVar[str] = "mail-relay"
    relays: int
    messages: float
    dead: float
    retries: tuple[float, ...]
    greylisted: float
    campaign: int
    incoming: float

    def _residents(self, place: Place) -> list[Resident]:
        return [Resident(addresses=place.servers(self.relays), lookalike="mail-relay", services=((6, 25),))]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        relays = place.servers(self.relays)
        count = draw.poisson(self.messages * place.hours, len(relays))
        sender = np.repeat(relays, count)
        at = place.moments(draw, len(sender))
        if self.campaign:
            size = int(self.campaign * place.scale)
            sender = np.concatenate([sender, np.full(size, relays[0])])
            begin = 0.3 * place.spec.span_seconds
            at = np.concatenate([at, seconds(begin + np.sort(draw.random(size)) * min(600.0, begin))])
        n = len(sender)
        alive = place.internet.servers(EXCHANGERS, "exchangers")
        gone = place.internet.servers(DEAD_EXCHANGERS, "dead exchangers")
        dead = draw.random(n) < self.dead
        server = alive[zipf(draw, n, EXCHANGERS, 0.9)]
        server[dead] = gone[zipf(draw, int(dead.sum()), DEAD_EXCHANGERS, 0.5)]
        outcome = np.where(dead, pick(draw, n, (SILENT, RESET, UNREACHABLE), (0.7, 0.22, 0.08)), OPEN)
        grey = ~dead & (draw.random(n) < self.greylisted)
        tries = [(at, np.ones(n, np.bool_))]
        tries += [
            (at + seconds(60 * minutes * (0.95 + 0.1 * draw.random(n))), dead) for minutes in self.retries
        ]
        tries.append((at + seconds(60 * draw.uniform(5, 16, n)), grey))
        calls = []
        for when, which in tries:
            now = np.flatnonzero(which)
            call = tcp(
                draw, time=when[now], client=sender[now], server=server[now], port=25, outcome=outcome[now],
                attempts=draw.integers(3, 6, len(now)), stack=LINUX, up=Size(median=9e3, sigma=1.6),
                down=Size(median=700, sigma=0.3), seconds=Size(median=2, sigma=1.0), aborted=0.02,
            )  # fmt: skip
            if when is at:  # a greylisted first call ends after the recipient is named
                up, packets = np.where(grey[now], 700, call.up), np.where(grey[now], 9, call.packets_up)
                call = call.replace(up=up, packets_up=packets)
            calls.append(call)
        writers = place.internet.homes(800, "mail writers")
        n = int(draw.poisson(self.incoming * place.hours * len(relays)))
        came = tcp(
            draw, time=place.moments(draw, n), client=writers[zipf(draw, n, 800, 0.8)],
            server=relays[draw.integers(0, len(relays), n)], port=25, stack=LINUX, up=Size(median=1.2e4, sigma=1.8),
            down=Size(median=700, sigma=0.3), seconds=Size(median=2, sigma=1.0),
        )  # fmt: skip
        return together([*calls, came])


@dataclass(frozen=True, kw_only=True)
class MailPrograms(Actor):
    """Workstations fetching mail from few servers, every few minutes; ``share`` of them, ``every`` so many
    minutes."""

    kind: ClassVar[str] = "mail-program"
    dual_stack: ClassVar[bool] = True
    share: float
    every: float
    ports: tuple[int, ...]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        hosts = place.endpoints("workstation", share=self.share)
        providers = place.internet.servers(12, "mail providers")
        chosen = providers[zipf(draw, len(hosts), 12, 1.0)]
        port = draw.choice(self.ports, len(hosts))
        count = draw.poisson(60 / self.every * place.hours, len(hosts))
        who = np.repeat(np.arange(len(hosts)), count)
        return tcp(
            draw, time=place.moments(draw, len(who)), client=hosts[who], server=chosen[who], port=port[who],
            stack=WINDOWS,
            up=Size(median=900, sigma=0.5), down=Size(median=4e3, sigma=1.5), seconds=Size(median=3, sigma=1.0),
        )  # fmt: skip


ACTORS = (
    MailRelay(
        variant="postfix", family=CALIBRATION, relays=2, messages=700, dead=0.15, retries=(5, 15, 35),
        greylisted=0.08,
        campaign=0, incoming=500,
    ),
    MailRelay(
        variant="newsletter", family=JUDGEMENT, relays=2, messages=300, dead=0.3, retries=(1, 2, 3, 18),
        greylisted=0.2,
        campaign=2500, incoming=200,
    ),
    MailPrograms(variant="imap", family=CALIBRATION, share=0.5, every=10, ports=(993, 143)),
    MailPrograms(variant="pop", family=JUDGEMENT, share=0.3, every=15, ports=(995, 587, 443)),
)  # fmt: skip
