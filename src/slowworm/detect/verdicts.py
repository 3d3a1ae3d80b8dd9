"""What the detector says of a host: verdict, evidence with weights, targeting, what could not be seen."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

from slowworm.detect.targeting import UNKNOWN, Targeting
from slowworm.flows.addresses import Address

INFECTED, SUSPECT, SCANNER, VICTIM, CLEAN = "infected", "suspect", "scanner", "victim", "clean"

SEVERITY: dict[str, int] = {INFECTED: 4, SCANNER: 3, SUSPECT: 2, VICTIM: 1, CLEAN: 0}
"""Order of verdicts, worst first, for sorting and for ``--fail-on``."""

FLAGGED = (INFECTED, SCANNER, SUSPECT)
"""Verdicts shown unless everything is asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One piece of evidence: its weight in dB, what was observed, what a benign host would show."""

    name: str
    weight: float
    observed: str
    expected: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceCount:
    """Targets on one service; ``protocol`` and ``port`` are ``None`` where the flows do not know them."""

    protocol: int | None
    port: int | None
    targets: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One host and one activity.

    ``activity``: ``horizontal`` (one service on many hosts), ``vertical`` (many services of one host),
    ``block`` (many of many), ``backscatter`` or ``ordinary``. ``weight`` and ``bound`` are in dB.
    ``first_seen``: of the contacts that look like the activity, its onset as far as it was seen; ``detected_at``:
    when the weight first reached the bound, by what had been seen until then. ``role``: what else the host is by
    its behaviour (a resolver, a mail relay, …), ``role_text`` why; it explains and never acquits.
    """

    address: Address
    activity: str
    verdict: str
    protocol: int | None
    port: int | None
    services: tuple[ServiceCount, ...]
    targets: int
    weight: float
    bound: float
    more_targets_needed: int | None
    targeting: Targeting = UNKNOWN
    in_if: str | None = None
    exporter: str | None = None
    first_seen: datetime.datetime | None = None
    last_seen: datetime.datetime | None = None
    detected_at: datetime.datetime | None = None
    evidence: tuple[Evidence, ...] = ()
    not_visible: tuple[str, ...] = ()
    reason: str = ""
    role: str | None = None
    role_text: str = ""
    would_change: tuple[str, ...] = field(default=())

    @property
    def sort_key(self) -> tuple[int, float, int, int]:
        """Worst first, then the heavier, then by address."""
        return -SEVERITY[self.verdict], -self.weight, self.address.version, int(self.address)
