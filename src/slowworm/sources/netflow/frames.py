"""Sampled packets in IPFIX (PSAMP, RFC 5476): their first octets, dissected into flows of one packet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from slowworm.flows.addresses import ipv6_rows
from slowworm.flows.table import Column
from slowworm.sources.datagrams import Ints
from slowworm.sources.netflow import elements as ie
from slowworm.sources.netflow.columns import batch, timestamps
from slowworm.sources.netflow.flows import Origin, about_records
from slowworm.sources.netflow.options import Options
from slowworm.sources.netflow.records import Records
from slowworm.sources.netflow.templates import Element, Template
from slowworm.sources.packets.columns import PacketProblem, Packets, nullable
from slowworm.sources.packets.dissect import dissect
from slowworm.sources.packets.links import Link

NO_LINK = -1
"""A link type that the dissector does not know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frames:
    """``not_ip``: frames of something else; ``unread``: frames of which too little is there, or damaged ones."""

    batches: tuple[pa.RecordBatch, ...] = ()
    not_ip: int = 0
    unread: int = 0


def is_frame(template: Template) -> bool:
    """Records that hold the beginning of a packet."""
    return _section(template) is not None


def _section(template: Template) -> Element | None:
    return template.first((ie.FRAME_SECTION, ie.IP_SECTION))


def frames(found: Records, origin: Origin, options: Options, rate: pa.Array | None) -> Frames:
    """One flow a sampled packet: ``packets`` is 1, ``bytes`` the octets of IP, neither scaled.

    Without a time in the record both times are that of the message.
    """
    section = _section(found.template)
    if section is None or not len(found):
        return Frames()
    data, at, size = found.places(section)
    link = np.full(len(found), Link.ETHERNET if section.number == ie.FRAME_SECTION else Link.RAW, np.int64)
    for element, good in ((ie.FRAME_TYPE, (0, ie.FRAME_ETHERNET)), (ie.SECTION_OFFSET, (0,))):
        field = found.template.find(element)
        # A wireless frame, or one without its beginning.
        if field is not None and (element != ie.FRAME_TYPE or section.number == ie.FRAME_SECTION):
            link[~np.isin(found.number(field), good)] = NO_LINK
    real = found.template.find(ie.SECTION_OCTETS)
    if real is not None:  # a section of fixed length is filled up
        size = np.minimum(size, found.number(real))
    wire = found.template.find(ie.FRAME_SIZE) if section.number == ie.FRAME_SECTION else None
    packets = dissect(data, at, size, link, original=found.number(wire) if wire is not None else size)
    not_ip = (packets.problem == PacketProblem.NOT_IP) | (packets.arp_operation >= 0)
    columns = about_records(found, origin, options, rate)
    if columns["start_time"] is None:
        export = timestamps(np.array([s.export for s in found.sets], np.int64)[found.set_of])
        columns["start_time"] = columns["end_time"] = export
    made = [_batch(packets, columns, version) for version in (4, 6)]
    return Frames(
        batches=tuple(b for b in made if b.num_rows),
        not_ip=int(not_ip.sum()),
        unread=int(((packets.ip_version == 0) & ~not_ip).sum()),
    )


def _batch(packets: Packets, about: dict[str, Column | None], version: int) -> pa.RecordBatch:
    rows: Ints = packets.rows(version)
    index = pa.array(rows)
    columns: dict[str, Column | None] = {
        name: None if column is None else column.take(index) for name, column in about.items()
    }
    columns |= {
        "packets": pa.array(np.ones(len(rows), np.uint64)),
        "bytes": nullable(packets.ip_length[rows], pa.uint64()),
        "protocol": nullable(packets.protocol[rows], pa.uint8()),
        "src_port": nullable(packets.src_port[rows], pa.uint16()),
        "dst_port": nullable(packets.dst_port[rows], pa.uint16()),
        "icmp_type": nullable(packets.icmp_type[rows], pa.uint8()),
        "icmp_code": nullable(packets.icmp_code[rows], pa.uint8()),
        "tcp_flags": nullable(packets.tcp_flags[rows], pa.uint16()),
        "tcp_sequence_number": nullable(packets.tcp_seq[rows], pa.uint32()),
    }
    if version == 4:
        columns["src_addr"], columns["dst_addr"] = pa.array(packets.src[rows]), pa.array(packets.dst[rows])
    else:
        columns["src_addr"], columns["dst_addr"] = ipv6_rows(packets.src6), ipv6_rows(packets.dst6)
    return batch(columns, rows=len(rows), ip_version=version)
