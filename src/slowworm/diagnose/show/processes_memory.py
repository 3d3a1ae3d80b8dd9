"""`show processes memory` (`sorted`, `| include`): what each process holds, and the pools above."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact, Place
from slowworm.diagnose.show.base import Scan, ShowCommand, rx, typed
from slowworm.diagnose.show.memory import MemoryPool

_TOTAL = re.compile(
    r"(?:(?<!\S)(?P<pool>[\w/]{1,30})\s+Pool\s+)?Total:\s+(?P<total>\d{1,20}),?\s+Used:\s+(?P<used>\d{1,20}),?\s+Free:\s+(?P<free>\d{1,20})(?!\d)",
    re.ASCII,
)
_ROW = re.compile(
    r"(?<!\S)(?P<pid>\d{1,10})\s+(?P<tty>\d{1,5})\s+(?P<allocated>\d{1,20})\s+(?P<freed>\d{1,20})\s+(?P<holding>\d{1,20})\s+"
    r"(?:(?P<getbufs>\d{1,20})\s+(?P<retbufs>\d{1,20})\s+)?(?P<name>[*A-Za-z]\S*(?:[ \t]+\S+){0,7}?)"
    r"(?=[ \t\r]*(?:\n|\Z)|\s+\d{1,10}\s+\d{1,5}\s+\d{1,20}\s+\d{1,20}\s+\d{1,20}\s)",
    re.ASCII,
)
_HEADER = rx(r"PID TTY Allocated Freed Holding Getbufs Retbufs Process")
_SUM = rx(r"(?<!\S)\d{1,20} Total(?!\S)")


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryProcess:
    """Bytes; ``allocated`` and ``freed`` are counters of 32 bits that wrap, ``holding`` is what it has now."""

    at: Place
    pid: int
    name: str
    allocated: int
    freed: int
    holding: int
    getbufs: int | None
    retbufs: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessesMemory(Fact):
    """Processes of one output; a filter may have left some out."""

    processes: tuple[MemoryProcess, ...]
    filtered: bool = False

    def holding(self, name: str) -> MemoryProcess | None:
        """The process of a name that holds most."""
        named = [p for p in self.processes if p.name.lower() == name.lower()]
        return max(named, key=lambda p: p.holding, default=None)


def _read(scan: Scan) -> Sequence[Fact]:
    facts: list[Fact] = [
        MemoryPool(
            at=scan.place(match),
            name=match["pool"] or "Processor",
            total=int(match["total"]),
            used=int(match["used"]),
            free=int(match["free"]),
        )
        for match in scan.each(_TOTAL)
    ]
    rows = [
        MemoryProcess(
            at=scan.place(match),
            pid=int(match["pid"]),
            name=" ".join(match["name"].split()),
            allocated=int(match["allocated"]),
            freed=int(match["freed"]),
            holding=int(match["holding"]),
            getbufs=int(match["getbufs"]) if match["getbufs"] else None,
            retbufs=int(match["retbufs"]) if match["retbufs"] else None,
        )
        for match in scan.each(_ROW)
    ]
    scan.skip(_HEADER, _SUM)
    if rows:
        facts.append(ProcessesMemory(at=rows[0].at, processes=tuple(rows), filtered=scan.filtered))
    return facts


COMMAND = ShowCommand(
    name="show processes memory",
    typed=(typed("sh(ow) proc(esses) m(emory) [so(rted)] [a(llocated)|f(reed)|h(olding)]"),),
    words=("Holding",),
    claims=rx(r"PID TTY Allocated Freed Holding"),
    carries="total, used and free of each pool; what each process holds",
    read=_read,
)
