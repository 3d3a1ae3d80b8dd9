"""Machines that look after machines: pollers, load balancers, outward monitoring."""

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
    seconds,
)
from slowworm.rehearse.world.exchanges import (
    OPEN,
    RESET,
    SILENT,
    UNREACHABLE,
    Exchanges,
    Size,
    echo,
    tcp,
    together,
    udp,
)
from slowworm.rehearse.world.stacks import LINUX
from slowworm.rehearse.world.streams import salt, unit


def grid(place: Place, every: float, hosts: int) -> tuple[Ints, Ints]:
    """Times in ns and host numbers of something done to every host once ``every`` seconds, one after the other."""
    rounds = place.rounds(every)
    spread = np.linspace(0, min(every, 60.0) * 0.8, hosts, endpoint=False)
    at = (rounds[:, None] + spread[None, :]).reshape(-1)
    return seconds(at), np.tile(np.arange(hosts), len(rounds))


def gone(place: Place, hosts: Addresses, share: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which of ``hosts`` this actor's list still has although they are off."""
    missing = unit(hosts, salt(place.seed, place.name, "gone")) < share
    return missing.reshape(-1)


@dataclass(frozen=True, kw_only=True)
class Poller(Actor):
    """Network management that asks ``share`` of things, phones and printers ``every`` seconds, a share ``stale`` of
    which is no longer there; by SNMP with ``retries``, or by echo requests.
    """

    kind: ClassVar[str] = "poller"
    inside_only: ClassVar[bool] = True
    share: float
    every: float
    stale: float
    retries: int
    pings: bool

    def _residents(self, place: Place) -> list[Resident]:
        return [Resident(addresses=place.servers(1), lookalike="poller")]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        known = place.endpoints("thing", "phone", "printer")
        known = known[unit(known, salt(place.seed, place.name)) < self.share]
        # Stale entries are addresses that nobody has any more: next to those that somebody has.
        old = gone(place, known, self.stale)
        known = np.where(old & ~place.site.alive(known ^ np.uint32(0x80)), known ^ np.uint32(0x80), known)
        at, row = grid(place, self.every, len(known))
        outcome = np.where(old, SILENT, OPEN)[row]
        host = place.servers(1)[0]
        if self.pings:
            return echo(draw, time=at, client=host, server=known[row], packets=3, outcome=outcome)
        return udp(
            draw, time=at, client=host, server=known[row], port=161, request=Size(median=90, sigma=0.1),
            response=Size(median=180, sigma=0.4), packets=4, outcome=outcome, attempts=1 + self.retries,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Balancer(Actor):
    """Load balancers that check ``backends`` ``every`` seconds; a share ``down`` refuses or keeps silent."""

    kind: ClassVar[str] = "load-balancer"
    backends: int
    every: float
    down: float
    port: int
    outside: bool

    def _residents(self, place: Place) -> list[Resident]:
        return [Resident(addresses=place.servers(1), lookalike="load-balancer")]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        own = place.servers(1 + self.backends)
        backends = place.internet.servers(self.backends, self.name) if self.outside else own[1:]
        how = np.full(len(backends), OPEN)
        down = round(self.down * len(how))
        how[:down] = np.where(np.arange(down) % 2, RESET, SILENT)
        at, row = grid(place, self.every, len(backends))
        return tcp(
            draw, time=at, client=own[0], server=backends[row], port=self.port, outcome=how[row], attempts=1,
            stack=LINUX, up=Size(median=150, sigma=0.1), down=Size(median=300, sigma=0.3),
            seconds=Size(median=0.02, sigma=0.5), aborted=0.5,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class HeldBalancer(Balancer):
    """Load balancers with backends on the site itself."""

    inside_only: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class Monitor(Actor):
    """Outward monitoring of ``targets`` hosts on the Internet ``every`` seconds, ``dead`` of them for good.

    ``pinging`` is the share asked by echo requests, the others by a TCP call.
    """

    kind: ClassVar[str] = "monitor"
    targets: int
    every: float
    dead: float
    pinging: float

    def _residents(self, place: Place) -> list[Resident]:
        return [Resident(addresses=place.servers(1), lookalike="monitor")]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        targets = place.internet.servers(self.targets, self.name)
        dead = gone(place, targets, self.dead)
        asked = np.flatnonzero(unit(targets, salt(place.seed, self.name, "ping")) < self.pinging)
        called = np.setdiff1d(np.arange(len(targets)), asked)
        host = place.servers(1)[0]
        at, row = grid(place, self.every, len(asked))
        pings = echo(
            draw, time=at, client=host, server=targets[asked[row]], packets=3,
            outcome=np.where(dead[asked[row]], SILENT, OPEN),
        )  # fmt: skip
        at, row = grid(place, self.every, len(called))
        how = pick(place.stream("how"), len(targets), (SILENT, RESET, UNREACHABLE), (0.6, 0.3, 0.1))
        checks = tcp(
            draw, time=at, client=host, server=targets[called[row]], port=443, stack=LINUX, attempts=2,
            outcome=np.where(dead, how, OPEN)[called[row]], up=Size(median=700, sigma=0.2),
            down=Size(median=5000, sigma=0.6), seconds=Size(median=0.3, sigma=0.6),
        )  # fmt: skip
        return together([pings, checks])


@dataclass(frozen=True, kw_only=True)
class Probe(Actor):
    """A measurement network's probe: traceroutes over UDP to ``targets`` a round, ``every`` seconds.

    Most are answered by unreachable messages, as a traceroute wants it; ``silent`` of them by nobody.
    """

    kind: ClassVar[str] = "measurement-probe"
    targets: int
    every: float
    silent: float
    pings: float

    def _residents(self, place: Place) -> list[Resident]:
        return [Resident(addresses=place.servers(2), lookalike="measurement-probe")]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        hosts = place.servers(2)
        targets = place.internet.homes(self.targets, self.name)
        at, row = grid(place, self.every, len(targets))
        client = hosts[row % len(hosts)]
        quiet = unit(targets, salt(place.seed, self.name, "quiet"))[row] < self.silent
        traced = draw.random(len(row)) >= self.pings
        t, p = np.flatnonzero(traced), np.flatnonzero(~traced)
        traces = udp(
            draw, time=at[t], client=client[t], server=targets[row[t]], port=33434 + draw.integers(0, 30, len(t)),
            request=Size(median=60, sigma=0), response=Size(median=60, sigma=0), attempts=3,
            outcome=np.where(quiet[t], SILENT, UNREACHABLE),
        )  # fmt: skip
        pings = echo(
            draw, time=at[p], client=client[p], server=targets[row[p]], packets=3,
            outcome=np.where(quiet[p], SILENT, OPEN),
        )  # fmt: skip
        return together([traces, pings])


ACTORS = (
    Poller(variant="snmp", family=CALIBRATION, share=0.9, every=300, stale=0.08, retries=2, pings=False),
    Poller(variant="ping", family=JUDGEMENT, share=0.7, every=60, stale=0.3, retries=0, pings=True),
    HeldBalancer(
        variant="local", family=CALIBRATION, backends=20, every=5, down=0.1, port=80, outside=False,
    ),
    Balancer(variant="origins", family=JUDGEMENT, backends=16, every=10, down=0.2, port=443, outside=True),
    Monitor(variant="synthetic", family=CALIBRATION, targets=120, every=300, dead=0.04, pinging=0.4),
    Monitor(variant="old-list", family=JUDGEMENT, targets=260, every=120, dead=0.2, pinging=0.7),
    Probe(variant="anchors", family=CALIBRATION, targets=250, every=600, silent=0.25, pings=0.5),
    Probe(variant="survey", family=JUDGEMENT, targets=600, every=1800, silent=0.45, pings=0.3),
)  # fmt: skip
