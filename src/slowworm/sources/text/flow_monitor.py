"""`show flow monitor NAME cache` of Flexible NetFlow, in its table, record and CSV formats, IPv4 and IPv6."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping

from slowworm.flows.addresses import ipv6_column, parse_ipv4
from slowworm.flows.services import ICMP, ICMP6
from slowworm.flows.table import Column
from slowworm.sources.base import Context, FormatInfo, Note
from slowworm.sources.session import Section
from slowworm.sources.text import flow_monitor_fields as fields
from slowworm.sources.text.base import Found, LineCounter
from slowworm.sources.text.flow_monitor_records import read_records
from slowworm.sources.text.flow_monitor_tables import read_csv, read_tables
from slowworm.sources.text.mls import PROTOCOLS, WITH_PORTS
from slowworm.sources.text.spans import Span, blank

_COUNTER = re.compile(
    r"(?<!\S)(?:(?P<plain>Cache\s++size|Current\s++entries|High\s++Watermark|Flows\s++added|Flows\s++aged|"
    r"Flows\s++not\s++added)\s*+:|-\s*+(?P<aged>Active\s++timeout|Inactive\s++timeout|Update\s++timeout|"
    r"(?:Event|Watermark|Emergency|Immediate)\s++aged|Transaction\s++end|TCP\s++end)"
    r"(?:\s*+\(\s*+(?P<seconds>\d{1,9})\s*+secs?\s*+\))?)\s*+(?P<value>\d{1,15})(?!\S)",
    re.IGNORECASE,
)
_COUNTER_NAMES = {
    "cache size": "cache_entries",
    "current entries": "flows_active",
    "high watermark": "flows_high_watermark",
}
_FURNITURE = tuple(
    re.compile(p, re.IGNORECASE)
    for p in (
        r"(?<!\S)Cache\s++type\s*+:\s*+(?:Normal|Immediate|Permanent|Synchronized)(?:\s*+\([^()\n]{0,40}\))?",
        r"(?<!\S)(?:Processed|Aggregated\s++to|Showing\s++the\s++top|Matched)\s++\d{1,12}\s++flows?(?!\S)",
        r"(?<!\S)There\s++are\s++no\s++cache\s++entries\s++to\s++display\.?",
        r"(?<!\S)Flow\s++information\s*+:",
    )
)
_TOP = re.compile(r"(?<!\S)Showing\s++the\s++top\s++\d")
_CLAIM = re.compile(
    r"(?<!\w)ipv[46]\s{1,9}(?:(?:src|dst)\s{1,9}addr(?!\w)|(?:source|destination)\s{1,9}address\s{0,9}:)|"
    r"(?<!\S)High\s++Watermark\s*+:|(?<!\S)Cache\s++type\s*+:\s*+Normal",
    re.IGNORECASE,
)
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


class FlowMonitorCache:
    """The cache of a flow monitor; its fields are those of the flow record that the operator chose."""

    info = FormatInfo(
        name="show-flow-monitor-cache",
        title="Flexible NetFlow cache of Cisco IOS and IOS-XE",
        commands=(
            "show flow monitor NAME cache format table",
            "show flow monitor NAME cache format record",
            "show flow monitor NAME cache format csv",
        ),
        carries="what the flow record has of: addresses (IPv4, IPv6), protocol, ports or ICMP type and code, "
        "TCP flags, packets, bytes, interfaces",
        lacks="dates: times of day only, which are not read",
    )
    command = re.compile(
        r"sh(?:o|ow)?\s+fl(?:o|ow)?\s+mon(?:i|it|ito|itor)?\s+(?:name\s+)?\S{1,64}\s+ca(?:c|ch|che)?(?!\S)"
        r"(?-i:(?:[ \t]+(?:[a-z][a-z\d\-]{0,30}|\d{1,10})(?!\S)){0,24})(?:[ \t]*\|[ \t]*\w+[ \t]+\S+)?",
        re.IGNORECASE,
    )

    def claims(self, section: Section) -> bool:
        """By field names with the punctuation of a listing, by its counters, or by its command."""
        text = section.text
        return bool(_CLAIM.search(text) or self.command.match(text.lstrip()))

    def read(self, section: Section) -> Found:
        """The entries of every cache in the section, and the counters above them."""
        text = section.text
        context, counters = _counters(section, self.info.name)
        spans = counters + [match.span() for pattern in _FURNITURE for match in pattern.finditer(text)]
        listing = blank(section, spans).text
        flows = _Flows()
        spans += read_tables(listing, flows.add)
        spans += read_csv(listing, flows.add)
        spans += read_records(listing, [begin for begin, _ in counters], flows.add)
        return Found(
            rest=(blank(section, spans),),
            rows=len(flows.rows[4]),
            columns=flows.columns(section, 4),
            rows6=len(flows.rows[6]),
            columns6=flows.columns(section, 6),
            context=context,
            notes=tuple(flows.notes(top=_TOP.search(text) is not None)),
        )


def _counters(section: Section, format_name: str) -> tuple[tuple[Context, ...], list[Span]]:
    """The counters above a cache, and where they stand."""
    found: list[Context] = []
    spans: list[Span] = []
    lines = LineCounter(section)
    for match in _COUNTER.finditer(section.text):
        name = " ".join((match["plain"] or match["aged"]).lower().split())
        kind = name.removesuffix(" timeout").removesuffix(" aged").replace(" ", "_")
        plain = _COUNTER_NAMES.get(name, name.replace(" ", "_"))
        values = [(f"flows_aged_{kind}" if match["aged"] else plain, match["value"], "flows")]
        if match["seconds"]:
            values.insert(0, (name.replace(" ", "_"), match["seconds"], "seconds"))
        where = f"{section.path}:{lines.at(match.start())}"
        found.extend(
            Context(
                format=format_name,
                name=key,
                value=float(value),
                unit=unit,
                router=section.hostname,
                where=where,
            )
            for key, value, unit in values
        )
        spans.append(match.span())
    return tuple(found), spans


class _Flows:
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
