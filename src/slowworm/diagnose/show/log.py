"""`show logging`, and system messages anywhere in a session: the router's own words for what went wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact
from slowworm.diagnose.show.base import MAX_LISTED, Scan, ShowCommand, rx, typed

_HEAD = re.compile(
    r"Syslog\s+logging:\s+(?P<state>enabled|disabled)\s+\((?P<dropped>\d{1,12})\s+messages?\s+dropped,(?:\s+(?P<limited>\d{1,12})\s+messages?\s+rate-limited,)?"
    r"\s+(?P<flushes>\d{1,12})\s+flush(?:es)?,\s+(?P<overruns>\d{1,12})\s+overruns?[^)\n]{0,80}\)",
    re.ASCII,
)
_SINK = re.compile(
    r"(?P<sink>Console|Monitor|Buffer|Trap)\s+logging:\s+(?:level\s+(?P<level>[a-z]{3,15}),\s+(?P<count>\d{1,12})\s+messages?(?:\s+lines?)?\s+logged|(?P<off>disabled))"
)
_BUFFER = re.compile(r"Log\s+Buffer\s+\((?P<size>\d{1,12})\s+bytes\):?")
_STATE_LINES = re.compile(
    r"^[ \t]*(?:No (?:Active|Inactive)|No active filter|xml disabled|filtering "
    r"disabled|Exception Logging|Count and timestamp|File logging|"
    r"Persistent logging|Trap logging|Logging (?:Source|to|Exception)|Logging to|Console "
    r"logging|Monitor logging|Buffer logging|"
    r"Active Message|\d+ message lines|ESM:|link |filtering|VRF|\(|[\d.]+ *\(|.*message "
    r"lines logged|xml|tcp port|udp port|"
    r".*link (?:up|down))[^\n]*$",
    re.MULTILINE,
)
MESSAGE = re.compile(
    r"%(?P<facility>[A-Z][A-Z0-9_]{1,30}(?:-[A-Z][A-Z0-9_]{1,30}|-SP|-STDBY|-SW\d\w*)?)-(?:SP-|\w{2,12}-)?(?P<severity>[0-7])-(?P<mnemonic>[A-Z][A-Z0-9_]{1,40}):"
    r"[ \t]*(?P<text>(?:(?!%[A-Z])[^\n]){0,400})",
    re.ASCII,
)
_BEFORE = re.compile(
    r"(?:\d{1,9}:[ \t]+)?(?:[\w.\-]{1,60}:[ \t]+)?(?P<stamp>[*.]?(?:[A-Z][a-z]{2}[ \t]+\d{1,2}[ "
    r"\t]+)(?:\d{4}[ \t]+)?[\d:.]{5,16}(?:[ \t]+[A-Za-z]{1,8})?|[\d:wydh]{4,14}):[ \t]*\Z"
)
_MALLOC = re.compile(
    r"Memory\s+allocation\s+of\s+(?P<bytes>\d{1,12})\s+bytes\s+failed\s+from\s+(?P<from>0x[0-9A-Fa-f]{1,16}),?"
    r"(?:\s+(?:alignment\s+\d{1,6}|pool\s+(?P<pool1>[\w/]{1,20}),\s+alignment\s+\d{1,6}))?"
)
_POOL = re.compile(
    r"Pool:\s+(?P<pool>[\w/ ]{1,20}?)\s+Free:\s+(?P<free>\d{1,15})\s+Cause:\s+"
    r"(?P<cause>(?:Memory\s+fragmentation|Not\s+enough\s+free\s+memory|Interrupt\s+level\s+allocation|[A-Z][\w]{2,20}(?:\s\w+){0,4}?))(?=\s+Alternate|\s+-\w|\s*\n|\s*\Z)"
)
_ALTERNATE = re.compile(
    r"Alternate\s+Pool:\s+(?P<pool>[\w/ ]{1,20}?)\s+Free:\s+(?P<free>\d{1,15})\s+Cause:\s+"
    r"(?P<cause>[A-Z][^\n]{2,60}?)(?=\s+-\w|\s*\n|\s*\Z)"
)
_PROCESS = re.compile(
    r'-Process(?:=\s*|\s*=\s*)"?(?P<process>[^",\n]{1,60}?)"?,\s*ipl=\s*(?P<ipl>\d{1,3})(?:,\s*pid=\s*(?P<pid>\d{1,6}))?'
)
_TRACE = re.compile(r"-Traceback=(?:\s+[0-9A-Fa-fx:+.z]{4,40}){0,24}")
_DETAIL = re.compile(r"(?:\s|^)-(?:Process|Traceback)=")
_REACH = 700
"""Characters behind a MALLOCFAIL in which its pool, cause and process stand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LoggingState(Fact):
    """``flushes``: how often queued messages were thrown away so that new ones fit. ``console``: its level,
    ``None`` if off."""

    enabled: bool
    dropped: int
    flushes: int
    overruns: int
    console: str | None = None
    console_messages: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LogMessage(Fact):
    """``%FACILITY-severity-MNEMONIC: text``."""

    facility: str
    severity: int
    mnemonic: str
    text: str
    stamp: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MallocFail(Fact):
    """An allocation of ``bytes`` that failed, with the router's own words on free memory and cause."""

    bytes: int
    pool: str | None
    free: int | None
    cause: str | None
    process: str | None


def messages(scan: Scan) -> Sequence[Fact]:
    """System messages of a text."""
    facts: list[Fact] = []
    for match in scan.each(MESSAGE):
        before = _BEFORE.search(scan.text, max(0, match.start() - 80), match.start())
        if before:
            scan.understood(before.start(), before.end())
        if len(facts) >= MAX_LISTED:
            continue
        facts.append(
            LogMessage(
                at=scan.place(match),
                facility=match["facility"],
                severity=int(match["severity"]),
                mnemonic=match["mnemonic"],
                text=" ".join(_DETAIL.split(match["text"])[0].split()),
                stamp=" ".join(before["stamp"].split()) if before else None,
            )
        )
        if match["mnemonic"] == "MALLOCFAIL":
            failed = _malloc_fail(scan, match)
            if failed:
                facts.append(failed)
    scan.skip(_TRACE, _PROCESS)
    return facts


def _malloc_fail(scan: Scan, message: re.Match[str]) -> MallocFail | None:
    following = scan.text.find("%", message.end())
    end = min(len(scan.text), message.start() + _REACH, following if following >= 0 else len(scan.text))
    failed = scan.first(_MALLOC, message.start(), end)
    if failed is None:
        return None
    pool = scan.first(_POOL, failed.end(), end)
    scan.first(_ALTERNATE, pool.end() if pool else failed.end(), end)
    process = scan.first(_PROCESS, failed.end(), end)
    return MallocFail(
        at=scan.place(failed),
        bytes=int(failed["bytes"]),
        pool=pool["pool"].strip() if pool else failed["pool1"],
        free=int(pool["free"]) if pool else None,
        cause=" ".join(pool["cause"].split()) if pool else None,
        process=process["process"].strip() if process else None,
    )


def _read(scan: Scan) -> Sequence[Fact]:
    facts: list[Fact] = []
    head = scan.first(_HEAD)
    sinks = {match["sink"]: match for match in scan.each(_SINK)}
    if head:
        console = sinks.get("Console")
        facts.append(
            LoggingState(
                at=scan.place(head),
                enabled=head["state"] == "enabled",
                dropped=int(head["dropped"]),
                flushes=int(head["flushes"]),
                overruns=int(head["overruns"]),
                console=console["level"] if console else None,
                console_messages=int(console["count"]) if console and console["count"] else None,
            )
        )
    facts += messages(scan)
    scan.skip(_BUFFER, _STATE_LINES)
    if facts or head:
        scan.skip_all()  # what messages say over several lines is theirs
    return facts


COMMAND = ShowCommand(
    name="show logging",
    typed=(typed("sh(ow) log(ging)"),),
    words=("logging:",),
    claims=rx(r"Syslog logging: (?:enabled|disabled)"),
    carries="dropped messages, flushes, overruns, the console's level, messages (MALLOCFAIL with its cause)",
    read=_read,
)
