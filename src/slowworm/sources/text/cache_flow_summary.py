"""The tables above the rows of `show ip cache flow`: packet sizes, cache occupancy, protocols."""

from __future__ import annotations

import re

from slowworm.sources.base import Context
from slowworm.sources.session import Section
from slowworm.sources.text.base import number, understood

_COUNT = r"\d{1,15}[KMG]?"
_SIZES = re.compile(
    r"IP packet size distribution \((?P<total>[\d.]{1,15}[KMG]?)\s+total\s+packets\):(?P<table>[\s\d.\-]*)"
)
_CACHE = re.compile(rf"IP\s+Flow\s+Switching\s+Cache,\s+(?P<bytes>{_COUNT})\s+bytes")
_SUB_CACHE = re.compile(rf"IP\s+Sub\s+Flow\s+Cache,\s+{_COUNT}\s+bytes")
_ENTRIES = re.compile(
    rf"(?P<active>{_COUNT})\s+active,\s+(?P<inactive>{_COUNT})\s+inactive,\s+(?P<added>{_COUNT})\s+added"
    rf"(?P<sub>,\s+{_COUNT}\s+added\s+to\s+flow)?"
)
_AGER = re.compile(rf"(?P<polls>{_COUNT})\s+ager\s+polls,\s+(?P<failures>{_COUNT})\s+flow\s+alloc\s+failures")
_ACTIVE = re.compile(r"Active\s+flows\s+timeout\s+in\s+(?P<value>\d{1,9})\s+(?P<unit>minutes|seconds)")
_INACTIVE = re.compile(r"Inactive\s+flows\s+timeout\s+in\s+(?P<value>\d{1,9})\s+(?P<unit>minutes|seconds)")
_PROTOCOL_HEADER = re.compile(
    r"Protocol\s+Total\s+Flows\s+Packets\s+Bytes\s+Packets\s+Active\(Sec\)\s+Idle\(Sec\)"
    r"(?:\s+-+\s+Flows\s+/Sec\s+/Flow\s+/Pkt\s+/Sec\s+/Flow\s+/Flow)?"
)
_PROTOCOL = re.compile(
    r"(?<!\S)(?P<name>(?:TCP|UDP|IP|ICMP|IGMP|IPINIP|IPv6INIP|GRE|SCTP|OSPF|EIGRP|PIM)(?:-[\w\-]{1,12})?|Total:?)\s+"
    rf"(?P<flows>{_COUNT})\s+(?P<rate>[\d.]{{1,12}})\s+(?P<packets>{_COUNT})\s+(?P<bytes>{_COUNT})\s+"
    r"(?P<packet_rate>[\d.]{1,12})\s+(?P<active>[\d.]{1,12})\s+(?P<idle>[\d.]{1,12})(?!\S)"
)
_OTHER = tuple(
    re.compile(p)
    for p in (
        rf"{_COUNT}\s+alloc\s+failures,\s+{_COUNT}\s+force\s+free",
        rf"{_COUNT}\s+chunks?,\s+{_COUNT}\s+chunks?\s+added",
        r"(?:last\s+clearing\s+of\s+)?statistics\s+(?:never|cleared\s+[\d:wdhm]+\s+(?:secs?\s+)?ago|[\dwdhmsy:]+)",
        r"SrcIf\s+SrcIPaddress\s+DstIf\s+DstIPaddress\s+Pr\s+SrcP\s+DstP\s+(?:Pkts|Bytes)",
        r"SrcIf\s+SrcIPaddress\s+DstIf\s+DstIPaddress\s+Pr\s+TOS\s+Flgs\s+Pkts",
        r"Port\s+Msk\s+AS\s+Port\s+Msk\s+AS\s+NextHop\s+B/Pk\s+Active",
        r"MAC:\s+\([^)\n]{0,20}\)\s+[\da-f.]{14}\s+\([^)\n]{0,20}\)\s+[\da-f.]{14}\s+\([^)\n]{0,20}\)",
        r"(?:Min|Max)\s+(?:plen|TTL):\s+\d+",
        r"ICMP\s+type:\s+\d+",
        r"ICMP\s+code:\s+\d+",
        r"IP\s+id:\s+\d+",
        r"FFlags:\s*[0-9A-F]{1,4}",
        r"VLAN\s+id:?\s*\(?\d+\)?",
        r"\d+\s+of\s+\d+\s+top\s+talkers\s+shown\.\s*\d+\s+flows\s+processed\.?",
    )
)


def read(section: Section, format_name: str) -> tuple[Section, list[Context]]:
    """The numbers of the summary tables; returns what of the section was not part of them."""
    text = section.text
    found: list[Context] = []

    def add(match: re.Match[str], name: str, value: float, unit: str) -> None:
        found.append(
            Context(
                format=format_name,
                name=name,
                value=value,
                unit=unit,
                router=section.hostname,
                where=f"{section.path}:{section.at(match.start())}",
            )
        )

    for match in _SIZES.finditer(text):
        add(match, "packets_total", _loose(match["total"]), "packets")
        share = _small_share(match["table"])
        if share is not None:
            add(match, "packets_up_to_64_bytes", share, "share")
    for match in _CACHE.finditer(text):
        add(match, "cache_bytes", number(match["bytes"]), "bytes")
    for match in _ENTRIES.finditer(text):
        if not match["sub"]:
            for key in ("active", "inactive", "added"):
                add(match, f"flows_{key}", number(match[key]), "flows")
    for match in _AGER.finditer(text):
        add(match, "flow_alloc_failures", number(match["failures"]), "flows")
    for pattern, name in ((_ACTIVE, "active_timeout"), (_INACTIVE, "inactive_timeout")):
        for match in pattern.finditer(text):
            add(match, name, int(match["value"]) * (60 if match["unit"] == "minutes" else 1), "seconds")
    for match in _PROTOCOL.finditer(text):
        name = match["name"].rstrip(":")
        add(match, f"{name}.flows", number(match["flows"]), "flows")
        add(match, f"{name}.flows_per_second", _loose(match["rate"]), "flows/s")
        add(match, f"{name}.packets_per_flow", number(match["packets"]), "packets")
        add(match, f"{name}.bytes_per_packet", number(match["bytes"]), "bytes")
    patterns = (_SIZES, _CACHE, _SUB_CACHE, _ENTRIES, _AGER, _ACTIVE, _INACTIVE, _PROTOCOL_HEADER, _PROTOCOL)
    return understood(section, (*patterns, *_OTHER)), found


def _loose(text: str) -> float:
    """``435M``, ``1.2K``, ``.5``; 0 for what is no number (``1.2.3``)."""
    scale = {"K": 1e3, "M": 1e6, "G": 1e9}.get(text[-1:], 1.0)
    try:
        return float(text.rstrip("KMG")) * scale
    except ValueError:
        return 0.0


def _small_share(table: str) -> float | None:
    """Share of packets of at most 64 bytes: the first two bins of the distribution."""
    bins: list[str] = []
    shares: list[float] = []
    for token in table.split():
        if "." in token:
            shares.append(_loose(token))
        elif shares:
            break
        else:
            bins.append(token)
    if bins[:2] == ["1-32", "64"] and len(shares) >= 2:
        return round(shares[0] + shares[1], 3)
    return None
