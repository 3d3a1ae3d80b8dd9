"""What stands between a link header and IP: VLAN and other tags, MPLS labels, PPPoE sessions."""

from __future__ import annotations

import numpy as np

from slowworm.sources.packets.columns import PacketProblem
from slowworm.sources.packets.links import (
    ARP,
    BRIDGED,
    IPV4,
    IPV6,
    LINKS,
    MPLS,
    MPLS_MULTICAST,
    OTHER,
    ethernet,
    pppoe,
)
from slowworm.sources.packets.octets import Bool, Int, Octet, Octets

MAX_WRAPPERS = 16
"""Tags and labels in front of IP; networks stack up to about ten (two VLANs, six labels, pseudowire, VLAN)."""

PPPOE_SESSION = 0x8864

TAGS: dict[int, int] = {0x8100: 4, 0x88A8: 4, 0x9100: 4, 0x9200: 4, 0x9300: 4, 0x8926: 6, 0x8909: 8}
"""EtherType → octets up to and including the next EtherType: IEEE 802.1Q, 802.1ad and its predecessors, Cisco's
VN-Tag (802.1BR) and Cisco metadata (TrustSec)."""

_TAG_SIZE = np.zeros(65536, np.int64)
_TAG_SIZE[list(TAGS)] = list(TAGS.values())
_IS_WRAPPER = _TAG_SIZE > 0
_IS_WRAPPER[[MPLS, MPLS_MULTICAST, PPPOE_SESSION, BRIDGED]] = True
_INSIDE_PSEUDOWIRE = _TAG_SIZE > 0
_INSIDE_PSEUDOWIRE[[IPV4, IPV6, ARP]] = True


def strip_links(octets: Octets, at: Int, end: Int, link: Int) -> tuple[Int, Int, Octet]:
    """EtherType, position behind all link headers, and problem of each packet."""
    kind, here = np.full(len(at), OTHER, np.int64), at.copy()
    problem = np.zeros(len(at), np.uint8)
    for number in np.unique(link).tolist():
        rows = np.flatnonzero(link == number)
        if number not in LINKS:
            problem[rows] = PacketProblem.UNKNOWN_LINK
            continue
        kind[rows], here[rows] = LINKS[number](octets, at[rows])
    _cut(kind, here, end, problem, np.arange(len(at)))
    pending = np.flatnonzero(_IS_WRAPPER[kind])
    for _ in range(MAX_WRAPPERS):
        if not pending.size:
            break
        kind[pending], here[pending] = _unwrap(octets, kind[pending], here[pending], end[pending])
        _cut(kind, here, end, problem, pending)
        pending = pending[_IS_WRAPPER[kind[pending]]]
    problem[pending] = PacketProblem.TOO_DEEP
    kind[pending] = OTHER
    return kind, here, problem


def _cut(kind: Int, here: Int, end: Int, problem: Octet, rows: Int) -> None:
    # What was read behind the end of a packet belongs to another one.
    cut = rows[here[rows] >= end[rows]]
    problem[cut] = np.where(problem[cut] == 0, PacketProblem.TRUNCATED_LINK, problem[cut])
    kind[cut] = OTHER


def _unwrap(octets: Octets, kind: Int, at: Int, end: Int) -> tuple[Int, Int]:
    size = _TAG_SIZE[kind]
    behind = at + size
    inner = np.where(size > 0, octets.u16(behind - 2), OTHER)
    for wrapper, header in ((PPPOE_SESSION, pppoe), (BRIDGED, ethernet)):
        rows = np.flatnonzero(kind == wrapper)
        if rows.size:
            inner[rows], behind[rows] = header(octets, at[rows])
    labelled = np.flatnonzero((kind == MPLS) | (kind == MPLS_MULTICAST))
    if labelled.size:
        inner[labelled], behind[labelled] = _label(octets, at[labelled], end[labelled])
    return inner, behind


def _label(octets: Octets, at: Int, end: Int) -> tuple[Int, Int]:
    """One label; behind the last one nothing says what follows: the first four bits tell (RFC 4928)."""
    last = octets.u8(at + 2) & 1 == 1
    behind = at + 4
    version = octets.u8(behind) >> 4
    kind = np.select([~last, version == 4, version == 6], [MPLS, IPV4, IPV6], OTHER).astype(np.int64)
    rest = np.flatnonzero(kind == OTHER)
    # An Ethernet pseudowire, with a control word (four octets that begin with 0000) or without.
    for control in (4, 0):
        begin = behind[rest] + control
        frame: Bool = (begin + 14 <= end[rest]) & _INSIDE_PSEUDOWIRE[octets.u16(begin + 12)]
        frame &= (version[rest] == 0) | (control == 0)
        kind[rest[frame]] = BRIDGED
        behind[rest[frame]] += control
        rest = rest[~frame]
    return kind, behind
