"""The dissector: many packets of a buffer to columns of their header fields, layer by layer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from slowworm.sources.packets.columns import PacketProblem, Packets
from slowworm.sources.packets.links import ARP, IPV4, IPV6
from slowworm.sources.packets.network import arp, ipv4, ipv6
from slowworm.sources.packets.octets import Int, Octets
from slowworm.sources.packets.transport import transport
from slowworm.sources.packets.wrappers import strip_links


def dissect(
    data: Any, offsets: Int, captured: Int, link_type: int | Int, *, original: Int | None = None
) -> Packets:
    """Headers of the packets at ``data[offset : offset + captured]``.

    ``link_type``: one number for all, or one each. ``original``: lengths on the wire, which stand in for an
    IP length of 0. Offsets and lengths may point anywhere: what is not in ``data`` is truncated. About 300
    octets of memory a packet: give large captures in slices. Tunnels over IP (GRE, IP in IP, VXLAN) stay
    closed: the columns are those of the outermost IP header.
    """
    octets = Octets(data)
    begin = np.clip(np.asarray(offsets, np.int64), 0, octets.size)
    room = octets.size - begin
    there = np.clip(np.asarray(captured, np.int64), 0, room)
    end = begin + there
    wire = end if original is None else begin + np.clip(np.asarray(original, np.int64), there, 2**32)
    link = np.broadcast_to(np.asarray(link_type, np.int64), begin.shape)
    packets = Packets.empty(len(begin))
    kind, at, problem = strip_links(octets, begin, end, link)
    packets.problem[:] = problem
    packets.problem[(problem == 0) & (kind != IPV4) & (kind != IPV6) & (kind != ARP)] = PacketProblem.NOT_IP

    rows = np.flatnonzero(kind == ARP)
    if rows.size:
        arp(octets, rows, at[rows], end[rows], packets)
        packets.network_offset[rows] = at[rows] - begin[rows]
    rows = np.flatnonzero(kind == IPV4)
    if rows.size:
        transport(octets, ipv4(octets, rows, at[rows], end[rows], wire[rows], packets), packets)
        packets.network_offset[rows] = at[rows] - begin[rows]
    rows = np.flatnonzero(kind == IPV6)
    if rows.size:
        carried, src6, dst6 = ipv6(octets, rows, at[rows], end[rows], wire[rows], packets)
        transport(octets, carried, packets)
        packets.network_offset[rows] = at[rows] - begin[rows]
        packets = replace(packets, src6=src6, dst6=dst6)
    return packets
