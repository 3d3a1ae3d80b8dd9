"""`show version`: platform, release, why the router last reloaded."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slowworm.diagnose.facts import Fact
from slowworm.diagnose.release import Release
from slowworm.diagnose.show.base import Scan, ShowCommand, rx, typed

_SOFTWARE = re.compile(
    r"(?:Cisco )?(?:IOS|Internetwork Operating "
    r"System)[^\n]{0,140}?,?\s+Version\s+(?P<release>\d[\w.()]{2,30}?)(?=[,\s]|\Z)"
    r"|Cisco\s+IOS\s+XE\s+Software,\s+Version\s+(?P<xe>\d[\w.()]{2,30})"
    r"|IOS\s+\(tm\)\s+[^\n]{1,100}?,\s+Version\s+(?P<old>\d[\w.()]{2,30}?)(?=[,\s]|\Z)"
    r"|\bsystem:\s+version\s+(?P<nxos>\d[\w.()]{2,30})|NXOS:\s+version\s+(?P<nxos9>\d[\w.()]{2,30})"
)
_IOSD = re.compile(
    r"Cisco IOS Software[^\n]{0,20},\s[^\n]{1,120}?,\s+Version\s+(?P<release>\d[\w.()]{2,30}?)(?=[,\s]|\Z)"
)
"""IOS as a process of IOS-XE: its own release, which the gates are about, stands beside that of the package."""

_ASA = rx(r"Cisco Adaptive Security Appliance Software Version (?P<release>\d[\w.()]{2,30})")
_UPTIME = re.compile(
    r"(?<!\S)(?P<host>[A-Za-z0-9][\w.\-]{0,62})\s+uptime\s+is\s+(?P<uptime>(?:\d{1,5}\s+(?:year|week|day|hour|minute|second)s?(?:,\s*)?){1,6})"
)
_RELOAD = re.compile(
    r"System\s+(?:returned\s+to\s+ROM\s+by|restarted\s+by)\s+(?P<reason>[^\n]{1,120}?)(?=\s+at\s+\d|\s+System\s+(?:restarted|image)|\s*\n|\s*\Z)"
)
_LAST = re.compile(r"Last\s+reload\s+reason:\s+(?P<reason>[^\n]{1,120}?)(?=\s*\n|\s*\Z|\s+This product)")
_PLATFORM = re.compile(
    r"^\s*(?:[Cc]isco\s+)(?P<model>[A-Z0-9][\w\-/+.]{1,30})\s+(?:\([^)\n]{1,60}\)\s+)?(?:Series\s+)?(?:[\w\-]{1,30}\s+)?processor"
    r"|(?<=\s)[Cc]isco\s+(?P<loose>(?:WS-|ASR|ISR|RSP|CSR|C|N)?[\w\-/+.]{2,30})\s+\([^)\n]{1,60}\)\s+processor",
    re.MULTILINE,
)
_MEMORY = rx(
    r"processor (?:\([^)\n]{1,60}\) )?with (?P<main>\d{1,12})K(?:/(?P<io>\d{1,12})K)? bytes of (?:physical )?memory"
)
_NPE = rx(r"\b(?P<engine>NPE-?\d{3}|NSE-?\d{1,3}|NPE-G\d|SUP\w{1,8}|RSP\d)\b")

STRESS_RELOADS = re.compile(
    r"watchdog|bus error|software[- ]forced crash|memory|crash|abort|unexpected exception", re.IGNORECASE
)
"""Reasons that a router gives when it went down by itself (Cisco, "Troubleshooting Router Crashes")."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Version(Fact):
    """``software``: ``IOS``, ``IOS-XE``, ``NX-OS`` or ``ASA``. ``uptime`` as printed, ``memory`` in bytes."""

    software: str
    release: Release | None
    release_text: str
    hostname: str | None = None
    platform: str | None = None
    uptime: str | None = None
    reload_reason: str | None = None
    memory: int | None = None
    io_memory: int | None = None


def _read(scan: Scan) -> Sequence[Fact]:
    software = scan.first(_IOSD) or scan.first(_SOFTWARE) or scan.first(_ASA)
    reason = scan.first(_LAST) or scan.first(_RELOAD)
    uptime, platform, memory = scan.first(_UPTIME), scan.first(_PLATFORM), scan.first(_MEMORY)
    first = software or reason or uptime
    if first is None or (software is None and not (reason and uptime)):
        return ()
    groups = software.groupdict() if software else {}
    text = next((value for value in groups.values() if value), "")
    scan.skip_all()
    return (
        Version(
            at=scan.place(reason or first),
            software=_software(groups, software[0] if software else "", scan.text),
            release=Release.parse(text),
            release_text=text,
            hostname=uptime["host"] if uptime else None,
            platform=(platform["model"] or platform["loose"]) if platform else None,
            uptime=" ".join(uptime["uptime"].split()).rstrip(",") if uptime else None,
            reload_reason=" ".join(reason["reason"].split()) if reason else None,
            memory=int(memory["main"]) * 1024 if memory else None,
            io_memory=int(memory["io"]) * 1024 if memory and memory["io"] else None,
        ),
    )


def _software(groups: dict[str, str | None], said: str, text: str) -> str:
    if groups.get("nxos") or groups.get("nxos9"):
        return "NX-OS"
    if said.startswith("Cisco Adaptive"):
        return "ASA"
    return (
        "IOS-XE" if re.search(r"IOS[\s-]?XE|IOSXE|Everest|Fuji|Gibraltar|Amsterdam|Denali", text) else "IOS"
    )


COMMAND = ShowCommand(
    name="show version",
    typed=(typed("sh(ow) ver(sion)"),),
    words=("ersion",),
    claims=re.compile(
        r"uptime\s+is\s+\d|System\s+returned\s+to\s+ROM|IOS\s+\(tm\)\s[^\n]{1,100}Version|Cisco\s+IOS\s+(?:XE\s+)?Software,\s[^\n]{1,120}Version"
    ),
    carries="platform, release, reason of the last reload, memory; the rest is passed over",
    read=_read,
)
