"""Logging, debugging and the router's own web server: what costs interrupts, and what a probe wakes."""

from __future__ import annotations

from collections.abc import Iterator

from slowworm.diagnose.facts import Router
from slowworm.diagnose.findings import CRITICAL, EXPERIENCE, WARNING, Finding, Remedy
from slowworm.diagnose.show.access_lists import AccessList
from slowworm.diagnose.show.debugging import Debugging
from slowworm.diagnose.show.http_server import HttpServer
from slowworm.diagnose.show.log import LoggingState
from slowworm.diagnose.show.processes_cpu import ProcessesCpu
from slowworm.diagnose.show.running_config import Configuration

BUSY = 70
"""Percent over five seconds from which every message on the console counts. [assumption]"""

HTTP_CLIENTS = 10
"""Addresses that talk to the router's web server which are no administrators any more. [assumption]"""


def _busy(router: Router) -> bool:
    cpu = router.last(ProcessesCpu)
    return bool(cpu and (cpu.five_seconds or 0) >= BUSY)


def console(router: Router) -> Iterator[Finding]:
    """``console-logging``: flushes, and a console that is slower than the messages."""
    states = router.all(LoggingState)
    last = states[-1] if states else None
    if last is None or not last.flushes or last.console is None:
        return
    rise = last.flushes - states[0].flushes if len(states) > 1 else None
    if rise == 0:
        return
    yield Finding(
        id="console-logging",
        severity=CRITICAL if rise and _busy(router) else WARNING,
        title=f"{last.flushes:,} flushes of messages"
        + (f", {rise:,} more between two outputs" if rise else "")
        + f"; the console logs at level {last.console}",
        evidence=tuple(dict.fromkeys((states[0].at, last.at))),
        cause=(
            "The console, usually 9600 baud, has trouble with the messages it gets: about 10 lines of 100 characters a "
            "second. While it prints, the router disables interrupts and does nothing else."
        ),
        remedies=(
            Remedy(
                text="Log to the buffer instead",
                commands=(
                    "configure terminal",
                    "no logging console",
                    "logging buffered informational",
                    "end",
                ),
                caveats=("messages are then seen with show logging only",),
            ),
            Remedy(text="Remove what writes them: log in access lists, debugging", commands=("undebug all",)),
        ),
        verify=("show logging | include Syslog|Console", "show processes cpu | include utilization"),
    )


def acl_log(router: Router) -> Iterator[Finding]:
    """``acl-log``: entries that log what a scan sends."""
    entries = [e for acl in router.all(AccessList) for e in acl.entries if e.logs and e.matches]
    config = router.last(Configuration)
    lines = [
        line
        for line in (config.lines if config else ())
        if line.text.endswith((" log", " log-input"))
        and (line.text.startswith("access-list ") or (line.parent or "").startswith("ip access-list "))
    ]
    state = router.last(LoggingState)
    stressed = _busy(router) or bool(state and state.flushes)
    if not stressed or not (entries or lines):
        return
    yield Finding(
        id="acl-log",
        severity=WARNING,
        title="An access list logs its matches while the router is busy",
        evidence=(
            *(e.at for e in sorted(entries, key=lambda e: -(e.matches or 0))[:3]),
            *(line.at for line in lines[:2]),
        ),
        cause="Packets that match an entry with log are switched by a process, and each new flow writes a message.",
        remedies=(
            Remedy(
                text="Put the entries in again without log",
                caveats=(
                    "by number only where show access-lists prints numbers; never through an empty list",
                ),
            ),
        ),
        verify=("show access-lists", "show logging | include flushes"),
    )


def debug(router: Router) -> Iterator[Finding]:
    """``debug-left-on``."""
    on = router.all(Debugging)
    if not on:
        return
    yield Finding(
        id="debug-left-on",
        severity=CRITICAL if _busy(router) else WARNING,
        title="Debugging is on: " + ", ".join(dict.fromkeys(d.what for d in on)),
        evidence=tuple(d.at for d in on[:3]),
        cause="Debugging that watches IP flows writes for every packet of a scan.",
        remedies=(Remedy(text="Switch it off", commands=("undebug all",)),),
        verify=("show debugging",),
    )


def http(router: Router) -> Iterator[Finding]:
    """``http-server-probed``: probes, not an infection of the router."""
    servers = [s for s in router.all(HttpServer) if s.enabled is not False]
    last = servers[-1] if servers else None
    if last is None or last.clients < HTTP_CLIENTS:
        return
    yield Finding(
        id="http-server-probed",
        severity=WARNING,
        title=f"{last.clients:,} addresses talk to the router's own web server",
        evidence=(last.at,),
        cause="Infected hosts probe every address, the router's too. It is not infected; "
        "answering costs sessions and CPU.",
        remedies=(
            Remedy(
                text="Switch it off",
                commands=("configure terminal", "no ip http server", "end"),
                caveats=("web management stops; ip http access-class keeps it for some",),
            ),
        ),
        verify=("show ip http server connection", "show ip http server status"),
        source=EXPERIENCE,
    )


RULES = (console, acl_log, debug, http)
