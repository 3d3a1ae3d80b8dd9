"""A worm's probes as exchanges: what each looks like on the wire and what it meets."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from slowworm.detect.profiles import Profile
from slowworm.flows.services import ICMP, TCP, UDP
from slowworm.rehearse.world.exchanges import (
    OPEN,
    SEGMENT,
    SILENT,
    TCP_HEADER,
    Exchanges,
    Size,
    echo,
    tcp,
    together,
    udp,
)
from slowworm.rehearse.world.legs import SECOND
from slowworm.rehearse.world.responses import Responses
from slowworm.rehearse.world.spec import WormSpec
from slowworm.rehearse.world.stacks import PORT_HIGH, PORT_LOW
from slowworm.rehearse.world.streams import mix, salt
from slowworm.rehearse.world.worms.traits import Traits, attempts, stacks

Addresses = npt.NDArray[np.uint32]
Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

WORM_BODY = Size(median=12_000, sigma=0.7)
"""Octets that an infecting TCP call carries: worms of this kind had some 4 to 60 KB."""

GREETING, REPLY = Size(median=350, sigma=0.4), Size(median=500, sigma=0.9)
"""Octets each way where a target answers and is not infected."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Probes:
    """Probes of a worm: who, whom, when (ns), and whether this one infects its target."""

    source: Addresses
    target: Addresses
    time: Ints
    infecting: Bools

    def take(self, rows: npt.NDArray[Any]) -> Probes:
        """The rows of a mask or an index."""
        return Probes(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def later(self, seconds: npt.NDArray[np.float64]) -> Probes:
        """The same after so many seconds each."""
        moved = self.time + (seconds * SECOND).astype(np.int64)
        return Probes(source=self.source, target=self.target, time=moved, infecting=self.infecting)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prober:
    """Turns probes of one worm into exchanges. ``vulnerable``: inside hosts that always answer it."""

    worm: WormSpec
    profile: Profile
    habits: Traits
    responses: Responses
    vulnerable: Addresses
    draw: np.random.Generator

    def exchanges(self, probes: Probes) -> tuple[Exchanges, Bools]:
        """All exchanges, and which of them infected their target."""
        shares = np.array([share for _, _, share in self.habits.services])
        service = self.draw.choice(len(shares), size=len(probes.time), p=shares / shares.sum())
        parts: list[Exchanges] = []
        flags: list[Bools] = []
        for number, (protocol, port, _) in enumerate(self.habits.services):
            mine = probes.take(service == number)
            n = len(mine.time)
            ports = self.draw.integers(0, 65536, n) if port is None else np.full(n, port)
            if protocol == TCP:
                found = self._tcp(mine, ports)
            elif protocol == UDP:
                found = [(self._udp(mine, ports), mine.infecting)]
            else:
                found = self._echoes(mine)
            parts += [calls for calls, _ in found]
            flags += [infecting for _, infecting in found]
        return together(parts), np.concatenate(flags) if flags else np.zeros(0, np.bool_)

    def _reply(self, probes: Probes, protocol: int, ports: Ints) -> npt.NDArray[np.int8]:
        outcome = self.responses.reply(probes.source, probes.target, protocol, ports)
        # A datagram infects without a word; everything else is answered first.
        outcome[np.isin(probes.target, self.vulnerable)] = SILENT if protocol == UDP else OPEN
        return outcome

    def _tcp(self, probes: Probes, ports: Ints) -> list[tuple[Exchanges, Bools]]:
        outcome = self._reply(probes, TCP, ports)
        found = [(self._calls(probes, ports, outcome), probes.infecting)]
        answering = outcome == OPEN
        for _ in range(self.habits.requests - 1):
            again = probes.take(answering)
            again = again.later(self.draw.exponential(2.0, len(again.time)))
            nothing = np.zeros(len(again.time), np.bool_)
            same = Probes(source=again.source, target=again.target, time=again.time, infecting=nothing)
            found.append((self._calls(same, ports[answering], outcome[answering]), nothing))
        return found

    def _calls(self, probes: Probes, ports: Ints, outcome: npt.NDArray[np.int8]) -> Exchanges:
        draw, client = self.draw, probes.source
        choices = np.array(stacks(self.profile))
        own = mix(client, salt(self.responses.site.seed, "stack", self.worm.title)) % np.uint64(len(choices))
        calls = tcp(
            draw, time=probes.time, client=client, server=probes.target, port=ports, outcome=outcome,
            attempts=attempts(self.worm, self.profile), stack=choices[own.astype(np.int64)],
            client_port=self._source_ports(client), up=GREETING, down=REPLY, seconds=Size(median=1.0, sigma=0.8),
        )  # fmt: skip
        n = int(probes.infecting.sum())
        if not n:
            return calls
        body = np.rint(WORM_BODY.draw(draw, n)).astype(np.int64)
        segments = 4 + body // SEGMENT
        up, packets = calls.up.copy(), calls.packets_up.copy()
        up[probes.infecting], packets[probes.infecting] = body + TCP_HEADER * segments, segments
        return calls.replace(up=up, packets_up=packets)

    def _udp(self, probes: Probes, ports: Ints) -> Exchanges:
        n = len(probes.time)
        low, high = self.habits.octets
        calls = udp(
            self.draw, time=probes.time, client=probes.source, server=probes.target, port=ports,
            client_port=self._source_ports(probes.source), outcome=self._reply(probes, UDP, ports),
            request=Size(median=low, sigma=0), response=Size(median=80, sigma=0.3),
        )  # fmt: skip
        return calls.replace(up=self.draw.integers(low, high + 1, n))

    def _echoes(self, probes: Probes) -> list[tuple[Exchanges, Bools]]:
        """Echo requests; where one is answered, the call that follows is what infects."""
        outcome = self._reply(probes, ICMP, np.zeros(len(probes.time), np.int64))
        asked = echo(
            self.draw, time=probes.time, client=probes.source, server=probes.target,
            size=self.habits.octets[0], outcome=outcome,
        )  # fmt: skip
        if self.habits.follow_up is None:
            return [(asked, probes.infecting)]
        nothing = np.zeros(len(probes.time), np.bool_)
        then = probes.take(outcome == OPEN)
        then = then.later(self.draw.uniform(0.05, 1.0, len(then.time)))
        ports = np.full(len(then.time), self.habits.follow_up)
        return [(asked, nothing), (self._calls(then, ports, self._reply(then, TCP, ports)), then.infecting)]

    def _source_ports(self, client: Addresses) -> Ints:
        n = len(client)
        if self.profile.shape.source_port is not None:
            return np.full(n, self.profile.shape.source_port)
        if self.habits.constant_port:
            own = mix(client, salt(self.responses.site.seed, "port", self.worm.title))
            constant: Ints = 1024 + (own % np.uint64(64512)).astype(np.int64)
            return constant
        # The stack counts upward through its range.
        stack = stacks(self.profile)[0]
        low, high = int(PORT_LOW[stack]), int(PORT_HIGH[stack])
        order = np.argsort(client, kind="stable")
        ports = np.zeros(n, np.int64)
        ports[order] = low + (np.arange(n) + int(self.draw.integers(0, high - low))) % (high - low)
        return ports
