"""Packets to flows, as a router's flow cache would make them: NetFlow's timeouts, both versions of IP, and ARP."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.flows.addresses import ipv6_rows
from slowworm.flows.services import ICMP, ICMP6, PORT_PROTOCOLS
from slowworm.flows.table import Column, flow_batch
from slowworm.sources.packets.columns import Packets, nullable
from slowworm.sources.packets.links import ARP

Ints = npt.NDArray[np.int64]

SYN = 0x02

INACTIVE_NS = 15 * 10**9
ACTIVE_NS = 30 * 60 * 10**9
"""NetFlow's default timeouts: 15 s without a packet, 30 minutes in all (Cisco IOS NetFlow)."""


ARP_REQUEST, ARP_REPLY = 1, 2


def flows(packets: Packets, times: Ints) -> list[pa.RecordBatch]:
    """One batch each for IPv4, IPv6 and ARP; packets that are none of them take no part.

    ``times``: ns since 1970 of each packet. Fragments behind the first belong to a flow without ports. An ARP
    request is a flow from who asks to the address asked for, a reply one back; see :func:`asks`.
    """
    batches = []
    four, six = packets.rows(4), packets.rows(6)
    if len(four):
        key = packets.src[four].astype(np.uint64) << np.uint64(32) | packets.dst[four].astype(np.uint64)
        batches.append(_assembled(packets, times, four, key, 4))
    if len(six):
        pairs = np.ascontiguousarray(np.concatenate([packets.src6, packets.dst6], axis=1))
        _, codes = np.unique(pairs.view(np.dtype((np.void, 32))).reshape(-1), return_inverse=True)
        batches.append(_assembled(packets, times, six, codes.astype(np.uint64), 6))
    arp = np.flatnonzero(asks(packets))
    if len(arp):
        batches.append(_of_arp(packets, times[arp], arp))
    return batches


def asks(packets: Packets) -> npt.NDArray[np.bool_]:
    """Which packets are ARP of one host about another: requests and replies, without what is about oneself.

    A gratuitous packet names its sender twice, a probe before an address is taken (RFC 5227) has sender 0.0.0.0.
    """
    sender, target = packets.arp_sender, packets.arp_target
    which: npt.NDArray[np.bool_] = (sender != 0) & (target != 0) & (sender != target)
    which &= np.isin(packets.arp_operation, (ARP_REQUEST, ARP_REPLY))
    return which


def _of_arp(packets: Packets, times: Ints, rows: Ints) -> pa.RecordBatch:
    sender, target = packets.arp_sender[rows], packets.arp_target[rows]
    pair = sender.astype(np.uint64) << np.uint64(32) | target.astype(np.uint64)
    order, first, last = _cut(pair, np.zeros(len(rows), np.int64), times)
    lead, when = order[first], times[order]
    columns: dict[str, Column] = {
        "src_addr": pa.array(sender[lead]),
        "dst_addr": pa.array(target[lead]),
        "ethertype": pa.array(np.full(len(first), ARP, np.uint16)),
        "packets": pa.array(last - first + 1, pa.uint64()),
        "start_time": _time(when[first]),
        "end_time": _time(when[last]),
    }
    return flow_batch(columns, rows=len(first), ip_version=4)


def _cut(pair: npt.NDArray[np.uint64], service: Ints, when: Ints) -> tuple[Ints, Ints, Ints]:
    """Packets in order of flow and time, and where in that order each flow begins and ends."""
    order = np.lexsort((when, service, pair))
    pair, service, when = pair[order], service[order], when[order]
    new = np.ones(len(order), np.bool_)
    new[1:] = (pair[1:] != pair[:-1]) | (service[1:] != service[:-1]) | (when[1:] - when[:-1] > INACTIVE_NS)
    begin = np.flatnonzero(new)
    # The active timeout cuts what lasts: at whole multiples of it since the flow's first packet.
    age = (when - np.repeat(when[begin], np.diff(np.append(begin, len(when))))) // ACTIVE_NS
    new[1:] |= age[1:] != age[:-1]
    first = np.flatnonzero(new)
    return order, first, np.append(first[1:], len(order)) - 1


def _assembled(
    packets: Packets, times: Ints, rows: Ints, pair: npt.NDArray[np.uint64], version: int
) -> pa.RecordBatch:
    """Group the packets ``rows`` by pair, protocol and ports (ICMP: type and code), then by the timeouts."""
    protocol = packets.protocol[rows].astype(np.int64)
    ports = np.isin(protocol, PORT_PROTOCOLS)
    icmp = (protocol == ICMP) | (protocol == ICMP6)
    one = np.where(icmp, packets.icmp_type[rows], packets.src_port[rows]).astype(np.int64)
    two = np.where(icmp, packets.icmp_code[rows], packets.dst_port[rows]).astype(np.int64)
    service = (protocol + 1) << 40 | (one + 1) << 20 | (two + 1)
    order, first, last = _cut(pair, service, times[rows])
    when = times[rows][order]
    taken = rows[order]
    lead = taken[first]
    missing = ~ports[order][first]
    flags = np.maximum(packets.tcp_flags[taken].astype(np.int64), 0)
    tcp = packets.tcp_flags[lead] >= 0
    columns: dict[str, Column] = {
        "protocol": nullable(protocol[order][first], pa.uint8()),
        "src_port": nullable(np.where(missing, -1, packets.src_port[lead]), pa.uint16()),
        "dst_port": nullable(np.where(missing, -1, packets.dst_port[lead]), pa.uint16()),
        "icmp_type": nullable(packets.icmp_type[lead], pa.uint8()),
        "icmp_code": nullable(packets.icmp_code[lead], pa.uint8()),
        "tcp_flags": nullable(np.where(tcp, np.bitwise_or.reduceat(flags, first), -1), pa.uint16()),
        "tcp_sequence_number": nullable(packets.tcp_seq[_opening(flags, first, taken)], pa.uint32()),
        "packets": pa.array(last - first + 1, pa.uint64()),
        "bytes": pa.array(np.add.reduceat(np.maximum(packets.ip_length[taken], 0), first), pa.uint64()),
        "start_time": _time(when[first]),
        "end_time": _time(when[last]),
    }
    if version == 4:
        columns["src_addr"], columns["dst_addr"] = pa.array(packets.src[lead]), pa.array(packets.dst[lead])
    else:
        within = np.searchsorted(rows, lead)
        columns["src_addr"], columns["dst_addr"] = (
            ipv6_rows(packets.src6[within]),
            ipv6_rows(packets.dst6[within]),
        )
    return flow_batch(columns, rows=len(first), ip_version=version)


def _opening(flags: Ints, first: Ints, taken: Ints) -> Ints:
    """Of each flow the row of its first packet with SYN, else of its first packet: where its numbers start."""
    place = np.arange(len(taken))
    syn = np.minimum.reduceat(np.where(flags & SYN > 0, place, len(taken)), first)
    opening: Ints = taken[np.where(syn < len(taken), syn, first)]
    return opening


def _time(values: Ints) -> pa.Array:
    return pa.array(values, pa.int64(), mask=values < 0).cast(pa.timestamp("ns", tz="UTC"))
