"""The tables above the rows of `show ip cache flow`: packet sizes, cache occupancy, protocols."""

from __future__ import annotations

import re

from slowworm.sources.base import Context
from slowworm.sources.session import Section
from slowworm.sources.text.base import LineCounter, number
from slowworm.sources.text.spans import Span, blank

_COUNT = r"\d{1,15}[KMG]?"
_RATE = r"(?:\d{1,9}(?:\.\d{1,4})?|\.\d{1,4})"
_SIZES = re.compile(
    r"IP\s+packet\s+size\s+distribution\s+\((?P<total>\d{1,12}(?:\.\d{1,3})?[KMG]?)\s+total\s+packets\):"
    r"(?P<table>(?:\s++(?:\d{1,4}(?:-\d{1,4})?|\d?\.\d{1,4})(?!\S))*+)"
)
_CACHE = re.compile(rf"IP\s+(?P<sub>Sub\s+)?Flow\s+(?:Switching\s+)?Cache,\s+(?P<bytes>{_COUNT})\s+bytes")
_ENTRIES = re.compile(
    rf"(?<!\S)(?P<active>{_COUNT})\s+active,\s+(?P<inactive>{_COUNT})\s+inactive,\s+(?P<added>{_COUNT})\s+added(?!\w)"
    rf"(?P<sub>,\s+{_COUNT}\s+added\s+to\s+flow)?"
)
_AGER = re.compile(rf"(?<!\S){_COUNT}\s+ager\s+polls,\s+(?P<failures>{_COUNT})\s+flow\s+alloc\s+failures")
_TIMEOUT = re.compile(
    r"(?P<which>Active|Inactive)\s+flows\s+timeout\s+in\s+(?P<value>\d{1,9})\s+(?P<unit>minutes|seconds)"
)
_PROTOCOL = re.compile(
    r"(?<!\S)(?P<name>(?:TCP|UDP|IP|ICMP|IGMP|IPINIP|IPv6INIP|GRE|SCTP|OSPF|EIGRP|PIM)(?:-[\w\-]{1,12})?|Total:?)\s+"
    rf"(?P<flows>{_COUNT})\s+(?P<rate>{_RATE})\s+(?P<packets>{_COUNT})\s+(?P<bytes>{_COUNT})\s+"
    rf"{_RATE}\s+{_RATE}\s+{_RATE}(?!\S)"
)
_OTHER = tuple(
    (word, re.compile(pattern))
    for word, pattern in (
        (
            "Active(Sec)",
            r"Protocol\s+Total\s+Flows\s+Packets\s+Bytes\s+Packets\s+Active\(Sec\)\s+Idle\(Sec\)"
            r"(?:\s+-+\s+Flows\s+/Sec\s+/Flow\s+/Pkt\s+/Sec\s+/Flow\s+/Flow)?",
        ),
        ("force", rf"(?<!\S){_COUNT}\s+alloc\s+failures,\s+{_COUNT}\s+force\s+free"),
        ("chunk", rf"(?<!\S){_COUNT}\s+chunks?,\s+{_COUNT}\s+chunks?\s+added"),
        (
            "statistics",
            r"(?:last\s+clearing\s+of\s+)?(?<!\S)statistics\s+"
            r"(?:never|(?:cleared\s+)?[\d:ywdhms]*\d[\d:ywdhms]*(?:\s+secs?)?(?:\s+ago)?)(?!\S)",
        ),
        ("SrcP", r"SrcIf\s+SrcIPaddress\s+DstIf\s+DstIPaddress\s+Pr\s+SrcP\s+DstP\s+(?:Pkts|Bytes)(?!\S)"),
        ("Flgs", r"SrcIf\s+SrcIPaddress\s+DstIf\s+DstIPaddress\s+Pr\s+TOS\s+Flgs\s+Pkts(?!\S)"),
        ("NextHop", r"Port\s+Msk\s+AS\s+Port\s+Msk\s+AS\s+NextHop\s+B/Pk\s+Active(?!\S)"),
        (
            "MAC:",
            r"MAC:\s+\([^)\n]{0,20}\)\s+[\da-f.]{14}\s+\([^)\n]{0,20}\)\s+[\da-f.]{14}\s+\([^)\n]{0,20}\)",
        ),
        ("plen:", r"(?<!\S)(?:Min|Max)\s+plen:\s+\d{1,10}(?!\S)"),
        ("TTL:", r"(?<!\S)(?:Min|Max)\s+TTL:\s+\d{1,10}(?!\S)"),
        ("ICMP", r"(?<!\S)ICMP\s+(?:type|code):\s+\d{1,10}(?!\S)"),
        ("id:", r"(?<!\S)IP\s+id:\s+\d{1,10}(?!\S)"),
        ("FO:", r"(?<!\S)FO:\s+\d{1,10}(?!\S)"),
        ("FFlags:", r"(?<!\S)FFlags:\s*[0-9A-F]{1,4}(?!\S)"),
        ("VLAN", r"(?<!\S)VLAN\s+id:?\s*\(?\d{1,10}\)?(?!\S)"),
        (
            "talkers",
            r"(?<!\S)\d{1,15}\s+of\s+\d{1,15}\s+top\s+talkers\s+shown\.\s*\d{1,15}\s+flows\s+processed\.?(?!\S)",
        ),
    )
)
"""What belongs to the listing and holds no number of interest; the word tells quickly that there is none."""


def read(section: Section, format_name: str) -> tuple[Section, list[Context]]:
    """The numbers of the summary tables; returns what of the section was not part of them."""
    text = section.text
    spans: list[Span] = [
        match.span() for word, pattern in _OTHER if word in text for match in pattern.finditer(text)
    ]
    numbers: list[tuple[int, str, float, str]] = []  # offset, name, value, unit
    for match in _SIZES.finditer(text):
        spans.append(match.span())
        numbers.append((match.start(), "packets_total", _scaled(match["total"]), "packets"))
        share = _small_share(match["table"])
        if share is not None:
            numbers.append((match.start(), "packets_up_to_64_bytes", share, "share"))
    numbers += _occupancy(text, spans)
    for match in _AGER.finditer(text):
        spans.append(match.span())
        numbers.append((match.start(), "flow_alloc_failures", number(match["failures"]), "flows"))
    for match in _TIMEOUT.finditer(text):
        spans.append(match.span())
        seconds = int(match["value"]) * (60 if match["unit"] == "minutes" else 1)
        numbers.append((match.start(), f"{match['which'].lower()}_timeout", seconds, "seconds"))
    for match in _PROTOCOL.finditer(text):
        spans.append(match.span())
        name, at = match["name"].rstrip(":"), match.start()
        numbers += [
            (at, f"{name}.flows", number(match["flows"]), "flows"),
            (at, f"{name}.flows_per_second", _scaled(match["rate"]), "flows/s"),
            (at, f"{name}.packets_per_flow", number(match["packets"]), "packets"),
            (at, f"{name}.bytes_per_packet", number(match["bytes"]), "bytes"),
        ]
    lines = LineCounter(section)
    found = [
        Context(
            format=format_name,
            name=name,
            value=value,
            unit=unit,
            router=section.hostname,
            where=f"{section.path}:{lines.at(offset)}",
        )
        for offset, name, value, unit in sorted(numbers, key=lambda n: n[0])
    ]
    return blank(section, spans), found


def _occupancy(text: str, spans: list[Span]) -> list[tuple[int, str, float, str]]:
    """Entries of the main cache; those of the sub flow cache below it count the same flows again."""
    numbers: list[tuple[int, str, float, str]] = []
    subs: list[tuple[int, bool]] = []  # where a cache begins, and whether it is a sub flow cache
    for match in _CACHE.finditer(text):
        spans.append(match.span())
        subs.append((match.start(), bool(match["sub"])))
        if not match["sub"]:
            numbers.append((match.start(), "cache_bytes", number(match["bytes"]), "bytes"))
    at, below_sub = 0, False
    for match in _ENTRIES.finditer(text):
        spans.append(match.span())
        while at < len(subs) and subs[at][0] < match.start():
            below_sub = subs[at][1]
            at += 1
        if not (match["sub"] or below_sub):
            numbers += [
                (match.start(), f"flows_{key}", number(match[key]), "flows")
                for key in ("active", "inactive", "added")
            ]
    return numbers


def _scaled(text: str) -> float:
    """``435M``, ``1.2K``, ``.5``."""
    scale = {"K": 1e3, "M": 1e6, "G": 1e9}.get(text[-1:], 1.0)
    return float(text.rstrip("KMG")) * scale


def _small_share(table: str) -> float | None:
    """Share of packets of at most 64 bytes: the first two bins of the distribution."""
    bins: list[str] = []
    shares: list[float] = []
    for token in table.split():
        if "." in token:
            shares.append(float(token))
        elif shares:
            break
        else:
            bins.append(token)
    if bins[:2] == ["1-32", "64"] and len(shares) >= 2:
        return round(shares[0] + shares[1], 3)
    return None
