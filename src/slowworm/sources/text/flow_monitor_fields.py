"""Field names of Flexible NetFlow listings: one spelling for all, and which of them a flow keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

_SHORT = {
    "source": "src",
    "destination": "dst",
    "address": "addr",
    "interface": "intf",
    "protocol": "prot",
    "transport": "trns",
    "packets": "pkts",
    "timestamp": "time",
    "application": "app",
    "direction": "dirn",
    "counter": "",
    "source-port": "src port",
    "destination-port": "dst port",
}
"""Tables and CSV abbreviate the words that the record format spells out, and leave ``counter`` out."""

SOURCES = ("ipv4 src addr", "ipv6 src addr")
DESTINATIONS = ("ipv4 dst addr", "ipv6 dst addr")

FIELDS: Mapping[str, str] = {
    "trns src port": "src_port",
    "tcp src port": "src_port",
    "udp src port": "src_port",
    "trns tcp src port": "src_port",
    "trns udp src port": "src_port",
    "trns dst port": "dst_port",
    "tcp dst port": "dst_port",
    "udp dst port": "dst_port",
    "trns tcp dst port": "dst_port",
    "trns udp dst port": "dst_port",
    "ip prot": "protocol",
    "ipv4 prot": "protocol",
    "ipv6 prot": "protocol",
    "tcp flags": "tcp_flags",
    "trns tcp flags": "tcp_flags",
    "pkts": "packets",
    "pkts long": "packets",
    "bytes": "bytes",
    "bytes long": "bytes",
    "intf input": "in_if",
    "intf output": "out_if",
    "icmp type": "icmp_type",
    "icmp ipv4 type": "icmp_type",
    "icmp ipv6 type": "icmp_type",
    "trns icmp ipv4 type": "icmp_type",
    "trns icmp ipv6 type": "icmp_type",
    "icmp code": "icmp_code",
    "icmp ipv4 code": "icmp_code",
    "icmp ipv6 code": "icmp_code",
    "trns icmp ipv4 code": "icmp_code",
    "trns icmp ipv6 code": "icmp_code",
    "flow sampler id": "sampler",
    "flow sampler": "sampler",
}
"""Known field → column. Bytes of layer 2 are not here: they are more than the octets of IP."""

LOOSE = frozenset(
    {
        "ip vrf id input",
        "vrf id input",
        "ip vrf id output",
        "app name",
        "app id",
        "connection initiator",
    }
)
"""Fields whose values have blanks in them: ``0 (DEFAULT)``, ``layer7 facebook``, ``Reverse initiator``."""

_IGNORED = frozenset(
    (
        "ip tos",
        "ip dscp",
        "ip precedence",
        "ip version",
        "ip ttl",
        "ip ttl minimum",
        "ip ttl maximum",
        "ip length total",
        "ip length header",
        "ip length payload",
        "ip length total min",
        "ip length total max",
        "ip total length",
        "ip header length",
        "ip payload length",
        "ip id",
        "ip fragmentation offset",
        "ip fragmentation flags",
        "ip section header",
        "ip section payload",
        "ip traffic class",
        "ip flow label",
        "ip fwd status",
        "ip forwarding status",
        "routing forwarding-status",
        "fwd status",
        "ipv4 tos",
        "ipv4 dscp",
        "ipv4 precedence",
        "ipv4 version",
        "ipv4 ttl",
        "ipv4 total length",
        "ipv4 id",
        "ipv4 src mask",
        "ipv4 dst mask",
        "ipv4 src prefix",
        "ipv4 dst prefix",
        "ipv4 next hop addr",
        "ipv4 next hop addr bgp",
        "ipv4 bgp next hop addr",
        "ipv6 traffic class",
        "ipv6 traffic-class",
        "ipv6 dscp",
        "ipv6 flow label",
        "ipv6 flow-label",
        "ipv6 hop-limit",
        "ipv6 hop limit",
        "ipv6 version",
        "ipv6 next header",
        "ipv6 extension map",
        "ipv6 payload length",
        "ipv6 src mask",
        "ipv6 dst mask",
        "ipv6 src prefix",
        "ipv6 dst prefix",
        "ipv6 next hop addr",
        "ipv6 next hop addr bgp",
        "ip src as",
        "ip dst as",
        "ip src as peer",
        "ip dst as peer",
        "ip src as 4-octet",
        "ip dst as 4-octet",
        "ip src traffic index",
        "ip dst traffic index",
        "flow dirn",
        "flow end reason",
        "flow obspoint id",
        "flow cts src group tag",
        "flow cts dst group tag",
        "flow exporter id",
        "fw fw event",
        "flows",
        "time first",
        "time last",
        "time abs first",
        "time abs last",
        "time sys-uptime first",
        "time sys-uptime last",
        "bytes layer2",
        "bytes layer2 long",
        "bytes squared",
        "bytes squared long",
        "bytes permanent",
        "pkts permanent",
        "pkts dropped",
        "bytes dropped",
        "datalink ethertype",
        "datalink vlan input",
        "datalink vlan output",
        "datalink dot1q vlan input",
        "datalink dot1q vlan output",
        "datalink dot1q priority",
        "datalink mac src addr input",
        "datalink mac src addr output",
        "datalink mac dst addr input",
        "datalink mac dst addr output",
        "vxlan vxlan vnid",
        "vxlan vxlan vtep input",
        "vxlan vxlan vtep output",
        "tcp seq number",
        "tcp ack number",
        "tcp header length",
        "tcp window size",
        "tcp urgent pointer",
        "udp message length",
        "igmp type",
        "intf input snmp",
        "intf output snmp",
        "intf input physical",
        "connection ipv4 initiator addr",
        "connection ipv4 responder addr",
        "connection initiator port",
        "connection responder port",
        "connection count new",
        "connection server pkts counter",
        "connection client pkts counter",
        "connection server network bytes counter",
        "connection client network bytes counter",
    )
)

MOST_WORDS = 6
"""Words of the longest known names, ``datalink mac destination address output``, and one to spare."""


def canonical(words: Sequence[str]) -> str:
    """The one spelling of a name: ``["IPV4", "SOURCE", "ADDRESS"]`` → ``ipv4 src addr``."""
    return " ".join(filter(None, (_SHORT.get(word.lower(), word.lower()) for word in words)))


KNOWN = frozenset(canonical(name.split()) for name in (*FIELDS, *SOURCES, *DESTINATIONS, *LOOSE, *_IGNORED))
_LAST = frozenset(name.rsplit(" ", 1)[-1] for name in KNOWN)
LAST_WORDS = frozenset((*_LAST, "counter", *(word for word, short in _SHORT.items() if short in _LAST)))
FIRST_WORDS = frozenset((*(name.split()[0] for name in KNOWN), *_SHORT))


def known_suffix(words: Sequence[str]) -> int:
    """How many of the last words are the longest known name; 0 if none."""
    if not words or words[-1].lower() not in LAST_WORDS:
        return 0
    return next((n for n in range(min(MOST_WORDS, len(words)), 0, -1) if canonical(words[-n:]) in KNOWN), 0)


def known_prefix(words: Sequence[str]) -> int:
    """How many of the first words are the longest known name; 0 if none."""
    return next((n for n in range(min(MOST_WORDS, len(words)), 0, -1) if canonical(words[:n]) in KNOWN), 0)
