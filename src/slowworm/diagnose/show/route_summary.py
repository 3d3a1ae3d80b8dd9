"""`show ip route summary`: how many routes there are, and what they need in CEF."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact
from slowworm.diagnose.show.base import Scan, ShowCommand, rx, typed

_HEADER = rx(r"Route Source Networks Subnets(?: Replicates)? Overhead Memory \(bytes\)")
_ROW = rx(
    r"(?<!\S)(?P<source>connected|static|application|internal|Total|eigrp|rip|odr|ospf|bgp|isis|lisp|nhrp|mobile|hsrp|dhcp)"
    r"(?: (?P<name>[A-Za-z][\w.\-]{0,30}))?(?P<numbers>(?: \d{1,15}){2,6})(?!\S)"
)
_DETAILS = rx(
    r"(?:(?:External|Internal|Local|Intra-area|Inter-area|External-1|External-2|NSSA "
    r"External-1|NSSA External-2|Level [12]): \d{1,12},?|"
    r"IP routing table (?:name|maximum-paths) is [^\n]{1,60}|Removing Queue Size \d{1,9})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteSummary(Fact):
    """Routes of one source; ``source`` ``Total`` is the sum. ``subnets`` is ``None`` for the internal row."""

    source: str
    name: str | None
    networks: int
    subnets: int | None
    memory: int

    @property
    def routes(self) -> int:
        """Prefixes."""
        return self.networks + (self.subnets or 0)


def _read(scan: Scan) -> Sequence[Fact]:
    facts: list[Fact] = []
    header = scan.first(_HEADER)
    columns = 5 if header and "Replicates" in header[0] else 4
    scan.skip(_DETAILS)
    for match in scan.each(_ROW):
        texts = match["numbers"].split()
        name = match["name"]
        if len(texts) > columns:
            name, *texts = texts  # a process by its number
        facts.append(
            RouteSummary(
                at=scan.place(match),
                source=match["source"],
                name=name,
                networks=int(texts[0]),
                subnets=int(texts[1]) if len(texts) > 2 else None,
                memory=int(texts[-1]),
            )
        )
    return facts


COMMAND = ShowCommand(
    name="show ip route summary",
    typed=(typed("sh(ow) ip ro(ute) su(mmary)"),),
    words=("Networks", "Subnets"),
    claims=_HEADER,
    carries="routes and memory by source",
    read=_read,
)
