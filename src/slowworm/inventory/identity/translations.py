"""NAT tables: ``show ip nat translations`` of IOS, and netfilter's ``conntrack -L``."""

from __future__ import annotations

import re

from slowworm.flows.addresses import Address
from slowworm.flows.services import PORT_PROTOCOLS, PROTOCOL_NAMES
from slowworm.inventory.identity.records import Line, Nameless, Translation, address_of

_PROTOCOLS = {name: number for number, name in PROTOCOL_NAMES.items()}
_END = r"\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?"
_IOS = re.compile(
    rf"(?P<pro>[a-z]+|---)\s+(?P<outside>{_END}|---)\s+(?P<inside>{_END}|---)\s+(?P<near>{_END}|---)"
    rf"(?:\s+(?P<far>{_END}|---))(?:\s+\S+)*"
)
_CONNTRACK = re.compile(
    r"(?:ipv[46]\s+\d+\s+)?(?P<pro>[a-z][\w-]*)\s+\d+\s+(?:\d+\s+)?(?:[A-Z][A-Z_0-9]*\s+)?(?P<rest>src=.*)"
)
_PAIR = re.compile(r"\b(src|dst|sport|dport)=(\S+)")


def translation(line: Line) -> Translation | Nameless | None:
    """The source translation of a line; :class:`Nameless` where none was made, ``None`` for any other line."""
    text = line.text.strip()
    if "src=" in text:
        return _conntrack(text, line)
    match = _IOS.fullmatch(text)
    return _ios(match, line) if match else None


def _ios(match: re.Match[str], line: Line) -> Translation | Nameless | None:
    """Inside global and inside local are the host's outside and inside address; outside global is its peer.

    A row without them is a translation of outside addresses. Cisco's names: "inside" is whose host it is, "local" and
    "global" from which side the address is seen.
    """
    if "---" in (match["outside"], match["inside"]):
        return Nameless()
    (outside, outside_port), (inside, _) = _end(match["outside"]), _end(match["inside"])
    _, peer_port = _end(match["far"])
    protocol = _PROTOCOLS.get(match["pro"])
    if outside is None or inside is None:
        return None
    return Translation(
        outside=outside,
        inside=inside,
        where=line.where,
        protocol=protocol,
        peer_port=peer_port if protocol in PORT_PROTOCOLS else None,  # for ICMP it is the identifier
        forwarded=match["far"] == "---" and outside_port is not None,
    )


def _conntrack(text: str, line: Line) -> Translation | Nameless | None:
    """The reply's destination is what the host's source became."""
    match = _CONNTRACK.fullmatch(text)
    if match is None:
        return None
    pairs = _PAIR.findall(match["rest"])
    first, second = dict(pairs[: len(pairs) // 2]), dict(pairs[len(pairs) // 2 :])
    inside, outside = address_of(first.get("src", "")), address_of(second.get("dst", ""))
    if inside is None or outside is None or inside.version != outside.version:
        return None
    if inside == outside:
        return Nameless()
    protocol, port = _PROTOCOLS.get(match["pro"]), first.get("dport", "")
    return Translation(
        outside=outside,
        inside=inside,
        where=line.where,
        protocol=protocol,
        peer_port=int(port) if port.isdigit() and protocol in PORT_PROTOCOLS else None,
    )


def _end(text: str) -> tuple[Address | None, int | None]:
    host, _, port = text.partition(":")
    return address_of(host), int(port) if port else None
