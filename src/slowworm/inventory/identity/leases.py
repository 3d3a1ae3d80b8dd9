"""Lease files of DHCP servers: ISC ``dhcpd.leases`` and Kea's CSV."""

from __future__ import annotations

import csv
import datetime
import io
import re
from collections.abc import Iterator

from slowworm.inventory.identity.records import MAC, Lease, address_of, mac_of
from slowworm.sources.base import Problem

FOREVER = 0xFFFFFFFF
"""Kea's and RFC 2131's lifetime of a lease without end."""

KEA_HOLDS = {"0", "2", "3"}
"""States of a Kea lease that name who holds or held the address: assigned, expired, released; 1 is declined, when the
address was found in use by somebody else."""

_ISC = re.compile(rb"^[ \t]*lease[ \t]+[0-9A-Fa-f.:]+[ \t]*\{", re.MULTILINE)
_KEA = re.compile(rb"\A\s*address,(?:hwaddr|duid),")
_DECLARATION = re.compile(
    r"^[ \t]*(?P<kind>lease|ia-na|ia-ta|ia-pd)[ \t]+(?P<what>[^{\n]+?)[ \t]*\{", re.MULTILINE
)
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|#[^\n]*|[{}]')
_TIME = re.compile(
    r"^[ \t]*(?P<what>starts|ends)[ \t]+(?:epoch[ \t]+(?P<epoch>\d{1,12})"
    r"|\d[ \t]+(?P<day>\d{4}/\d\d?/\d\d?)[ \t]+(?P<time>\d\d?:\d\d:\d\d)|never)",
    re.MULTILINE,
)
_HARDWARE = re.compile(rf"^[ \t]*hardware[ \t]+[\w-]+[ \t]+(?P<mac>{MAC});", re.MULTILINE)
_NAME = re.compile(r'^[ \t]*client-hostname[ \t]+"(?P<name>(?:[^"\\]|\\.)*)"', re.MULTILINE)
_STATE = re.compile(r"^[ \t]*binding state[ \t]+(?P<state>[a-z]+)", re.MULTILINE)
_OCTAL = re.compile(r"\\([0-3][0-7]{2})")
_NOBODY = {"abandoned", "backup"}
"""States in which the address belongs to no client."""

Found = tuple[list[Lease], list[Problem]]


def lease_file(path: str, data: bytes) -> Found | None:
    """The leases of a lease file and what was not understood of it; ``None`` for any other file."""
    if _KEA.match(data):
        return _kea(path, data.decode("utf-8", "replace"))
    return _isc(path, data.decode("utf-8", "replace")) if _ISC.search(data) else None


def _isc(path: str, text: str) -> Found:
    """Declarations in order of the log. dhcpd.leases(5): the last one of a lease is the current one."""
    latest: dict[tuple[object, ...], Lease] = {}
    problems = []
    other = 0
    for kind, what, body, line in _declarations(text):
        where = f"{path}:{line}"
        if kind != "lease":
            other += 1
            continue
        address = address_of(what)
        if address is None or body is None:
            reason = "is cut off" if body is None else "names no address"
            problems.append(Problem(where=where, text=f"lease {what} {reason}"))
            continue
        state = _STATE.search(body)
        if state is not None and state["state"] in _NOBODY:
            continue
        hardware, name = _HARDWARE.search(body), _NAME.search(body)
        times = {m["what"]: _isc_time(m) for m in _TIME.finditer(body)}
        lease = Lease(
            address=address,
            where=where,
            mac=mac_of(hardware["mac"]) if hardware else None,
            name=_unescaped(name["name"]) if name else None,
            start=times.get("starts"),
            end=times.get("ends"),
        )
        if lease.mac or lease.name:
            latest.pop((address, lease.mac, lease.start), None)  # the order is that of the last word
            latest[address, lease.mac, lease.start] = lease
    if other:
        text = "leases of DHCPv6 are kept by DUID, not by MAC address: not read"
        problems.append(Problem(where=path, text=text, count=other))
    return list(latest.values()), problems


def _declarations(text: str) -> Iterator[tuple[str, str, str | None, int]]:
    """Kind, name, body (``None`` if it does not end) and line of each declaration."""
    line, counted, end = 1, 0, 0
    for match in _DECLARATION.finditer(text):
        if match.start() < end:
            continue
        line += text.count("\n", counted, match.end())
        counted = match.end()
        depth, body = 1, None
        for token in _TOKEN.finditer(text, match.end()):
            depth += {"{": 1, "}": -1}.get(token[0], 0)
            if depth == 0:
                body, end = text[match.end() : token.start()], token.end()
                break
            if token[0] == "{" and _DECLARATION.match(text, text.rfind("\n", 0, token.start()) + 1):
                break  # the next declaration begins in it: it was cut off
        yield match["kind"], match["what"], body, line


def _isc_time(match: re.Match[str]) -> datetime.datetime | None:
    try:
        if match["epoch"]:
            return datetime.datetime.fromtimestamp(int(match["epoch"]), datetime.UTC)
        if match["day"]:
            found = datetime.datetime.strptime(f"{match['day']} {match['time']}", "%Y/%m/%d %H:%M:%S")
            return found.replace(tzinfo=datetime.UTC)  # dhcpd.leases(5): always UTC
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _unescaped(text: str) -> str:
    return _OCTAL.sub(lambda m: chr(int(m[1], 8)), text).replace('\\"', '"')


def _kea(path: str, text: str) -> Found:
    """Rows in order of the log; Kea appends a row at each change and a lifetime of 0 at the end of a lease."""
    leases: dict[tuple[object, ...], Lease] = {}
    problems = []
    rows = csv.DictReader(io.StringIO(text.lstrip()))
    for row in rows:
        where = f"{path}:{rows.line_num}"
        address = address_of(row.get("address") or "")
        try:
            lifetime, expire = int(row.get("valid_lifetime") or ""), int(row.get("expire") or "")
            start = datetime.datetime.fromtimestamp(expire - lifetime, datetime.UTC)
            end = None if lifetime == FOREVER else datetime.datetime.fromtimestamp(expire, datetime.UTC)
        except (ValueError, OverflowError, OSError):
            address = None
        if address is None:
            problems.append(Problem(where=where, text="damaged row of a Kea lease file"))
            continue
        mac, name = mac_of(row.get("hwaddr") or ""), (row.get("hostname") or "").replace("&#x2c", ",")
        if lifetime == 0 or row.get("state") not in KEA_HOLDS or not (mac or name):
            continue
        # A renewal begins where the row says; the lease began with the first.
        before = leases.pop((address, mac), None)
        if before and before.start and (before.end is None or before.end >= start):
            start = min(start, before.start)
        elif before:
            leases[address, mac, before.start] = before
        leases[address, mac] = Lease(
            address=address, where=where, mac=mac, name=name.rstrip(".") or None, start=start, end=end
        )
    return list(leases.values()), problems
