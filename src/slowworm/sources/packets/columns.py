"""The columns that the dissector fills, and the codes of what may be wrong with a packet."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.sources.packets.octets import Int, Octet

MISSING = -1
"""What a packet does not have, in every signed column."""


class PacketProblem(IntEnum):
    """Why a packet says less than it might; from ``TRUNCATED_TRANSPORT`` on its addresses are good."""

    NONE = 0
    NOT_IP = 1
    """Neither IP nor ARP: nothing is wrong with it."""
    UNKNOWN_LINK = 2
    TRUNCATED_LINK = 3
    TOO_DEEP = 4
    """More tags and labels than any network stacks."""
    TRUNCATED_NETWORK = 5
    MALFORMED_NETWORK = 6
    TRUNCATED_TRANSPORT = 7
    MALFORMED_TRANSPORT = 8


PROBLEM_TEXTS: dict[PacketProblem, str] = {
    PacketProblem.UNKNOWN_LINK: "packets of a link type that is not known",
    PacketProblem.TRUNCATED_LINK: "packets that end within their link header",
    PacketProblem.TOO_DEEP: "packets with too many tags or labels",
    PacketProblem.TRUNCATED_NETWORK: "packets that end within their IP or ARP header",
    PacketProblem.MALFORMED_NETWORK: "packets whose IP or ARP header contradicts itself",
    PacketProblem.TRUNCATED_TRANSPORT: "packets captured too short for ports, TCP flags or ICMP type",
    PacketProblem.MALFORMED_TRANSPORT: "packets whose IP length leaves no room for their transport header",
}


class Fragment(IntEnum):
    """Which part of an IP datagram a packet is; only ``LATER`` ones lack the transport header."""

    WHOLE = 0
    FIRST = 1
    LATER = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Packets:
    """Headers of n packets, one row each; -1 (:data:`MISSING`) in a signed column is null."""

    ip_version: Octet
    """4, 6, or 0 for what is not IP."""
    src: npt.NDArray[np.uint32]
    """IPv4 source; 0 in other packets."""
    dst: npt.NDArray[np.uint32]
    src6: Octet
    """IPv6 sources, shape (k, 16): one row for each of the k packets with ``ip_version == 6``, in order."""
    dst6: Octet
    protocol: npt.NDArray[np.int16]
    """IP protocol behind IPv6 extension headers."""
    src_port: npt.NDArray[np.int32]
    dst_port: npt.NDArray[np.int32]
    tcp_flags: npt.NDArray[np.int16]
    """Twelve bits, as IPFIX tcpControlBits."""
    tcp_seq: Int
    icmp_type: npt.NDArray[np.int16]
    icmp_code: npt.NDArray[np.int16]
    ip_length: Int
    """Octets of IP as its header says them; of the packet where the header says 0 (segmentation offload)."""
    ttl: npt.NDArray[np.int16]
    fragment: Octet
    """:class:`Fragment`."""
    arp_operation: npt.NDArray[np.int32]
    """1 request, 2 reply; -1 in packets that are not ARP for IPv4."""
    arp_sender: npt.NDArray[np.uint32]
    arp_target: npt.NDArray[np.uint32]
    network_offset: npt.NDArray[np.int32]
    """Octets of link header, tags and labels in front of IP or ARP."""
    payload_at: Int
    """Where in the buffer the payload of TCP or UDP begins."""
    payload_size: Int
    """How much of it there is: never behind the packet's end, nor (UDP) its own length; 0 where none."""
    problem: Octet
    """:class:`PacketProblem`."""

    @property
    def count(self) -> int:
        """Packets."""
        return len(self.ip_version)

    def rows(self, ip_version: int) -> Int:
        """Rows of the packets of one IP version."""
        return np.flatnonzero(self.ip_version == ip_version).astype(np.int64)

    @classmethod
    def empty(cls, count: int) -> Packets:
        """Columns in which nothing is known yet, to be filled."""
        ports, small = np.full(count, MISSING, np.int32), np.full(count, MISSING, np.int16)
        wide, addresses = np.full(count, MISSING, np.int64), np.zeros(count, np.uint32)
        return cls(
            ip_version=np.zeros(count, np.uint8),
            src=addresses,
            dst=addresses.copy(),
            src6=np.zeros((0, 16), np.uint8),
            dst6=np.zeros((0, 16), np.uint8),
            protocol=small,
            src_port=ports,
            dst_port=ports.copy(),
            tcp_flags=small.copy(),
            tcp_seq=wide,
            icmp_type=small.copy(),
            icmp_code=small.copy(),
            ip_length=wide.copy(),
            ttl=small.copy(),
            fragment=np.zeros(count, np.uint8),
            arp_operation=ports.copy(),
            arp_sender=addresses.copy(),
            arp_target=addresses.copy(),
            network_offset=ports.copy(),
            payload_at=wide.copy(),
            payload_size=np.zeros(count, np.int64),
            problem=np.zeros(count, np.uint8),
        )


def nullable(values: npt.NDArray[Any], kind: pa.DataType) -> pa.Array:
    """A signed column as an Arrow array of an unsigned type, negative values as null."""
    missing = values < 0
    if not missing.any():
        return pa.array(values.astype(kind.to_pandas_dtype()))
    return pa.array(np.where(missing, 0, values).astype(kind.to_pandas_dtype()), mask=missing)
