"""`show ip cache flow`, `show ip cache verbose flow`, `show ip flow top-talkers`, whole or `| include`."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pyarrow as pa

from slowworm.flows.addresses import parse_ipv4
from slowworm.flows.services import ICMP
from slowworm.flows.table import Column
from slowworm.sources.base import Context, FormatInfo, Note
from slowworm.sources.session import MAX_COMMAND, Section
from slowworm.sources.text import cache_flow_summary as summary
from slowworm.sources.text.base import INTERFACE, IPV4, Found, LineCounter, number
from slowworm.sources.text.cache_flow_header import without_damaged_headers
from slowworm.sources.text.cache_flow_rows import CacheRows, scan
from slowworm.sources.text.spans import Span, blank

_ROW = re.compile(
    rf"(?<!\S){INTERFACE}\s+{IPV4}\s+{INTERFACE}\s+{IPV4}\s+[0-9A-Fa-f]{{2}}\s+"
    rf"[0-9A-Fa-f]{{2}}(?:[0-9A-Fa-f]{{2}})?(?!\S)"
)
_VERBOSE = re.compile(
    rf"(?<!\S)(?P<in_if>{INTERFACE})\s+(?P<src>{IPV4})\s+(?P<out_if>{INTERFACE})\s+(?P<dst>{IPV4})\s+"
    r"(?P<pr>[0-9A-Fa-f]{2})\s+[0-9A-Fa-f]{2}\s+(?P<flags>[0-9A-Fa-f]{2})\s+(?P<pkts>\d{1,15}[KMG]?)\s+"
    r"(?P<sp>[0-9A-Fa-f]{4})\s+/\d{1,2}\s+\d{1,10}(?:\.\d{1,5})?\s+"
    r"(?P<dp>[0-9A-Fa-f]{4})\s+/\d{1,2}\s+\d{1,10}(?:\.\d{1,5})?\s+"
    rf"{IPV4}\s+(?P<size>\d{{1,6}})\s+[\d.]{{1,12}}(?!\S)"
)
_GLUED = re.compile(r"(DstP\s{1,20}(?:Pkts|Bytes))(?=[A-Z])")
_COUNTED_IN = re.compile(rb"DstP\s{1,20}(Pkts|Bytes)")
_FILTERED = re.compile(r"[ \t]*\|")
_TOP_TALKERS = re.compile(r"flow\s+top|top\s+talkers\s+shown", re.IGNORECASE)

TOP_TALKERS_ONLY = (
    "show ip flow top-talkers lists only the largest flows; scans are small ones: use show ip cache flow"
)


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
        """By header words, by the first row, or by rows that were taken out of it."""
        text = section.text
        return (
            section.taken > 0
            or any(w in text for w in ("SrcIPaddress", "DstIPaddress", "IP Flow Switching Cache"))
            or _ROW.search(text) is not None
        )

    def read(self, section: Section) -> Found:
        """Rows by the byte kernel, then verbose rows, then the summary tables, from what it left."""
        if _GLUED.search(section.text):  # a header that lost the end of its line to the first row
            section = replace(section, text=_GLUED.sub(r"\1 ", section.text))
        found = scan(section.text.encode("latin-1", "replace"))
        columns, rows = _counted_as_headed(found, found.columns(section.line)), found.rows
        rest: list[Section] = []
        verbose: list[dict[str, object]] = []
        context: list[Context] = []
        for piece in found.gaps(section):
            left, entries = _verbose(piece)
            verbose += entries
            left, numbers = summary.read(left, self.info.name)
            context += numbers
            rest.append(without_damaged_headers(left))
        if verbose:
            merged = {key: [entry[key] for entry in verbose] for key in verbose[0]}
            columns = _joined(columns, rows, merged, len(verbose))
            rows += len(verbose)
        return Found(
            rest=tuple(rest),
            rows=rows,
            columns=columns,
            context=tuple(context),
            notes=tuple(self._notes(section, found, context, rows + section.taken)),
        )

    def _notes(self, section: Section, found: CacheRows, context: list[Context], rows: int) -> list[Note]:
        notes = []
        top = _TOP_TALKERS.search(section.text)
        if top:
            notes.append(Note(id="top-talkers-only", text=TOP_TALKERS_ONLY))
        active = int(sum(c.value for c in context if c.name == "flows_active"))
        if active > rows and not top and not self._filtered(section):
            where = next(c.where for c in context if c.name == "flows_active")
            notes.append(
                Note(
                    id="cache-listing-incomplete",
                    count=active - rows,
                    text=(
                        f"{where}: the cache held {active:,} active flows, {rows:,} are listed here: was the output "
                        "cut off? A host that is missing here may still be infected."
                    ),
                )
            )
        unnamed = int((found.in_if < 0).sum() + (found.out_if < 0).sum())
        if unnamed:
            notes.append(
                Note(
                    id="interface-names-missing",
                    count=unnamed,
                    text=f"{section.path}: more interface names than are kept; {unnamed:,} were left out",
                )
            )
        return notes

    def _filtered(self, section: Section) -> bool:
        """Whether the command, as far as it is there, lists only a part of the cache."""
        text = section.text[:MAX_COMMAND]
        match = self.command.match(text, len(text) - len(text.lstrip())) if section.prompted else None
        return match is not None and ("|" in match[0] or _FILTERED.match(text, match.end()) is not None)


def _counted_as_headed(found: CacheRows, columns: dict[str, Column]) -> dict[str, Column]:
    """Top talkers have bytes in the last column: packets or bytes is what the header above a row says."""
    if not found.rows or b"Bytes" not in found.data:
        return columns
    octets = np.zeros(found.rows, np.bool_)
    for begin, end, row in zip(
        found.gap_begin.tolist(), found.gap_end.tolist(), found.gap_row.tolist(), strict=True
    ):
        headers = _COUNTED_IN.findall(found.data, begin, end)
        if headers:
            octets[row:] = headers[-1] == b"Bytes"
    if octets.any():
        columns["bytes"] = pa.array(found.packets, mask=~octets)
        columns["packets"] = pa.array(found.packets, mask=octets)
    return columns


def _verbose(section: Section) -> tuple[Section, list[dict[str, object]]]:
    """Entries of two lines, and the section without them."""
    if " /" not in section.text and "\t/" not in section.text and "\n/" not in section.text:
        return section, []
    entries: list[dict[str, object]] = []
    spans: list[Span] = []
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
                "line": lines.at(match.start("src")),
            }
        )
        spans.append(match.span())
    return blank(section, spans), entries


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
