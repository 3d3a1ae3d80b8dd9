"""What a host that calls many others is by its behaviour: resolver, relay, proxy, poller, peer, …

Look-alikes of a scanner, named from what they serve and call. A role explains, it never acquits: verdicts come
from evidence alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from slowworm.detect.evidence import TRACEROUTE_PORTS, Contacts
from slowworm.detect.outcome import ANSWERED
from slowworm.detect.population import MINUTE
from slowworm.detect.site import Site
from slowworm.flows.services import ICMP, ICMP6, PORT_NAMES, TCP, UDP

Ints = npt.NDArray[np.int64]

FEW, MANY, CROWD = 3, 20, 200
"""Others from which a host serves for a living, calls for a living, and calls like a crowd: steps of about ten,
so that a host at home in one role does not fall into another by a dozen contacts."""

OFTEN = 3
"""Visits to a target from which it is polled."""

HEALTH_CHECKS = 20
"""Visits to a target from which it is checked all the time."""

ALIVE = 0.3
"""Share of calls answered from which they are a living: a relay or a crawler with stale lists has more, a scan less."""

FETCHED = 0.95
"""Share of its calls that go to the web from which a host does little else: a crawler, not people behind an address."""

MET_DEAD = 0.95
"""Share answered below which web servers were not chosen by people, who go where somebody is."""

THRONG = 15
"""New hosts called a minute from which many people share an address: the busiest of single users call about eight."""

THRONG_UNTIMED = 1000
"""The same where times are not known: hosts called in all."""

PEERS_SHARE = 0.25
"""Share of calls to peers from which a host is one: of an address with many people behind it a few are."""

BULK = 10**9
"""Octets to one target from which it is a backup or a copy."""

PROXY_PORTS = (1080, 3128, 8000, 8080, 8118, 8888, 9090)
WEB_PORTS = (80, 443, 8080, 8443)
MAIL_PORTS = (25, 465, 587)
PUSH_PORTS = (135, 139, 445, 2222, 5985, 8530, 8531, 9100)
POLL_PORTS = (161, 7, 623, 10050, 5666)


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A name and the sentence that gives the reason."""

    name: str
    text: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Behaviour:
    """One host's contacts: ``calls`` as client, ``serves`` as server (row numbers)."""

    contacts: Contacts
    calls: Ints
    serves: Ints
    inside: npt.NDArray[np.bool_]

    @cached_property
    def _served(self) -> dict[tuple[int, int], int]:
        c = self.contacts
        # A refusal is no service; where only answers are seen they are all there is to go by.
        unasked = (c.visits[self.serves] == 0) & (c.answers[self.serves] > 0)
        rows = self.serves[(c.outcome[self.serves] == ANSWERED) | unasked]
        return _distinct(c, rows, c.client[rows])

    @cached_property
    def _called(self) -> dict[tuple[int, int], int]:
        c = self.contacts
        return _distinct(c, self.calls, c.server[self.calls])

    def served(self, protocol: int, *ports: int) -> int:
        """Most clients served on one of these ports."""
        return max((self._served.get((protocol, p), 0) for p in ports), default=0)

    def called(self, protocol: int, *ports: int) -> int:
        """Servers called on these ports, added up."""
        return sum(self._called.get((protocol, p), 0) for p in ports)

    def to(self, protocol: int, *ports: int) -> Ints:
        """Calls on these ports; on any where none is given."""
        c, rows = self.contacts, self.calls
        fits = c.protocol[rows] == protocol
        found: Ints = rows[fits & np.isin(c.port[rows], ports)] if ports else rows[fits]
        return found

    def share_answered(self, rows: Ints) -> float:
        """Share of contacts that were answered."""
        return float((self.contacts.outcome[rows] == ANSWERED).mean()) if len(rows) else 0.0

    def answered(self, rows: Ints) -> str:
        """``78 % answered``."""
        return f"{self.share_answered(rows):.0%} answered"

    @property
    def peers(self) -> Ints:
        """Calls to ports that no service is known by, but for traceroute's."""
        c, rows = self.contacts, self.calls
        low, high = TRACEROUTE_PORTS
        hops = (c.protocol[rows] == UDP) & (c.port[rows] >= low) & (c.port[rows] <= high)
        found: Ints = rows[np.isin(c.protocol[rows], (TCP, UDP)) & ~_known(c.port[rows]) & ~hops]
        return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Lookup:
    """Finds the contacts of a host."""

    contacts: Contacts
    inside: npt.NDArray[np.bool_]
    by_client: Ints
    by_server: Ints

    def behaviour(self, host: int) -> Behaviour:
        """What a host (an address, or its code in ``contacts``) calls and serves."""
        c = self.contacts
        calls = self.by_client[slice(*np.searchsorted(c.client, [host, host + 1], sorter=self.by_client))]
        serves = self.by_server[slice(*np.searchsorted(c.server, [host, host + 1], sorter=self.by_server))]
        return Behaviour(contacts=c, calls=calls[c.visits[calls] > 0], serves=serves, inside=self.inside)


def lookup(contacts: Contacts, site: Site) -> Lookup:
    """An index over contacts."""
    inside = site.inside(contacts.server) if contacts.ipv4 else np.zeros(len(contacts.server), np.bool_)
    return Lookup(
        contacts=contacts,
        inside=inside,
        by_client=np.argsort(contacts.client, kind="stable"),
        by_server=np.argsort(contacts.server, kind="stable"),
    )


def role(host: Behaviour) -> Role | None:
    """The first role that fits, from the most specific to the least; ``None`` for a host like any."""
    for name, rule in RULES:
        text = rule(host)
        if text:
            return Role(name=name, text=text)
    return None


def _resolver(host: Behaviour) -> str:
    called, served = host.called(UDP, 53), host.served(UDP, 53)
    fits = called >= MANY and (served >= FEW or called >= CROWD)
    return f"asks {called} name servers, serves {served} hosts on udp/53" if fits else ""


def _mail_relay(host: Behaviour) -> str:
    rows = host.to(TCP, *MAIL_PORTS)
    called = host.called(TCP, *MAIL_PORTS)
    fits = called >= MANY // 2 and host.share_answered(rows) >= ALIVE
    return f"calls {called} mail servers, {host.answered(rows)}" if fits else ""


def _proxy(host: Behaviour) -> str:
    served, called = host.served(TCP, *PROXY_PORTS), host.called(TCP, *WEB_PORTS)
    fits = served >= FEW and called >= MANY
    return f"serves {served} hosts as a proxy and calls {called} web servers for them" if fits else ""


def _ntp_server(host: Behaviour) -> str:
    served = host.served(UDP, 123)
    return f"gives the time to {served} hosts" if served >= MANY else ""


def _load_balancer(host: Behaviour) -> str:
    rows = host.calls[host.contacts.visits[host.calls] >= HEALTH_CHECKS]
    targets = len(np.unique(host.contacts.server[rows]))
    fits = targets >= FEW and host.served(TCP, *WEB_PORTS) >= MANY
    return f"checks {targets} servers all the time and serves in front of them" if fits else ""


def _web_server(host: Behaviour) -> str:
    served = host.served(TCP, 80, 443)
    return f"serves {served} hosts on the web" if served >= MANY else ""


def _poller(host: Behaviour) -> str:
    c = host.contacts
    echo = host.calls[np.isin(c.protocol[host.calls], (ICMP, ICMP6))]
    rows = np.concatenate([echo, host.to(UDP, *POLL_PORTS), host.to(TCP, *POLL_PORTS)])
    polled = rows[c.visits[rows] >= OFTEN]
    targets = len(np.unique(c.server[polled]))
    fits = targets >= MANY // 2 and len(polled) >= len(rows) // 2
    return f"asks the same {targets} hosts again and again, {host.answered(polled)}" if fits else ""


def _backup(host: Behaviour) -> str:
    c = host.contacts
    rows = np.concatenate([host.calls, host.serves])
    large = rows[(c.octets[rows] >= BULK)]
    return f"moves more than a gigabyte with {len(large)} hosts" if len(large) >= FEW else ""


def _patch_server(host: Behaviour) -> str:
    rows = host.to(TCP, *PUSH_PORTS)
    rows = rows[host.inside[rows]]
    targets = len(np.unique(host.contacts.server[rows]))
    fits = targets >= MANY and (host.contacts.outcome[rows] == ANSWERED).mean() >= 0.5
    return f"pushes to {targets} inside hosts, {host.answered(rows)}" if fits else ""


def _peer(host: Behaviour) -> str:
    rows = host.peers
    targets = len(np.unique(host.contacts.server[rows]))
    ports = len(np.unique(host.contacts.port[rows]))
    fits = targets >= MANY and ports >= MANY // 2 and len(rows) >= PEERS_SHARE * len(host.calls)
    return f"calls {targets} peers on {ports} ports that no service is known by" if fits else ""


def _crawler(host: Behaviour) -> str:
    called = host.called(TCP, 80, 443)
    rows = host.to(TCP, 80, 443)
    fits = called >= CROWD and len(rows) >= FETCHED * len(host.calls)
    fits &= ALIVE <= host.share_answered(rows) < MET_DEAD
    return f"calls {called} web servers and little else, {host.answered(rows)}" if fits else ""


def _gateway(host: Behaviour) -> str:
    c = host.contacts
    targets = len(np.unique(c.server[host.calls]))
    services = sum(bool(_known(np.array([port]))[0]) for _, port in host._called)
    if targets < CROWD or services < FEW or host.share_answered(host.calls) < 2 * ALIVE:
        return ""
    times = c.first_time[host.calls]
    minutes = max(1.0, float(times.max() - times.min()) / MINUTE)
    throng = targets >= THRONG * minutes if times.min() >= 0 else targets >= THRONG_UNTIMED
    return (
        f"calls {targets} hosts on {services} services, as many people behind one address do"
        if throng
        else ""
    )


RULES: tuple[tuple[str, Callable[[Behaviour], str]], ...] = (
    ("resolver", _resolver),
    ("mail relay", _mail_relay),
    ("web proxy", _proxy),
    ("load balancer", _load_balancer),
    ("NTP server", _ntp_server),
    ("backup", _backup),
    ("web server", _web_server),
    ("poller", _poller),
    ("patch server", _patch_server),
    ("NAT gateway", _gateway),
    ("peer-to-peer", _peer),
    ("crawler", _crawler),
)
"""Roles in the order in which they are tried: what a host serves says more than how much it calls."""


def _known(port: Ints) -> npt.NDArray[np.bool_]:
    """Ports that a service is known by."""
    found: npt.NDArray[np.bool_] = np.isin(port, list(PORT_NAMES)) | ((port >= 0) & (port < 1024))
    return found


def _distinct(c: Contacts, rows: Ints, others: Ints) -> dict[tuple[int, int], int]:
    """Distinct others by (protocol, port)."""
    if not len(rows):
        return {}
    pairs = np.unique(np.stack([c.protocol[rows], c.port[rows], others]), axis=1)
    services, counts = np.unique(pairs[:2], axis=1, return_counts=True)
    return {(int(p), int(q)): int(n) for p, q, n in zip(*services, counts, strict=True)}
