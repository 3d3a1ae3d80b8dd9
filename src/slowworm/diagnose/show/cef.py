"""`show ip cef` and `show ip cef summary`: whether CEF runs, its leaves, nodes and memory."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact
from slowworm.diagnose.show.adjacency import TOTAL, AdjacencySummary
from slowworm.diagnose.show.base import Scan, ShowCommand, number, rx, typed

_OFF = rx(
    r"%\s*(?:IPv4|IP) CEF not (?:running|enabled)|%\s*CEF (?:is )?not (?:running|enabled)|IP CEF is disabled".replace(
        r"\s*", r"[ \t]*"
    )
)
_ON = rx(
    r"IP (?P<distributed>Distributed )?CEF (?:with switching )?\(Table Version "
    r"(?P<version>\d{1,12})(?:, flags=0x[0-9a-fA-F]{1,8})?\)"
    r"|IPv4 CEF is enabled(?P<distributed2> for distributed)?|IP CEF is enabled|IP CEF with "
    r"switching|IP Distributed CEF with switching"
)
_ROUTES = rx(
    r"(?P<routes>\d{1,12}) routes, (?P<reresolve>\d{1,12}) reresolve, (?P<unresolved>\d{1,12}) unresolved "
    r"\(\d{1,12} old, \d{1,12} new\)(?:, peak (?P<peak>\d{1,12}))?"
)
_LEAVES = rx(
    r"(?P<leaves>\d{1,12}) leaves, (?P<nodes>\d{1,12}) nodes, (?P<bytes>\d{1,15}) bytes, "
    r"(?P<inserts>\d{1,15}) inserts, "
    r"(?P<invalidations>\d{1,15}) invalidations"
)
_RESETS = rx(r"(?P<resets>\d{1,12}) CEF resets, \d{1,12} revisions of existing leaves")
_SHARING = rx(r"(?P<elements>\d{1,12}) load sharing elements, (?P<bytes>\d{1,15}) bytes, \d{1,15} references")
_PREFIXES = rx(r"(?P<routes>\d{1,12}) prefixes \(\d{1,12}/\d{1,12} fwd/non-fwd\)")
_OTHER = (
    rx(r"universal per-destination load sharing algorithm, id [0-9A-F]{1,8}"),
    rx(r"\d{1,12} in-place/\d{1,12} aborted modifications"),
    rx(r"(?:Resolution Timer: )?[Ee]xponential (?:backoff )?\(currently \d{1,9}s, peak \d{1,9}s\)"),
    rx(r"refcounts: \d{1,12} leaf, \d{1,12} node"),
    rx(r"Table id (?:0x)?\d{1,9}|Database epoch: \d{1,9} \([^)\n]{1,60}\)|VRF [\w\-]{1,32}"),
)
_ENTRY = re.compile(
    r"^[ \t]*(?P<prefix>(?:\d{1,3}\.){3}\d{1,3}(?:/\d{1,2})?)[ "
    r"\t]+(?P<hop>receive|drop|attached|no route|(?:\d{1,3}\.){3}\d{1,3}|[^\n]{1,40}?)"
    r"(?:[ \t]+(?P<interface>[A-Za-z][\w/.:\-]{1,39}))?[ \t\r]*$",
    re.ASCII | re.MULTILINE,
)
_ENTRIES = (
    rx(r"Prefix Next Hop Interface"),
    re.compile(r"^[ \t]+(?:\d{1,3}\.){3}\d{1,3}[ \t]+[A-Za-z][\w/.:\-]{1,39}[ \t\r]*$", re.MULTILINE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CefSummary(Fact):
    """``enabled``: whether CEF runs. ``bytes``: of leaves and nodes. ``None`` where not printed."""

    enabled: bool
    distributed: bool = False
    routes: int | None = None
    peak: int | None = None
    leaves: int | None = None
    nodes: int | None = None
    bytes: int | None = None
    inserts: int | None = None
    invalidations: int | None = None
    resets: int | None = None
    load_sharing_elements: int | None = None
    load_sharing_bytes: int | None = None


def _read(scan: Scan) -> Sequence[Fact]:
    off = scan.first(_OFF)
    on = scan.first(_ON)
    routes, leaves, resets, sharing, prefixes = (
        scan.first(pattern) for pattern in (_ROUTES, _LEAVES, _RESETS, _SHARING, _PREFIXES)
    )
    facts: list[Fact] = []
    first = on or routes or leaves or prefixes
    if off and not first:
        facts.append(CefSummary(at=scan.place(off), enabled=False))
    elif first:
        table = routes or prefixes
        facts.append(
            CefSummary(
                at=scan.place(leaves or first),
                enabled=not off,
                distributed=bool(on and (on["distributed"] or on["distributed2"] or "Distributed" in on[0])),
                routes=int(table["routes"]) if table else None,
                peak=number(routes, "peak") if routes else None,
                leaves=int(leaves["leaves"]) if leaves else None,
                nodes=int(leaves["nodes"]) if leaves else None,
                bytes=int(leaves["bytes"]) if leaves else None,
                inserts=int(leaves["inserts"]) if leaves else None,
                invalidations=int(leaves["invalidations"]) if leaves else None,
                resets=int(resets["resets"]) if resets else None,
                load_sharing_elements=int(sharing["elements"]) if sharing else None,
                load_sharing_bytes=int(sharing["bytes"]) if sharing else None,
            )
        )
    elif entry := scan.first(_ENTRY):
        facts.append(CefSummary(at=scan.place(entry), enabled=True))
    facts += [AdjacencySummary(at=scan.place(match), total=int(match["total"])) for match in scan.each(TOTAL)]
    if facts:
        scan.skip(*_OTHER, _ENTRY, *_ENTRIES)
    return facts


COMMAND = ShowCommand(
    name="show ip cef summary",
    typed=(typed("sh(ow) ip cef"), typed("sh(ow) ip cef su(mmary)"), typed("sh(ow) cef st(ate)")),
    words=(),
    claims=rx(
        r"IP (?:Distributed )?CEF (?:with switching )?\(Table Version|(?:IPv4 |IP )?CEF not (?:running|enabled)|"
        r"\d{1,12} leaves, \d{1,12} nodes, \d{1,15} bytes|IPv4 CEF is enabled|Prefix Next Hop Interface"
    ),
    carries="whether CEF runs; routes, leaves, nodes, memory, resets, adjacencies",
    read=_read,
)
