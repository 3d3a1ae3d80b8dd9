"""`show ip cache flow`: the summary above the rows, how full the NetFlow cache is and of what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact
from slowworm.diagnose.show.base import Scan, ShowCommand, rx, typed
from slowworm.sources.text import cache_flow_summary

_HEAD = rx(r"IP Flow Switching Cache, \d{1,15} bytes|\d{1,12} active, \d{1,12} inactive, \d{1,15} added")


@dataclass(frozen=True, slots=True, kw_only=True)
class NetflowCache(Fact):
    """Entries of the cache. ``failures``: flows that found no entry. ``small_packets``: share of at most 64 bytes.

    ``flows_per_second``, ``packets_per_flow``: averages since the counters were cleared, of all protocols.
    """

    active: int
    inactive: int
    added: int | None = None
    failures: int | None = None
    bytes: int | None = None
    inactive_timeout: int | None = None
    active_timeout: int | None = None
    small_packets: float | None = None
    flows_per_second: float | None = None
    packets_per_flow: float | None = None


def _read(scan: Scan) -> Sequence[Fact]:
    head = _HEAD.search(scan.text)
    _, context = cache_flow_summary.read(scan.section, "show-ip-cache-flow")
    values = {found.name: found.value for found in context}
    scan.skip_all()  # rows and lines that are none are the business of the hunt, which reports them
    if head is None or "flows_active" not in values or "flows_inactive" not in values:
        return ()

    def whole(name: str) -> int | None:
        return int(values[name]) if name in values else None

    return (
        NetflowCache(
            at=scan.place(head),
            active=int(values["flows_active"]),
            inactive=int(values["flows_inactive"]),
            added=whole("flows_added"),
            failures=whole("flow_alloc_failures"),
            bytes=whole("cache_bytes"),
            inactive_timeout=whole("inactive_timeout"),
            active_timeout=whole("active_timeout"),
            small_packets=values.get("packets_up_to_64_bytes"),
            flows_per_second=values.get("Total.flows_per_second"),
            packets_per_flow=values.get("Total.packets_per_flow"),
        ),
    )


COMMAND = ShowCommand(
    name="show ip cache flow",
    typed=(typed("sh(ow) ip ca(che) [v(erbose)] fl(ow)"), typed("sh(ow) ip flow ca(che)")),
    words=("active,", "inactive,", "added"),
    claims=_HEAD,
    carries="entries, allocation failures, timeouts, packet sizes; rows are for the hunt",
    read=_read,
)
