"""`show ip cache flow`, `show ip cache verbose flow`, `show ip flow top-talkers`, whole or `| include`."""

from __future__ import annotations

import re
from dataclasses import replace

import pyarrow as pa

from slowworm.flows.addresses import parse_ipv4
from slowworm.flows.services import ICMP
from slowworm.flows.table import Column
from slowworm.sources.base import FormatInfo, Note
from slowworm.sources.session import Section
from slowworm.sources.text import cache_flow_summary as summary
from slowworm.sources.text.base import INTERFACE, IPV4, Found, LineCounter, number, understood
from slowworm.sources.text.cache_flow_rows import scan

_ROW = re.compile(
    rf"(?<!\S){INTERFACE}\s+{IPV4}\s+{INTERFACE}\s+{IPV4}\s+[0-9A-Fa-f]{{2}}\s+"
    rf"[0-9A-Fa-f]{{2}}(?:[0-9A-Fa-f]{{2}})?\s"
)
_VERBOSE = re.compile(
    rf"(?<!\S)(?P<in_if>{INTERFACE})\s+(?P<src>{IPV4})\s+(?P<out_if>{INTERFACE})\s+(?P<dst>{IPV4})\s+"
    r"(?P<pr>[0-9A-F]{2})\s+(?P<tos>[0-9A-F]{2})\s+(?P<flags>[0-9A-F]{2})\s+(?P<pkts>\d{1,15}[KMG]?)\s+"
    r"(?P<sp>[0-9A-F]{4})\s+/\d{1,2}\s+\d{1,10}\s+(?P<dp>[0-9A-F]{4})\s+/\d{1,2}\s+\d{1,10}\s+"
    rf"{IPV4}\s+(?P<size>\d{{1,6}})\s+(?P<active>[\d.]{{1,12}})(?!\S)"
)
_HEADER_WORDS = ("SrcIf", "SrcIPaddress", "DstIf", "DstIPaddress", "SrcP", "DstP", "Pkts", "NextHop", "B/Pk")
_BYTES_HEADER = re.compile(r"DstIPaddress\s+Pr\s+SrcP\s+DstP\s+Bytes")


class CacheFlow:
    """The NetFlow cache listing. ICMP rows carry type and code where TCP has its destination port."""

    info = FormatInfo(
        name="show-ip-cache-flow",
        title="NetFlow cache listing of Cisco IOS",
        commands=("show ip cache flow", "show ip cache verbose flow", "show ip flow top-talkers"),
        carries="interfaces, addresses, protocol, ports, packets; verbose: TCP flags and bytes as well",
        lacks="times; bytes and TCP flags unless verbose",
    )
    command = re.compile(
        r"sh(?:o|ow)?\s+ip\s+(?:ca(?:c|ch|che)?\s+(?:v\w*\s+)?fl\w*|flow\s+top\S*)(?:[ \t]*\|[ \t]*\w+[ \t]+\S+)?",
        re.IGNORECASE,
    )

    def claims(self, section: Section) -> bool:
        """By header words or by the first row."""
        text = section.text
        return any(w in text for w in ("SrcIPaddress", "DstIPaddress", "IP Flow Switching Cache")) or bool(
            _ROW.search(text)
        )

    def read(self, section: Section) -> Found:
        """Rows by the byte kernel, then verbose rows, then the summary tables, from what it left."""
        found = scan(section.text.encode("latin-1"))
        columns, rows, pieces = found.columns(section.line), found.rows, found.gaps(section)
        rest: list[Section] = []
        verbose: list[dict[str, object]] = []
        context = []
        for piece in pieces:
            left, entries = self._verbose(piece)
            verbose += entries
            left, numbers = summary.read(left, self.info.name)
            context += numbers
            rest.append(_without_damaged_headers(left))
        notes = []
        if rows and _BYTES_HEADER.search(section.text[:2000]):
            columns["bytes"] = columns.pop("packets")
        if "top-talkers" in (section.command or ""):
            notes.append(
                Note(
                    id="top-talkers-only",
                    text=(
                        "show ip flow top-talkers lists only the largest flows; scans are small ones: "
                        "use show ip cache flow"
                    ),
                )
            )
        if verbose:
            merged = {key: [entry[key] for entry in verbose] for key in verbose[0]}
            columns = _joined(columns, rows, merged, len(verbose))
            rows += len(verbose)
        return Found(rest=tuple(rest), rows=rows, columns=columns, context=tuple(context), notes=tuple(notes))

    def _verbose(self, section: Section) -> tuple[Section, list[dict[str, object]]]:
        if " /" not in section.text and "\t/" not in section.text:
            return section, []
        entries: list[dict[str, object]] = []
        lines = LineCounter(section)
        for match in _VERBOSE.finditer(section.text):
            src, dst = parse_ipv4(match["src"]), parse_ipv4(match["dst"])
            if src is None or dst is None:
                continue
            protocol, dp = int(match["pr"], 16), int(match["dp"], 16)
            packets = number(match["pkts"])
            has_ports = protocol != ICMP
            entries.append(
                {
                    "src_addr": src,
                    "dst_addr": dst,
                    "protocol": protocol,
                    "src_port": int(match["sp"], 16) if has_ports else None,
                    "dst_port": dp if has_ports else None,
                    "icmp_type": None if has_ports else dp >> 8,
                    "icmp_code": None if has_ports else dp & 255,
                    "tcp_flags": int(match["flags"], 16),
                    "packets": packets,
                    "bytes": packets * int(match["size"]),
                    "in_if": match["in_if"],
                    "out_if": match["out_if"],
                    "line": lines.at(match.start()),
                }
            )
        return (understood(section, (_VERBOSE,)) if entries else section), entries


def _joined(
    columns: dict[str, Column], rows: int, extra: dict[str, list[object]], extra_rows: int
) -> dict[str, Column]:
    """Plain and verbose rows of one section in one set of columns."""
    if not rows:
        return dict(extra)
    joined: dict[str, Column] = {}
    for name in {*columns, *extra}:
        first = columns.get(name)
        before = first.to_pylist() if isinstance(first, pa.Array) else [None] * rows
        joined[name] = before + extra.get(name, [None] * extra_rows)
    return joined


def _without_damaged_headers(section: Section) -> Section:
    """Blank lines that hold three or more of the header's words, however damaged the others are."""
    lines = section.text.split("\n")
    kept = [
        "" if len(line) <= 400 and sum(word in line for word in _HEADER_WORDS) >= 3 else line
        for line in lines
    ]
    return section if kept == lines else replace(section, text="\n".join(kept))
