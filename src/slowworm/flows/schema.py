"""The schema of the flow record: the one table that code, filters, exports and documentation read.

IPv4 and IPv6 flows travel in batches of their own: the same columns, with addresses as ``uint32`` in the
one and as 16 bytes in the other. Missing is null, never zero.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pyarrow as pa

ADDRESS = "address"
"""Placeholder type: ``uint32`` in IPv4 batches, ``fixed_size_binary[16]`` in IPv6 batches."""

TEXT = pa.dictionary(pa.int32(), pa.string())
TIME = pa.timestamp("ns", tz="UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One column: its name, Arrow type, unit, and what others call it (``None`` where they have no name)."""

    name: str
    type: object
    doc: str
    unit: str | None = None
    ipfix: str | None = None
    nfdump: str | None = None
    zeek: str | None = None
    ecs: str | None = None
    ocsf: str | None = None


FIELDS: tuple[Field, ...] = (
    Field(
        name="start_time",
        type=TIME,
        unit="ns since 1970 UTC",
        ipfix="flowStartNanoseconds",
        nfdump="first",
        zeek="ts",
        ecs="event.start",
        ocsf="start_time",
        doc="First packet of the flow; null where the source has no dates, as a pasted cache.",
    ),
    Field(
        name="end_time",
        type=TIME,
        unit="ns since 1970 UTC",
        ipfix="flowEndNanoseconds",
        nfdump="last",
        ecs="event.end",
        ocsf="end_time",
        doc="Last packet of the flow.",
    ),
    Field(
        name="src_addr",
        type=ADDRESS,
        ipfix="sourceIPv4Address",
        nfdump="src_addr",
        zeek="id.orig_h",
        ecs="source.ip",
        ocsf="src_endpoint.ip",
        doc="Source address; null where a flow mask left it out (source 0.0.0.0 of MLS is no host).",
    ),
    Field(
        name="dst_addr",
        type=ADDRESS,
        ipfix="destinationIPv4Address",
        nfdump="dst_addr",
        zeek="id.resp_h",
        ecs="destination.ip",
        ocsf="dst_endpoint.ip",
        doc="Destination address.",
    ),
    Field(
        name="ethertype",
        type=pa.uint16(),
        ipfix="ethernetType",
        doc="EtherType of what is not IP: 2054 (0x0806) is ARP, asked by src_addr for dst_addr; null is IP.",
    ),
    Field(
        name="protocol",
        type=pa.uint8(),
        ipfix="protocolIdentifier",
        nfdump="proto",
        zeek="proto",
        ecs="network.iana_number",
        ocsf="connection_info.protocol_num",
        doc="IP protocol number; null in show ip accounting.",
    ),
    Field(
        name="src_port",
        type=pa.uint16(),
        ipfix="sourceTransportPort",
        nfdump="src_port",
        zeek="id.orig_p",
        ecs="source.port",
        ocsf="src_endpoint.port",
        doc="TCP, UDP or SCTP source port.",
    ),
    Field(
        name="dst_port",
        type=pa.uint16(),
        ipfix="destinationTransportPort",
        nfdump="dst_port",
        zeek="id.resp_p",
        ecs="destination.port",
        ocsf="dst_endpoint.port",
        doc="TCP, UDP or SCTP destination port; null for ICMP, whose type has its own column.",
    ),
    Field(
        name="icmp_type",
        type=pa.uint8(),
        ipfix="icmpTypeIPv4",
        nfdump="icmp_type",
        doc="ICMP type (8 is echo request, 0 echo reply); Zeek puts it into id.orig_p.",
    ),
    Field(
        name="icmp_code",
        type=pa.uint8(),
        ipfix="icmpCodeIPv4",
        nfdump="icmp_code",
        doc="ICMP code; Zeek puts it into id.resp_p.",
    ),
    Field(
        name="tcp_flags",
        type=pa.uint16(),
        ipfix="tcpControlBits",
        nfdump="tcp_flags",
        zeek="history",
        ocsf="connection_info.tcp_flags",
        doc="Cumulative OR of the TCP flags of the flow's packets.",
    ),
    Field(
        name="tcp_sequence_number",
        type=pa.uint32(),
        ipfix="tcpSequenceNumber",
        doc="Sequence number of the flow's first SYN, else of its first packet; Mirai puts the destination there.",
    ),
    Field(
        name="packets",
        type=pa.uint64(),
        unit="packets",
        ipfix="packetDeltaCount",
        nfdump="in_packets",
        zeek="orig_pkts",
        ecs="source.packets",
        ocsf="traffic.packets_out",
        doc="Packets, as exported: not scaled by the sampling rate.",
    ),
    Field(
        name="bytes",
        type=pa.uint64(),
        unit="octets of IP",
        ipfix="octetDeltaCount",
        nfdump="in_bytes",
        zeek="orig_ip_bytes",
        ecs="source.bytes",
        ocsf="traffic.bytes_out",
        doc="Octets including the IP header, as exported.",
    ),
    Field(
        name="in_if",
        type=TEXT,
        ipfix="ingressInterface",
        nfdump="input_snmp",
        ecs="observer.ingress.interface.name",
        doc="Input interface: a name from router text, or an SNMP index as text.",
    ),
    Field(
        name="out_if",
        type=TEXT,
        ipfix="egressInterface",
        nfdump="output_snmp",
        ecs="observer.egress.interface.name",
        doc="Output interface; Null means dropped (no route, Null0, an ACL or uRPF), Local the router itself.",
    ),
    Field(
        name="exporter",
        type=TEXT,
        ipfix="exporterIPv4Address",
        nfdump="router_ip",
        zeek="peer",
        ecs="observer.name",
        ocsf="device.name",
        doc="The router that saw the flow: hostname or address.",
    ),
    Field(
        name="action",
        type=TEXT,
        ipfix="firewallEvent",
        nfdump="fw_event",
        ecs="event.action",
        ocsf="action",
        doc="What a firewall did with it: allow or deny; null where nobody decided. A deny is a failure.",
    ),
    Field(
        name="label",
        type=TEXT,
        ecs="labels",
        doc="Ground truth or classification that the source carries, kept as it is.",
    ),
    Field(
        name="resolved",
        type=pa.bool_(),
        doc="Whether src_addr had got dst_addr from DNS before the flow; null where no DNS of src_addr is at hand.",
    ),
    Field(
        name="sampling_rate",
        type=pa.uint32(),
        unit="1 in n packets",
        ipfix="samplingPacketInterval",
        nfdump="sampling",
        doc="Packet sampling at the exporter; null is unknown, 1 is unsampled.",
    ),
    Field(name="input", type=TEXT, doc="The file (or stdin) that the flow was read from."),
    Field(name="line", type=pa.uint32(), doc="1-based line in the input, for text."),
)

NAMES: tuple[str, ...] = tuple(field.name for field in FIELDS)


@cache
def schema(ip_version: int) -> pa.Schema:
    """Arrow schema of flow batches of ``ip_version`` 4 or 6; the version is in its metadata too."""
    if ip_version not in (4, 6):
        raise ValueError(f"no IP version {ip_version}")
    address = pa.uint32() if ip_version == 4 else pa.binary(16)
    return pa.schema(
        [pa.field(f.name, address if f.type is ADDRESS else f.type) for f in FIELDS],
        metadata={"slowworm.flows": "1", "ip_version": str(ip_version)},
    )


def ip_version(batch: pa.RecordBatch) -> int:
    """4 or 6: which kind of addresses a flow batch holds."""
    return 4 if batch.schema.field("src_addr").type == pa.uint32() else 6
