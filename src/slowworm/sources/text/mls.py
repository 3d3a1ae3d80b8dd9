"""What both MLS listings share: entries in columns, and the notes that they call for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from slowworm.flows.services import ICMP
from slowworm.flows.table import Column
from slowworm.sources.base import Context, Note
from slowworm.sources.session import Section
from slowworm.sources.text.base import LineCounter
from slowworm.sources.text.cisco_names import PORTS, PROTOCOLS, WITH_PORTS
from slowworm.sources.text.mls_mask import Dialect, destination_only, mask_note
from slowworm.sources.text.spans import Span


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
            notes.append(destination_only(self.rows, dialect, mask))
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
