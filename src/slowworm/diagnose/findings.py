"""What a diagnosis says: findings with evidence, cause, forecast, remedies, and the commands to run next."""

from __future__ import annotations

from dataclasses import dataclass

from slowworm.diagnose.facts import Place
from slowworm.sources.base import Problem

CRITICAL, WARNING, INFO, OK = "critical", "warning", "info", "ok"
SEVERITY = {CRITICAL: 3, WARNING: 2, INFO: 1, OK: 0}
"""Severities with their rank: ``critical`` fails or soon will, ``warning`` needs an answer, ``info`` is worth
knowing."""

DOCUMENT = "Cisco document 12808"
EXPERIENCE = "general knowledge of IOS, not Cisco's wording"
ARITHMETIC = "computed from this output"
"""Where a finding comes from. What is not in a published document is never given as Cisco's words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """What to do: ``commands`` as typed, in order; ``caveats``: what it costs and when not to."""

    text: str
    commands: tuple[str, ...] = ()
    caveats: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``remedies`` in the order in which to try them, ``verify``: commands whose output should change."""

    id: str
    severity: str
    title: str
    evidence: tuple[Place, ...]
    cause: str
    forecast: str | None = None
    remedies: tuple[Remedy, ...] = ()
    verify: tuple[str, ...] = ()
    source: str = DOCUMENT


@dataclass(frozen=True, slots=True, kw_only=True)
class NextCommand:
    """A command that would settle something, why, and what it costs on a router in trouble."""

    command: str
    why: str
    warning: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RouterDiagnosis:
    """All that is said of one router; ``findings`` the worst first."""

    hostname: str | None
    platform: str | None
    findings: tuple[Finding, ...]
    story: tuple[str, ...]
    next_commands: tuple[NextCommand, ...]
    commands: tuple[str, ...]
    passed_over: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def worst(self) -> str:
        """The highest severity of the findings."""
        return max((f.severity for f in self.findings), key=SEVERITY.__getitem__, default=OK)
