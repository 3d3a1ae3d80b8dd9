"""Memory: failed allocations with the router's own cause, pools that run out, and reloads by stress."""

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
from slowworm.diagnose.growth import Reading, amount, duration, growth
from slowworm.diagnose.show.log import MallocFail
from slowworm.diagnose.show.memory import MemoryPool
from slowworm.diagnose.show.processes_memory import ProcessesMemory
from slowworm.diagnose.show.version import STRESS_RELOADS, Version

LOW_SHARE = 0.05
"""Free share of the processor pool from which the next table makes it fail. [assumption]"""

FRAGMENTED_SHARE = 0.1
"""Largest free block as a share of what is free: below it, memory is there in pieces only. [assumption]"""

SOON = 24 * 3600.0
"""Seconds: memory that ends within a day is critical."""

LEAK_SHARE = 0.25
"""Share of the pool held by ``*Dead*`` or by a process whose table is not known to grow, to suspect a leak.
[assumption]"""

TABLE_HOLDERS = (
    "*init*",
    "bgp router",
    "arp input",
    "ip input",
    "ip cache ager",
    "cef process",
    "ospf router",
    "iosd ipc task",
    "ip rib update",
    "chunk manager",
    "exec",
    "virtual exec",
    "eem server",
    "*sched*",
)
"""Processes that hold much for known reasons."""


def mallocfail(router: Router) -> Iterator[Finding]:
    """``mallocfail``: fragmented or exhausted, in the router's own words, else by the largest block."""
    failed = router.all(MallocFail)
    if not failed:
        return
    last = failed[-1]
    pools = [p for p in router.all(MemoryPool) if p.is_processor and p.largest is not None]
    fragmented = "fragment" in (last.cause or "").lower()
    if last.cause is None:
        fragmented = bool(
            (last.free and last.free >= last.bytes)
            or (pools and pools[-1].free >= last.bytes > (pools[-1].largest or 0))
        )
    io = (last.pool or "").lower().startswith("i/o")
    kind = "fragmented" if fragmented else "exhausted"
    yield Finding(
        id="mallocfail",
        severity=CRITICAL,
        title=f"Allocations fail, memory is {kind}: {last.bytes:,} bytes for {last.process or 'a process'}"
        + (f", {last.free:,} free in pool {last.pool}" if last.free is not None else ""),
        evidence=(*(f.at for f in failed[-3:]), *(p.at for p in pools[-1:])),
        cause=(
            (
                "Enough is free, not in one piece: many small allocations, as ARP and cache entries are, lie between. "
                if fragmented
                else "The pool is used up. "
            )
            + f"The router gives the cause as: {last.cause}." * bool(last.cause)
            + " The process named is the one that came too late, not always the one that took the memory."
            + (" The I/O pool holds packet buffers: queues that are not emptied." if io else "")
        ),
        remedies=(
            Remedy(
                text="Find who holds it before anything is cleared",
                commands=("show processes memory sorted", "show memory statistics"),
            ),
            Remedy(
                text="After the cause is gone: what stays fragmented goes only with a reload"
                if fragmented
                else "Remove the cause; then clear the table that holds the memory",
                caveats=("a reload also removes what was not saved",),
            ),
        ),
        verify=("show memory statistics", "show logging | include MALLOCFAIL"),
        source=f"{DOCUMENT}; the cause is the router's own",
    )


def low(router: Router) -> Iterator[Finding]:
    """``memory-low``: the pool with the least, how fast it goes, and when it is gone."""
    pools = [p for p in router.all(MemoryPool) if p.is_processor and p.total]
    if not pools:
        return
    last = pools[-1]
    grown = growth([Reading(at=p.at, value=p.used) for p in pools])
    until = grown.until(last.free) if grown and grown.per_second > 0 and grown.slowest >= 0 else None
    short = last.free < LOW_SHARE * last.total
    pieces = last.largest is not None and short and last.largest < FRAGMENTED_SHARE * last.free
    if not short and (until is None or until[0] > 7 * SOON):
        return
    forecast = None
    if grown and until:
        mean, early, late = until
        forecast = (
            f"{grown.arithmetic('bytes')}; {last.free:,} bytes free / {grown.per_second:,.0f} "
            f"bytes a second = {duration(mean)} "
            "after the last output"
            + (
                f" (from {duration(early)} to {duration(late)}, by the fastest and the slowest interval)"
                if late > early
                else " (one interval only: a third output would give the spread)"
            )
        )
    yield Finding(
        id="memory-low",
        severity=CRITICAL
        if (until and until[0] <= SOON) or last.free < LOW_SHARE * last.total / 2
        else WARNING,
        title=f"{amount(last.free)} of {amount(last.total)} processor memory are free"
        + (f", the largest block {amount(last.largest)}" if last.largest is not None else "")
        + (f"; gone in {duration(until[0])} at this rate" if until else ""),
        evidence=tuple(dict.fromkeys((pools[0].at, last.at))) if until else (last.at,),
        cause="Tables that a scan fills live in this pool: ARP, the fast cache, adjacencies, translations."
        + (" What is free is in pieces." if pieces else ""),
        forecast=forecast,
        remedies=(Remedy(text="See who holds it", commands=("show processes memory sorted",)),),
        verify=("show memory statistics",),
        source=f"{DOCUMENT}; {ARITHMETIC}",
    )


def leak(router: Router) -> Iterator[Finding]:
    """``memory-leak-suspect``: a process without a table holds a large part."""
    memory = router.last(ProcessesMemory)
    pools = [p for p in router.all(MemoryPool) if p.is_processor and p.total]
    if memory is None or not pools:
        return
    total = pools[-1].total
    for process in memory.processes:
        if process.holding < LEAK_SHARE * total or process.name.lower() in TABLE_HOLDERS:
            continue
        yield Finding(
            id="memory-leak-suspect",
            severity=WARNING,
            title=f"{process.name} holds {amount(process.holding)}, {process.holding / total:.0%} of the pool",
            evidence=(process.at, pools[-1].at),
            cause="No table of a scan belongs to this process. Memory that only grows there is a leak.",
            remedies=(
                Remedy(
                    text="See whether it grows, and compare with Cisco's bug list",
                    commands=("show processes memory sorted", "show memory dead totals"),
                ),
            ),
            verify=("show processes memory sorted",),
            source=EXPERIENCE,
        )


def reload(router: Router) -> Iterator[Finding]:
    """``reload-by-stress``: the router went down by itself."""
    version = router.last(Version)
    if version is None or not version.reload_reason or not STRESS_RELOADS.search(version.reload_reason):
        return
    yield Finding(
        id="reload-by-stress",
        severity=WARNING
        if (version.uptime and version.uptime.startswith(("0 ", "1 minute")))
        or not version.uptime
        or "year" not in version.uptime
        else INFO,
        title=f"The router last went down by itself: {version.reload_reason}"
        + (f", up {version.uptime} since" if version.uptime else ""),
        evidence=(version.at,),
        cause="Low memory, or 100 % at interrupt level for long, can make a router reload "
        "because a process misbehaves under the stress.",
        remedies=(
            Remedy(
                text="Keep what it wrote", commands=("show stacks", "dir all-filesystems | include crashinfo")
            ),
        ),
        verify=("show version | include returned|uptime",),
    )


RULES = (mallocfail, low, leak, reload)
