"""`show processes cpu` (`sorted`, `| include`, and IOS-XE's `platform sorted`): where the processor goes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact, Place
from slowworm.diagnose.show.base import Scan, ShowCommand, rx, typed

_LOAD = rx(
    r"(?P<core>Core \d{1,3}: )?CPU utilization for five seconds: (?P<five>\d{1,3})%(?:/(?P<interrupt>\d{1,3})%)?[;,] "
    r"one minute: (?P<one>\d{1,3})%[;,] five minutes: (?P<minutes>\d{1,3})%"
)
_NAME = (
    r"(?P<name>\S+(?:[ \t]+\S+){0,7}?)(?=[ "
    r"\t\r]*(?:\n|\Z)|\s+\d{1,10}\s+\d{1,20}\s+\d{1,20}\s+\d{1,20}\s+\d{1,3}\.\d\d?%)"
)
_ROW = re.compile(
    r"(?<!\S)(?P<pid>\d{1,10})\s+(?P<runtime>\d{1,20})\s+(?P<invoked>\d{1,20})\s+(?P<usecs>\d{1,20})\s+"
    r"(?P<five>\d{1,3}\.\d\d?)%\s+(?P<one>\d{1,3}\.\d\d?)%\s+(?P<minutes>\d{1,3}\.\d\d?)%\s+(?P<tty>\d{1,5})\s+"
    + _NAME,
    re.ASCII,
)
_PLATFORM_ROW = re.compile(
    r"(?<!\S)(?P<pid>\d{1,10})\s+(?P<parent>\d{1,10})\s+(?P<five>\d{1,4})%\s+(?P<one>\d{1,4})%\s+(?P<minutes>\d{1,4})%\s+"
    r"(?P<status>[A-Z])\s+(?P<size>\d{1,20})\s+(?P<name>\S+)",
    re.ASCII,
)
_HEADERS = (
    rx(r"PID Runtime ?\(ms\) Invoked uSecs 5Sec 1Min 5Min TTY Process".replace(" ?", r"\s*")),
    rx(r"Pid PPid 5Sec 1Min 5Min Status Size Name"),
    re.compile(r"^-{10,}[ \t\r]*$", re.MULTILINE),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuProcess:
    """One process; shares of the processor in percent over five seconds, one and five minutes."""

    at: Place
    pid: int
    name: str
    five_seconds: float
    one_minute: float
    five_minutes: float
    runtime_ms: int | None = None
    invoked: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessesCpu(Fact):
    """Loads in percent, ``None`` where a filter left the first line out.

    ``interrupt``: the part of ``five_seconds`` spent in interrupts: packets switched without a process.
    ``platform``: processes of the operating system below IOS-XE, where 100 % is one core.
    """

    five_seconds: int | None
    interrupt: int | None
    one_minute: int | None
    five_minutes: int | None
    processes: tuple[CpuProcess, ...]
    platform: bool = False

    def process(self, name: str) -> CpuProcess | None:
        """The busiest process of a name, whatever its case."""
        named = [p for p in self.processes if p.name.lower() == name.lower()]
        return max(named, key=lambda p: p.five_seconds, default=None)


def _read(scan: Scan) -> Sequence[Fact]:
    loads = [match for match in scan.each(_LOAD) if not match["core"]]
    rows = [_process(scan, match) for match in scan.each(_ROW)]
    below = [_process(scan, match) for match in scan.each(_PLATFORM_ROW)] if not rows else []
    scan.skip(*_HEADERS)
    if not loads and not rows and not below:
        return ()
    load = loads[0] if loads else None
    return (
        ProcessesCpu(
            at=scan.place(load) if load else (rows or below)[0].at,
            five_seconds=int(load["five"]) if load else None,
            interrupt=int(load["interrupt"]) if load and load["interrupt"] else None,
            one_minute=int(load["one"]) if load else None,
            five_minutes=int(load["minutes"]) if load else None,
            processes=tuple(rows or below),
            platform=bool(below),
        ),
    )


def _process(scan: Scan, match: re.Match[str]) -> CpuProcess:
    groups = match.groupdict()
    return CpuProcess(
        at=scan.place(match),
        pid=int(match["pid"]),
        name=" ".join(match["name"].split()),
        five_seconds=float(match["five"]),
        one_minute=float(match["one"]),
        five_minutes=float(match["minutes"]),
        runtime_ms=int(groups["runtime"]) if groups.get("runtime") else None,
        invoked=int(groups["invoked"]) if groups.get("invoked") else None,
    )


COMMAND = ShowCommand(
    name="show processes cpu",
    typed=(typed("sh(ow) proc(esses) c(pu) [p(latform)] [so(rted)] [1m(in)|5s(ec)|5m(in)]"),),
    words=("CPU", "utilization"),
    claims=rx(r"CPU utilization for five seconds: \d|PID Runtime"),
    carries="load, load at interrupt level, share of each process",
    read=_read,
)
