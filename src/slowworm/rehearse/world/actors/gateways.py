"""One address for many people: web proxies, NAT gateways, the shared addresses of a provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from slowworm.rehearse.world.actors import peers, web
from slowworm.rehearse.world.actors.base import CALIBRATION, JUDGEMENT, Actor, Place, Resident, pick
from slowworm.rehearse.world.exchanges import OPEN, SILENT, Exchanges, Size, tcp, together, udp
from slowworm.rehearse.world.internet import zipf
from slowworm.rehearse.world.stacks import APPLE, LINUX, WINDOWS


@dataclass(frozen=True, kw_only=True)
class WebProxy(Actor):
    """Proxies that fetch for ``clients`` people each; ``habits`` of the browsing that they relay, ``probing`` the
    share of calls that open a second connection to see which server is faster.
    """

    kind: ClassVar[str] = "web-proxy"
    proxies: int
    clients: int
    habits: web.WebClients

    def _residents(self, place: Place) -> list[Resident]:
        return [Resident(addresses=place.servers(self.proxies), lookalike="web-proxy", services=((6, 3128),))]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        hosts = place.servers(self.proxies)
        pages = draw.poisson(self.clients * self.habits.pages * place.hours, len(hosts))
        stack = np.full(int(pages.sum()), LINUX)
        return web.browse(
            place, draw, self.habits, np.repeat(hosts, pages), stack, place.moments(draw, len(stack))
        )


@dataclass(frozen=True, kw_only=True)
class Gateway(Actor):
    """Translated networks: ``people`` behind each of ``addresses`` browse, ask for the time, keep their telephones'
    push connections; ``sharing`` of them are in a peer-to-peer network.
    """

    addresses: int
    people: int
    sharing: float
    habits: web.WebClients
    network: peers.Peers
    stacks: tuple[float, float, float]

    def _residents(self, place: Place) -> list[Resident]:
        return [Resident(addresses=place.servers(self.addresses), lookalike=self.kind)]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        hosts = place.servers(self.addresses)
        pages = draw.poisson(self.people * self.habits.pages * place.hours, len(hosts))
        stack = pick(draw, int(pages.sum()), (WINDOWS, APPLE, LINUX), self.stacks)
        surfing = web.browse(
            place, draw, self.habits, np.repeat(hosts, pages), stack, place.moments(draw, len(stack))
        )
        members = np.repeat(hosts, draw.poisson(self.people * self.sharing, len(hosts)))
        clocks = place.internet.servers(40, "public clocks")
        n = int(draw.poisson(2 * self.people * len(hosts) * place.hours))
        time = udp(
            draw, time=place.moments(draw, n), client=hosts[draw.integers(0, len(hosts), n)],
            server=clocks[zipf(draw, n, 40, 0.8)], port=123, request=Size(median=76, sigma=0),
            response=Size(median=76, sigma=0), outcome=np.where(draw.random(n) < 0.03, SILENT, OPEN),
        )  # fmt: skip
        pushing = place.internet.servers(60, "push services")
        n = int(draw.poisson(1.5 * self.people * len(hosts) * place.hours))
        push = tcp(
            draw, time=place.moments(draw, n), client=hosts[draw.integers(0, len(hosts), n)],
            server=pushing[zipf(draw, n, 60, 1.0)], port=pick(draw, n, (5223, 5228, 443), (0.4, 0.4, 0.2)),
            stack=APPLE, up=Size(median=900, sigma=0.6), down=Size(median=1500, sigma=0.8),
            seconds=Size(median=600, sigma=1.2),
        )  # fmt: skip
        return together([surfing, peers.swarm(place, draw, self.network, members), time, push])


@dataclass(frozen=True, kw_only=True)
class NatGateway(Gateway):
    """An office's or a hotspot's gateway."""

    kind: ClassVar[str] = "nat-gateway"


@dataclass(frozen=True, kw_only=True)
class CarrierNat(Gateway):
    """A provider's addresses, each shared by the subscribers of a street."""

    kind: ClassVar[str] = "cgn"


OFFICE, CAMPUS = web.ACTORS
BITTORRENT, EDONKEY = peers.ACTORS

ACTORS = (
    WebProxy(variant="caching", family=CALIBRATION, proxies=2, clients=120, habits=OFFICE),
    WebProxy(variant="filtering", family=JUDGEMENT, proxies=1, clients=200, habits=CAMPUS),
    NatGateway(
        variant="office", family=CALIBRATION, addresses=3, people=40, sharing=0.0, habits=OFFICE,
        network=BITTORRENT, stacks=(0.9, 0.08, 0.02),
    ),
    NatGateway(
        variant="hotspot", family=JUDGEMENT, addresses=2, people=120, sharing=0.01, habits=CAMPUS,
        network=EDONKEY, stacks=(0.2, 0.55, 0.25),
    ),
    CarrierNat(
        variant="port-block", family=CALIBRATION, addresses=4, people=32, sharing=0.05, habits=OFFICE,
        network=BITTORRENT, stacks=(0.5, 0.2, 0.3),
    ),
    CarrierNat(
        variant="shared", family=JUDGEMENT, addresses=4, people=64, sharing=0.03, habits=CAMPUS,
        network=EDONKEY, stacks=(0.4, 0.4, 0.2),
    ),
)  # fmt: skip
