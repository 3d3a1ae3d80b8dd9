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
}
"""Column → elements that carry it, the best first: delta before total, ingress before egress counters."""

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
OBSERVATION_MS = 323
"""observationTimeMilliseconds: when an event record was made."""

FIREWALL_EVENT, NAT_EVENT, CISCO_FW_EVENT = 233, 230, 40005
EVENT_DENIED = 3
EVENT_DELETED = 2

SAMPLER_ID, SELECTOR_ID = 48, 302
SAMPLING_INTERVAL = (34, 50)
"""samplingInterval, samplerRandomInterval: 1 in n."""
PACKET_INTERVAL, PACKET_SPACE = 305, 306
"""samplingPacketInterval packets are taken, then samplingPacketSpace are not (RFC 5477)."""

REVERSE_PEN = 29305
"""Private enterprise number of RFC 5103: the same element of the opposite direction."""
