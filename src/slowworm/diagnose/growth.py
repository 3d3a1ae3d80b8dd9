"""Growth between snapshots, and when what grows meets what is left: the arithmetic is part of the answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from slowworm.diagnose.facts import Place

LEAST_SECONDS = 5.0
"""Snapshots closer than this give no rate: counters jump, and the division magnifies it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A number at a place and so at a time."""

    at: Place
    value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Growth:
    """Change per second over all snapshots; ``slowest`` and ``fastest`` over any two that follow each other."""

    first: Reading
    last: Reading
    seconds: float
    per_second: float
    slowest: float
    fastest: float

    def until(self, left: float) -> tuple[float, float, float] | None:
        """Seconds until ``left`` more (less, for what falls) is reached: mean, earliest, latest; ``None`` if never."""
        if self.per_second <= 0 or left < 0:
            return None
        latest = left / self.slowest if self.slowest > 0 else float("inf")
        return left / self.per_second, left / max(self.fastest, self.per_second), latest

    def arithmetic(self, unit: str) -> str:
        """``(91,200 - 86,000) entries / 300 s = 17.3 a second``."""
        rise, sign = self.last.value - self.first.value, "" if self.per_second >= 0 else "-"
        return (
            f"({self.last.value:,.0f} - {self.first.value:,.0f}) {unit} / {self.seconds:,.0f} s = "
            f"{sign}{rate(abs(rise / self.seconds))} a second"
        )


def growth(readings: Sequence[Reading]) -> Growth | None:
    """Growth of dated readings; ``None`` without two far enough apart."""
    dated = sorted((r for r in readings if r.at.time is not None), key=lambda r: r.at.time or datetime.min)
    kept: list[Reading] = []
    for reading in dated:
        if not kept or _between(kept[-1], reading) >= LEAST_SECONDS:
            kept.append(reading)
    if len(kept) < 2:
        return None
    seconds = _between(kept[0], kept[-1])
    steps = [(two.value - one.value) / _between(one, two) for one, two in pairwise(kept)]
    return Growth(
        first=kept[0],
        last=kept[-1],
        seconds=seconds,
        per_second=(kept[-1].value - kept[0].value) / seconds,
        slowest=min(steps),
        fastest=max(steps),
    )


def _between(one: Reading, two: Reading) -> float:
    assert one.at.time is not None
    assert two.at.time is not None
    return (two.at.time - one.at.time).total_seconds()


def rate(value: float) -> str:
    """Three digits, never in powers of ten."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def duration(seconds: float) -> str:
    """``3 min``, ``2 h 10 min``, ``4 days``."""
    if seconds == float("inf"):
        return "never"
    if seconds < 120:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60} h"
    return f"{minutes / 1440:.1f} days"


def amount(octets: float) -> str:
    """Bytes for people: ``22.3 MB``."""
    for unit, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if abs(octets) >= size:
            return f"{octets / size:,.1f} {unit}"
    return f"{octets:,.0f} B"
