"""What logs call protocols, TCP flags and ICMP messages, as numbers."""

from __future__ import annotations

import numpy as np

from slowworm.flows.services import PROTOCOL_NAMES
from slowworm.sources.logs.cells import Numbers

TCP = 6
ICMPS = (1, 58)
WITH_PORTS = (6, 17, 33, 132, 136)
"""TCP, UDP, DCCP, SCTP, UDP-Lite: the others have no ports, whatever a log prints in their place."""

FIN, SYN, RST, PSH, ACK, URG, ECE, CWR = (1 << bit for bit in range(8))

_LETTERS = {"F": FIN, "S": SYN, "R": RST, "P": PSH, "A": ACK, "U": URG, "E": ECE, "C": CWR}

_PROTOCOLS = {name: number for number, name in PROTOCOL_NAMES.items()} | {
    "hopopt": 0,
    "ggp": 3,
    "ipencap": 4,
    "ipv4": 4,
    "ipnip": 4,
    "st": 5,
    "cbt": 7,
    "egp": 8,
    "igp": 9,
    "igrp": 9,
    "pup": 12,
    "dccp": 33,
    "ipv6-route": 43,
    "ipv6-frag": 44,
    "ipv6-crypt": 50,
    "ipv6-auth": 51,
    "icmpv6": 58,
    "ipv6-icmp": 58,
    "ipv6-no": 59,
    "ipv6-nonxt": 59,
    "ipv6-opts": 60,
    "ospfigp": 89,
    "ospfv2": 89,
    "ipip6": 94,
    "etherip": 97,
    "ipcomp": 108,
    "udplite": 136,
    "mpls-in-ip": 137,
    # Argus names what it sees inside UDP in the protocol's place.
    "rtp": 17,
    "rtcp": 17,
    "udt": 17,
}

NOT_IP = frozenset(
    (
        *(
            "man",
            "arp",
            "rarp",
            "revarp",
            "llc",
            "ether",
            "eth",
            "stp",
            "lldp",
            "cdp",
            "ipx",
            "ipx/spx",
            "spx",
        ),
        *("appletalk", "aarp", "loop", "ctp", "isl", "decnet", "lat", "mop", "slow", "vlan", "xns", "802.1q"),
        *("dot1x", "eapol", "pppoe", "mpls", "wlan", "isis", "clns"),
    )
)
"""What Argus names in the protocol's place that is no IP at all: management records, ARP, bridges."""

_COUNTERPART = {
    1: {8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 17: 18, 18: 17, 10: 9, 9: 10},
    58: {128: 129, 129: 128, 133: 134, 134: 133, 135: 136, 136: 135, 130: 131, 131: 130, 144: 145, 145: 144},
}
"""ICMP messages that are asked and answered, all of code 0 (RFC 792, 950, 1256, 2710, 4443, 4861, 6275)."""


def protocol_number(name: str) -> int | None:
    """``TCP``, ``ipv6-icmp``, ``17``, ``017`` → number; ``None`` for what is no IP protocol we know."""
    word = name.strip().lower()
    if word.isascii() and word.isdigit() and len(word) <= 3:
        return int(word) if int(word) < 256 else None
    return _PROTOCOLS.get(word)


def flag_letters(text: str) -> int | None:
    """``...AP...``, ``FSPA``, ``.AP.SF``, ``0x1b`` → TCP flags; ``None`` where there is another character."""
    if text[:2].lower() == "0x":
        try:
            return int(text, 16) & 0xFF if len(text) <= 6 else None
        except ValueError:
            return None
    value = 0
    for letter in text:
        if letter != ".":
            if letter not in _LETTERS:
                return None
            value |= _LETTERS[letter]
    return value


def counterpart(protocol: Numbers, message: Numbers) -> Numbers:
    """The ICMP type that answers ``message``; unknown where nothing answers it."""
    table = np.full(2 * 256, -1, np.int64)
    for half, number in enumerate(ICMPS):
        for asked, answer in _COUNTERPART[number].items():
            table[half * 256 + asked] = answer
    kind = np.where(protocol.fill(0) == 58, 256, 0) + (message.fill(0) & 255)
    value = table[kind]
    known = message.known & np.isin(protocol.fill(0), ICMPS) & (value >= 0)
    return Numbers(values=value, known=known)
