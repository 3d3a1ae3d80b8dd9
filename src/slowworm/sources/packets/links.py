"""Link layers: from the first octet of a packet to its EtherType and what the EtherType stands for."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum

import numpy as np

from slowworm.sources.packets.octets import Int, Octets

OTHER = 0
"""EtherType of what is neither IP nor ARP nor a wrapper of them."""

IPV4, IPV6, ARP = 0x0800, 0x86DD, 0x0806
MPLS, MPLS_MULTICAST = 0x8847, 0x8848
BRIDGED = 0x6558
"""Transparent Ethernet bridging: an Ethernet frame follows."""

FIRST_ETHERTYPE = 0x0600
"""Smaller values in an Ethernet header are lengths (IEEE 802.3)."""

NETLINK = 824
"""ARPHRD of packets between Linux programs, whose protocol is no EtherType."""


class Link(IntEnum):
    """Link types as captures number them (tcpdump.org/linktypes.html; 9 to 14 as the BSDs write them)."""

    BSD_NULL = 0
    ETHERNET = 1
    PPP = 9
    RAW_BSD = 12
    RAW_OPENBSD = 14
    PPP_HDLC = 50
    PPPOE = 51
    RAW = 101
    CISCO_HDLC = 104
    FRAME_RELAY = 107
    BSD_LOOP = 108
    LINUX_SLL = 113
    PPP_WITH_DIRECTION = 204
    MPLS = 219
    IPV4 = 228
    IPV6 = 229
    LINUX_SLL2 = 276


Found = tuple[Int, Int]
"""EtherType and position behind the header."""

_BSD_FAMILIES = {2: IPV4, 10: IPV6, 24: IPV6, 28: IPV6, 30: IPV6}
"""AF_INET, and AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, Darwin."""

_PPP_PROTOCOLS = {0x21: IPV4, 0x57: IPV6, 0x281: MPLS, 0x283: MPLS_MULTICAST}

_FRAME_RELAY_NLPIDS = {0xCC: IPV4, 0x8E: IPV6}


def _translate(values: Int, table: dict[int, int]) -> Int:
    translated = np.full(len(values), OTHER, np.int64)
    for value, ethertype in table.items():
        translated[values == value] = ethertype
    return translated


def ethernet(octets: Octets, at: Int) -> Found:
    """Ethernet II, and IEEE 802.3 with LLC and SNAP."""
    kind, behind = octets.u16(at + 12), at + 14
    lengths = np.flatnonzero(kind < FIRST_ETHERTYPE)
    if lengths.size:
        begin = at[lengths]
        # AA AA 03, then organisation 000000 (RFC 1042) or 0000F8 (bridge tunnel), then an EtherType.
        llc = octets.u16(begin + 14) << 8 | octets.u8(begin + 16)
        organisation = octets.u16(begin + 17) << 8 | octets.u8(begin + 19)
        snap = (llc == 0xAAAA03) & ((organisation == 0) | (organisation == 0xF8))
        kind[lengths] = np.where(snap, octets.u16(begin + 20), OTHER)
        behind[lengths] += 8 * snap
    return kind, behind


def raw(octets: Octets, at: Int) -> Found:
    """IP without a link header: its version says which."""
    return _translate(octets.u8(at) >> 4, {4: IPV4, 6: IPV6}), at


def linux_sll(octets: Octets, at: Int) -> Found:
    """Linux "cooked" capture, version 1: 16 octets, the protocol last."""
    return np.where(octets.u16(at + 2) == NETLINK, OTHER, octets.u16(at + 14)), at + 16


def linux_sll2(octets: Octets, at: Int) -> Found:
    """Linux "cooked" capture, version 2: 20 octets, the protocol first."""
    return np.where(octets.u16(at + 8) == NETLINK, OTHER, octets.u16(at)), at + 20


def bsd_loopback(octets: Octets, at: Int) -> Found:
    """An address family in the byte order of the machine (null) or of the network (loop)."""
    high, low = octets.u16(at), octets.u16(at + 2)
    swapped = (high & 0xFF) << 8 | high >> 8
    return _translate(np.where(high == 0, low, swapped), _BSD_FAMILIES), at + 4


def ppp_protocol(octets: Octets, at: Int) -> Found:
    """The protocol of PPP, of two octets, or of one where compressed (RFC 1661, 6.5)."""
    first = octets.u8(at)
    short = first & 1 == 1
    return _translate(np.where(short, first, octets.u16(at)), _PPP_PROTOCOLS), at + 2 - short


def ppp(octets: Octets, at: Int) -> Found:
    """PPP, with or without address and control, or Cisco HDLC in its place (packet over SONET)."""
    first = octets.u16(at)
    kind, behind = ppp_protocol(octets, at + 2 * (first == 0xFF03))
    cisco = (first == 0x0F00) | (first == 0x8F00)
    return np.where(cisco, octets.u16(at + 2), kind), np.where(cisco, at + 4, behind)


def ppp_with_direction(octets: Octets, at: Int) -> Found:
    """PPP behind an octet that tells who sent it."""
    return ppp(octets, at + 1)


def pppoe(octets: Octets, at: Int) -> Found:
    """A PPPoE session: six octets, then the protocol of PPP."""
    return ppp_protocol(octets, at + 6)


def cisco_hdlc(octets: Octets, at: Int) -> Found:
    """Cisco HDLC: address, control, EtherType."""
    return octets.u16(at + 2), at + 4


def frame_relay(octets: Octets, at: Int) -> Found:
    """Frame relay: an address of two to four octets, then RFC 2427, or an EtherType as Cisco encapsulates."""
    longer = octets.u8(at + 1) & 1 == 0  # the lowest bit of an octet is set in the last one
    here = at + 2 + longer + (longer & (octets.u8(at + 2) & 1 == 0))
    standard = octets.u8(here) == 3
    nlpid = _translate(octets.u8(here + 1), _FRAME_RELAY_NLPIDS)
    return np.where(standard, nlpid, octets.u16(here)), here + 2


def mpls(_: Octets, at: Int) -> Found:
    """Labels from the first octet on."""
    return np.full(len(at), MPLS, np.int64), at


LINKS: dict[int, Callable[[Octets, Int], Found]] = {
    Link.BSD_NULL: bsd_loopback,
    Link.ETHERNET: ethernet,
    Link.PPP: ppp,
    Link.RAW_BSD: raw,
    Link.RAW_OPENBSD: raw,
    Link.PPP_HDLC: ppp,
    Link.PPPOE: pppoe,
    Link.RAW: raw,
    Link.CISCO_HDLC: cisco_hdlc,
    Link.FRAME_RELAY: frame_relay,
    Link.BSD_LOOP: bsd_loopback,
    Link.LINUX_SLL: linux_sll,
    Link.PPP_WITH_DIRECTION: ppp_with_direction,
    Link.MPLS: mpls,
    Link.IPV4: raw,
    Link.IPV6: raw,
    Link.LINUX_SLL2: linux_sll2,
}
