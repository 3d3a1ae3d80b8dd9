"""`show ip accounting` (also `checkpoint`, `access-violations`): pairs of addresses, no ports, no protocol."""

from __future__ import annotations

import re

from slowworm.flows.addresses import parse_ipv4
from slowworm.sources.base import FormatInfo, Note
from slowworm.sources.session import MAX_COMMAND, Section
from slowworm.sources.text.base import IPV4, Found, LineCounter, understood
from slowworm.sources.text.spans import blank

DEFAULT_THRESHOLD = 512
"""Pairs that ``ip accounting-threshold`` keeps by default (Cisco IOS Command Reference)."""

MIN_PACKET_BYTES, MAX_PACKET_BYTES = 20, 65535
"""An IPv4 packet has at least its header and at most what its length field holds (RFC 791): a row beyond is none."""

_ROW = re.compile(
    rf"(?<!\S)(?P<src>{IPV4})[ \t\r\n]+(?P<dst>{IPV4})[ \t\r\n]+"
    r"(?P<packets>\d{1,15})[ \t\r\n]+(?P<bytes>\d{1,18})(?!\S)"
)
_ACL = re.compile(
    rf"[ \t]+(?:\d{{1,4}}|(?!Accounting\s)[A-Za-z][\w\-.]{{0,63}})(?=[ \t\r]*(?:\n|$|{IPV4}\s|Accounting\s))"
)
_LINE = re.compile(
    rf"^[ \t]*{IPV4}[ \t]+{IPV4}[ \t]+\d{{1,15}}[ \t]+\d{{1,18}}[ \t]*(?:\d{{1,4}}[ \t]*)?\r?$", re.MULTILINE
)
_RUN = re.compile(rf"(?:{IPV4}\s+{IPV4}\s+\d{{1,15}}\s+\d{{1,18}}\s+){{3}}")
_HEADER = re.compile(r"(?<!\S)Source\s+Destination\s+Packets\s+Bytes(?:\s+(?P<acl>ACL))?(?!\S)")
_AGE = re.compile(r"Accounting\s+data\s+age\s+is\s+[\d:ywdhms]+(?!\S)")
_EXCEEDED = re.compile(
    r"Accounting\s+threshold\s+exceeded\s+for\s+(?P<packets>\d{1,15})\s+packets?\s+and\s+(?P<bytes>\d{1,18})\s+bytes?"
)


class IpAccounting:
    """The IP accounting database of an egress interface (or of packets an access list refused)."""

    info = FormatInfo(
        name="show-ip-accounting",
        title="IP accounting database of Cisco IOS",
        commands=(
            "show ip accounting",
            "show ip accounting checkpoint",
            "show ip accounting access-violations",
        ),
        carries="addresses, packets, bytes, summed per pair",
        lacks="protocol, ports, interfaces, times; keeps 512 pairs by default",
    )
    command = re.compile(
        r"sh(?:o|ow)?\s+ip\s+acco\w*(?:[ \t]+(?:ch\w*|o\w*-\w*|ac\w*-\w*))*(?:[ \t]*\|[ \t]*\w+[ \t]+\S+)?",
        re.IGNORECASE,
    )

    def claims(self, section: Section) -> bool:
        """By its header, or by lines of two addresses and two numbers."""
        text = section.text
        return bool(_HEADER.search(text) or _LINE.search(text) or _RUN.search(text))

    def read(self, section: Section) -> Found:
        """Every pair, with the note that a full table makes absence no evidence."""
        columns: dict[str, list[object]] = {
            k: [] for k in ("src_addr", "dst_addr", "packets", "bytes", "line")
        }
        violations = any(match["acl"] for match in _HEADER.finditer(section.text)) or self._violations(
            section
        )
        lines = LineCounter(section)
        spans: list[tuple[int, int]] = []
        for match in _ROW.finditer(section.text):
            src, dst = parse_ipv4(match["src"]), parse_ipv4(match["dst"])
            packets, octets = int(match["packets"]), int(match["bytes"])
            possible = MIN_PACKET_BYTES * packets <= octets <= MAX_PACKET_BYTES * packets
            if src is None or dst is None or packets == 0 or not possible:
                continue
            for name, value in zip(
                columns, (src, dst, packets, octets, lines.at(match.start())), strict=True
            ):
                columns[name].append(value)
            acl = _ACL.match(section.text, match.end()) if violations else None
            spans.append((match.start(), acl.end() if acl else match.end()))
        rows = len(spans)
        notes: list[Note] = []
        exceeded = _EXCEEDED.search(section.text)
        if exceeded:
            notes.append(
                Note(
                    id="ip-accounting-truncated",
                    count=int(exceeded["packets"]),
                    text=(
                        f"{exceeded['packets']} packets were not accounted: the table was full "
                        "(ip accounting-threshold). A host that is missing here may still be infected."
                    ),
                )
            )
        elif rows >= DEFAULT_THRESHOLD:
            notes.append(
                Note(
                    id="ip-accounting-truncated",
                    count=rows,
                    text=(
                        f"{rows} pairs: the table keeps {DEFAULT_THRESHOLD} by default (ip accounting-threshold). "
                        "A host that is missing here may still be infected."
                    ),
                )
            )
        if rows and violations:
            notes.append(
                Note(
                    id="ip-accounting-violations",
                    count=rows,
                    text=(
                        "These packets were refused by an access list: every target looks like a failure here, "
                        "whatever it would have answered."
                    ),
                )
            )
        if rows:
            notes.append(
                Note(
                    id="ip-accounting-no-ports",
                    count=rows,
                    text=(
                        "show ip accounting knows no protocol and no port: failed TCP connections are inferred from "
                        "few packets of SYN size, and the replies of a flooded server look the same."
                    ),
                )
            )
        rest = understood(section, (_HEADER, _AGE, _EXCEEDED))
        return Found(rest=(blank(rest, spans),), rows=rows, columns=columns, notes=tuple(notes))

    def _violations(self, section: Section) -> bool:
        match = self.command.match(section.text.lstrip()[:MAX_COMMAND]) if section.prompted else None
        return match is not None and re.search(r"\sac\w*-", match[0], re.IGNORECASE) is not None
