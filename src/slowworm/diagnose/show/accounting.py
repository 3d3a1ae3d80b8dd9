"""`show ip accounting`: whether the table was full; the pairs themselves are for the hunt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact
from slowworm.diagnose.show.base import Scan, ShowCommand, rx, typed

_EXCEEDED = rx(
    r"Accounting threshold exceeded for (?P<packets>\d{1,15}) packets? and (?P<bytes>\d{1,18}) bytes?"
)
_HEADER = rx(r"Source Destination Packets Bytes")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountingExceeded(Fact):
    """Packets and bytes that found no place in the table."""

    packets: int
    bytes: int


def _read(scan: Scan) -> Sequence[Fact]:
    facts = [
        AccountingExceeded(at=scan.place(match), packets=int(match["packets"]), bytes=int(match["bytes"]))
        for match in scan.each(_EXCEEDED)
    ]
    if scan.first(_HEADER):
        scan.skip_all()  # rows, and lines that are none, are the business of the hunt, which reports them
    return facts


COMMAND = ShowCommand(
    name="show ip accounting",
    typed=(typed("sh(ow) ip acco(unting) [c(heckpoint)|o(utput-packets)]"),),
    words=("Source", "Destination"),
    claims=_HEADER,
    carries="whether its table was full; pairs are for the hunt",
    read=_read,
)
