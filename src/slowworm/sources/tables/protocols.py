"""Names of protocols as logs and tables write them, in lower case: Cisco's, IANA's, and those of /etc/protocols."""

from __future__ import annotations

from collections.abc import Mapping

from slowworm.sources.text.cisco_names import PROTOCOLS

PROTOCOL_WORDS: Mapping[bytes, int] = {
    **{name.encode(): number for name, number in PROTOCOLS.items()},
    b"hopopt": 0,
    b"ip-in-ip": 4,
    b"ipencap": 4,
    b"ipv4": 4,
    b"egp": 8,
    b"ipv6-encap": 41,
    b"ipv6-route": 43,
    b"ipv6-frag": 44,
    b"ipsec-ah": 51,
    b"ipsec-esp": 50,
    b"ipv6-icmp": 58,
    b"icmp-v6": 58,
    b"ipv6-nonxt": 59,
    b"ipv6-opts": 60,
    b"ospfigp": 89,
    b"etherip": 97,
    b"ipcomp": 108,
    b"carp": 112,
    b"udplite": 136,
    b"udp-lite": 136,
}
