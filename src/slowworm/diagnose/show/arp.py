"""`show ip arp`, `show arp` and their summary: how many addresses the router resolved, and to which MACs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact, Place
from slowworm.diagnose.show.base import MAX_LISTED, Scan, ShowCommand, number, rx, typed

_ROW = re.compile(
    r"(?<!\S)Internet\s+(?P<address>(?:\d{1,3}\.){3}\d{1,3})\s+(?P<age>-|\d{1,6})\s+"
    r"(?P<mac>[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}\.[0-9a-fA-F]{4}|[Ii]ncomplete)\s+(?P<type>[A-Z][\w\-]{2,9})"
    r"(?:[ \t]+(?P<interface>(?!Internet\b)[A-Za-z][\w/.:\-]{1,39}))?",
    re.ASCII,
)
_HEADER = rx(r"Protocol Address Age ?\(min\) Hardware Addr Type Interface".replace(" ?", r"\s*"))
_SUMMARY = rx(
    r"(?:Total number of entries in (?:the )?ARP table: (?P<total>\d{1,12})\.?"
    r"|(?P<ip>\d{1,12}) IP ARP entries, with (?P<incomplete>\d{1,12}) of them incomplete)"
)
_COUNTS = rx(
    r"Total number of (?P<what>Dynamic|Incomplete|Interface|Static|Alias|Simple "
    r"Application|Application Alias|Application Timer|ERSPAN) "
    r"ARP entries: (?P<count>\d{1,12})\.?"
)
_HEADERS = (rx(r"Interface Entry Count"), rx(r"(?<!\S)[A-Z][A-Za-z]{1,30}\d[\d/.:]{0,12} \d{1,12}(?= |\Z)"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ArpEntry:
    """One row; ``mac`` is ``None`` where the address did not answer, ``age`` where the router set it itself."""

    line: int
    address: str
    mac: str | None
    age: int | None
    interface: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ArpTable(Fact):
    """Counts over all entries; ``entries`` has the first of them one by one, ``macs`` the addresses of each MAC.

    ``examples``: places of rows of the MAC with the most addresses. ``listed`` is false for a summary.
    """

    total: int
    incomplete: int | None
    listed: bool
    macs: tuple[tuple[str, int], ...] = ()
    interfaces: tuple[tuple[str, int], ...] = ()
    entries: tuple[ArpEntry, ...] = ()
    examples: tuple[Place, ...] = ()
    filtered: bool = False


def _read(scan: Scan) -> Sequence[Fact]:
    facts = [fact for fact in (_listing(scan), _summary(scan)) if fact]
    scan.skip(_HEADER)
    return facts


def _listing(scan: Scan) -> ArpTable | None:
    macs: Counter[str] = Counter()
    interfaces: Counter[str] = Counter()
    spans: dict[str, list[tuple[int, int]]] = {}
    entries: list[ArpEntry] = []
    total = incomplete = 0
    first = None
    for match in scan.each(_ROW):
        first = first or match
        total += 1
        mac = match["mac"].lower()
        known = None if mac == "incomplete" else mac
        if known is None:
            incomplete += 1
        elif match["age"] != "-":
            macs[known] += 1
            kept = spans.setdefault(known, [])
            if len(kept) < 3:
                kept.append(match.span())
        if match["interface"]:
            interfaces[match["interface"]] += 1
        if len(entries) < MAX_LISTED:
            entries.append(
                ArpEntry(
                    line=scan.place_line(match.start()),
                    address=match["address"],
                    mac=known,
                    age=None if match["age"] == "-" else int(match["age"]),
                    interface=match["interface"],
                )
            )
    if first is None:
        return None
    ranked = macs.most_common(20)
    return ArpTable(
        at=scan.place(first),
        total=total,
        incomplete=incomplete,
        listed=True,
        macs=tuple(ranked),
        interfaces=tuple(interfaces.most_common()),
        entries=tuple(entries),
        examples=tuple(scan.place_at(*span) for span in spans[ranked[0][0]]) if ranked else (),
        filtered=scan.filtered,
    )


def _summary(scan: Scan) -> ArpTable | None:
    total = scan.first(_SUMMARY)
    if total is None:
        return None
    counts = {match["what"]: int(match["count"]) for match in scan.each(_COUNTS)}
    scan.skip(*_HEADERS)
    return ArpTable(
        at=scan.place(total),
        total=int(total["total"] or total["ip"]),
        incomplete=number(total, "incomplete") if total["ip"] else counts.get("Incomplete"),
        listed=False,
    )


COMMAND = ShowCommand(
    name="show ip arp",
    typed=(typed("sh(ow) ip arp [su(mmary)]"), typed("sh(ow) arp [su(mmary)]")),
    words=("ARP",),
    claims=rx(
        r"Hardware Addr Type Interface|Total number of entries in (?:the )?ARP "
        r"table|(?<!\S)Internet (?:\d{1,3}\.){3}\d{1,3} (?:-|\d{1,6}) [0-9a-fI]"
    ),
    carries="entries, incomplete ones, addresses that share a MAC",
    read=_read,
)
