"""From named values of Flexible NetFlow to flows: checks every value, and knows what a record leaves out."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping

from slowworm.flows.addresses import ipv6_column, parse_ipv4
from slowworm.flows.services import ICMP, ICMP6
from slowworm.flows.table import Column
from slowworm.sources.base import Note
from slowworm.sources.session import Section
from slowworm.sources.text import flow_monitor_fields as fields
from slowworm.sources.text.base import LineCounter
from slowworm.sources.text.cisco_names import PROTOCOLS, WITH_PORTS

_NUMBER = re.compile(r"0x[0-9A-F]{1,16}|[0-9]{1,19}", re.IGNORECASE)
_LIMITS = {
    "protocol": 255,
    "src_port": 65535,
    "dst_port": 65535,
    "tcp_flags": 65535,
    "icmp_type": 255,
    "icmp_code": 255,
    "packets": 2**63 - 1,
    "bytes": 2**63 - 1,
    "sampler": 2**32 - 1,
}
_COLUMNS = (
    "src_addr",
    "dst_addr",
    "protocol",
    "src_port",
    "dst_port",
    "icmp_type",
    "icmp_code",
    "tcp_flags",
    "packets",
    "bytes",
    "in_if",
    "out_if",
)


class Flows:
    """The flows of a section by IP version, and what there is to say about them."""

    def __init__(self) -> None:
        self.rows: dict[int, list[tuple[int, tuple[object, ...]]]] = {4: [], 6: []}
        self._counts = dict.fromkeys(("sampled", "not-ip", "source", "destination"), 0)

    def add(self, values: Mapping[str, str], offset: int) -> bool:
        """Take a row of named values; ``False`` where a value cannot be what its name says."""
        addresses = _addresses(values)
        row = _numbers(values)
        if addresses is None or row is None:
            return False
        version, src, dst = addresses
        if src is None and dst is None:
            self._counts["not-ip"] += 1
            return True
        self._counts["sampled"] += bool(row.pop("sampler", None))
        self._counts["source"] += not any(name in values for name in fields.SOURCES)
        self._counts["destination"] += not any(name in values for name in fields.DESTINATIONS)
        row |= {"src_addr": src, "dst_addr": dst, **_interfaces(values)}
        _icmp_for_ports(row)
        self.rows[version].append((offset, tuple(row.get(name) for name in _COLUMNS)))
        return True

    def columns(self, section: Section, version: int) -> dict[str, Column]:
        """The flows of one IP version in columns, in order of appearance."""
        rows = sorted(self.rows[version], key=lambda row: row[0])
        if not rows:
            return {}
        lines = LineCounter(section)
        columns: dict[str, Column] = {"line": [lines.at(offset) for offset, _ in rows]}
        for name, values in zip(_COLUMNS, zip(*(row for _, row in rows), strict=True), strict=True):
            texts = [None if value is None else str(value) for value in values]
            columns[name] = ipv6_column(texts) if version == 6 and name.endswith("_addr") else list(values)
        return columns

    def notes(self, *, top: bool) -> list[Note]:
        """What the cache or the command left out."""
        notes: list[Note] = []
        if self._counts["sampled"]:
            notes.append(
                Note(
                    id="sampled-cache",
                    count=self._counts["sampled"],
                    text=(
                        "A flow sampler chose these packets: packet and byte counts are those of the sample, and "
                        "flows of few packets are missing. A host that is missing here may still be infected."
                    ),
                )
            )
        if top:
            notes.append(
                Note(
                    id="top-talkers-only",
                    text=(
                        "show flow monitor ... sort ... top lists only the largest flows; scans are small ones: list "
                        "the whole cache"
                    ),
                )
            )
        notes += [
            Note(
                id=f"no-{end}-field",
                count=self._counts[end],
                text=(
                    f"These entries have no {end} address, because the flow record does not match it or the "
                    "listing is aggregated: no verdict on hosts is possible from them. List the cache without "
                    f"aggregate, of a monitor whose record matches ipv4 (or ipv6) {end} address."
                ),
            )
            for end in ("source", "destination")
            if self._counts[end]
        ]
        if self._counts["not-ip"]:
            notes.append(
                Note(
                    id="not-ip-entries",
                    count=self._counts["not-ip"],
                    text=(
                        "Entries without any address (0.0.0.0 or ::) count frames that are not IP; they were left "
                        "out."
                    ),
                )
            )
        return notes


def _addresses(values: Mapping[str, str]) -> tuple[int, object, object] | None:
    """IP version, source and destination; the address of all zeros is no host and becomes ``None``."""
    found: tuple[int, object, object] | None = None
    for version, src_name, dst_name in zip((4, 6), fields.SOURCES, fields.DESTINATIONS, strict=True):
        ends: list[object] = []
        for name in (src_name, dst_name):
            text = values.get(name)
            address = 0 if text is None else parse_ipv4(text) if version == 4 else _ipv6(text)
            if address is None:
                return None
            ends.append(address or None)
        if src_name in values or dst_name in values:
            found = (version, ends[0], ends[1]) if found is None or any(ends) else found
    return found


def _ipv6(text: str) -> str | None:
    """The address as written, empty for ``::``; ``None`` for what is no address."""
    try:
        packed = socket.inet_pton(socket.AF_INET6, text)
    except (OSError, ValueError):
        return None
    return text if any(packed) else ""


def _numbers(values: Mapping[str, str]) -> dict[str, object] | None:
    """The numeric columns; ``None`` where one is no number or too large: the row is damaged or shifted."""
    row: dict[str, object] = {}
    for name, text in values.items():
        column = fields.FIELDS.get(name)
        if column is None or column in ("in_if", "out_if") or text in ("", "-", "--", "N/A"):
            continue
        value = PROTOCOLS.get(text.lower()) if column == "protocol" else None
        if value is None and _NUMBER.fullmatch(text):
            value = int(text, 16) if text[:2].lower() == "0x" else int(text)
        if value is None or value > _LIMITS[column]:
            return None
        row[column] = value
    return row


def _icmp_for_ports(row: dict[str, object]) -> None:
    """Ports only where the protocol has them; ICMP has type * 256 + code in place of the destination port."""
    protocol, both = row.get("protocol"), row.get("dst_port")
    if protocol in (ICMP, ICMP6) and "icmp_type" not in row and isinstance(both, int):
        row |= {"icmp_type": both >> 8, "icmp_code": both & 255}
    elif protocol not in (None, ICMP, ICMP6):
        row |= {"icmp_type": None, "icmp_code": None}  # a record with these fields has zeros for TCP
    if protocol is not None and protocol not in WITH_PORTS:
        row |= {"src_port": None, "dst_port": None}


def _interfaces(values: Mapping[str, str]) -> dict[str, object]:
    """Names of interfaces. ``Null`` as output means dropped, but as input only that it is not known."""
    in_if, out_if = values.get("intf input"), values.get("intf output")
    if in_if == "Null":
        in_if, out_if = None, None if out_if == "Null" else out_if
    return {"in_if": in_if, "out_if": out_if}
