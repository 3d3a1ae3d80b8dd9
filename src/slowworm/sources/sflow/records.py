"""Records of flow samples: sampled packet headers and sampled IP records to the columns of a flow."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slowworm.sources.packets.columns import MISSING, PROBLEM_TEXTS, PacketProblem
from slowworm.sources.packets.dissect import dissect
from slowworm.sources.packets.links import Link
from slowworm.sources.packets.octets import Bool, Int, Octet, Octets
from slowworm.sources.packets.transport import WITH_PORTS
from slowworm.sources.sflow.samples import Samples
from slowworm.sources.sflow.walk import Items

RAW_HEADER, SAMPLED_IPV4, SAMPLED_IPV6 = 1, 3, 4

_RAW_FIXED, _IPV4_SIZE, _IPV6_SIZE = 16, 32, 56
"""Octets of a raw header record in front of the header, and of the sampled IP records."""

HEADER_LINKS: dict[int, int] = {
    1: Link.ETHERNET,
    5: Link.FRAME_RELAY,
    7: Link.PPP,
    11: Link.IPV4,
    12: Link.IPV6,
    13: Link.MPLS,
    14: Link.PPP_HDLC,
}
"""header_protocol of sFlow (token ring, FDDI, X.25, SMDS, ATM and wireless ones are not known) → link type."""

_UNKNOWN_LINK = -1

_SAME = ("protocol", "src_port", "dst_port", "icmp_type", "icmp_code", "tcp_flags", "tcp_seq")
"""What a sample says in the words of the dissector."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """What was sampled, one row for each sample; ``ip_version`` is 0 where there is no IP packet."""

    ip_version: Octet
    src: npt.NDArray[np.uint32]
    dst: npt.NDArray[np.uint32]
    src6: Octet
    """Shape (n, 16), as ``dst6``."""
    dst6: Octet
    protocol: Int
    src_port: Int
    dst_port: Int
    icmp_type: Int
    icmp_code: Int
    tcp_flags: Int
    tcp_seq: Int
    size: Int
    """Octets of IP, -1 where not known."""
    tried: Bool
    """The sample holds a record that could tell."""
    not_ip: Bool
    """The sampled packet is something else than IP (where ``ip_version`` is 0)."""

    @classmethod
    def empty(cls, count: int) -> Sampled:
        """Nothing known yet."""
        names = (*_SAME, "size")
        return cls(
            ip_version=np.zeros(count, np.uint8),
            src=np.zeros(count, np.uint32),
            dst=np.zeros(count, np.uint32),
            src6=np.zeros((count, 16), np.uint8),
            dst6=np.zeros((count, 16), np.uint8),
            tried=np.zeros(count, np.bool_),
            not_ip=np.zeros(count, np.bool_),
            **{name: np.full(count, MISSING, np.int64) for name in names},
        )


Faults = list[tuple[str, Int]]
"""What was wrong, and where."""


def read_records(data: bytes, octets: Octets, samples: Samples, records: Items) -> tuple[Sampled, Faults]:
    """One packet for each sample: from its first sampled header, else from its sampled IP record."""
    sampled = Sampled.empty(len(samples.at))
    faults = _headers(data, octets, records, sampled)
    for form, size in ((SAMPLED_IPV4, _IPV4_SIZE), (SAMPLED_IPV6, _IPV6_SIZE)):
        owner, at, end = records.of(form)
        sampled.tried[owner] = True
        whole = at + size <= end
        faults.append(("sampled IP records that are too short", at[~whole]))
        fresh = whole & (sampled.ip_version[owner] == 0)
        _ip_record(octets, owner[fresh], at[fresh], 4 if form == SAMPLED_IPV4 else 6, sampled)
    return sampled, faults


def _headers(data: bytes, octets: Octets, records: Items, sampled: Sampled) -> Faults:
    owner, at, end = records.of(RAW_HEADER)
    sampled.tried[owner] = True
    _, first = np.unique(owner, return_index=True)
    owner, at, end = owner[first], at[first], end[first]
    whole = at + _RAW_FIXED <= end
    faults: Faults = [("sampled headers that are too short", at[~whole])]
    owner, at, end = owner[whole], at[whole], end[whole]
    number, frame, stripped, said = (octets.u32(at + place) for place in (0, 4, 8, 12))
    begin, room = at + _RAW_FIXED, end - at - _RAW_FIXED
    faults.append(("sampled headers longer than their record", at[said > room]))
    link = np.full(len(at), _UNKNOWN_LINK, np.int64)
    for protocol, link_type in HEADER_LINKS.items():
        link[number == protocol] = link_type
    packets = dissect(data, begin, np.minimum(said, room), link, original=np.maximum(frame - stripped, 0))
    for code, text in PROBLEM_TEXTS.items():
        faults.append((f"sampled headers: {text}", at[packets.problem == code]))
    sampled.not_ip[owner] = (packets.problem == PacketProblem.NOT_IP) | (packets.arp_operation >= 0)
    for version in (4, 6):
        rows = packets.rows(version)
        to = owner[rows]
        sampled.ip_version[to] = version
        for name in _SAME:
            getattr(sampled, name)[to] = getattr(packets, name)[rows]
        sampled.size[to] = packets.ip_length[rows]
    sampled.src[owner], sampled.dst[owner] = packets.src, packets.dst
    six = owner[packets.rows(6)]
    sampled.src6[six], sampled.dst6[six] = packets.src6, packets.dst6
    return faults


def _ip_record(octets: Octets, owner: Int, at: Int, version: int, sampled: Sampled) -> None:
    sampled.ip_version[owner] = version
    sampled.not_ip[owner] = False
    sampled.size[owner] = octets.u32(at)
    protocol = octets.u32(at + 4)
    known: Bool = protocol <= 255
    sampled.protocol[owner] = np.where(known, protocol, MISSING)
    if version == 4:
        sampled.src[owner], sampled.dst[owner] = octets.u32(at + 8), octets.u32(at + 12)
        ports = at + 16
    else:
        sampled.src6[owner], sampled.dst6[owner] = octets.block(at + 8, 16), octets.block(at + 24, 16)
        ports = at + 40
    ported = np.isin(protocol, WITH_PORTS)
    for name, place in (("src_port", ports), ("dst_port", ports + 4)):
        value = octets.u32(place)
        getattr(sampled, name)[owner] = np.where(ported & (value <= 0xFFFF), value, MISSING)
    flags = octets.u32(ports + 8)
    sampled.tcp_flags[owner] = np.where((protocol == 6) & (flags <= 0xFFF), flags, MISSING)
