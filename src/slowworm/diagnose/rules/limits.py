"""Connection tables of firewalls and Linux routers, and packets to Null0."""

from __future__ import annotations

from collections.abc import Iterator

from slowworm.diagnose.facts import Router
from slowworm.diagnose.findings import CRITICAL, EXPERIENCE, INFO, WARNING, Finding, Remedy
from slowworm.diagnose.show.conntrack import Connections
from slowworm.diagnose.show.processes_cpu import ProcessesCpu
from slowworm.diagnose.show.running_config import Configuration

FULL = 0.9
"""Share of ``nf_conntrack_max`` from which new connections soon find no place. [assumption]"""

BUSY = 70
"""Percent over five seconds from which unreachables for Null0 are worth stopping. [assumption]"""


def conntrack(router: Router) -> Iterator[Finding]:
    """``conntrack-full``."""
    tables = [c for c in router.all(Connections) if c.kind == "conntrack"]
    counts = [c for c in tables if c.count is not None]
    limits = [c for c in tables if c.maximum]
    count, limit = (counts[-1].count if counts else None), (limits[-1].maximum if limits else None)
    share = count / limit if count is not None and limit else 0.0
    refused = [c for c in tables if c.full_messages or c.drops or c.early_drops or c.insert_failed]
    if share < FULL and not refused:
        return
    early = refused and not any(c.full_messages or c.drops for c in refused)
    yield Finding(
        id="conntrack-full",
        severity=CRITICAL if any(c.full_messages or c.drops for c in refused) else WARNING,
        title=f"The connection table holds {count:,} of {limit:,}"
        if share
        else "The connection table was full",
        evidence=tuple(
            dict.fromkeys((*(c.at for c in (*counts[-1:], *limits[-1:])), *(c.at for c in refused[:2])))
        ),
        cause=(
            "Each probe of a scan is an entry until its timeout. The kernel evicts unanswered "
            "ones first, so that a full "
            "table is not yet a failed one." + (" Only such were evicted so far." if early else "")
        ),
        remedies=(
            Remedy(
                text="A larger table, and a shorter life for unanswered SYNs",
                commands=(
                    "sysctl -w net.netfilter.nf_conntrack_max=1048576",
                    "sysctl -w net.netfilter.nf_conntrack_tcp_timeout_syn_sent=30",
                ),
                caveats=(
                    "about 320 bytes an entry",
                    "gone with the next boot unless written to /etc/sysctl.d",
                ),
            ),
        ),
        verify=("conntrack -C", "conntrack -S"),
        source=EXPERIENCE,
    )


def null_route(router: Router) -> Iterator[Finding]:
    """``no-unreachables-missing-on-null0``: routes to Null0 that answer each packet, on a busy router."""
    config, cpu = router.last(Configuration), router.last(ProcessesCpu)
    if config is None or cpu is None or (cpu.five_seconds or 0) < BUSY:
        return
    routes = [r for r in config.routes if (r.interface or "").replace(" ", "").lower() == "null0"]
    null = config.interface("Null0")
    if not routes or (null and null.line("no ip unreachables")):
        return
    yield Finding(
        id="no-unreachables-missing-on-null0",
        severity=INFO if len(routes) < 2 else WARNING,
        title="Packets to Null0 are answered with unreachables while the router is busy",
        evidence=tuple(r.at for r in routes[:3]),
        cause="A scan of unused addresses ends in these routes, and each answer is made by a process.",
        remedies=(
            Remedy(
                text="Drop them in silence",
                commands=("configure terminal", "interface Null0", "no ip unreachables", "end"),
            ),
        ),
        verify=("show ip traffic | include unreachable",),
        source=EXPERIENCE,
    )


RULES = (conntrack, null_route)
