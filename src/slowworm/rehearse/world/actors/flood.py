"""Servers flooded from forged addresses: their answers go to thousands who never asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from slowworm.rehearse.world.actors.base import CALIBRATION, JUDGEMENT, Actor, Place, Resident, seconds
from slowworm.rehearse.world.exchanges import HALF, OPEN, RESET, Exchanges, exchanges, together
from slowworm.rehearse.world.stacks import RAW_SOCKET


@dataclass(frozen=True, kw_only=True)
class FloodVictim(Actor):
    """A server inside under ``packets`` SYNs from forged addresses, within ``minutes``.

    It answers with SYN-ACKs, up to ``answers`` of them, or, with the ``port`` closed, with resets.
    """

    kind: ClassVar[str] = "flood-victim"
    packets: int
    minutes: float
    port: int
    answers: int
    closed: bool

    def _residents(self, place: Place) -> list[Resident]:
        services = () if self.closed else ((6, self.port),)
        return [
            Resident(
                addresses=place.servers(1), lookalike="flood-victim", expected="victim", services=services
            )
        ]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        n = int(self.packets * place.scale * min(1.0, place.spec.span_seconds / 3600))
        length = min(60 * self.minutes, place.spec.span_seconds)
        begin = draw.uniform(0, place.spec.span_seconds - length)
        forged = draw.integers(1 << 24, 0xE0000000, n, dtype=np.uint32)
        columns = {
            "time": seconds(begin + draw.random(n) * length),
            "client": forged,
            "server": place.servers(1)[0],
            "protocol": 6,
            "client_port": draw.integers(1024, 65536, n),
            "server_port": self.port,
            "stack": RAW_SOCKET,
        }
        if self.closed:
            return exchanges(n, **columns, outcome=RESET)
        # Whoever really has a forged address resets the connection it did not ask for.
        there = place.internet.reply(forged, 6, columns["client_port"]) == RESET
        calls = exchanges(n, **columns, outcome=HALF, attempts=draw.integers(1, self.answers + 1, n))
        reset = calls.take(there).replace(
            outcome=OPEN, packets_up=2, up=80, packets_down=1, down=44, seconds=0.1
        )
        return together([calls.take(~there), reset.replace(flags=4)])


ACTORS = (
    FloodVictim(
        variant="syn", family=CALIBRATION, packets=25_000, minutes=12, port=80, answers=3, closed=False
    ),
    FloodVictim(
        variant="refusing", family=JUDGEMENT, packets=40_000, minutes=5, port=6667, answers=1, closed=True
    ),
)
