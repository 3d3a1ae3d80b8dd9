"""The network layer: IPv4 with options, IPv6 with extension headers, fragments of both, ARP."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slowworm.sources.packets.columns import MISSING, Fragment, PacketProblem, Packets
from slowworm.sources.packets.octets import Int, Octet, Octets

IPV4_HEADER, IPV6_HEADER, ARP_HEADER = 20, 40, 8

HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION = 0, 43, 44, 51, 60

MAX_EXTENSIONS = 16
"""Extension headers followed; RFC 8200 has each at most once or twice."""

_IS_EXTENSION = np.zeros(256, np.bool_)
_IS_EXTENSION[[HOP_BY_HOP, ROUTING, FRAGMENT, AUTHENTICATION, DESTINATION]] = True


@dataclass(frozen=True, slots=True)
class Carried:
    """Packets whose transport header may be looked for: rows, first octet, last octet there is, and should be."""

    rows: Int
    at: Int
    end: Int
    whole_end: Int


def ipv4(octets: Octets, rows: Int, at: Int, end: Int, wire: Int, packets: Packets) -> Carried:
    """IPv4 headers at ``at``; ``end``: of what was captured, ``wire``: of what was on the wire."""
    rows, at, end, wire = _of_size(rows, at, end, wire, IPV4_HEADER, packets)
    first = octets.u8(at)
    header = (first & 15) * 4
    total = octets.u16(at + 2)
    length = np.where(total == 0, wire - at, total)  # 0: the network card was to cut it into segments
    good = (first >> 4 == 4) & (header >= IPV4_HEADER) & (length >= header)
    packets.problem[rows[~good]] = PacketProblem.MALFORMED_NETWORK
    rows, at, end, header, length = rows[good], at[good], end[good], header[good], length[good]
    packets.ip_version[rows] = 4
    packets.src[rows] = octets.u32(at + 12)
    packets.dst[rows] = octets.u32(at + 16)
    packets.protocol[rows] = octets.u8(at + 9)
    packets.ttl[rows] = octets.u8(at + 8)
    packets.ip_length[rows] = length
    fragment = octets.u16(at + 6)
    packets.fragment[rows] = _fragment(fragment & 0x1FFF, fragment & 0x2000)
    whole = at + length
    return Carried(rows, at + header, np.minimum(end, whole), whole)


def ipv6(
    octets: Octets, rows: Int, at: Int, end: Int, wire: Int, packets: Packets
) -> tuple[Carried, Octet, Octet]:
    """IPv6 headers, as :func:`ipv4`, with the addresses of all rows that are IPv6 (in order)."""
    rows, at, end, wire = _of_size(rows, at, end, wire, IPV6_HEADER, packets)
    good = octets.u8(at) >> 4 == 6
    packets.problem[rows[~good]] = PacketProblem.MALFORMED_NETWORK
    rows, at, end, wire = rows[good], at[good], end[good], wire[good]
    payload, following = octets.u16(at + 4), octets.u8(at + 6)
    # No payload length, yet a payload: a jumbogram (RFC 2675) or segmentation offload.
    unsaid = (payload == 0) & (wire > at + IPV6_HEADER) & ((following == HOP_BY_HOP) | (following == 6))
    length = np.where(unsaid, wire - at, payload + IPV6_HEADER)
    packets.ip_version[rows] = 6
    packets.ttl[rows] = octets.u8(at + 7)
    packets.ip_length[rows] = length
    whole = at + length
    carried = Carried(rows, at + IPV6_HEADER, np.minimum(end, whole), whole)
    carried = _extensions(octets, carried, following, packets)
    return carried, octets.block(at + 8, 16), octets.block(at + 24, 16)


def arp(octets: Octets, rows: Int, at: Int, end: Int, packets: Packets) -> None:
    """ARP for IPv4 over any hardware address."""
    rows, at, end, _ = _of_size(rows, at, end, end, ARP_HEADER, packets)
    hardware = octets.u8(at + 4)
    good = (octets.u16(at + 2) == 0x0800) & (octets.u8(at + 5) == 4)
    packets.problem[rows[~good]] = PacketProblem.MALFORMED_NETWORK
    rows, at, end, hardware = rows[good], at[good], end[good], hardware[good]
    sender, target = at + 8 + hardware, at + 12 + 2 * hardware
    there = target + 4 <= end
    packets.problem[rows[~there]] = PacketProblem.TRUNCATED_NETWORK
    rows, at, sender, target = rows[there], at[there], sender[there], target[there]
    packets.arp_operation[rows] = octets.u16(at + 6)
    packets.arp_sender[rows] = octets.u32(sender)
    packets.arp_target[rows] = octets.u32(target)


def _of_size(
    rows: Int, at: Int, end: Int, wire: Int, size: int, packets: Packets
) -> tuple[Int, Int, Int, Int]:
    there = at + size <= end
    packets.problem[rows[~there]] = PacketProblem.TRUNCATED_NETWORK
    return rows[there], at[there], end[there], wire[there]


def _fragment(offset: Int, more: Int) -> Int:
    return np.select([offset > 0, more > 0], [Fragment.LATER, Fragment.FIRST], Fragment.WHOLE).astype(
        np.int64
    )


def _extensions(octets: Octets, carried: Carried, following: Int, packets: Packets) -> Carried:
    """Walk the extension headers, one for each packet in a round; what ends among them has no protocol."""
    at = carried.at.copy()
    following = following.copy()
    pending = np.flatnonzero(_IS_EXTENSION[following])
    for _ in range(MAX_EXTENSIONS):
        if not pending.size:
            break
        here, kind = at[pending], following[pending]
        size = octets.u8(here + 1)
        size = np.select([kind == FRAGMENT, kind == AUTHENTICATION], [8, 4 * (size + 2)], 8 * (size + 1))
        # The next position may be the end itself only where nothing follows; the transport layer looks.
        there = here + size <= carried.end[pending]
        lost = pending[~there]
        cut = carried.end[lost] < carried.whole_end[lost]
        packets.problem[carried.rows[lost]] = np.where(
            cut, PacketProblem.TRUNCATED_TRANSPORT, PacketProblem.MALFORMED_TRANSPORT
        )
        following[lost] = MISSING
        pending, here, kind, size = pending[there], here[there], kind[there], size[there]
        split = np.flatnonzero(kind == FRAGMENT)
        if split.size:
            word = octets.u16(here[split] + 2)
            packets.fragment[carried.rows[pending[split]]] = _fragment(word >> 3, word & 1)
        following[pending] = octets.u8(here)
        at[pending] = here + size
        later = packets.fragment[carried.rows[pending]] == Fragment.LATER
        pending = pending[_IS_EXTENSION[following[pending]] & ~later]
    packets.problem[carried.rows[pending]] = PacketProblem.MALFORMED_TRANSPORT
    following[pending] = MISSING
    packets.protocol[carried.rows] = following
    known = following >= 0
    return Carried(carried.rows[known], at[known], carried.end[known], carried.whole_end[known])
