"""`show interfaces stats` and `switching`: how many packets each switching path took."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact
from slowworm.diagnose.show.base import Scan, ShowCommand, rx, typed

_HEADER = rx(r"Switching path Pkts In Chars In Pkts Out Chars Out")
_NAME = re.compile(r"(?<!\S)(?P<name>[A-Z][A-Za-z\-]{1,30}\d[\w/.:\-]{0,20})(?=[ \t\r]|\n)")
_PATH = rx(
    r"(?<!\S)(?P<path>Processor|Route cache|Distributed cache|Total|Parallel Express Forwarding|PXF|Optimum|Flow) "
    r"(?P<in>\d{1,20}) (?P<chars_in>\d{1,20}) (?P<out>\d{1,20}) (?P<chars_out>\d{1,20})(?!\S)"
)
_PROTOCOL_PATH = rx(
    r"(?<!\S)(?P<path>Process|Cache misses|Fast|Auton/SSE|Autonomous|Silicon) "
    r"(?P<in>\d{1,20})(?: (?P<chars_in>\d{1,20}) (?P<out>\d{1,20}) (?P<chars_out>\d{1,20}))?(?!\S)"
)
_THROTTLE = rx(
    r"(?:Throttle count \d{1,12}|Drops RP \d{1,12} SP \d{1,12}|SPD Flushes Fast \d{1,12} SSE "
    r"\d{1,12}|SPD Aggress Fast \d{1,12}|"
    r"SPD Priority Inputs \d{1,12} Drops \d{1,12}|Protocol Path Pkts In Chars In Pkts Out "
    r"Chars Out|Protocol [A-Z][\w ]{1,20})"
)
_HEADING = re.compile(
    r"^[ \t]*(?:Interface [^\n]{1,60} is disabled|[A-Z][\w/.:\-]{1,50}[ \t]*[^\n]{0,80})$", re.MULTILINE
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchingPath(Fact):
    """Packets in and out of one interface by one path, since the counters were cleared."""

    interface: str
    path: str
    packets_in: int
    packets_out: int | None


def _read(scan: Scan) -> Sequence[Fact]:
    facts: list[Fact] = []
    names = list(_NAME.finditer(scan.text))
    starts = [name.start() for name in names]
    scan.skip(_HEADER)
    for pattern in (_PATH, _PROTOCOL_PATH):
        for match in scan.each(pattern):
            at = bisect_left(starts, match.start())
            if not at:
                continue
            facts.append(
                SwitchingPath(
                    at=scan.place(match),
                    interface=names[at - 1]["name"],
                    path=" ".join(match["path"].split()),
                    packets_in=int(match["in"]),
                    packets_out=int(match["out"]) if match["out"] else None,
                )
            )
    if facts:
        scan.skip(_THROTTLE, _NAME, _HEADING)
    return facts


COMMAND = ShowCommand(
    name="show interfaces switching",
    typed=(typed("sh(ow) int(erfaces) stat(s)"), typed("sh(ow) int(erfaces) swi(tching)")),
    words=("Pkts", "Chars"),
    claims=_HEADER,
    carries="packets by switching path (process, route cache, distributed) of each interface",
    read=_read,
)
