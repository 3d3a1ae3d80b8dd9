"""What offices say among themselves: Windows domains, discovery by multicast, printing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from slowworm.rehearse.world.actors.base import CALIBRATION, JUDGEMENT, Actor, Place, Resident, pick, seconds
from slowworm.rehearse.world.exchanges import OPEN, RAW, SILENT, Exchanges, Size, tcp, together, udp
from slowworm.rehearse.world.internet import zipf
from slowworm.rehearse.world.stacks import WINDOWS

SSDP = 0xEFFFFFFA
"""239.255.255.250, where UPnP devices announce themselves (UPnP Device Architecture)."""


@dataclass(frozen=True, kw_only=True)
class OfficeChatter(Actor):
    """Workstations of a domain: ``logons`` an hour at ``controllers``, files from few servers, UPnP searches by
    multicast (``searches`` an hour), and NetBIOS name queries (``names`` an hour) to addresses they remember, of
    which a share ``stale`` has nobody any more.
    """

    kind: ClassVar[str] = "office"
    inside_only: ClassVar[bool] = True
    controllers: int
    logons: float
    searches: float
    names: float
    stale: float

    def _residents(self, place: Place) -> list[Resident]:
        ports = ((6, 88), (6, 389), (6, 445), (6, 135))
        return [Resident(addresses=place.servers(self.controllers), lookalike=None, services=ports)]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        hosts = place.endpoints("workstation")
        servers = place.servers(self.controllers)
        client = np.repeat(hosts, place.counts(draw, len(hosts), self.logons * place.hours))
        n = len(client)
        domain = tcp(
            draw, time=place.moments(draw, n), client=client, server=servers[draw.integers(0, len(servers), n)],
            port=pick(draw, n, (445, 389, 88, 135), (0.45, 0.2, 0.2, 0.15)), stack=WINDOWS,
            up=Size(median=3000, sigma=1.0), down=Size(median=6000, sigma=1.6), seconds=Size(median=12, sigma=1.2),
        )  # fmt: skip
        client = np.repeat(hosts, place.counts(draw, len(hosts), self.searches * place.hours))
        n = len(client)
        search = udp(
            draw, time=place.moments(draw, n), client=client, server=SSDP, port=1900, packets=3, outcome=RAW,
            request=Size(median=200, sigma=0.1), response=Size(median=200, sigma=0.1), seconds=Size(median=3,
            sigma=0.1),
        )  # fmt: skip
        row = np.repeat(np.arange(len(hosts)), place.counts(draw, len(hosts), self.names * place.hours))
        n = len(row)
        # Everybody remembers a few others of the site, some of whom have moved since.
        friend = hosts[(row * 7919 + zipf(draw, n, 12, 0.8) * 104_729) % len(hosts)]
        old = draw.random(n) < self.stale
        friend = np.where(old & ~place.site.alive(friend ^ np.uint32(0x55)), friend ^ np.uint32(0x55), friend)
        names = udp(
            draw, time=place.moments(draw, n), client=hosts[row], server=friend, port=137, client_port=137,
            request=Size(median=78, sigma=0), response=Size(median=150, sigma=0.2), attempts=3,
            outcome=np.where(old, SILENT, OPEN),
        )  # fmt: skip
        return together([domain, search, names])


@dataclass(frozen=True, kw_only=True)
class Printing(Actor):
    """Workstations printing ``jobs`` an hour at ``printers`` each remembers; one in ``retired`` is no longer
    there."""

    kind: ClassVar[str] = "printing"
    inside_only: ClassVar[bool] = True
    share: float
    jobs: float
    printers: int
    retired: float

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        hosts = place.endpoints("workstation", share=self.share)
        printers = place.endpoints("printer", kind="printer pool")
        if not len(printers):
            return together([])
        row = np.repeat(np.arange(len(hosts)), place.counts(draw, len(hosts), self.jobs * place.hours))
        n = len(row)
        at = place.moments(draw, n)
        known = (row * 31 + draw.integers(0, self.printers, n)) % len(printers)
        gone = known < self.retired * len(printers)
        job = tcp(
            draw, time=at + seconds(0.5), client=hosts[row], server=printers[known], stack=WINDOWS, attempts=3,
            port=pick(draw, n, (9100, 631, 515), (0.7, 0.2, 0.1)), outcome=np.where(gone, SILENT, OPEN),
            up=Size(median=3e5, sigma=1.5), down=Size(median=600, sigma=0.5), seconds=Size(median=5, sigma=0.8),
        )  # fmt: skip
        state = udp(
            draw, time=at, client=hosts[row], server=printers[known], port=161, request=Size(median=80, sigma=0.1),
            response=Size(median=120, sigma=0.3), outcome=np.where(gone, SILENT, OPEN), attempts=3,
        )  # fmt: skip
        return together([state, job])


ACTORS = (
    OfficeChatter(
        variant="domain", family=CALIBRATION, controllers=3, logons=8, searches=2, names=1.5, stale=0.1,
    ),
    OfficeChatter(
        variant="workgroups", family=JUDGEMENT, controllers=5, logons=4, searches=6, names=5, stale=0.35,
    ),
    Printing(variant="direct", family=CALIBRATION, share=0.3, jobs=1.0, printers=2, retired=0.03),
    Printing(variant="old-queues", family=JUDGEMENT, share=0.4, jobs=0.7, printers=4, retired=0.2),
)  # fmt: skip
