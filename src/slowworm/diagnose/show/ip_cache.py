"""`show ip cache` (`verbose`): the fast-switching cache, its ager and its entries."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact
from slowworm.diagnose.show.base import Scan, ShowCommand, number, rx, seconds, typed

_HEAD = rx(
    r"IP routing cache (?:version \d{1,12}, )?(?P<entries>\d{1,12}) entr(?:ies|y), (?P<bytes>\d{1,15}) bytes"
)
_ADDS = rx(
    r"(?P<adds>\d{1,15}) adds, (?P<invalidates>\d{1,15}) invalidates, (?P<refcounts>\d{1,15}) refcounts"
)
_AGER = rx(
    r"Cache aged by 1/(?P<normal>\d{1,5}) every (?P<seconds>\d{1,10}) seconds \(1/(?P<low>\d{1,5}) when memory is low\)"
)
_OTHER = (
    rx(
        r"Minimum invalidation interval \d{1,9} seconds, maximum interval \d{1,9} seconds, "
        r"quiet interval \d{1,9} seconds, "
        r"threshold \d{1,9} requests"
    ),
    rx(r"Prefix/Length Age Interface Next Hop"),
    rx(r"\. *(?=\n)".replace(" ", "[ ]")),
)
_RATE = rx(r"Invalidation rate (?P<one>\d{1,12}) in last second, (?P<three>\d{1,12}) in last 3 seconds")
_FULL = re.compile(r"Last\s+full\s+cache\s+invalidation\s+occurred\s+(?P<ago>[\d:ywdhms]{1,16}?)\s+ago")
_ROW = re.compile(
    r"(?:(?<!\S)|(?<=Prefix/Length Age Interface Next "
    r"Hop))(?P<prefix>(?:\d{1,3}\.){3}\d{1,3})/(?P<length>\d{1,2})(?:-(?P<mask>\d{1,2}))?\s+"
    r"(?P<age>\d{1,4}:\d\d:\d\d|\d{1,3}[ywd]\d{1,2}[wdh])\s+(?P<interface>[A-Za-z][\w/.:\-]{1,39})\s+(?P<hop>(?:\d{1,3}\.){3}\d{1,3})(?!\S)"
    r"(?:\s+\d{1,3}\s+[0-9A-F]{8,64}(?!\S))?",
    re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FastCache(Fact):
    """Entries and bytes now; ``adds`` and ``invalidates`` since start.

    The ager: every ``ager_seconds``, one in ``ager_normal`` entries is thrown away, one in ``ager_low`` when memory is
    low; ``None`` where the line is missing. ``rows``: entries listed, ``host_rows``: those of a single address.
    ``invalidations``: in the last second. ``interfaces``: how many listed entries lead out of each.
    """

    entries: int
    bytes: int
    adds: int | None = None
    invalidates: int | None = None
    ager_normal: int | None = None
    ager_low: int | None = None
    ager_seconds: int | None = None
    invalidations: int | None = None
    full_invalidation_ago: int | None = None
    rows: int = 0
    host_rows: int = 0
    interfaces: tuple[tuple[str, int], ...] = ()


def _read(scan: Scan) -> Sequence[Fact]:
    head = scan.first(_HEAD)
    adds, ager, rate, full = (scan.first(pattern) for pattern in (_ADDS, _AGER, _RATE, _FULL))
    rows = hosts = 0
    interfaces: Counter[str] = Counter()
    for match in scan.each(_ROW):
        rows += 1
        hosts += match["length"] == "32"
        interfaces[match["interface"]] += 1
    scan.skip(*_OTHER)
    if head is None:
        return ()
    return (
        FastCache(
            at=scan.place(head),
            entries=int(head["entries"]),
            bytes=int(head["bytes"]),
            adds=number(adds, "adds") if adds else None,
            invalidates=number(adds, "invalidates") if adds else None,
            ager_normal=number(ager, "normal") if ager else None,
            ager_low=number(ager, "low") if ager else None,
            ager_seconds=number(ager, "seconds") if ager else None,
            invalidations=number(rate, "one") if rate else None,
            full_invalidation_ago=seconds(full["ago"]) if full else None,
            rows=rows,
            host_rows=hosts,
            interfaces=tuple(interfaces.most_common()),
        ),
    )


COMMAND = ShowCommand(
    name="show ip cache",
    typed=(typed("sh(ow) ip ca(che) [v(erbose)]"),),
    words=("routing", "cache"),
    claims=rx(r"IP routing cache (?:version \d{1,12}, )?\d{1,12} entr"),
    carries="entries, memory, adds and invalidates, the ager's settings, entries of single addresses",
    read=_read,
)
