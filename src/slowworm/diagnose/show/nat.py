"""`show ip nat statistics` and `show ip nat translations` (`total`, `verbose`): the translation table."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact
from slowworm.diagnose.show.base import Scan, ShowCommand, number, rx, typed

_TOTAL = rx(
    r"Total (?:active )?translations: (?P<total>\d{1,12}) \((?P<static>\d{1,12}) static, "
    r"(?P<dynamic>\d{1,12}) dynamic; "
    r"(?P<extended>\d{1,12}) extended\)"
)
_PEAK = rx(r"Peak translations: (?P<peak>\d{1,12})(?:, occurred (?P<ago>[\d:ywdhm]{1,12}) ago)?")
_HITS = rx(r"Hits: (?P<hits>\d{1,15}) Misses: (?P<misses>\d{1,15})")
_EXPIRED = rx(r"Expired translations: (?P<expired>\d{1,15})")
_MAX = rx(
    r"max (?:allowed|entry: max allowed) (?P<max>\d{1,12}), used (?P<used>\d{1,12}), missed (?P<missed>\d{1,12})"
)
_GATE = rx(r"Pool stats drop: (?P<pool>\d{1,15}) Mapping stats drop: (?P<mapping>\d{1,15})")
_FAILED = rx(r"IP alias add fail: (?P<alias>\d{1,15})|Port block alloc fail: (?P<port>\d{1,15})")
_STATISTICS_LINES = re.compile(
    r"^[ \t]*(?:Outside interfaces:|Inside interfaces:|CEF Translated|Dynamic "
    r"mappings:|--\s*(?:Inside|Outside)|\[Id:|access-list|"
    r"route-map|pool |start |type |Total doors|Appl doors|Normal doors|Queued "
    r"Packets|nat-limit|Limit entry|In-to-out|Out-to-in|"
    r"[A-Z][A-Za-z\-]{1,20}\d[\w/.:, \t]*$|longest chain|average chain)[^\n]*$",
    re.MULTILINE,
)
_END = r"(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?"
_ROW = re.compile(
    rf"(?<!\S)(?P<protocol>tcp|udp|icmp|gre|---|\d{{1,3}})\s+(?P<global>{_END})\s+(?P<local>(?:\d{{1,3}}\.){{3}}\d{{1,3}})(?P<lport>:\d{{1,5}})?\s+"
    rf"(?P<out>---|(?:\d{{1,3}}\.){{3}}\d{{1,3}})(?P<oport>:\d{{1,5}})?\s+(?P<outglobal>---|{_END})(?!\S)",
    re.ASCII,
)
_COUNT = rx(r"Total number of translations: (?P<total>\d{1,12})")
_HEADER = rx(r"Pro Inside global Inside local Outside local Outside global")
_VERBOSE = re.compile(
    r"^[ \t]+(?:create|timeout:|left|flags|use_count|extended|Map-Id|mapping-id|vrf|[\w\-]{1,20}:)[^\n]*$",
    re.MULTILINE,
)
MAX_HOSTS = 20
"""Inside hosts with the most translations that are named."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NatStatistics(Fact):
    """Counts; ``extended``: translations with ports (PAT). ``None`` where the release does not print them."""

    total: int
    static: int
    dynamic: int
    extended: int
    peak: int | None = None
    hits: int | None = None
    misses: int | None = None
    expired: int | None = None
    max_entries: int | None = None
    missed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NatTranslations(Fact):
    """A listing: ``hosts`` has inside addresses by translations, the most first, ``targets`` what they went to.

    ``services``: protocol and outside port with their counts.
    """

    total: int
    listed: int
    hosts: tuple[tuple[str, int], ...] = ()
    targets: tuple[tuple[str, int], ...] = ()
    services: tuple[tuple[str, int], ...] = ()
    filtered: bool = False


def _read(scan: Scan) -> Sequence[Fact]:
    facts = [fact for fact in (_statistics(scan), _translations(scan)) if fact]
    scan.skip(_HEADER)
    return facts


def _statistics(scan: Scan) -> Fact | None:
    total = scan.first(_TOTAL)
    if total is None:
        return None
    peak, hits, expired, most = (scan.first(p) for p in (_PEAK, _HITS, _EXPIRED, _MAX))
    scan.skip(_GATE, _FAILED, _STATISTICS_LINES)
    return NatStatistics(
        at=scan.place(total),
        total=int(total["total"]),
        static=int(total["static"]),
        dynamic=int(total["dynamic"]),
        extended=int(total["extended"]),
        peak=int(peak["peak"]) if peak else None,
        hits=number(hits, "hits") if hits else None,
        misses=number(hits, "misses") if hits else None,
        expired=int(expired["expired"]) if expired else None,
        max_entries=int(most["max"]) if most else None,
        missed=int(most["missed"]) if most else None,
    )


def _translations(scan: Scan) -> Fact | None:
    hosts: Counter[str] = Counter()
    targets: dict[str, set[str]] = {}
    services: Counter[str] = Counter()
    listed, first = 0, None
    for match in scan.each(_ROW):
        first = first or match
        listed += 1
        if match["out"] != "---":
            hosts[match["local"]] += 1
            targets.setdefault(match["local"], set()).add(match["out"])
            services[match["protocol"] + (match["oport"] or "").replace(":", "/")] += 1
    count = scan.first(_COUNT)
    first = count or first
    if first is None:
        return None
    scan.skip(_VERBOSE)
    most = hosts.most_common(MAX_HOSTS)
    return NatTranslations(
        at=scan.place(first),
        total=int(count["total"]) if count else listed,
        listed=listed,
        hosts=tuple(most),
        targets=tuple((host, len(targets[host])) for host, _ in most),
        services=tuple(services.most_common(MAX_HOSTS)),
        filtered=scan.filtered,
    )


COMMAND = ShowCommand(
    name="show ip nat translations",
    typed=(typed("sh(ow) ip nat s(tatistics)"), typed("sh(ow) ip nat t(ranslations) [t(otal)|v(erbose)]")),
    words=(),
    claims=rx(
        r"Total (?:active )?translations: \d|Pro Inside global Inside local|Total number of translations: \d"
    ),
    carries="translations in all, static, dynamic and extended, hits, misses; by inside host where listed",
    read=_read,
)
