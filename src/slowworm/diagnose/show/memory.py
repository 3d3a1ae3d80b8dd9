"""`show memory summary`, `statistics`, `dead`: pools with their largest free block, and who allocated what."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact, Place
from slowworm.diagnose.show.base import MAX_LISTED, Scan, ShowCommand, rx, typed

_POOL = re.compile(
    r"(?<!\S)(?P<name>Processor|I/O|Driver te|Driver "
    r"text|lsmpi_io|Fast|PCI|reserve\s+P|[A-Za-z][\w/]{1,20})\s+(?P<head>[0-9A-F]{6,16})\s+"
    r"(?P<total>\d{1,20})\s+(?P<used>\d{1,20})\s+(?P<free>\d{1,20})\s+(?P<lowest>\d{1,20})\s+(?P<largest>\d{1,20})(?!\S)",
    re.ASCII,
)
_ALLOCATION = re.compile(
    r"(?<!\S)(?P<pc>0x[0-9A-Fa-f]{6,16})\s+(?P<size>\d{1,12})\s+(?P<blocks>\d{1,12})\s+(?P<bytes>\d{1,20})\s+"
    r"(?P<what>\S+(?:[ \t]+\S+){0,7}?)(?=[ \t\r]*(?:\n|\Z)|\s+0x[0-9A-Fa-f]{6,16}\s)",
    re.ASCII,
)
_HEADERS = (
    rx(r"Head Total\(b\) Used\(b\) Free\(b\) Lowest\(b\) Largest\(b\)"),
    rx(r"Alloc PC Size Blocks Bytes What"),
    re.compile(
        r"^\s*(?:Processor|I/O|Dead\s\w+)\s+memory(?:\s+for\s.*)?[ \t\r]*$", re.MULTILINE | re.IGNORECASE
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryPool(Fact):
    """Bytes of one pool; ``lowest`` free since start and ``largest`` free block where they are printed."""

    name: str
    total: int
    used: int
    free: int
    lowest: int | None = None
    largest: int | None = None

    @property
    def is_processor(self) -> bool:
        """Whether it is the pool that tables and processes live in."""
        return self.name.lower() == "processor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """``blocks`` blocks of ``size`` bytes that one place of the code allocated for ``what``."""

    at: Place
    pc: str
    size: int
    blocks: int
    bytes: int
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryAllocations(Fact):
    """Allocations of one output; ``bytes`` sums over all of them. A filter may have left most out."""

    allocations: tuple[Allocation, ...]
    bytes: int
    filtered: bool = False

    def sum(self, pattern: str) -> int:
        """Bytes of allocations whose name matches, whatever the case."""
        wanted = re.compile(pattern, re.IGNORECASE)
        return sum(a.bytes for a in self.allocations if wanted.search(a.what))


def _read(scan: Scan) -> Sequence[Fact]:
    facts: list[Fact] = [
        MemoryPool(
            at=scan.place(match),
            name=" ".join(match["name"].split()),
            total=int(match["total"]),
            used=int(match["used"]),
            free=int(match["free"]),
            lowest=int(match["lowest"]),
            largest=int(match["largest"]),
        )
        for match in scan.each(_POOL)
    ]
    rows: list[Allocation] = []
    total = 0
    for match in scan.each(_ALLOCATION):
        total += int(match["bytes"])
        if len(rows) < MAX_LISTED:
            rows.append(
                Allocation(
                    at=scan.place(match),
                    pc=match["pc"],
                    size=int(match["size"]),
                    blocks=int(match["blocks"]),
                    bytes=int(match["bytes"]),
                    what=" ".join(match["what"].split()),
                )
            )
    scan.skip(*_HEADERS)
    if rows:
        facts.append(
            MemoryAllocations(at=rows[0].at, allocations=tuple(rows), bytes=total, filtered=scan.filtered)
        )
    return facts


COMMAND = ShowCommand(
    name="show memory summary",
    typed=(
        typed("sh(ow) mem(ory) [su(mmary)]"),
        typed("sh(ow) mem(ory) st(atistics)"),
        typed("sh(ow) mem(ory) d(ead) [t(otals)]"),
        typed("sh(ow) mem(ory) pr(ocessor) [st(atistics)]"),
    ),
    words=(),
    claims=rx(r"Head Total\(b\) Used\(b\) Free\(b\)|Alloc PC Size Blocks Bytes What"),
    carries="pools with lowest free and largest free block, allocations by name",
    read=_read,
)
