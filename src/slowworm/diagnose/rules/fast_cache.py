"""The fast-switching cache: its growth under random destinations, and what its ager really does."""

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
from slowworm.diagnose.release import Release, has_fast_switching
from slowworm.diagnose.show.ip_cache import FastCache
from slowworm.diagnose.show.processes_cpu import ProcessesCpu
from slowworm.diagnose.show.processes_memory import ProcessesMemory
from slowworm.diagnose.show.version import Version

MANY_ENTRIES = 10_000
"""Entries that destinations of ordinary users of a router of that time rarely made, and a scan at 10 a second makes
in 20 minutes. [assumption]"""

NEW_A_SECOND = 1.0
"""Entries a second by which a cache grows that destinations of users fill no more. [assumption]"""

HOST_SHARE, HOST_ROWS = 0.8, 100
"""Share of /32 among listed entries, and their number, that say that the cache is kept by single addresses.
[assumption]"""

AGER_CPU = 10.0
"""Percent of the processor in IP Cache Ager from which ageing itself is a load; usually it is 0. [assumption]"""

HOLDING = 8_000_000
"""Bytes held by IP Input or IP Cache Ager that are not normal: some 30,000 entries. [assumption]"""

DEFAULT_SECONDS, DEFAULT_LOW, DEFAULT_NORMAL = 60, 4, 20
"""The ager's settings without configuration: X Y Z of ``ip cache-ager-interval``. From general knowledge of IOS."""


def _release(router: Router) -> Release | None:
    version = router.last(Version)
    return version.release if version else None


def _caches(router: Router) -> tuple[FastCache, ...]:
    return () if has_fast_switching(_release(router)) is False else router.all(FastCache)


def cache_growth(router: Router) -> Iterator[Finding]:
    """``fast-cache-growth``: an entry for each destination of a scan."""
    caches = _caches(router)
    memory = None if has_fast_switching(_release(router)) is False else router.last(ProcessesMemory)
    holders = [
        p
        for name in ("IP Input", "IP Cache Ager")
        if memory and (p := memory.holding(name)) and p.holding >= HOLDING
    ]
    last = caches[-1] if caches else None
    grown = growth([Reading(at=c.at, value=c.entries) for c in caches])
    rising = grown if grown and grown.per_second >= NEW_A_SECOND and grown.last.value >= 500 else None
    large = last is not None and last.entries >= MANY_ENTRIES
    if not (rising or large or holders):
        return
    rate = growth([Reading(at=c.at, value=c.adds) for c in caches if c.adds is not None])
    said = []
    if last:
        said.append(f"{last.entries:,} entries, {amount(last.bytes)}")
    if rising:
        said.append(f"growing: {rising.arithmetic('entries')}")
    said += [f"{p.name} holds {amount(p.holding)}" for p in holders]
    churn = f" New destinations: {rate.arithmetic('adds')}." if rate else ""
    yield Finding(
        id="fast-cache-growth",
        severity=CRITICAL if rising else WARNING,
        title=f"The fast-switching cache: {'; '.join(said)}",
        evidence=tuple(
            dict.fromkeys(
                [
                    *((rising.first.at,) if rising else ()),
                    *((last.at,) if last else ()),
                    *(p.at for p in holders),
                ]
            )
        ),
        cause=(
            "The first packet to a destination is switched by a process and makes an entry. "
            "Random destinations make an "
            f"entry each, and none is used again.{churn}"
        ),
        remedies=(
            Remedy(
                text="Enable CEF, which makes no entries for destinations",
                commands=("ip cef",),
                caveats=(
                    "after the memory sum (cef-possible), and not with a default route to a broadcast interface",
                ),
            ),
            Remedy(
                text="Block the scan inbound, on the interface that faces the infected hosts",
                caveats=("an access list for a port blocks everybody's use of it there",),
            ),
            Remedy(
                text="Only if memory is nearly gone: clear the part of the cache that grew",
                commands=("clear ip cache <prefix> <mask>",),
                caveats=(
                    "save show ip cache first",
                    "CPU use rises until live destinations are back; clear ip cache without a prefix clears them all",
                ),
            ),
        ),
        verify=("show ip cache | include entries|adds", "show processes cpu | include IP Input|Ager"),
        source=DOCUMENT if not (rising or rate) else f"{DOCUMENT}; growth {ARITHMETIC}",
    )


def ager(router: Router) -> Iterator[Finding]:
    """``fast-cache-ager``: what the present settings keep, beside the default."""
    caches = [c for c in _caches(router) if c.ager_seconds and c.ager_normal]
    if not caches:
        return
    last = caches[-1]
    seconds, normal, low = last.ager_seconds or 0, last.ager_normal or 0, last.ager_low or 0
    if (seconds, low, normal) == (DEFAULT_SECONDS, DEFAULT_LOW, DEFAULT_NORMAL):
        return
    now, default = seconds * normal, DEFAULT_SECONDS * DEFAULT_NORMAL
    rate = growth([Reading(at=c.at, value=c.adds) for c in caches if c.adds is not None])
    each = last.bytes / last.entries if last.entries else 0
    slower = now > default
    if rate and rate.per_second > 0:
        at_rate = (
            f" At {rate.per_second:,.3g} new destinations a second ({rate.arithmetic('adds')}) that is "
            f"{rate.per_second * now:,.0f} entries"
            + (f" ({amount(rate.per_second * now * each)})" if each else "")
            + f", with the default {rate.per_second * default:,.0f}."
        )
    else:
        at_rate = " Two outputs of show ip cache with a clock would give the entries at this router's rate."
    yield Finding(
        id="fast-cache-ager",
        severity=INFO,
        title=(
            f"The cache ager is set to {seconds} {low} {normal}: entries that are never used again stay "
            f"{now / default:.2g} times as long as by default"
        ),
        evidence=(last.at,),
        cause=(
            f"Every {seconds} s one in {normal} entries goes, one in {low} when memory is low; steady entries are new "
            f"destinations a second x {seconds} s x {normal} = rate x {now:,} s, by default "
            f"rate x {default:,} s.{at_rate} "
            + (
                "It ages more slowly than the default: it keeps memory and saves re-creations, it gives no memory back."
                if slower
                else "It ages faster: less memory, and live destinations that go are switched by a process once more."
            )
        ),
        remedies=(
            Remedy(
                text="For less memory, age faster than the default; for less CPU in IP Input, slower"
                if slower
                else "Back to the default when the scan is over",
                commands=("no ip cache-ager-interval",),
                caveats=(
                    "the command is hidden, and some releases want service internal first",
                    "document 12808 writes 1/(Y+1) and its output shows 1/Y: check with show ip cache",
                ),
            ),
        ),
        verify=("show ip cache | include aged|entries",),
        source=f"{ARITHMETIC}; default settings from {EXPERIENCE}",
    )


def host_entries(router: Router) -> Iterator[Finding]:
    """``equal-cost-host-cache``: entries of single addresses, as equal-cost paths make them."""
    caches = _caches(router)
    last = caches[-1] if caches else None
    if last is None or last.rows < HOST_ROWS or last.host_rows < HOST_SHARE * last.rows:
        return
    paths = [name for name, count in last.interfaces if count >= 0.2 * last.rows]
    if len(paths) < 2:
        return
    yield Finding(
        id="equal-cost-host-cache",
        severity=WARNING,
        title=f"{last.host_rows:,} of {last.rows:,} listed cache entries are single addresses, "
        f"out of {' and '.join(paths[:3])}",
        evidence=(last.at,),
        cause="Over equal-cost paths the fast cache keeps one /32 for each destination, so that "
        "a scan can take all memory.",
        remedies=(
            Remedy(
                text="Enable CEF, which shares load without entries for destinations",
                commands=("ip cef",),
                caveats=("after the memory sum (cef-possible)",),
            ),
            Remedy(
                text="Or make the paths unequal until the scan is stopped",
                caveats=("one link carries all then",),
            ),
        ),
        verify=("show ip cache",),
    )


def ager_load(router: Router) -> Iterator[Finding]:
    """``ip-cache-ager-load``: throwing entries away is work too."""
    cpu = router.last(ProcessesCpu)
    process = cpu.process("IP Cache Ager") if cpu else None
    if process is None or max(process.five_seconds, process.one_minute) < AGER_CPU:
        return
    yield Finding(
        id="ip-cache-ager-load",
        severity=WARNING,
        title=f"IP Cache Ager takes {max(process.five_seconds, process.one_minute):.0f} % of the processor",
        evidence=(process.at,),
        cause="The fast cache is large and most of its entries are thrown away unused: the destinations are random.",
        remedies=(
            Remedy(
                text="See the cache, and enable CEF where it is possible",
                commands=("show ip cache | include entries|adds",),
            ),
        ),
        verify=("show processes cpu | include Ager",),
        source=f"{DOCUMENT} (symptoms); threshold {EXPERIENCE}",
    )


RULES = (cache_growth, ager, host_entries, ager_load)
