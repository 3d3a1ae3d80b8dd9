"""`show mls ip` and `show mls netflow ip` of native IOS on Catalyst 6500 and 7600: entries of two lines."""

from __future__ import annotations

import re

from slowworm.flows.addresses import parse_ipv4
from slowworm.sources.base import FormatInfo
from slowworm.sources.session import Section
from slowworm.sources.text import mls
from slowworm.sources.text.base import IPV4, Found, LineCounter
from slowworm.sources.text.mls_mask import NATIVE, flow_mask
from slowworm.sources.text.spans import blank

_NAME = r"[\w\-]{1,16}"
_FLOW = re.compile(
    rf"(?<!\S)(?P<dst>{IPV4})\s++(?:(?P<src>{IPV4}|-)\s++)?"
    rf"(?P<protocol>[A-Za-z][\w\-]{{0,9}}|\d{{1,3}}|-)\s*+:\s*+(?P<sp>{_NAME})\s*+:\s*+(?P<dp>{_NAME})(?!\S)"
)
_MAC = r"[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}"
_LINK = re.compile(
    r"\s++(?P<interface>[A-Za-z][\w/.\-]{0,29}|\d{1,5}|-{1,4})\s*+:\s*+"
    rf"(?:(?P<mac>{_MAC})|0x[0-9A-Fa-f]{{1,8}}|\d{{1,10}}|-{{1,4}})(?!\S)"
)
_INTERFACE = r"(?:[A-Za-z][\w/.\-]{0,29}|\d[\w/.\-]{0,29}|-{1,4})"
_COUNTERS = re.compile(
    r"\s++(?P<packets>\d{1,18})\s++(?P<bytes>\d{1,18})"
    rf"(?:\s++(?P<source>{_INTERFACE})\s*+,\s*+(?P<destination>{_INTERFACE})"
    r"\s++[A-Z]\w{0,9}\s*+,\s*+[A-Z]\w{0,9})?"
    r"(?:\s++\d{1,9})?\s++(?:\d{1,3}:\d\d:\d\d|\d{1,4}[ywd]\d{1,3}[wdh])(?!\S)"
    r"(?:\s++L[23]\s*+-\s*+[A-Za-z]\w{0,19}(?!\S))?"
)
_DETAIL = re.compile(r"(?:\s++(?:0x[0-9A-Fa-f]{1,8}|\d{1,12}|NO|YES)(?!\S)){8,40}")
"""The lines of `detail`: thirteen, nine and eight flags and counts of the policer, no names among them."""

_WORD = (
    r"(?:DstIP|SrcIP|Prot:SrcPort:DstPort|(?:Dst|Src)\s++i/f\s*+:\s*+(?:DstMAC|AdjPtr)|Pkts|Bytes|"
    r"SrcDstPorts|SrcDstEncap|Age|LastSeen|Attributes|Mask|Pi|R|CR|Xt|Prio|Dsc|IP_EN|OP_EN|Pattern|Rpf|FIN_RDT|"
    r"FIN/RST|Ig/acl[io]|Ig/qos[io]|Fpkt|Gemini|MC-hit|Dirty|Diags|QoS|Police|Count|Threshold|Leak|Drop|Bucket|"
    r"Use-Tbl|Use-Enable)"
)
_HEADER = re.compile(rf"(?<!\S){_WORD}(?:\s++{_WORD}(?!\S)){{2,}}")
_TO_DESTINATION = re.compile(r"(?<!\S)Dst\s++i/f")
_RULER = re.compile(r"(?<!\S)[\-+]{5,}+(?!\S)")
_TITLE = re.compile(
    r"Displaying\s++Net[Ff]low\s++entries\s++in\s++(?:(?:Active|Standby)\s++)?"
    r"(?:Supervisor\s++E(?:arl|ARL)|E(?:arl|ARL)|DFC)?"
    r"(?:\s*+(?:in\s++)?(?:switch\s++\d{1,2}\s++)?(?:module|slot)\s++\d{1,2})?(?!\S)"
)
_COUNT = re.compile(
    r"(?<!\S)Number\s++of\s++(?:(?:active\s++)?shortcuts|[Ee]ntries(?:\s++[Ff]ound)?)\s*+[=:]\s*+"
    r"(?P<count>\d{1,12})(?!\S)"
)
_CLAIM = re.compile(r"Prot:SrcPort:DstPort|Displaying\s++Net[Ff]low\s++entries|\bflowmask\s++for\s++unicast")


class MlsIp:
    """The NetFlow table of a native-mode supervisor; what it shows depends on the flow mask."""

    info = FormatInfo(
        name="show-mls-ip",
        title="MLS NetFlow table of Catalyst 6500 and Cisco 7600 (native IOS)",
        commands=("show mls ip", "show mls netflow ip", "show mls netflow flowmask"),
        carries="addresses, protocol, ports, an interface, packets, bytes, as far as the flow mask has them",
        lacks="times, TCP flags; sources under the destination-only mask, ports under destination-source",
    )
    command = re.compile(
        r"sh(?:o|ow)?\s+mls\s+(?:netf(?:l|lo|low)?\s+(?:flowm\w*|ip)|ip)(?!\S)"
        r"(?!\s+(?:mul\w*|cef|ipx)(?!\S))"
        rf"(?:[ \t]+(?:any|short|long|detail|nowrap|count|dynamic|sw-installed|qos|statistics|"
        rf"(?:destination|source)[ \t]+{IPV4}(?:/[\d.]{{1,15}})?|(?:mod\w*|slot)[ \t]+\d{{1,2}}|"
        r"flow[ \t]+(?:tcp|udp|icmp)(?:[ \t]+\d{1,5}){0,2})(?!\S)){0,12}(?:[ \t]*\|[ \t]*\w+[ \t]+\S+)?",
        re.IGNORECASE,
    )

    def claims(self, section: Section) -> bool:
        """By its header, its command, or its first entry."""
        text = section.text
        return bool(_CLAIM.search(text) or self.command.match(text.lstrip()) or _first(text))

    def read(self, section: Section) -> Found:
        """Every entry with a whole first line, with a note where the flow mask left sources or ports out."""
        text = section.text
        mask, spans = flow_mask(text)
        spans += mls.spans_of(text, (_HEADER, _RULER, _TITLE, _COUNT))
        header_free = blank(section, spans).text  # documents print the second header between an entry's lines
        detail, to_destination = "Police" in text, _TO_DESTINATION.search(text) is not None
        rows, lines = mls.Rows(), LineCounter(section)
        for match in _FLOW.finditer(header_free):
            src, dst = parse_ipv4(match["src"] or "0.0.0.0"), parse_ipv4(match["dst"])
            if match["src"] == "-":
                src = 0
            link = _LINK.match(header_free, match.end())
            end = link.end() if link else match.end()
            counters = _COUNTERS.match(header_free, end)
            if src is None or dst is None or (link is None and counters is None):
                continue  # without either, the line may be cut off in its last port
            in_if, out_if = _interfaces(link, counters, to_destination=to_destination)
            rows.add(
                src=src,
                dst=dst,
                protocol=match["protocol"],
                src_port=match["sp"],
                dst_port=match["dp"],
                packets=int(counters["packets"]) if counters else None,
                octets=int(counters["bytes"]) if counters else None,
                in_if=in_if,
                out_if=out_if,
                line=lines.at(match.start()),
            )
            end = counters.end() if counters else end
            flags = _DETAIL.match(header_free, end) if detail else None
            spans.append((match.start(), flags.end() if flags else end))
        return Found(
            rest=(blank(section, spans),),
            rows=rows.rows,
            columns=rows.found(),
            context=mls.totals(section, _COUNT, self.info.name),
            notes=tuple(rows.notes(NATIVE, mask)),
        )


def _first(text: str) -> bool:
    """Whether an entry is there: two addresses with ports alone look like other listings."""
    return any(_LINK.match(text, m.end()) or _COUNTERS.match(text, m.end()) for m in _FLOW.finditer(text))


def _interfaces(
    link: re.Match[str] | None, counters: re.Match[str] | None, *, to_destination: bool
) -> tuple[str | None, str | None]:
    """Input and output: beside a MAC address stands the output, beside an adjacency pointer the input."""
    in_if, out_if = (counters["source"], counters["destination"]) if counters else (None, None)
    if link and (link["mac"] or to_destination):
        out_if = out_if or link["interface"]
    elif link:
        in_if = in_if or link["interface"]
    return _named(in_if), _named(out_if)


def _named(interface: str | None) -> str | None:
    return interface if interface and interface.strip("-") and interface != "0" else None
