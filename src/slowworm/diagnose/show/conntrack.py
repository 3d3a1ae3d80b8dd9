"""Linux `conntrack -C`, `conntrack -S`, `sysctl net.netfilter.nf_conntrack_*`, and ASA's `show conn count`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact
from slowworm.diagnose.show.base import Scan, ShowCommand, rx

_CPU = re.compile(r"cpu=\d{1,4}(?P<pairs>(?:\s+\w{2,20}=\d{1,15}){3,20})", re.ASCII)
_PAIR = re.compile(r"(?P<name>\w{2,20})=(?P<value>\d{1,15})")
_SYSCTL = re.compile(r"net\.netfilter\.nf_conntrack_(?P<name>count|max|buckets)\s*=\s*(?P<value>\d{1,12})")
_COUNT = re.compile(r"\A\s*(?P<count>\d{1,12})\s*\Z")
_FULL = rx(r"nf_conntrack: (?:nf_conntrack: )?table full, dropping packet")
_SHELL = re.compile(
    r"^[^\n#$]{0,80}[#$][ \t]+(?:sudo[ \t]+)?(?:conntrack|sysctl)[ \t][^\n]{0,160}$", re.MULTILINE
)
"""A shell's prompt with the command; its sign stands behind a path, which no router's prompt has."""

_ASA = rx(r"(?<!\S)(?P<count>\d{1,12}) in use, (?P<most>\d{1,12}) most used")


@dataclass(frozen=True, slots=True, kw_only=True)
class Connections(Fact):
    """A connection table: ``count`` now, ``most`` ever or ``maximum``; ``None`` where not printed.

    ``kind``: ``conntrack`` or ``asa``. ``drops``, ``early_drops``, ``insert_failed``: since start, over all processors.
    """

    kind: str
    count: int | None = None
    maximum: int | None = None
    most: int | None = None
    drops: int | None = None
    early_drops: int | None = None
    insert_failed: int | None = None
    full_messages: int = 0


def _read_linux(scan: Scan) -> Sequence[Fact]:
    sums: dict[str, int] = {}
    first = None
    for match in scan.each(_CPU):
        first = first or match
        for pair in _PAIR.finditer(match["pairs"]):
            sums[pair["name"]] = sums.get(pair["name"], 0) + int(pair["value"])
    settings: dict[str, int] = {}
    for match in scan.each(_SYSCTL):
        first = first or match
        settings[match["name"]] = int(match["value"])
    full = list(scan.each(_FULL))
    count = scan.first(_COUNT) if first is None and not full else None
    scan.skip(_SHELL)
    first = first or count or (full[0] if full else None)
    if first is None:
        return ()
    return (
        Connections(
            at=scan.place(first),
            kind="conntrack",
            count=int(count["count"]) if count else settings.get("count"),
            maximum=settings.get("max"),
            drops=sums.get("drop"),
            early_drops=sums.get("early_drop"),
            insert_failed=sums.get("insert_failed"),
            full_messages=len(full),
        ),
    )


def _read_asa(scan: Scan) -> Sequence[Fact]:
    return [
        Connections(at=scan.place(match), kind="asa", count=int(match["count"]), most=int(match["most"]))
        for match in scan.each(_ASA)
    ]


LINUX = ShowCommand(
    name="conntrack",
    typed=(
        re.compile(r"\s*(?:sudo\s+)?conntrack\s+(?:-[SC]|--stats|--count)(?!\S)"),
        re.compile(r"\s*(?:sudo\s+)?sysctl\s+(?:-a\s+)?[^\n]{0,60}nf_conntrack\S*"),
    ),
    words=(),
    claims=re.compile(
        rf"{_CPU.pattern}|{_SYSCTL.pattern}|nf_conntrack: table full".replace("?P<name>count", "count")
        .replace("?P<value>", "")
        .replace("?P<pairs>", "")
    ),
    carries="connections tracked, their maximum, drops",
    read=_read_linux,
)
ASA = ShowCommand(
    name="show conn count",
    typed=(re.compile(r"\s*sh(?:ow?)?[ \t]+conn[ \t]+c(?:ount?|oun|ou|o)?(?![\w\-])", re.IGNORECASE),),
    words=("most", "used"),
    claims=_ASA,
    carries="connections in use and the most ever",
    read=_read_asa,
)
