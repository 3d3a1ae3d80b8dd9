"""What both MLS listings share: names of protocols and ports, flow masks, and the advice on a mask."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from slowworm.flows.services import ICMP, PORT_NAMES, PROTOCOL_NAMES
from slowworm.flows.table import Column
from slowworm.sources.base import Context, Note
from slowworm.sources.session import Section
from slowworm.sources.text.base import LineCounter
from slowworm.sources.text.spans import Span

WITH_PORTS = frozenset({6, 17, 33, 132, 136})
"""TCP, UDP, DCCP, SCTP, UDP-Lite: for every other protocol, a 0 in a port column is a filler."""

PROTOCOLS: Mapping[str, int] = {
    **{name: number for number, name in PROTOCOL_NAMES.items()},
    "ipinip": 4,
    "igp": 9,
    "igrp": 9,
    "dccp": 33,
    "ahp": 51,
    "icmpv6": 58,
    "nos": 94,
    "pcp": 108,
}
PORTS: Mapping[str, int] = {
    **{name: number for number, name in PORT_NAMES.items()},
    "daytime": 13,
    "dns": 53,
    "gopher": 70,
    "www": 80,
    "netbios-ss": 139,
    "xdmcp": 177,
    "irc": 194,
    "ssl": 443,
    "exec": 512,
    "biff": 512,
    "login": 513,
    "who": 513,
    "lpd": 515,
    "talk": 517,
    "uucp": 540,
    "klogin": 543,
    "kshell": 544,
    "ldp": 646,
    "x": 6000,
    "x11": 6000,
}
"""Port names that CatOS and IOS print, beside the usual ones."""

_MASK = re.compile(
    r"(?<!\S)(?:(?:current|(?P<configured>configured))\s++)?(?:(?P<family>ipx?|ipv6)\s++)?"
    r"(?:current\s++)?flow\s?mask\s++"
    r"(?:for\s++(?P<cast>unicast|multicast)\s*+:|is)\s*+"
    r"(?P<mask>(?:destination|dest|source|src|interface|intf|if|vlan|full|null|none)"
    r"(?:(?:\s++|-)(?:destination|dest|source|src|full|and|only|flow)\b){0,4})\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How one of the two operating systems spells the commands; ``%s`` stands for the mask."""

    set_mask: str
    no_mask: str
    show_mask: str
    show_entries: str


HYBRID = Dialect(
    set_mask="set mls flow %s",
    no_mask="set mls flow destination",
    show_mask="show mls",
    show_entries="show mls entry",
)
NATIVE = Dialect(
    set_mask="mls flow ip %s",
    no_mask="no mls flow ip",
    show_mask="show mls netflow flowmask",
    show_entries="show mls netflow ip",
)


def flow_mask(text: str) -> tuple[str | None, list[Span]]:
    """The IP unicast flow mask that ``text`` names, as the commands spell it, and where all such lines are.

    ``null`` stands for "no mask". The first one counts, as later ones show what somebody has changed; the
    configured mask counts before the current one, which an access list may have made finer.
    """
    current: str | None = None
    configured: str | None = None
    spans: list[Span] = []
    for match in _MASK.finditer(text):
        spans.append(match.span())
        family, cast = (match["family"] or "ip").lower(), (match["cast"] or "unicast").lower()
        if family == "ip" and cast == "unicast":
            if match["configured"]:
                configured = configured or _spelled(match["mask"].lower())
            else:
                current = current or _spelled(match["mask"].lower())
    return configured or current, spans


def _spelled(phrase: str) -> str:
    """``destination and source`` → ``destination-source``."""
    words = set(re.split(r"[\s\-]+", phrase))
    if "full" in words:
        keys = "full"
    else:
        keys = "-".join(
            word
            for word, spellings in (("destination", {"destination", "dest"}), ("source", {"source", "src"}))
            if words & spellings
        )
    if not keys:
        return "null"
    return f"interface-{keys}" if words & {"interface", "intf", "if", "vlan"} else keys


def mask_note(mask: str, dialect: Dialect) -> Note:
    """A flow mask seen without entries: worth keeping, because it is the way back after a change."""
    return Note(
        id="mls-flow-mask",
        text=(
            f"The IP flow mask is {mask}. After any change of it, the way back is `{_way_back(mask, dialect)}`."
        ),
    )


def _way_back(mask: str, dialect: Dialect) -> str:
    return dialect.no_mask if mask == "null" else dialect.set_mask % mask


class Rows:
    """MLS entries in columns, with the notes they call for."""

    def __init__(self) -> None:
        self.rows = 0
        self.columns: dict[str, list[object]] = {
            name: []
            for name in (
                "src_addr",
                "dst_addr",
                "protocol",
                "src_port",
                "dst_port",
                "icmp_type",
                "icmp_code",
                "packets",
                "bytes",
                "in_if",
                "out_if",
                "line",
            )
        }
        self._unknown: set[str] = set()
        self._unknowns = 0
        self._no_addresses = 0

    def add(
        self,
        *,
        src: int | None,
        dst: int,
        protocol: str,
        src_port: str,
        dst_port: str,
        packets: int | None,
        octets: int | None,
        in_if: str | None,
        out_if: str | None,
        line: int,
    ) -> None:
        """One entry; addresses, protocol and ports of 0 are what the flow mask left out."""
        if not dst and not src:
            self._no_addresses += 1
            return
        number = self._number(protocol, PROTOCOLS, 255)
        sport, dport = self._number(src_port, PORTS, 65535), self._number(dst_port, PORTS, 65535)
        icmp = dport if number == ICMP and dport and dport > 255 else None
        if not number:  # no protocol: the mask has no ports either, so that a 0 is not a port
            number, sport, dport = None, sport or None, dport or None
        elif number not in WITH_PORTS:
            sport = dport = None
        values = (
            src or None,
            dst or None,
            number,
            sport,
            dport,
            None if icmp is None else icmp >> 8,
            None if icmp is None else icmp & 255,
            packets,
            octets,
            in_if,
            out_if,
            line,
        )
        for column, value in zip(self.columns.values(), values, strict=True):
            column.append(value)
        self.rows += 1

    def found(self) -> Mapping[str, Column]:
        """Columns for :class:`Found`."""
        return dict(self.columns)

    def _number(self, text: str, names: Mapping[str, int], highest: int) -> int | None:
        text = text.rstrip("*").lower()
        if not text.strip("-"):
            return None
        value = int(text) if text.isdecimal() else names.get(text)
        if value is None or value > highest:
            self._unknown.add(text)
            self._unknowns += 1
            return None
        return value

    def notes(self, dialect: Dialect, mask: str | None) -> list[Note]:
        """What the flow mask hides, and how to see it; ``mask`` is what the listing itself said of it."""
        notes: list[Note] = []
        sources = self._any("src_addr")
        details = self._any("protocol") or self._any("src_port") or self._any("dst_port")
        if self.rows and not sources:
            notes.append(_destination_only(self.rows, dialect, mask))
        elif self.rows and not details and not self._unknowns:
            notes.append(
                Note(
                    id="mls-no-ports",
                    count=self.rows,
                    text=(
                        "Protocol and ports are masked out of every entry (destination-source mask): hosts with many "
                        "destinations show, the service they look for does not."
                    ),
                )
            )
        elif mask and not self.rows:
            notes.append(mask_note(mask, dialect))
        if self._no_addresses:
            notes.append(
                Note(
                    id="mls-no-addresses",
                    count=self._no_addresses,
                    text=(
                        "Entries from 0.0.0.0 to 0.0.0.0 sum up traffic that the flow mask does not tell apart; "
                        "they name no host and were left out."
                    ),
                )
            )
        if self._unknowns:
            some = ", ".join(sorted(self._unknown)[:5])
            notes.append(
                Note(
                    id="mls-unknown-names",
                    count=self._unknowns,
                    text=(
                        f"Protocols or ports that are no known name and no valid number ({some}): left empty."
                    ),
                )
            )
        return notes

    def _any(self, column: str) -> bool:
        return any(value is not None for value in self.columns[column])


def _destination_only(rows: int, dialect: Dialect, mask: str | None) -> Note:
    """Why there is no verdict, what would give one, what it costs, how to check it and how to undo it."""
    back = mask or "destination"
    found = "as the flow mask line says" if mask else "as these entries show"
    return Note(
        id="mls-destination-only",
        count=rows,
        text=(
            "No entry has a source address: the flow mask is destination-only, so no verdict on hosts is "
            f"possible. To see sources: `{dialect.set_mask % 'destination-source'}` first; only if that does not "
            f"suffice, `{dialect.set_mask % 'full'}`, which shows ports as well. Risk: either purges all "
            "shortcuts, and MLS entries may grow dramatically with Supervisor 1 and MSFC1 or MSFC2; Supervisor 2 "
            "with MSFC2 forwards by CEF in hardware, so that full is safe for forwarding there, though its "
            f"NetFlow table can overflow. Check: `{dialect.show_mask}`, then sources in "
            f"`{dialect.show_entries}`. Way back: `{_way_back(back, dialect)}`, the mask found before ({found}); "
            "elsewhere it need not be destination."
        ),
    )


def spans_of(text: str, patterns: Iterable[re.Pattern[str]]) -> list[Span]:
    """Where ``patterns`` match: headers, rulers, footers."""
    return [match.span() for pattern in patterns for match in pattern.finditer(text)]


def totals(section: Section, pattern: re.Pattern[str], format_name: str) -> tuple[Context, ...]:
    """The counts of entries that the switch itself printed (group ``count``)."""
    lines = LineCounter(section)
    return tuple(
        Context(
            format=format_name,
            name="entries_total",
            value=float(match["count"]),
            unit="flows",
            router=section.hostname,
            where=f"{section.path}:{lines.at(match.start())}",
        )
        for match in pattern.finditer(section.text)
    )
