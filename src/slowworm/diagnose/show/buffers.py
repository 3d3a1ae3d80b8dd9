"""`show buffers`: pools of packet buffers, misses and failures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact
from slowworm.diagnose.show.base import Scan, ShowCommand, rx, typed

_POOL = rx(
    r"(?P<name>[A-Z][\w/\-]{1,30}(?:[\t\x20][A-Z]\w{1,20})?) buffers, (?P<size>\d{1,9}) bytes "
    r"\(total (?P<total>\d{1,9}), permanent (?P<permanent>\d{1,9})"
    r"(?:, peak (?P<peak>\d{1,9}) @ \S{1,20})?\): (?P<free>\d{1,9}) in free list \(\d{1,9} "
    r"min, \d{1,9} max(?: allowed)?\) "
    r"(?P<hits>\d{1,15}) hits, (?P<misses>\d{1,15}) (?:misses|fallbacks)(?:, (?P<trims>\d{1,15}) "
    r"trims, (?P<created>\d{1,15}) created)?"
)
_FAILURES = rx(r"(?P<failures>\d{1,15}) failures \((?P<memory>\d{1,15}) no memory\)")
_HEAD = rx(
    r"Buffer elements: \d{1,12} in free list \(\d{1,12} max allowed\) \d{1,15} hits, \d{1,15} misses, \d{1,15} created"
)
_TITLES = rx(
    r"(?:Public buffer pools|Interface buffer pools|Header pools|Public particle pools|Private particle pools):"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class BufferPool(Fact):
    """``failures``: allocations that got no buffer, ``no_memory``: those for want of memory, since start."""

    name: str
    size: int
    total: int
    free: int
    hits: int
    misses: int
    failures: int | None = None
    no_memory: int | None = None


def _read(scan: Scan) -> Sequence[Fact]:
    facts: list[Fact] = []
    pools = list(scan.each(_POOL))
    for number, pool in enumerate(pools):
        end = pools[number + 1].start() if number + 1 < len(pools) else min(len(scan.text), pool.end() + 200)
        failed = scan.first(_FAILURES, pool.end(), end)
        facts.append(
            BufferPool(
                at=scan.place(pool),
                name=" ".join(pool["name"].split()),
                size=int(pool["size"]),
                total=int(pool["total"]),
                free=int(pool["free"]),
                hits=int(pool["hits"]),
                misses=int(pool["misses"]),
                failures=int(failed["failures"]) if failed else None,
                no_memory=int(failed["memory"]) if failed else None,
            )
        )
    if pools:
        scan.skip_all()
    else:
        scan.skip(_HEAD, _TITLES)
    return facts


COMMAND = ShowCommand(
    name="show buffers",
    typed=(typed("sh(ow) buf(fers)"),),
    words=("buffers,", "permanent"),
    claims=_POOL,
    carries="size, free buffers, misses and failures of each pool",
    read=_read,
)
