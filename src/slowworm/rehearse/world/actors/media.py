"""Telephones and games: registrations, streams between changing ports, and peers that do not answer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from slowworm.rehearse.world.actors.base import CALIBRATION, JUDGEMENT, Actor, Place, Resident, seconds
from slowworm.rehearse.world.exchanges import OPEN, SILENT, UNREACHABLE, Exchanges, Size, together, udp
from slowworm.rehearse.world.internet import zipf


@dataclass(frozen=True, kw_only=True)
class Telephony(Actor):
    """Phones registering with a provider every ``register`` seconds and calling ``calls`` times an hour.

    Media goes straight to the other side at a random port (``direct``) or through the provider's few relays.
    """

    kind: ClassVar[str] = "voip"
    register: float
    calls: float
    direct: bool

    def _residents(self, place: Place) -> list[Resident]:
        return [Resident(addresses=place.endpoints("phone"))]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        phones = place.endpoints("phone")
        provider = place.internet.servers(3, self.name)
        rounds = place.rounds(self.register)
        n = len(phones) * len(rounds)
        at = np.tile(rounds, len(phones)) + np.repeat(draw.random(len(phones)) * self.register, len(rounds))
        signalling = udp(
            draw, time=seconds(at), client=np.repeat(phones, len(rounds)), port=5060, client_port=5060,
            server=provider[np.repeat(np.arange(len(phones)) % 3, len(rounds))], packets=2,
            request=Size(median=600, sigma=0.1), response=Size(median=500, sigma=0.1), answers=np.full(n, 2),
        )  # fmt: skip
        count = place.counts(draw, len(phones), self.calls * place.hours)
        who = np.repeat(np.arange(len(phones)), count)
        m = len(who)
        relays = place.internet.servers(12, self.name, "relays")
        friends = place.internet.homes(4000, self.name, "friends")
        length = np.minimum(Size(median=90, sigma=1.0).draw(draw, m), 3000)
        media = udp(
            draw, time=place.moments(draw, m), client=phones[who], port=2 * draw.integers(8000, 16000, m),
            server=friends[zipf(draw, m, 4000, 0.5)] if self.direct else relays[draw.integers(0, 12, m)],
            request=Size(median=200, sigma=0), response=Size(median=200, sigma=0),
            packets=np.rint(50 * length).astype(np.int64),
        )  # fmt: skip
        return together([signalling, media.replace(seconds=length)])


@dataclass(frozen=True, kw_only=True)
class Games(Actor):
    """Players on a ``share`` of the workstations.

    ``browser``: servers asked for their state by a server list each session, all on ``port``; ``peers``: players
    tried by hole punching a session; ``dead``: share of either that does not answer.
    """

    kind: ClassVar[str] = "games"
    share: float
    sessions: float
    browser: int
    peers: int
    port: int
    dead: float

    def _residents(self, place: Place) -> list[Resident]:
        return [Resident(addresses=place.endpoints("workstation", share=self.share), lookalike="games")]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        hosts = place.endpoints("workstation", share=self.share)
        count = draw.poisson(self.sessions * place.hours, len(hosts))
        who = np.repeat(np.arange(len(hosts)), count)
        begin = place.moments(draw, len(who))
        own_port = draw.integers(1024, 65536, len(who))
        listed = place.internet.servers(max(3 * self.browser, 10), self.name, "listed")
        stun = place.internet.servers(8, "stun")
        common = {"request": Size(median=53, sigma=0.05), "response": Size(median=250, sigma=0.5)}
        row = np.repeat(np.arange(len(who)), self.browser)
        asked = udp(
            draw, time=begin[row] + seconds(draw.random(len(row)) * 8), client=hosts[who[row]],
            server=listed[zipf(draw, len(row), len(listed), 0.3)], port=self.port, client_port=own_port[row],
            outcome=np.where(draw.random(len(row)) < self.dead, SILENT, OPEN), **common,
        )  # fmt: skip
        found = udp(
            draw, time=begin, client=hosts[who], server=stun[who % 8], port=3478, client_port=own_port,
            packets=3, **common,
        )  # fmt: skip
        players = place.internet.homes(20_000, self.name, "players")
        row = np.repeat(np.arange(len(who)), draw.poisson(self.peers, len(who)))
        fails = draw.random(len(row)) < self.dead
        punched = udp(
            draw, time=begin[row] + seconds(10 + draw.random(len(row)) * 60), client=hosts[who[row]],
            server=players[zipf(draw, len(row), 20_000, 0.2)], client_port=own_port[row],
            port=np.where(draw.random(len(row)) < 0.5, self.port, draw.integers(1024, 65536, len(row))),
            outcome=np.where(fails, np.where(draw.random(len(row)) < 0.1, UNREACHABLE, SILENT), OPEN), attempts=5,
            packets=np.where(fails, 5, 2000), seconds=Size(median=400, sigma=0.6), **common,
        )  # fmt: skip
        return together([asked, found, punched])


ACTORS = (
    Telephony(variant="trunk", family=CALIBRATION, register=300, calls=2, direct=False),
    Telephony(variant="direct", family=JUDGEMENT, register=60, calls=3, direct=True),
    Games(
        variant="server-browser",
        family=CALIBRATION,
        share=0.01,
        sessions=1.5,
        browser=150,
        peers=0,
        port=27015,
        dead=0.2,
    ),
    Games(
        variant="console",
        family=JUDGEMENT,
        share=0.02,
        sessions=2,
        browser=10,
        peers=25,
        port=3074,
        dead=0.45,
    ),
)
