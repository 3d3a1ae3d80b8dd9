"""The tables that show who scans: the NetFlow cache and IP accounting, full, short of memory or in the way."""

from __future__ import annotations

from collections.abc import Iterator

from slowworm.diagnose.facts import Router
from slowworm.diagnose.findings import CRITICAL, DOCUMENT, EXPERIENCE, INFO, WARNING, Finding, Remedy
from slowworm.diagnose.growth import amount
from slowworm.diagnose.show.accounting import AccountingExceeded
from slowworm.diagnose.show.cache_flow import NetflowCache
from slowworm.diagnose.show.memory import MemoryPool
from slowworm.diagnose.show.running_config import Configuration

FULL = 0.85
"""Share of entries in use from which new flows push out others: 3,633 of 4,096 in a worm's capture were 0.887."""

CACHE_BYTES = 4_456_704
"""Bytes of a cache of 65,536 entries, as `show ip cache flow` prints them; NetFlow takes them in one go when
enabled."""


def cache_full(router: Router) -> Iterator[Finding]:
    """``netflow-cache-full``."""
    last = router.last(NetflowCache)
    size = last.active + last.inactive if last else 0
    if last is None or not size or last.active < FULL * size:
        return
    small = f" {last.small_packets:.0%} of packets have at most 64 bytes." if last.small_packets else ""
    yield Finding(
        id="netflow-cache-full",
        severity=WARNING,
        title=f"The NetFlow cache is {last.active / size:.0%} full: {last.active:,} of {size:,} entries"
        + (f", {last.failures:,} flows found none" if last.failures else ""),
        evidence=(last.at,),
        cause=f"Each probe is a flow of its own.{small} What was aged out early is missing: absence is no evidence.",
        remedies=(
            Remedy(
                text="Find the sources in it before it turns over",
                commands=("show ip cache flow",),
                caveats=("save the output first; the listing itself costs CPU",),
            ),
        ),
        verify=("show ip cache flow | include active",),
        source=EXPERIENCE,
    )


def cannot_start(router: Router) -> Iterator[Finding]:
    """``netflow-cannot-start``: memory too short, or too fragmented, to enable it now."""
    pools = [p for p in router.all(MemoryPool) if p.is_processor]
    last = pools[-1] if pools else None
    if (
        last is None
        or router.last(NetflowCache) is not None
        or last.largest is None
        or last.largest >= CACHE_BYTES
    ):
        return
    fragmented = last.free >= CACHE_BYTES
    yield Finding(
        id="netflow-cannot-start",
        severity=INFO,
        title=f"NetFlow cannot be enabled now: its cache wants {amount(CACHE_BYTES)}, the "
        f"largest free block is {amount(last.largest)}",
        evidence=(last.at,),
        cause="Memory is fragmented: enough is free, not in one piece." if fragmented else "Memory is short.",
        remedies=(
            Remedy(
                text="IP accounting on the lone egress interface shows the pairs instead",
                commands=("interface <egress>", "ip accounting", "show ip accounting"),
                caveats=(
                    "never where distributed CEF is needed: it disables it",
                    "512 pairs by default: absence is no evidence",
                ),
            ),
        ),
        verify=("show memory statistics",),
    )


def accounting(router: Router) -> Iterator[Finding]:
    """``ip-accounting-disables-dcef``, ``ip-accounting-truncated``."""
    config = router.last(Configuration)
    interfaces = [i for i in config.interfaces if i.line("ip accounting")] if config else []
    distributed = config.line("ip cef distributed") if config else None
    if config and interfaces and distributed:
        lines = [line for i in interfaces if (line := i.line("ip accounting"))]
        yield Finding(
            id="ip-accounting-disables-dcef",
            severity=CRITICAL,
            title=f"IP accounting on {interfaces[0].name} disables distributed CEF",
            evidence=(lines[0].at, distributed.at),
            cause="IP accounting disables dCEF: packets of that interface go through the central processor.",
            remedies=(
                Remedy(
                    text="Remove it once the pairs are saved",
                    commands=(
                        "show ip accounting",
                        *(c for i in interfaces for c in (f"interface {i.name}", "no ip accounting")),
                    ),
                ),
            ),
            verify=("show ip interface | include line protocol|accounting", "show cef interface"),
        )
    exceeded = router.last(AccountingExceeded)
    if exceeded:
        yield Finding(
            id="ip-accounting-truncated",
            severity=WARNING,
            title=f"{exceeded.packets:,} packets were not accounted: the table was full",
            evidence=(exceeded.at,),
            cause="A host that is missing in it may still be infected.",
            remedies=(
                Remedy(
                    text="More pairs, and start again",
                    commands=("ip accounting-threshold 4096", "clear ip accounting"),
                    caveats=("each pair takes memory that the router may not have",),
                ),
            ),
            verify=("show ip accounting",),
            source=f"{DOCUMENT}; the limit of 512 pairs from Cisco's command reference",
        )


RULES = (cache_full, cannot_start, accounting)
