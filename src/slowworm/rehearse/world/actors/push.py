"""Services that go through all hosts of the site: backup and software distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from slowworm.rehearse.world.actors.base import CALIBRATION, JUDGEMENT, Actor, Place, Resident, seconds
from slowworm.rehearse.world.actors.manage import gone
from slowworm.rehearse.world.exchanges import OPEN, SILENT, Exchanges, Size, tcp, together
from slowworm.rehearse.world.stacks import LINUX, WINDOWS


@dataclass(frozen=True, kw_only=True)
class Backup(Actor):
    """Backup of a ``share`` of the workstations, of which ``off`` are switched off.

    ``pull``: the server calls each client on ``port`` and tries again after ten minutes; otherwise clients call it.
    """

    kind: ClassVar[str] = "backup"
    inside_only: ClassVar[bool] = True
    share: float
    off: float
    port: int
    pull: bool

    def _residents(self, place: Place) -> list[Resident]:
        services = () if self.pull else ((6, self.port),)
        return [Resident(addresses=place.servers(1), lookalike="backup", services=services)]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        host = place.servers(1)[0]
        clients = place.endpoints("workstation", share=self.share)
        off = gone(place, clients, self.off)
        at = place.moments(draw, len(clients))
        if not self.pull:
            there = clients[~off]
            return tcp(
                draw, time=at[~off], client=there, server=host, port=self.port, stack=WINDOWS,
                up=Size(median=4e6, sigma=2.0), down=Size(median=4e4, sigma=1.0), seconds=Size(median=40, sigma=1.0),
            )  # fmt: skip
        again = np.flatnonzero(off)
        row = np.concatenate([np.arange(len(clients)), again])
        when = np.concatenate([at, at[again] + seconds(600.0)])
        return tcp(
            draw, time=when, client=host, server=clients[row], port=self.port, stack=LINUX, attempts=4,
            outcome=np.where(off[row], SILENT, OPEN), up=Size(median=3e4, sigma=1.0),
            down=Size(median=3e6, sigma=2.0), seconds=Size(median=30, sigma=1.0),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class PatchServer(Actor):
    """Software distribution that calls every workstation it knows within ``minutes``, on each of ``ports``.

    ``off`` of them are switched off. It knows hosts from a directory, so it never calls where none ever was.
    """

    kind: ClassVar[str] = "patch-server"
    inside_only: ClassVar[bool] = True
    ports: tuple[int, ...]
    minutes: float
    off: float

    def _residents(self, place: Place) -> list[Resident]:
        return [Resident(addresses=place.servers(1), lookalike="patch-server")]

    def _act(self, place: Place, draw: np.random.Generator) -> Exchanges:
        clients = draw.permutation(place.endpoints("workstation"))
        off = gone(place, clients, self.off)
        length = min(60 * self.minutes, 0.8 * place.spec.span_seconds)
        begin = draw.uniform(0, place.spec.span_seconds - length)
        at = seconds(begin + np.sort(draw.random(len(clients))) * length)
        parts = []
        for number, port in enumerate(self.ports):
            # The next port is tried only where the one before answered.
            row = np.arange(len(clients)) if not number else np.flatnonzero(~off)
            parts.append(
                tcp(
                    draw, time=at[row] + seconds(2.0 * number), client=place.servers(1)[0], server=clients[row],
                    port=port, stack=WINDOWS, attempts=2, outcome=np.where(off[row], SILENT, OPEN),
                    up=Size(median=2e5, sigma=1.5), down=Size(median=8e3, sigma=1.0),
                    seconds=Size(median=8, sigma=1.0),
                )
            )  # fmt: skip
        return together(parts)


ACTORS = (
    Backup(variant="pull", family=CALIBRATION, share=0.25, off=0.15, port=9102, pull=True),
    Backup(variant="push", family=JUDGEMENT, share=0.3, off=0.2, port=8443, pull=False),
    PatchServer(variant="push", family=CALIBRATION, ports=(445,), minutes=40, off=0.25),
    PatchServer(variant="inventory", family=JUDGEMENT, ports=(135, 445, 5985), minutes=15, off=0.12),
)  # fmt: skip
