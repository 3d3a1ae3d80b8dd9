"""`show flow monitor NAME cache` of Flexible NetFlow, in its table, record and CSV formats, IPv4 and IPv6."""

from __future__ import annotations

import re

from slowworm.sources.base import Context, FormatInfo
from slowworm.sources.session import Section
from slowworm.sources.text.base import Found, LineCounter
from slowworm.sources.text.flow_monitor_flows import Flows
from slowworm.sources.text.flow_monitor_records import read_records
from slowworm.sources.text.flow_monitor_tables import read_csv, read_tables
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
        flows = Flows()
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
