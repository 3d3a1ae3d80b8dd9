"""Administrators at a distance: SSH to their machines, and programs that go through all of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from slowworm.rehearse.world.actors.base import CALIBRATION, JUDGEMENT, Actor, Place, Resident, pick, seconds
from slowworm.rehearse.world.exchanges import OPEN, RESET, SILENT, Exchanges, Size, tcp, together
from slowworm.rehearse.world.internet import zipf
from slowworm.rehearse.world.stacks import LINUX


@dataclass(frozen=True, kw_only=True)
class SshAdmins(Actor):
    """Workstations of administrators: ``sessions`` an hour to ``machines`` outside, ``dead`` of which are off.

    ``runs``: times an hour at which one goes through all its machines within a minute, as configuration tools do.
    """

    kind: ClassVar[str] = "ssh-admin"
    share: float
    sessions: float
    machines: int
    dead: float
    runs: float

    def _residents(self, place: Place) -> list[Resident]:
        return [Resident(addresses=place.endpoints("workstation", share=self.share), lookalike="ssh-admin")]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        hosts = place.endpoints("workstation", share=self.share)
        pool = place.internet.servers(20 * self.machines, self.name)
        own = place.stream("machines")
        off = pick(own, len(pool), (OPEN, SILENT, RESET), (1 - self.dead, 0.7 * self.dead, 0.3 * self.dead))
        count = place.counts(draw, len(hosts), self.sessions * place.hours)
        row = np.repeat(np.arange(len(hosts)), count)
        n = len(row)
        to = (row * 977 + zipf(draw, n, self.machines, 0.9)) % len(pool)
        shells = tcp(
            draw, time=place.moments(draw, n), client=hosts[row], server=pool[to], port=22, stack=LINUX,
            outcome=off[to],
            attempts=4, up=Size(median=9e3, sigma=1.2), down=Size(median=2e4, sigma=1.3),
            seconds=Size(median=240, sigma=1.4),
        )  # fmt: skip
        runs = np.repeat(np.arange(len(hosts)), draw.poisson(self.runs * place.hours, len(hosts)))
        row = np.repeat(np.arange(len(runs)), self.machines)
        begin = place.moments(draw, len(runs))
        to = (runs[row] * 977 + np.tile(np.arange(self.machines), len(runs))) % len(pool)
        tools = tcp(
            draw, time=begin[row] + seconds(draw.random(len(row)) * 60), client=hosts[runs[row]],
            server=pool[to], port=22,
            stack=LINUX, outcome=off[to], attempts=3, up=Size(median=3e4, sigma=0.6), down=Size(median=1.5e4,
            sigma=0.6),
            seconds=Size(median=15, sigma=0.6),
        )  # fmt: skip
        return together([shells, tools])


ACTORS = (
    SshAdmins(
        variant="shells", family=CALIBRATION, share=0.006, sessions=6, machines=25, dead=0.04, runs=0.0
    ),
    SshAdmins(
        variant="automation", family=JUDGEMENT, share=0.004, sessions=2, machines=120, dead=0.07, runs=0.5
    ),
)
