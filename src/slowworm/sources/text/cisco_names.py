"""Names of protocols and ports as Cisco's listings print them, in lower case."""

from __future__ import annotations

from collections.abc import Mapping

from slowworm.flows.services import PORT_NAMES, PROTOCOL_NAMES

WITH_PORTS = frozenset({6, 17, 33, 132, 136})
"""TCP, UDP, DCCP, SCTP, UDP-Lite: for every other protocol, a 0 in a port column is a filler."""

PROTOCOLS: Mapping[str, int] = {
    **{name: number for number, name in PROTOCOL_NAMES.items()},
    "ipinip": 4,
    "igp": 9,
    "igrp": 9,
    "dccp": 33,
    "ahp": 51,
    "icmpv6": 58,
    "nos": 94,
    "pcp": 108,
}
PORTS: Mapping[str, int] = {
    **{name: number for number, name in PORT_NAMES.items()},
    "daytime": 13,
    "dns": 53,
    "gopher": 70,
    "www": 80,
    "netbios-ss": 139,
    "xdmcp": 177,
    "irc": 194,
    "ssl": 443,
    "exec": 512,
    "biff": 512,
    "login": 513,
    "who": 513,
    "lpd": 515,
    "talk": 517,
    "uucp": 540,
    "klogin": 543,
    "kshell": 544,
    "ldp": 646,
    "x": 6000,
    "x11": 6000,
}
"""Port names that CatOS and IOS print, beside the usual ones."""
