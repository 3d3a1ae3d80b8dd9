"""The transport layer: ports, TCP flags and sequence number, ICMP type and code, place of the payload."""

from __future__ import annotations

import numpy as np

from slowworm.flows.services import ICMP, ICMP6, TCP, UDP
from slowworm.sources.packets.columns import Fragment, PacketProblem, Packets
from slowworm.sources.packets.network import Carried
from slowworm.sources.packets.octets import Int, Octets

DCCP, SCTP, UDP_LITE = 33, 132, 136

WITH_PORTS = (TCP, UDP, SCTP, DCCP, UDP_LITE)
"""Protocols that begin with two ports."""

TCP_HEADER, UDP_HEADER, TCP_FLAGS_END = 20, 8, 14

_HAS_PORTS = np.zeros(256, np.bool_)
_HAS_PORTS[list(WITH_PORTS)] = True


def transport(octets: Octets, carried: Carried, packets: Packets) -> None:
    """Fill in what the transport headers say; fragments behind the first have none."""
    first = packets.fragment[carried.rows] != Fragment.LATER
    rows, at, end = carried.rows[first], carried.at[first], carried.end[first]
    # What the capture cut off is truncated; what the IP length leaves no room for was never there.
    fault = np.where(
        end < carried.whole_end[first], PacketProblem.TRUNCATED_TRANSPORT, PacketProblem.MALFORMED_TRANSPORT
    )
    protocol, version = packets.protocol[rows], packets.ip_version[rows]
    ported = _HAS_PORTS[protocol]
    there = ported & (at + 4 <= end)
    packets.src_port[rows[there]] = octets.u16(at[there])
    packets.dst_port[rows[there]] = octets.u16(at[there] + 2)
    lost = ported & ~there
    icmp = ((protocol == ICMP) & (version == 4)) | ((protocol == ICMP6) & (version == 6))
    there = icmp & (at + 2 <= end)
    packets.icmp_type[rows[there]] = octets.u8(at[there])
    packets.icmp_code[rows[there]] = octets.u8(at[there] + 1)
    lost |= icmp & ~there
    lost |= (protocol == TCP) & (at + TCP_FLAGS_END > end)
    packets.problem[rows[lost]] = fault[lost]
    tcp = np.flatnonzero(protocol == TCP)
    if tcp.size:
        _tcp(octets, rows[tcp], at[tcp], end[tcp], packets)
    udp = np.flatnonzero(protocol == UDP)
    if udp.size:
        _udp(octets, rows[udp], at[udp], end[udp], packets)


def _tcp(octets: Octets, rows: Int, at: Int, end: Int, packets: Packets) -> None:
    there = at + 8 <= end
    packets.tcp_seq[rows[there]] = octets.u32(at[there] + 4)
    there = at + TCP_FLAGS_END <= end
    rows, at, end = rows[there], at[there], end[there]
    word = octets.u16(at + 12)
    packets.tcp_flags[rows] = word & 0xFFF
    header = (word >> 12) * 4
    bad = header < TCP_HEADER
    packets.problem[rows[bad]] = PacketProblem.MALFORMED_TRANSPORT
    _payload(rows, at + header, end, ~bad, packets)


def _udp(octets: Octets, rows: Int, at: Int, end: Int, packets: Packets) -> None:
    there = at + UDP_HEADER <= end
    rows, at, end = rows[there], at[there], end[there]
    length = octets.u16(at + 4)  # 0: a jumbogram
    stop = np.where(length >= UDP_HEADER, np.minimum(end, at + length), end)
    _payload(rows, at + UDP_HEADER, stop, np.ones(len(rows), np.bool_), packets)


def _payload(
    rows: Int, at: Int, end: Int, good: np.ndarray[tuple[int], np.dtype[np.bool_]], packets: Packets
) -> None:
    good = good & (at <= end)
    packets.payload_at[rows[good]] = at[good]
    packets.payload_size[rows[good]] = (end - at)[good]
