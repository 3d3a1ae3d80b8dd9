"""`show clock`, and the time stamps that ``terminal exec prompt timestamp`` puts above every output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from slowworm.diagnose.facts import Fact
from slowworm.diagnose.show.base import Scan, ShowCommand, rx, typed

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
TIME = rx(
    r"(?<![\w:])[*.]?(?P<hour>\d{2}):(?P<minute>\d{2}):(?P<second>\d{2})"
    r"(?:\.(?P<fraction>\d{1,6}))? (?P<zone>[A-Z][\w\-+:]{0,11}) "
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?P<month>Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    r"(?P<day>\d{1,2}) (?P<year>(?:19|20)\d{2})(?!\d)"
)
STAMP = rx(rf"Time source is [^\n]{{1,60}}?,? {TIME.pattern}")
_SOURCE = rx(r"(?:Time source is [^\n]{1,60}|No time source)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock(Fact):
    """The router's clock; its zone is not applied, as only differences are used."""

    time: datetime
    zone: str


def moment(text: str) -> tuple[datetime, str] | None:
    """The first time in ``text`` as the router prints it, with its zone."""
    match = TIME.search(text)
    if match is None:
        return None
    try:
        time = datetime(
            int(match["year"]),
            _MONTHS.index(match["month"]) + 1,
            int(match["day"]),
            int(match["hour"]),
            int(match["minute"]),
            int(match["second"]),
            int((match["fraction"] or "0").ljust(6, "0")),
        )  # naive on purpose: a zone's name does not give its offset
    except ValueError:
        return None
    return time, match["zone"]


def _read(scan: Scan) -> Sequence[Fact]:
    facts: list[Fact] = []
    for match in scan.each(TIME):
        found = moment(match[0])
        if found:
            facts.append(Clock(at=scan.place(match), time=found[0], zone=found[1]))
    scan.skip(_SOURCE)
    return facts


COMMAND = ShowCommand(
    name="show clock",
    typed=(typed("sh(ow) clo(ck) [d(etail)]"),),
    words=(),
    claims=rx(r"\A {0,9}".replace(" ", "[ ]") + TIME.pattern + r"\s*\Z"),
    carries="the time of the outputs that follow",
    read=_read,
)
