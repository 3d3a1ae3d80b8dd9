"""One entry per scanned service: how many sources, and growth where the flows carry times."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from slowworm.detect.verdicts import INFECTED, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Outbreak:
    """Infected hosts that scan the same service. Growth is ``None`` where it cannot be told."""

    protocol: int | None
    port: int | None
    sources: int
    growth_per_hour: float | None = None
    doubling_seconds: float | None = None
    forecast: None = None


def outbreaks(verdicts: Iterable[Verdict]) -> tuple[Outbreak, ...]:
    """Services with at least one infected source, the most sources first."""
    sources: dict[tuple[int | None, int | None], set[object]] = {}
    for verdict in verdicts:
        if verdict.verdict == INFECTED:
            sources.setdefault((verdict.protocol, verdict.port), set()).add(verdict.address)
    ranked = sorted(sources.items(), key=lambda item: (-len(item[1]), str(item[0])))
    return tuple(Outbreak(protocol=p, port=q, sources=len(s)) for (p, q), s in ranked)
