"""What lasts from one input, or one call, to the next: templates, options, and data that wait for their template."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from slowworm.sources.datagrams import Datagrams
from slowworm.sources.netflow.options import Options
from slowworm.sources.netflow.templates import Domain, Templates

MAX_HELD_BYTES = 64 << 20
"""Data sets kept for a template of another input. A rotated capture has its templates within minutes, or a few
megabytes; what is beyond is counted as without template."""

HELD_OVERHEAD = 300
"""Octets that a data set takes beside its own."""

SAME_BOOT_SECONDS = 10
"""Nameless NetFlow v9 messages are of one exporter if they agree on when it started: clocks drift by less."""

SAME_DUMP_SECONDS = 3600
"""Nameless IPFIX messages, which do not say when their exporter started, are of one if they are this near in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A data set without template: where it stood, and its octets."""

    path: str
    offset: int
    domain: Domain
    number: int
    export: int
    uptime: int
    body: bytes

    @property
    def size(self) -> int:
        """Octets of memory, nearly."""
        return len(self.body) + HELD_OVERHEAD


@dataclass(slots=True, kw_only=True)
class _Nameless:
    """An exporter whose address is not known: when it started, and when it was last heard; seconds."""

    version: int
    boot: float
    last: int
    number: int


@dataclass(slots=True)
class State:
    """Exporters are numbered here, so that they keep their templates from one input to the next.

    ``holds``: further inputs may bring templates, so that data wait for them beyond their input.
    """

    templates: Templates = field(default_factory=Templates)
    options: Options = field(default_factory=Options)
    holds: bool = False
    exporters: list[str] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    held_bytes: int = 0
    _numbers: dict[str, int] = field(default_factory=dict)
    _nameless: list[_Nameless] = field(default_factory=list)

    def numbered(self, datagrams: Datagrams) -> Datagrams:
        """The datagrams with their exporters by the numbers of this state."""
        used, of = np.unique(datagrams.exporter, return_inverse=True)
        names = [datagrams.exporters[i] for i in used.tolist()]
        numbers = np.array(
            [self._number(name) if name else self._unknown(datagrams) for name in names], np.int64
        )
        return replace(datagrams, exporter=numbers[of], exporters=self.exporters)

    def _number(self, name: str) -> int:
        if name not in self._numbers:
            self._numbers[name] = self._new(name)
        return self._numbers[name]

    def _new(self, name: str) -> int:
        self.exporters.append(name)
        return len(self.exporters) - 1

    def _unknown(self, datagrams: Datagrams) -> int:
        """The number of an exporter without address: that of an earlier input if it can be no other."""
        version, boot, now = _start(datagrams)
        for known in self._nameless:
            same_boot = version == 9 and abs(known.boot - boot) <= SAME_BOOT_SECONDS
            near = version == 10 and abs(known.last - now) <= SAME_DUMP_SECONDS
            if known.version == version and (same_boot or near or version == 0):
                known.last = now
                return known.number
        number = self._new("")
        self._nameless.append(_Nameless(version=version, boot=boot, last=now, number=number))
        return number

    def hold(self, held: Held) -> bool:
        """Keep a data set for an input to come; false where that is not to be, or is too much."""
        if not self.holds or self.held_bytes + held.size > MAX_HELD_BYTES:
            return False
        self.held.append(held)
        self.held_bytes += held.size
        return True

    def ready(self) -> list[Held]:
        """The held data sets whose template is known by now; they are no longer held."""
        found = [h for h in self.held if self.templates.get(h.domain, h.number) is not None]
        if found:
            self._keep(h for h in self.held if self.templates.get(h.domain, h.number) is None)
        return found

    def given_up(self) -> list[Held]:
        """The held data sets whose template never came."""
        rest = self.held
        self._keep(())
        return rest

    def _keep(self, held: Iterable[Held]) -> None:
        self.held = list(held)
        self.held_bytes = sum(h.size for h in self.held)


def _start(datagrams: Datagrams) -> tuple[int, float, int]:
    """Version of the first message with templates, when its exporter started, when it was sent; seconds."""
    for begin, size in zip(datagrams.offset.tolist(), datagrams.size.tolist(), strict=True):
        head = datagrams.data[begin : begin + min(size, 16)]
        version = int.from_bytes(head[:2], "big")
        if version == 9 and len(head) >= 12:
            sent = int.from_bytes(head[8:12], "big")
            return 9, sent - int.from_bytes(head[4:8], "big") / 1000, sent
        if version == 10 and len(head) >= 8:
            return 10, 0.0, int.from_bytes(head[4:8], "big")
    return 0, 0.0, 0
