"""`show adjacency` and `show adjacency summary`: how many neighbours CEF has rewrites for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact
from slowworm.diagnose.show.base import Scan, ShowCommand, rx, typed

TOTAL = rx(r"Adjacency [Tt]able has (?P<total>\d{1,12}) adjacenc(?:ies|y)")
_INTERFACE = rx(r"(?<!\S)(?P<interface>[A-Z][A-Za-z]{1,30}\d[\d/.:]{0,12}) (?P<count>\d{1,12})(?= |\Z)")
_ROW = re.compile(
    r"(?<!\S)IP\s+(?P<interface>[A-Za-z][\w/.:\-]{1,39})\s+(?P<address>(?:\d{1,3}\.){3}\d{1,3}|point2point)\(\d{1,12}\)"
    r"(?P<incomplete>\s+\(incomplete\))?",
    re.ASCII,
)
_HEADERS = (
    rx(r"Protocol Interface Address"),
    rx(r"Table epoch: \d{1,9}(?: \(\d{1,12} entr(?:ies|y) at this epoch\))?"),
    rx(r"Interface Adjacency Count"),
)
_DETAIL = re.compile(r"^[ \t]{6,}\S[^\n]*$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjacencySummary(Fact):
    """``interfaces``: adjacencies out of each, the most first; ``listed``: rows that were printed."""

    total: int
    interfaces: tuple[tuple[str, int], ...] = ()
    listed: int = 0
    incomplete: int = 0


def _read(scan: Scan) -> Sequence[Fact]:
    total = scan.first(TOTAL)
    if total:
        counts = {m["interface"]: int(m["count"]) for m in scan.each(_INTERFACE, total.end())}
        scan.skip(*_HEADERS)
        ranked = tuple(sorted(counts.items(), key=lambda item: -item[1]))
        return (AdjacencySummary(at=scan.place(total), total=int(total["total"]), interfaces=ranked),)
    rows: Counter[str] = Counter()
    incomplete, first = 0, None
    for match in scan.each(_ROW):
        first = first or match
        rows[match["interface"]] += 1
        incomplete += match["incomplete"] is not None
    if first is None:
        return ()
    scan.skip(*_HEADERS, _DETAIL)
    listed = sum(rows.values())
    return (
        AdjacencySummary(
            at=scan.place(first),
            total=listed,
            interfaces=tuple(rows.most_common()),
            listed=listed,
            incomplete=incomplete,
        ),
    )


COMMAND = ShowCommand(
    name="show adjacency summary",
    typed=(typed("sh(ow) adj(acency) [su(mmary)|d(etail)]"),),
    words=("nterface",),
    claims=rx(r"Adjacency [Tt]able has \d|Protocol Interface Address IP "),
    carries="adjacencies in all and for each interface",
    read=_read,
)
