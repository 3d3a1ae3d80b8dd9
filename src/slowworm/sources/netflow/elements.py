"""Information elements that become columns of the flow table (IANA IPFIX registry; NetFlow v9 shares the numbers)."""

from __future__ import annotations

SRC4, DST4, SRC6, DST6 = 8, 12, 27, 28

UNSIGNED: dict[str, tuple[int, ...]] = {
    "protocol": (4,),
    "src_port": (7, 180, 182),
    "dst_port": (11, 181, 183),
    "tcp_flags": (6,),
    "packets": (2, 86, 298, 24),
    "bytes": (1, 85, 231, 23),
    "in_if": (10, 252),
    "out_if": (14, 253),
    "tcp_sequence_number": (184,),
}
"""Column → elements that carry it, the best first: delta before total, ingress before egress counters."""

TOTALS = (85, 86)
"""Elements that count since the flow began, not since it was exported last."""

ANSWER_PACKETS, ANSWER_BYTES = 299, 232
"""responderPackets, responderOctets: a record of both directions (RFC 5103 speaks of the reverse element too)."""

ICMP_TYPE_CODE4, ICMP_TYPE_CODE6 = 32, 139
ICMP_TYPE4, ICMP_CODE4, ICMP_TYPE6, ICMP_CODE6 = 176, 177, 178, 179

FIRST_SWITCHED, LAST_SWITCHED = 22, 21
"""Milliseconds of the exporter's uptime (flowStartSysUpTime, flowEndSysUpTime)."""

START_ABSOLUTE: tuple[tuple[int, str], ...] = ((156, "ntp"), (154, "ntp"), (152, "ms"), (150, "s"))
END_ABSOLUTE: tuple[tuple[int, str], ...] = ((157, "ntp"), (155, "ntp"), (153, "ms"), (151, "s"))
START_DELTA, END_DELTA = 158, 159
"""Microseconds before the export time of the message (RFC 5102)."""

DURATION_MS = 161

SYSTEM_INIT_MS = 160
OBSERVED: tuple[tuple[int, str], ...] = ((325, "ntp"), (324, "ntp"), (323, "ms"), (322, "s"))
"""observationTime…: when an event record was made, or a packet sampled."""

FIREWALL_EVENT, NAT_EVENT, CISCO_FW_EVENT = 233, 230, 40005
EVENT_CREATED, EVENT_DELETED, EVENT_DENIED, EVENT_UPDATED = 1, 2, 3, 5
"""firewallEvent; NSEL of Cisco's ASA has the same numbers."""
NAT_CREATED = (1, 4, 6)
"""natEvent of a new session: translation, NAT44, NAT64 (RFC 8158, 4.3)."""
FLOW_ID = 148
"""flowId, by which the events of one connection belong together."""

FRAME_SIZE, FRAME_SECTION, FRAME_TYPE = 312, 315, 408
IP_SECTION = 313
SECTION_OFFSET, SECTION_OCTETS = 409, 410
"""Sampled packets: their first octets from the link layer on, or from IP on; from where, and how many are real."""
FRAME_ETHERNET = 1
"""dataLinkFrameType."""

FORWARDING_STATUS = 89
DROPPED = 2
"""Its two highest bits: 1 forwarded, 3 consumed (RFC 7270, 4.12)."""
DENIED_BY_ACL = (129, 130)

INTERFACE_NAME, INTERFACE_DESCRIPTION = 82, 83
INTERFACES = (10, 14, -2)
"""What an interface's name may be about: ingressInterface, egressInterface, or the interface scope of NetFlow v9."""

EXPORTER4 = 130
"""exporterIPv4Address."""

SAMPLER_ID, SELECTOR_ID = 48, 302
SAMPLING_INTERVAL = (34, 50)
"""samplingInterval, samplerRandomInterval: 1 in n."""
PACKET_INTERVAL, PACKET_SPACE = 305, 306
"""samplingPacketInterval packets are taken, then samplingPacketSpace are not (RFC 5477)."""
SAMPLING_SIZE, SAMPLING_POPULATION = 309, 310
"""samplingSize packets are taken out of samplingPopulation (RFC 5477)."""
SAMPLING_PROBABILITY = 311
"""A packet is taken with this probability, a 64-bit float (RFC 5477)."""

REVERSE_PEN = 29305
"""Private enterprise number of RFC 5103: the same element of the opposite direction."""
