"""DNS in packet captures: the answers that clients got over UDP, as lookups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from slowworm.flows.addresses import ipv6_rows
from slowworm.kernels import dns as kernels
from slowworm.sources.base import Lookups
from slowworm.sources.packets.columns import Packets
from slowworm.sources.packets.octets import Int, Octets

PORT, UDP = 53, 17

COMPILE_FROM_MESSAGES = 50_000
"""Messages from which the walk is compiled; below, importing numba would take longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """``short``: answers that ended early; what stood in front of the end was used."""

    lookups: tuple[Lookups, ...] = ()
    short: int = 0


def lookups_of(data: bytes, packets: Packets, times: Int) -> Seen:
    """Who asked for names in a capture, and which addresses the answers gave them.

    DNS over TCP, TLS or HTTPS stays unread, and so do multicast and local-link name services (other ports).
    """
    udp = (packets.protocol == UDP) & (packets.payload_size > 0)
    asked = np.flatnonzero(udp & (packets.dst_port == PORT))
    told = np.flatnonzero(udp & (packets.src_port == PORT))
    if not (len(asked) or len(told)):
        return Seen()
    found: list[Lookups] = []
    for version in (4, 6):
        for rows, client in ((asked, _sources), (told, _destinations)):
            mine = rows[packets.ip_version[rows] == version]
            if len(mine):
                found.append(Lookups(client=client(packets, mine, version), time=_times(times[mine])))
    owner, place, kind, short = _answers(data, packets.payload_at[told], packets.payload_size[told])
    octets = Octets(data)
    for version in (4, 6):
        for answer in (4, 6):
            chosen = (packets.ip_version[told[owner]] == version) & (kind == answer)
            rows, at = told[owner[chosen]], place[chosen]
            if len(rows):
                addresses = (
                    pa.array(octets.u32(at).astype(np.uint32))
                    if answer == 4
                    else ipv6_rows(octets.block(at, 16))
                )
                client = _destinations(packets, rows, version)
                found.append(Lookups(client=client, answer=addresses, time=_times(times[rows])))
    return Seen(lookups=tuple(found), short=short)


def _answers(data: bytes, begin: Int, size: Int) -> tuple[Int, Int, Int, int]:
    room = int((size // kernels.SMALLEST_ANSWER).sum())
    owner, place, kind = (np.zeros(room, np.int64) for _ in range(3))
    large = len(begin) >= COMPILE_FROM_MESSAGES
    walk = kernels.answers.compiled if large else kernels.answers.python
    octets = np.frombuffer(data, np.uint8) if large else data
    count, short = walk(octets, begin, size, len(begin), owner, place, kind)
    return owner[:count], place[:count], kind[:count], short


def _sources(packets: Packets, rows: Int, version: int) -> pa.Array:
    return pa.array(packets.src[rows]) if version == 4 else ipv6_rows(packets.src6[_six(packets, rows)])


def _destinations(packets: Packets, rows: Int, version: int) -> pa.Array:
    return pa.array(packets.dst[rows]) if version == 4 else ipv6_rows(packets.dst6[_six(packets, rows)])


def _six(packets: Packets, rows: Int) -> Int:
    return np.searchsorted(packets.rows(6), rows).astype(np.int64)


def _times(values: Int) -> pa.Array:
    return pa.array(values, pa.int64(), mask=values < 0)
