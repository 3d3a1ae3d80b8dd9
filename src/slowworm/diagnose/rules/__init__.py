"""Rules: pure functions from a router's facts to findings, one module per theme."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from slowworm.diagnose.facts import Router
from slowworm.diagnose.findings import Finding

Rule = Callable[[Router], Iterable[Finding]]


def standard_rules() -> Sequence[Rule]:
    """All rules, in causal order: what a scan does first comes first."""
    from slowworm.diagnose.rules import arp, cef, cpu, fast_cache, limits, logs, memory, nat, netflow

    return (
        *arp.RULES,
        *cef.RULES,
        *fast_cache.RULES,
        *nat.RULES,
        *logs.RULES,
        *netflow.RULES,
        *cpu.RULES,
        *memory.RULES,
        *limits.RULES,
    )
