"""What the Internet sends uninvited: scanners, backscatter, misdirected packets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from slowworm.rehearse.world.actors.base import CALIBRATION, JUDGEMENT, Actor, Place, Resident, pick
from slowworm.rehearse.world.exchanges import (
    ACK,
    RAW,
    RST,
    SILENT,
    SYN,
    Exchanges,
    Size,
    exchanges,
    tcp,
    together,
    udp,
)
from slowworm.rehearse.world.internet import Addresses, zipf
from slowworm.rehearse.world.stacks import RAW_SOCKET

STRAYS = 40_000
"""Hosts that send a packet astray in an hour."""

STRAY_PORTS = (6881, 5060, 123, 1900, 53413, 137, 161, 51413, 4500)


@dataclass(frozen=True, kw_only=True)
class Radiation(Actor):
    """Internet background radiation towards every inside address, used or not.

    Of ``spec.radiation`` packets an inside address and hour, ``scans`` are TCP SYNs of ``scanners`` that sweep
    ``ports`` (most popular first), ``backscatter`` answers of flooded servers to forged sources, the rest stray
    UDP. A fifth of the scanners do most of the work (assumption, in the range of Wustrow et al., Internet
    Background Radiation Revisited, 2010).
    """

    kind: ClassVar[str] = "radiation"
    scanners: int
    ports: tuple[int, ...]
    scans: float
    backscatter: float

    def _residents(self, place: Place) -> list[Resident]:
        return [
            Resident(addresses=self._scanners(place), lookalike="internet-scanner", expected="scanner"),
            Resident(addresses=self._victims(place), lookalike="backscatter", expected="victim"),
        ]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        public = [(n, k) for n, k in place.site.prefixes if not place.site.is_private(n)]
        room = sum(1 << (32 - k) for _, k in public)
        total = int(draw.poisson(room * place.spec.radiation * place.spec.span_seconds / 3600))
        if not public or not total:
            return together([])
        n_scans, n_back, n_stray = draw.multinomial(
            total, (self.scans, self.backscatter, 1 - self.scans - self.backscatter)
        )
        sources = self._scanners(place)
        who = zipf(draw, n_scans, len(sources), 1.0)
        # A scanner looks for one service; few look for two.
        wanted = np.array(self.ports)[zipf(place.stream("ports"), len(sources), len(self.ports), 0.8)]
        target = anywhere(draw, n_scans, public)
        port = wanted[who]
        scans = tcp(
            draw, time=place.moments(draw, n_scans), client=sources[who], server=target, port=port, stack=RAW_SOCKET,
            outcome=place.responses.reply(sources[who], target, 6, port), attempts=1, up=Size(median=80,
            sigma=0.5), down=Size(median=200, sigma=1),
            seconds=Size(median=0.3, sigma=0.5),
        )  # fmt: skip
        victims = self._victims(place)
        who = zipf(draw, n_back, len(victims), 0.7)
        flags = pick(draw, n_back, (SYN | ACK, RST | ACK, RST), (0.6, 0.3, 0.1))
        packets = np.where(flags == SYN | ACK, draw.integers(1, 4, n_back), 1)
        back = exchanges(
            n_back, time=place.moments(draw, n_back), client=victims[who], server=anywhere(draw, n_back,
            public), protocol=6,
            client_port=pick(draw, len(victims), (80, 443, 25565, 22), (0.5, 0.35, 0.1, 0.05))[who],
            server_port=draw.integers(1024, 65536, n_back), outcome=RAW, packets_up=packets, up=44 * packets,
            flags=flags,
        )  # fmt: skip
        # Misdirected packets come from many, each after one thing: a peer or a server that moved.
        strays = place.internet.homes(STRAYS, self.name, "strays")
        wanted = place.stream("strays").choice(STRAY_PORTS, STRAYS)
        who = zipf(draw, n_stray, STRAYS, 0.3)
        stray = udp(
            draw, time=place.moments(draw, n_stray), client=strays[who], server=anywhere(draw, n_stray, public),
            port=wanted[who], request=Size(median=90, sigma=0.5), response=Size(median=90, sigma=0.5),
            outcome=SILENT,
        )  # fmt: skip
        return together([scans, back, stray])

    def _scanners(self, place: Place) -> Addresses:
        return place.internet.servers(self.scanners, self.name)

    def _victims(self, place: Place) -> Addresses:
        return place.internet.servers(60, self.name, "victims")


def anywhere(draw: np.random.Generator, n: int, prefixes: list[tuple[int, int]]) -> Addresses:
    """``n`` addresses of these prefixes, all alike."""
    sizes = np.array([1 << (32 - length) for _, length in prefixes])
    which = draw.choice(len(prefixes), size=n, p=sizes / sizes.sum())
    base = np.array([network for network, _ in prefixes], np.uint32)[which]
    found: Addresses = base + np.floor(draw.random(n) * sizes[which]).astype(np.uint32)
    return found


ACTORS = (
    Radiation(
        variant="ordinary", family=CALIBRATION, scanners=300, ports=(23, 445, 80, 22, 8080, 3389, 443, 5555,
        1433, 2323),
        scans=0.62, backscatter=0.2,
    ),
    Radiation(
        variant="noisy", family=JUDGEMENT, scanners=900, ports=(22, 23, 443, 3389, 8443, 80, 6379, 8088, 2375,
        5900, 445),
        scans=0.74, backscatter=0.12,
    ),
)  # fmt: skip
