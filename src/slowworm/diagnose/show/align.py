"""`show align`: alignment corrections and spurious memory accesses, which burn interrupt CPU like a scan does."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact
from slowworm.diagnose.show.base import Scan, ShowCommand, rx, typed

_CORRECTIONS = rx(
    r"Total Corrections (?P<total>\d{1,15}), Recorded (?P<recorded>\d{1,15}), Reads "
    r"(?P<reads>\d{1,15}), Writes (?P<writes>\d{1,15})"
)
_SPURIOUS = rx(r"Total Spurious Accesses (?P<total>\d{1,15}), Recorded (?P<recorded>\d{1,15})")
_NONE = rx(r"No (?P<what>alignment data|spurious memory references) ha(?:s|ve) been recorded\.?")
_ROW = re.compile(
    r"(?<!\S)[0-9A-F]{1,8}\s+(?P<count>\d{1,12})\s+(?P<access>(?:8|16|32|64)bit\s+(?:read|write))(?P<trace>(?:\s+0x[0-9A-Fa-f]{6,16}){0,16})",
    re.ASCII,
)
_OTHER = (
    rx(r"Initial Initial Address Count Access Type Traceback"),
    re.compile(
        r"^[ \t]*(?:Alignment data for:|Compiled|[\w\- ]+Software \(|Address\s+Count)[^\n]*$", re.MULTILINE
    ),
    rx(r"Address Count Traceback"),
    re.compile(r"(?<!\S)[0-9A-F]{1,8}\s+\d{1,12}(?:\s+0x[0-9A-Fa-f]{6,16}){1,16}", re.ASCII),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alignment(Fact):
    """Counters since start: only their growth says anything."""

    corrections: int
    spurious: int


def _read(scan: Scan) -> Sequence[Fact]:
    corrections, spurious = scan.first(_CORRECTIONS), scan.first(_SPURIOUS)
    none = list(scan.each(_NONE))
    first = corrections or spurious or (none[0] if none else None)
    if first is None:
        return ()
    scan.skip(_ROW, *_OTHER)
    return (
        Alignment(
            at=scan.place(first),
            corrections=int(corrections["total"]) if corrections else 0,
            spurious=int(spurious["total"]) if spurious else 0,
        ),
    )


COMMAND = ShowCommand(
    name="show align",
    typed=(typed("sh(ow) ali(gnment)"),),
    words=(),
    claims=rx(r"Total Corrections \d|Total Spurious Accesses \d|No alignment data has been recorded"),
    carries="alignment corrections, spurious accesses",
    read=_read,
)
