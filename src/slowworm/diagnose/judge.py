"""From a router's facts to its diagnosis: rules, the story that joins them, and the commands to run next."""

from __future__ import annotations

from collections.abc import Sequence

from slowworm.diagnose.facts import Router
from slowworm.diagnose.findings import (
    ARITHMETIC,
    CRITICAL,
    OK,
    SEVERITY,
    WARNING,
    Finding,
    NextCommand,
    RouterDiagnosis,
)
from slowworm.diagnose.rules import Rule
from slowworm.diagnose.show.adjacency import AdjacencySummary
from slowworm.diagnose.show.align import Alignment
from slowworm.diagnose.show.arp import ArpTable
from slowworm.diagnose.show.memory import MemoryPool
from slowworm.diagnose.show.processes_cpu import ProcessesCpu
from slowworm.diagnose.show.running_config import Configuration
from slowworm.diagnose.show.version import Version

CHAIN = (
    ("default-route-to-broadcast", "the route sends every new destination to a broadcast interface"),
    ("subnet-sweep", "the router asks for every address of a connected subnet"),
    ("arp-table-growth", "the ARP table takes an entry for each destination"),
    ("arp-input-load", "the ARP Input process is busy with it"),
    ("adjacency-growth", "CEF makes an adjacency for each"),
    ("equal-cost-host-cache", "equal-cost paths make the cache keep single addresses"),
    ("fast-cache-growth", "the fast-switching cache takes an entry for each"),
    ("ip-cache-ager-load", "IP Cache Ager throws them away unused"),
    ("nat-overload", "each probe holds a translation until its timeout"),
    ("conntrack-full", "each probe holds a place in the connection table"),
    ("netflow-cache-full", "each probe is a flow, and the NetFlow cache is full of them"),
    ("ip-input-load", "IP Input switches the first packet to each"),
    ("acl-log", "an access list logs them"),
    ("debug-left-on", "debugging writes them out"),
    ("console-logging", "the console prints with interrupts disabled"),
    ("interrupt-cpu", "the processor is full at interrupt level"),
    ("qfp-overload", "the forwarding processor is full"),
    ("memory-low", "memory runs out"),
    ("mallocfail", "allocations fail"),
    ("cef-disabled", "CEF disables itself, and packets take slower paths"),
    ("reload-by-stress", "the router went down"),
)
"""Findings in causal order, with the words that join them."""


def diagnosed(router: Router, rules: Sequence[Rule], *, scanners: Sequence[str] = ()) -> RouterDiagnosis:
    """Judge one router. ``scanners``: what the flows say of infected hosts, a sentence each."""
    findings = [finding for rule in rules for finding in rule(router)]
    stressed = [f for f in findings if f.severity in (CRITICAL, WARNING)]
    if any(f.id != "not-a-worm" and f.severity == CRITICAL and f.id in dict(CHAIN) for f in findings):
        findings = [f for f in findings if f.id != "not-a-worm"]
    if not stressed and router.facts:
        findings.append(_healthy(router))
    findings.sort(key=lambda f: -SEVERITY[f.severity])  # stable: causal order within a severity
    version = router.last(Version)
    platform = (
        " ".join(p for p in (version.platform, version.software, version.release_text) if p)
        if version
        else None
    )
    return RouterDiagnosis(
        hostname=router.hostname,
        platform=platform,
        findings=tuple(findings),
        story=_story(findings, scanners),
        next_commands=_next(router, findings) if stressed else (),
        commands=tuple(router.commands),
        passed_over=tuple(router.passed_over),
        problems=tuple(router.problems),
    )


def _healthy(router: Router) -> Finding:
    return Finding(
        id="healthy",
        severity=OK,
        title="Nothing in this output is a sign of stress",
        evidence=(router.facts[0].at,),
        cause=f"Looked at: {', '.join(router.commands) or 'messages'}. What was not shown cannot be judged.",
        source=ARITHMETIC,
    )


def _story(findings: Sequence[Finding], scanners: Sequence[str]) -> tuple[str, ...]:
    """Cause after cause; empty where there is nothing to join."""
    by_id: dict[str, Finding] = {}
    for finding in findings:
        if finding.severity in (CRITICAL, WARNING):
            by_id.setdefault(finding.id, finding)
    links = [(words, by_id[name]) for name, words in CHAIN if name in by_id]
    if len(links) + len(scanners) < 2 or not links:
        return ()
    story = list(scanners)
    for words, finding in links:
        place = finding.evidence[0] if finding.evidence else None
        where = f" ({place.file}:{place.line})" if place else ""
        story.append(f"{words}: {finding.title}{where}")
        if finding.forecast:
            story.append(f"forecast: {finding.forecast}")
    return tuple(story)


def _next(router: Router, findings: Sequence[Finding]) -> tuple[NextCommand, ...]:
    """What would settle open questions, the cheapest and safest first."""
    ids = {f.id for f in findings}
    wanted: list[NextCommand] = []
    if router.last(ProcessesCpu) is None:
        wanted.append(
            NextCommand(command="show processes cpu sorted | exclude 0.00", why="where the processor goes")
        )
    if router.last(MemoryPool) is None:
        wanted.append(NextCommand(command="show memory statistics", why="free memory and its largest block"))
    if ids & {"interrupt-cpu", "nat-overload"} and len(router.all(Alignment)) < 2:
        wanted.append(
            NextCommand(
                command="show align",
                why="twice, some minutes apart: rising counts are alignment errors, not the bug CSCdu63623",
            )
        )
    if ids & {"arp-table-growth", "arp-input-load", "adjacency-growth", "mallocfail", "memory-low"}:
        if router.last(Configuration) is None:
            wanted.append(
                NextCommand(
                    command="show running-config | include ^ip route|^ip cef",
                    why="a static route to a broadcast interface",
                )
            )
        if router.last(ArpTable) is None:
            wanted.append(
                NextCommand(
                    command="show ip arp summary",
                    why="how many entries, how many incomplete",
                    warning="not show ip arp: a full listing costs CPU",
                )
            )
        if router.last(AdjacencySummary) is None:
            wanted.append(
                NextCommand(
                    command="show adjacency summary",
                    why="whether CEF has entries for hosts that are no neighbours",
                )
            )
    if not any(f.forecast for f in findings):
        wanted.append(
            NextCommand(
                command="show clock",
                why="before and after a second round of the same commands: growth gives the time left",
            )
        )
    wanted.append(
        NextCommand(
            command="show ip cache flow",
            why="which hosts do it: slowworm hunt names them",
            warning="save the output before anything is cleared; on a router at 99 % first "
            "through | include 0050 or the port in question",
        )
    )
    return tuple(wanted)
