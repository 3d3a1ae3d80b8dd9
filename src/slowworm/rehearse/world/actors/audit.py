"""Scans by permission: vulnerability scanners and administrators' tools. Their right verdict is ``scanner``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from slowworm.rehearse.world.actors.base import (
    CALIBRATION,
    JUDGEMENT,
    Actor,
    Addresses,
    Place,
    Resident,
    seconds,
)
from slowworm.rehearse.world.exchanges import Exchanges, Size, tcp
from slowworm.rehearse.world.stacks import LINUX

COMMON_PORTS = (
    21, 22, 23, 25, 53, 80, 88, 110, 111, 135, 139, 143, 161, 389, 443, 445, 465, 514, 515, 548, 554, 587, 593,
    631, 636,
    873, 990, 993, 995, 1025, 1080, 1433, 1521, 1723, 2049, 2121, 2323, 3128, 3268, 3306, 3389, 4899, 5000,
    5060, 5432,
    5555, 5800, 5900, 5985, 6000, 6379, 6667, 7001, 8000, 8008, 8080, 8081, 8443, 8888, 9000, 9090, 9100, 9200, 10000,
    11211, 27017, 32768, 49152, 49154, 49157,
)  # fmt: skip
"""What port scanners try first, more or less."""


@dataclass(frozen=True, kw_only=True)
class Audit(Actor):
    """A scan of ``hosts`` addresses at ``rate`` calls a second, each on ``ports``: host after host, or port after
    port.

    ``aim``: ``inside`` at the site's own subnets, ``cloud`` from inside at rented addresses outside, ``service`` from
    outside at the site's servers and endpoints.
    """

    kind: ClassVar[str] = "vulnerability-scanner"
    hosts: int
    ports: tuple[int, ...]
    rate: float
    by_port: bool
    aim: str

    def _scanner(self, place: Place) -> Addresses:
        if self.aim == "service":
            return place.internet.servers(1, self.name)
        return place.servers(1)

    def _residents(self, place: Place) -> list[Resident]:
        return [Resident(addresses=self._scanner(place), lookalike=self.kind, expected="scanner")]

    def _targets(self, place: Place, draw: np.random.Generator) -> Addresses:
        if self.aim == "cloud":  # a rented /20 or so, in order
            first = int(place.internet.servers(1, self.name, "cloud")[0]) & 0xFFFFF000
            return np.arange(first, first + self.hosts, dtype=np.uint32)
        subnets = np.unique(place.site.endpoints >> np.uint32(8))
        if self.aim == "service":
            subnets = draw.permutation(np.concatenate([place.site.server_subnets, subnets]))
        chosen = subnets[: max(1, self.hosts // 254)].astype(np.uint32)
        every = (chosen[:, None] << np.uint32(8)) + np.arange(1, 255, dtype=np.uint32)
        return every.reshape(-1)[: self.hosts].astype(np.uint32)

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        targets = self._targets(place, draw)
        length = 0.9 * place.spec.span_seconds
        n = min(len(targets) * len(self.ports), int(self.rate * length))
        number = np.arange(n)
        if self.by_port:
            target, port = targets[number % len(targets)], np.array(self.ports)[number // len(targets)]
        else:
            target, port = targets[number // len(self.ports)], np.array(self.ports)[number % len(self.ports)]
        at = seconds(0.05 * place.spec.span_seconds + number / self.rate + draw.exponential(0.05, n))
        client = np.full(n, self._scanner(place)[0], np.uint32)
        return tcp(
            draw, time=at, client=client, server=target, port=port, stack=LINUX, attempts=1,
            outcome=place.responses.reply(client, target, 6, port), up=Size(median=300, sigma=1.0),
            down=Size(median=400, sigma=1.0), seconds=Size(median=0.5, sigma=1.0), aborted=0.7,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class HeldAudit(Audit):
    """A scan that stays inside."""

    inside_only: ClassVar[bool] = True


@dataclass(frozen=True, kw_only=True)
class AdminSweep(HeldAudit):
    """An administrator looking for a few services over some subnets, as with nmap."""

    kind: ClassVar[str] = "admin-sweep"


ACTORS = (
    HeldAudit(
        variant="nightly", family=CALIBRATION, hosts=1500, ports=COMMON_PORTS[:40], rate=25, by_port=False,
        aim="inside",
    ),
    Audit(
        variant="own-cloud", family=CALIBRATION, hosts=600, ports=COMMON_PORTS[:24], rate=8, by_port=False,
        aim="cloud",
    ),
    HeldAudit(
        variant="discovery", family=JUDGEMENT, hosts=4000, ports=COMMON_PORTS[:20], rate=40, by_port=True,
        aim="inside",
    ),
    Audit(
        variant="service", family=JUDGEMENT, hosts=2500, ports=COMMON_PORTS[:20], rate=15, by_port=False, aim="service",
    ),
    AdminSweep(
        variant="services", family=CALIBRATION, hosts=254, ports=(22, 23, 80, 443, 3389), rate=20, by_port=True,
        aim="inside",
    ),
    AdminSweep(
        variant="printers", family=JUDGEMENT, hosts=508, ports=(9100, 515, 631, 80), rate=60, by_port=True,
        aim="inside",
    ),
)  # fmt: skip
