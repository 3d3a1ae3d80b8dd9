"""`show mls entry` of CatOS (hybrid Catalyst 5000 and 6000): entries of one line, or two with `short`."""

from __future__ import annotations

import re

from slowworm.flows.addresses import parse_ipv4
from slowworm.sources.base import FormatInfo
from slowworm.sources.session import Section
from slowworm.sources.text import mls
from slowworm.sources.text.base import IPV4, Found, LineCounter
from slowworm.sources.text.mls_mask import HYBRID, flow_mask
from slowworm.sources.text.spans import blank

_PORT = r"(?:[A-Za-z][\w\-]{0,15}|\d{1,5}|-)"
_TIME = r"(?:\d{1,3}:\d\d:\d\d|\d{1,4}[ywd]\d{1,3}[wdh])"
_ROW = re.compile(
    rf"(?<!\S)(?P<dst>{IPV4})\s++(?:(?P<src>{IPV4}|-)\s++)?"
    rf"(?:(?P<protocol>(?:[A-Za-z][\w\-]{{0,9}}|\d{{1,3}})\*?|-)\s++(?P<dp>{_PORT})\s++(?P<sp>{_PORT})\s++)?"
    r"(?:[0-9A-Fa-f]{2}[\-:]){5}[0-9A-Fa-f]{2}\s++(?:\d{1,4}|-)\s++(?:"
    r"(?:[A-Z][A-Z0-9]{1,7}|-)\s++(?:[A-Z][A-Z0-9]{1,7}|-)\s++(?P<p1>\d{1,2}/\d[\d,\-]{0,11}|-)\s++"
    r"(?P<p2>\d{1,2}/\d[\d,\-]{0,11}|-)\s++"
    rf"(?P<packets>\d{{1,18}})\s++(?P<bytes>\d{{1,18}})\s++{_TIME}\s++{_TIME}(?!\S)"
    rf"|(?P<port>\d{{1,2}}/\d{{1,2}})(?=\s*+(?:\Z|{IPV4}\s|M[SL]|Total|\*)))"
)
"""The second alternative is the Catalyst 5000's: a port and no counters. A row cut off matches neither."""

_WORD = (
    r"(?:(?:Destination|Dest|Source)[\- ](?:IP|Mac)|Prot|Port|DstPrt|SrcPrt|Vlan|EDst|ESrc|DPort|SPort|"
    r"Stat-Pkts|Stat-Bytes?|Uptime|Age|Last|Used)"
)
_HEADER = re.compile(rf"(?<!\S){_WORD}(?:\s++{_WORD}(?!\S))+")
_ORDER = re.compile(r"(?<!\S)(?P<first>SPort|DPort)\s++(?:SPort|DPort)(?!\S)")
_RULER = re.compile(r"(?<!\S)-{3,}+(?!\S)")
_ROUTER = re.compile(rf"(?<!\S)(?:MSFC|MLS-RP|RSM|RSFC)\s++{IPV4}(?:\s++\(Mod(?:ule)?\s++\d{{1,2}}\))?\s*+:")
_TOTAL = re.compile(r"(?<!\S)Total\s++Entries\s*+:?\s*+(?P<count>\d{1,12})(?!\S)")
_ENDED = re.compile(r"\*\s*+indicates\s++TCP\s++flow\s++has\s++ended")
_CLAIM = re.compile(r"(?<!\S)Dest(?:ination)?-IP\s++Source-IP(?!\S)|(?<!\S)Stat-Pkts(?!\S)")


class MlsEntry:
    """The MLS cache of a Catalyst with CatOS; what it shows depends on the flow mask."""

    info = FormatInfo(
        name="show-mls-entry",
        title="MLS entries of Catalyst CatOS (hybrid mode)",
        commands=("show mls entry", "show mls entry ip short", "show mls entry ip long"),
        carries="addresses, protocol, ports, switch ports, packets, bytes, as far as the flow mask has them",
        lacks="times, TCP flags; sources under the destination-only mask, ports under destination-source",
    )
    command = re.compile(
        r"sh(?:o|ow)?\s+mls\s+en(?:t|tr|try)?(?!\S)(?!\s+(?:cef|ipx)(?!\S))"
        rf"(?:[ \t]+(?:ip|short|long|all|qos|(?:rp|dest\w*|source|src)[ \t]+{IPV4}(?:/[\d.]{{1,15}})?|"
        r"(?:mod|protocol|src-port|dst-port)[ \t]+\w{1,8}|flow(?:[ \t]+\w{1,8}){3})(?!\S)){0,12}"
        r"(?:[ \t]*\|[ \t]*\w+[ \t]+\S+)?",
        re.IGNORECASE,
    )

    def claims(self, section: Section) -> bool:
        """By its header, its command, or its first entry."""
        text = section.text
        return bool(_CLAIM.search(text) or self.command.match(text.lstrip()) or _ROW.search(text))

    def read(self, section: Section) -> Found:
        """Every entry, with a note where the flow mask left sources or ports out."""
        text = section.text
        mask, spans = flow_mask(text)
        spans += mls.spans_of(text, (_HEADER, _RULER, _ROUTER, _TOTAL, _ENDED))
        header_free = blank(section, spans).text  # a header repeated by paging may part the lines of an entry
        orders = [(match.start(), match["first"]) for match in _ORDER.finditer(text)]
        rows, lines, order, at = mls.Rows(), LineCounter(section), "", 0
        for match in _ROW.finditer(header_free):
            while at < len(orders) and orders[at][0] < match.start():
                order, at = orders[at][1], at + 1
            src, dst = parse_ipv4(match["src"] or "0.0.0.0"), parse_ipv4(match["dst"])
            if match["src"] == "-":
                src = 0
            if src is None or dst is None:
                continue
            source, destination = _switch_ports(match, order)
            rows.add(
                src=src,
                dst=dst,
                protocol=match["protocol"] or "",
                src_port=match["sp"] or "",
                dst_port=match["dp"] or "",
                packets=int(match["packets"]) if match["packets"] else None,
                octets=int(match["bytes"]) if match["bytes"] else None,
                in_if=source,
                out_if=destination,
                line=lines.at(match.start()),
            )
            spans.append(match.span())
        return Found(
            rest=(blank(section, spans),),
            rows=rows.rows,
            columns=rows.found(),
            context=mls.totals(section, _TOTAL, self.info.name),
            notes=tuple(rows.notes(HYBRID, mask)),
        )


def _switch_ports(match: re.Match[str], order: str) -> tuple[str | None, str | None]:
    """Source and destination port of the switch: only a header tells which of the two comes first."""
    if match["port"]:
        return None, match["port"]
    first, second = (None if match[name] == "-" else match[name] for name in ("p1", "p2"))
    return {"SPort": (first, second), "DPort": (second, first)}.get(order, (None, None))
