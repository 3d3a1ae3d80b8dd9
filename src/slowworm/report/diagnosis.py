"""A diagnosis as blocks for people and as the ``slowworm.diagnosis/1`` document."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.text import Text

from slowworm.diagnose.facts import Place
from slowworm.diagnose.findings import OK, SEVERITY, Finding, RouterDiagnosis
from slowworm.report.text import put, safe
from slowworm.sources.base import Problem

SCHEMA = "slowworm.diagnosis/1"

SEVERITY_STYLES = {"critical": "bold red", "warning": "yellow", "info": "cyan", "ok": "green"}
"""Colour repeats what the word says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What was found, router by router; ``problems``: inputs that could not be read."""

    routers: tuple[RouterDiagnosis, ...]
    problems: tuple[Problem, ...] = ()

    @property
    def worst(self) -> str:
        """The highest severity of all findings."""
        return max((r.worst for r in self.routers), key=SEVERITY.__getitem__, default=OK)

    @property
    def partly_understood(self) -> bool:
        """Whether any input held something that was not understood."""
        return bool(self.problems or any(r.problems for r in self.routers))

    def to_dict(self) -> dict[str, Any]:
        """The ``slowworm.diagnosis/1`` document."""
        return {
            "schema": SCHEMA,
            "routers": [_router(r) for r in self.routers],
            "problems": [_problem(p) for p in self.problems],
        }


def _router(router: RouterDiagnosis) -> dict[str, Any]:
    return {
        "hostname": router.hostname,
        "platform": router.platform,
        "findings": [_finding(f) for f in router.findings],
        "story": list(router.story),
        "next": [{"command": n.command, "why": n.why, "warning": n.warning} for n in router.next_commands],
        "commands": list(router.commands),
        "passed_over": list(router.passed_over),
        "not_understood": [_problem(p) for p in router.problems],
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "severity": finding.severity,
        "title": finding.title,
        "evidence": [{"file": p.file, "line": p.line, "text": p.text} for p in finding.evidence],
        "cause": finding.cause,
        "forecast": finding.forecast,
        "remedies": [
            {"text": r.text, "commands": list(r.commands), "caveats": list(r.caveats)}
            for r in finding.remedies
        ],
        "verify": list(finding.verify),
        "source": finding.source,
    }


def _problem(problem: Problem) -> dict[str, Any]:
    file, colon, line = problem.where.rpartition(":")
    known = bool(colon) and line.isdigit()
    return {
        "file": file if known else problem.where,
        "line": int(line) if known else None,
        "text": problem.text,
        "count": problem.count,
    }


def show(diagnosis: Diagnosis, out: Console) -> None:
    """Print each router's findings as blocks, the worst first, then the story and the commands to run next."""
    for number, router in enumerate(diagnosis.routers):
        name = safe(router.hostname or "a router that nothing names")
        platform = f" ({safe(router.platform)})" if router.platform else ""
        counts: dict[str, int] = {}
        for finding in router.findings:
            counts[finding.severity] = counts.get(finding.severity, 0) + 1
        said = (
            ", ".join(f"{n} {severity}" for severity, n in counts.items()) or "no output that tells anything"
        )
        put(out, *([Text()] if number else []), Text(f"{name}{platform}: {said}", "bold"))
        for finding in router.findings:
            _block(finding, out)
        if router.story:
            put(out, Text(), Text("How it hangs together", "bold"))
            for step, sentence in enumerate(router.story, 1):
                put(out, Text(f"  {step}. {safe(sentence)}"))
        if router.next_commands:
            put(out, Text(), Text("Run next", "bold"))
            for wanted in router.next_commands:
                put(out, Text(f"  {wanted.command}"), Text(f"      {wanted.why}"))
                if wanted.warning:
                    put(out, Text(f"      careful: {wanted.warning}"))
        if router.passed_over:
            names = ", ".join(safe(name) for name in router.passed_over[:5])
            more = f" and {len(router.passed_over) - 5} more" if len(router.passed_over) > 5 else ""
            put(out, Text(), Text(f"Passed over: the output of {names}{more}."))


def _block(finding: Finding, out: Console) -> None:
    head = Text.assemble(
        (finding.severity.upper(), SEVERITY_STYLES[finding.severity]), f" {finding.id}: ", safe(finding.title)
    )
    put(out, Text(), head)
    for place in finding.evidence:
        put(out, Text(f"  seen:   {_where(place)}: {safe(place.text)}"))
    put(out, Text(f"  cause:  {safe(finding.cause)}"))
    if finding.forecast:
        put(out, Text(f"  when:   {safe(finding.forecast)}"))
    for number, remedy in enumerate(finding.remedies, 1):
        put(out, Text(f"  do {number}:   {safe(remedy.text)}"))
        for command in remedy.commands:
            put(out, Text(f"            {safe(command)}"))
        for caveat in remedy.caveats:
            put(out, Text(f"          but: {safe(caveat)}"))
    if finding.verify:
        put(out, Text(f"  check:  {' · '.join(finding.verify)}"))
    put(out, Text(f"  source: {finding.source}"))


def _where(place: Place) -> str:
    return f"{safe(place.file)}:{place.line}"
