"""IOS-XE's data plane: `show platform hardware qfp active datapath utilization`, punt and CoPP counters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact
from slowworm.diagnose.show.base import Scan, ShowCommand, rx, typed

_LOAD = rx(
    r"Processing: Load \(pct\) (?P<five>\d{1,3}) (?P<one>\d{1,3}) (?P<minutes>\d{1,3}) (?P<hour>\d{1,3})"
)
_RATE = rx(
    r"Total \((?P<unit>pps|bps)\) (?P<five>\d{1,15}) (?P<one>\d{1,15}) (?P<minutes>\d{1,15}) (?P<hour>\d{1,15})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class QfpLoad(Fact):
    """Load of the forwarding processor in percent over five seconds, one, five and sixty minutes."""

    five_seconds: int
    one_minute: int
    five_minutes: int
    sixty_minutes: int
    packets_per_second: int | None = None


def _read(scan: Scan) -> Sequence[Fact]:
    load = scan.first(_LOAD)
    if load is None:
        return ()
    rate = next((match for match in _RATE.finditer(scan.text) if match["unit"] == "pps"), None)
    scan.skip_all()
    return (
        QfpLoad(
            at=scan.place(load),
            five_seconds=int(load["five"]),
            one_minute=int(load["one"]),
            five_minutes=int(load["minutes"]),
            sixty_minutes=int(load["hour"]),
            packets_per_second=int(rate["five"]) if rate else None,
        ),
    )


COMMAND = ShowCommand(
    name="show platform hardware qfp active datapath utilization",
    typed=(typed("sh(ow) pl(atform) ha(rdware) q(fp) a(ctive) d(atapath) u(tilization) [su(mmary)]"),),
    words=("Processing:", "Load"),
    claims=_LOAD,
    carries="load of the forwarding processor, packets per second",
    read=_read,
)
