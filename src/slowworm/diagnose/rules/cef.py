"""CEF: whether it runs, what it needs, what made it stop."""

from __future__ import annotations

from collections.abc import Iterator

from slowworm.diagnose.facts import Router
from slowworm.diagnose.findings import (
    ARITHMETIC,
    CRITICAL,
    DOCUMENT,
    EXPERIENCE,
    INFO,
    WARNING,
    Finding,
    Remedy,
)
from slowworm.diagnose.growth import Reading, amount, growth
from slowworm.diagnose.show.adjacency import AdjacencySummary
from slowworm.diagnose.show.cef import CefSummary
from slowworm.diagnose.show.log import LogMessage
from slowworm.diagnose.show.memory import MemoryPool
from slowworm.diagnose.show.processes_cpu import ProcessesCpu
from slowworm.diagnose.show.route_summary import RouteSummary
from slowworm.diagnose.show.running_config import Configuration
from slowworm.diagnose.show.version import Version

LEAF, NODE = 128, 1040
"""Bytes of a leaf (a route) and of a node of the forwarding table: the only integers that give the 22,299,136 bytes of
109,212 leaves and 8,000 nodes in document 12808 (IOS 12.0). Other releases differ."""

OTHER_LEAF, OTHER_NODE = 164, 1024
"""Sizes that fit another release; the larger sum is the one to plan with."""

LEAVES_A_NODE = 109_212 / 8_000
"""Leaves to a node in the same sample: used where the table does not exist yet."""

ADJACENCY = 280
"""Bytes of an adjacency in the same sample (``show memory summary | include adj``)."""

HEADROOM = 1.5
"""Free memory must be this many times what CEF needs before it is advised: tables grow while it starts. [assumption]"""

MANY_ADJACENCIES = 2_000
"""Adjacencies on one interface from which they are no neighbours any more; a /21 has fewer hosts. [assumption]"""

NEW_A_SECOND = 1.0
"""Adjacencies a second that no network of hosts makes for long. [assumption]"""

PROCESS_LOAD = 20.0
"""Percent over five seconds of a CEF or IPC process that is not normal. [assumption]"""


def _disabled_messages(router: Router) -> list[LogMessage]:
    return [
        m
        for m in router.all(LogMessage)
        if m.facility.startswith(("FIB", "DFIB"))
        and m.mnemonic in ("FIBDISABLE", "NOMEM", "MALLOCFAIL", "NOMEMORY", "DISABLE")
    ]


def disabled(router: Router) -> Iterator[Finding]:
    """``cef-disabled``: CEF ran out of memory and switched itself off, or is configured and does not run."""
    messages = _disabled_messages(router)
    summary, config = router.last(CefSummary), router.last(Configuration)
    wanted = config.line("ip cef") if config else None
    off = summary if summary and not summary.enabled else None
    if not messages and not (off and wanted):
        return
    evidence = [m.at for m in messages[:3]]
    if off:
        evidence.append(off.at)
    if wanted:
        evidence.append(wanted.at)
    yield Finding(
        id="cef-disabled",
        severity=CRITICAL,
        title="CEF switched itself off" if messages else "CEF is configured and does not run",
        evidence=tuple(evidence),
        cause=(
            "Where CEF cannot allocate memory it disables itself, on the router or on a line "
            "card, and packets fall back "
            "to slower paths. A default route to a broadcast interface under a scan brings "
            "this about: each destination "
            "becomes an adjacency."
        ),
        remedies=(
            Remedy(
                text="First remove what took the memory: the route to a broadcast interface, "
                "the fast cache, translations"
            ),
            Remedy(
                text="Then enable it again by hand; it does not come back by itself",
                commands=("configure terminal", "no ip cef", "ip cef", "end"),
                caveats=(
                    "with too little memory it stops again: see the sum of cef-possible",
                    "on distributed platforms: ip cef distributed, and memory on each card counts",
                ),
            ),
        ),
        verify=("show ip cef summary", "show cef linecard", "show memory statistics"),
    )


def needed(routes: int, adjacencies: int, *, nodes: int | None = None) -> tuple[int, str]:
    """Bytes that CEF needs for so many routes, and the sum in words."""
    nodes = nodes if nodes is not None else max(1, round(routes / LEAVES_A_NODE))
    octets = max(routes * LEAF + nodes * NODE, routes * OTHER_LEAF + nodes * OTHER_NODE)
    leaf, node = (LEAF, NODE) if routes * LEAF + nodes * NODE == octets else (OTHER_LEAF, OTHER_NODE)
    total = octets + adjacencies * ADJACENCY
    return total, (
        f"{routes:,} leaves x {leaf} B + {nodes:,} nodes x {node} B + {adjacencies:,} "
        f"adjacencies x {ADJACENCY} B = {amount(total)}"
    )


def possible(router: Router) -> Iterator[Finding]:
    """``cef-possible``, ``cef-unsupported``: CEF does not run; could it?"""
    summary, version = router.last(CefSummary), router.last(Version)
    if summary is None or summary.enabled or _disabled_messages(router):
        return
    release = version.release if version else None
    if release and (
        (release.major, release.minor) < (11, 1) or (release.major == 11 and release.train != "CC")
    ):
        yield Finding(
            id="cef-unsupported",
            severity=WARNING,
            title=f"Release {release.text} has no CEF",
            evidence=(summary.at, *((version.at,) if version else ())),
            cause="CEF came with 11.1CC and 12.0 on the 7200, 7500 and GSR, later elsewhere.",
            remedies=(
                Remedy(
                    text="Keep the fast cache small (see fast-cache-growth), block the scan, plan an upgrade"
                ),
            ),
            verify=("show version",),
        )
        return
    pools = [pool for pool in router.all(MemoryPool) if pool.is_processor]
    totals = [r for r in router.all(RouteSummary) if r.source.lower() == "total"]
    adjacency = router.last(AdjacencySummary)
    if not totals or not pools:
        return
    routes, pool = totals[-1].routes, pools[-1]
    octets, sum_text = needed(routes, adjacency.total if adjacency else 0)
    fits = pool.free >= HEADROOM * octets
    yield Finding(
        id="cef-possible",
        severity=INFO,
        title=f"CEF does not run; it would {'fit' if fits else 'not fit'}: {amount(octets)} "
        f"needed, {amount(pool.free)} free",
        evidence=(summary.at, totals[-1].at, pool.at),
        cause=f"{sum_text}. With many flows CEF takes less memory than the fast cache, and no "
        f"packet waits for a process.",
        remedies=(
            Remedy(
                text="Enable CEF"
                if fits
                else "Add memory, or free what the fast cache holds, before enabling CEF",
                commands=("configure terminal", "ip cef", "end") if fits else (),
                caveats=(
                    "not while a default route points to a broadcast interface: the adjacency table would grow instead",
                    "if the fast cache holds the memory, clear arp-cache first; that spikes the CPU",
                    "sizes are those of IOS 12.0; others differ",
                ),
            ),
        ),
        verify=("show ip cef summary", "show memory statistics"),
        source=f"{DOCUMENT}; the sum is {ARITHMETIC}",
    )


def memory_sum(router: Router) -> Iterator[Finding]:
    """``cef-memory``: what the forwarding table holds, explained by its leaves and nodes."""
    summary = router.last(CefSummary)
    if summary is None or not summary.enabled or None in (summary.leaves, summary.nodes, summary.bytes):
        return
    leaves, nodes, octets = summary.leaves or 0, summary.nodes or 0, summary.bytes or 0
    for leaf, node in ((LEAF, NODE), (OTHER_LEAF, OTHER_NODE)):
        if leaves * leaf + nodes * node == octets:
            text = f"{leaves:,} leaves x {leaf} B + {nodes:,} nodes x {node} B = {octets:,} B exactly"
            break
    else:
        text = f"{octets:,} B for {leaves:,} leaves and {nodes:,} nodes"
    yield Finding(
        id="cef-memory",
        severity=INFO,
        title=f"CEF runs and holds {amount(octets)} in its forwarding table",
        evidence=(summary.at,),
        cause=f"{text}. The routes take it, not the scan: CEF makes no entry for a destination.",
        verify=("show ip cef summary",),
        source=ARITHMETIC,
    )


def adjacencies(router: Router) -> Iterator[Finding]:
    """``adjacency-growth``: adjacencies that are no neighbours."""
    found = router.all(AdjacencySummary)
    if not found:
        return
    last, grown = found[-1], growth([Reading(at=a.at, value=a.total) for a in found])
    most = last.interfaces[0] if last.interfaces else None
    large = most[1] >= MANY_ADJACENCIES if most else last.total >= MANY_ADJACENCIES
    rising = grown if grown and grown.per_second >= NEW_A_SECOND and last.total >= 256 else None
    if not large and not rising:
        return
    where = f" out of {most[0]}" if most else ""
    yield Finding(
        id="adjacency-growth",
        severity=CRITICAL if rising else WARNING,
        title=f"{last.total:,} adjacencies{where}"
        + (f", growing: {rising.arithmetic('adjacencies')}" if rising else ""),
        evidence=tuple(dict.fromkeys((*((rising.first.at,) if rising else ()), last.at))),
        cause=(
            "A default route that points to a broadcast or multipoint interface makes an "
            "adjacency for every destination, "
            "until memory runs out and CEF disables itself."
        ),
        remedies=(
            Remedy(
                text="Give the route a next hop, then clear the ARP cache",
                commands=("show running-config | include ^ip route", "show adjacency summary"),
            ),
        ),
        verify=("show adjacency summary",),
        source=DOCUMENT if not rising else f"{DOCUMENT}; growth {ARITHMETIC}",
    )


def process_load(router: Router) -> Iterator[Finding]:
    """``cef-load``: CEF's processes, or IPC to the line cards, take the processor."""
    cpu = router.last(ProcessesCpu)
    busy = [
        p
        for p in (cpu.processes if cpu and not cpu.platform else ())
        if (p.name.startswith(("CEF", "FIB", "IPC")) or p.name == "XDR mcast")
        and p.five_seconds >= PROCESS_LOAD
    ]
    if not busy:
        return
    yield Finding(
        id="cef-load",
        severity=WARNING,
        title=f"{busy[0].name} takes {busy[0].five_seconds:.0f} % of the processor",
        evidence=tuple(p.at for p in busy[:3]),
        cause="Tables change faster than they can be told to the cards: adjacencies made by a "
        "scan, or routes that flap.",
        remedies=(
            Remedy(
                text="See which",
                commands=("show adjacency summary", "show ip cef summary", "show ip route summary"),
            ),
        ),
        verify=("show processes cpu | include CEF|IPC",),
        source=f"{DOCUMENT} (symptoms); thresholds {EXPERIENCE}",
    )


RULES = (disabled, adjacencies, possible, memory_sum, process_load)
