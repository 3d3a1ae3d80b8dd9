"""Where nfdump's files keep things: headers, record types, extensions of both layouts.

Sources, all of the nfdump project (BSD licence): ``nffile.h`` and ``nfx.h`` of 1.6.13 to 1.6.24 (layout 1),
``nffileV2.h``, ``nfxV3.h``, ``exporter.h`` and ``id.h`` of 1.7.0 to 1.7.8 (layout 2). Files hold the structures
of the machine that wrote them; all that can be met today are little-endian, and nfdump reads no others.
"""

from __future__ import annotations

import struct

import numpy as np

MAGIC = 0xA50C
LAYOUT_1, LAYOUT_2 = 1, 2

HEADER_1 = struct.Struct("<HHII128s")
"""magic, layout, flags, blocks, identifier."""
STAT_1 = struct.Struct("<15QIIHHI")
"""Flows, bytes, packets; the three by protocol; first and last second, their ms; lost export packets."""
HEADER_2 = struct.Struct("<HHIqBBHIqII")
"""magic, layout, version of nfdump, created, compression, encryption, appendix blocks, creator, offset of the
appendix, block size, blocks."""
STAT_2_BYTES = 18 * 8
"""Layout 2 keeps the same in the appendix, 8 bytes each."""
BLOCK = struct.Struct("<IIHH")
"""records, bytes without this header, type, flags."""

PLAIN, LZO, BZ2, LZ4, ZSTD = range(5)
COMPRESSION_NAMES = ("none", "lzo", "bz2", "lz4", "zstd")
FLAGS_1 = ((0x1, LZO), (0x8, BZ2), (0x10, LZ4))

BLOCK_OF_1_5, BLOCK_RECORDS_1, BLOCK_RECORDS_2, BLOCK_ARRAY = 1, 2, 3, 4
"""Block types: nfdump 1.5, records of 1.6, records of 1.7, a table for look-ups (geo, Tor)."""
UNCOMPRESSED_BLOCK, UNENCRYPTED_BLOCK = 0x1, 0x2

MAX_BLOCK = 5 << 20
"""No block is larger, compressed or not (BUFFSIZE: 5 MiB; nfdump itself refuses more)."""
MIN_BLOCK_LIMIT = 1 << 20
"""What every nfdump writes into one block before it starts another (WRITE_BUFFSIZE)."""

RECORD_V0, EXTENSION_MAP, EXPORTER, EXPORTER_STAT, SAMPLER_V0, RECORD_V1, RECORD_V3, SAMPLER = (
    1, 2, 7, 8, 9, 10, 11, 15,
)  # fmt: skip
WITHOUT_FLOWS = frozenset({3, 4, EXPORTER_STAT, 12, 13, 14})
"""Histograms, exporter statistics, names of applications, interfaces and VRFs."""
IDENT, STAT = 0x8001, 0x8002
MAX_RECORD_TYPE = 63
"""Larger types were never used (1.7 knows 16): not a new record, but damage."""

RECORD = struct.Struct("<HHHH")
"""type, bytes with this header; of a record of layout 1 also flags and extension map."""

EXPORTER_INFO = struct.Struct("<HHI16sHHI")
"""type, size, version, address, address family, number in this file, domain."""
SAMPLER_V0_INFO = struct.Struct("<HHiIHH")
"""type, size, id, interval, algorithm, exporter."""
SAMPLER_INFO = struct.Struct("<HHHHqII")
"""type, size, exporter, algorithm, id, packets taken, packets passed over."""
OVERWRITE = -3
"""Sampler that the operator set for every flow of the exporter (``nfcapd -s -N``)."""

V3_HEADER = np.dtype(
    [("type", "<u2"), ("size", "<u2"), ("elements", "<u2"), ("engine_type", "u1"), ("engine_id", "u1"),
     ("exporter", "<u2"), ("flags", "u1"), ("version", "u1")]
)  # fmt: skip
V3_SAMPLED = 2
MAX_ELEMENTS = 63
"""Extensions of one record, and the largest extension number that is looked at (1.7.8 knows 43)."""

GENERIC, IPV4, IPV6, MISC, COUNTERS, RECEIVED_V4, RECEIVED_V6, NSEL, NAT, PF = (
    1,
    2,
    3,
    4,
    5,
    12,
    13,
    19,
    25,
    37,
)
V3_EXTENSIONS = {
    GENERIC: np.dtype(
        [("first", "<u8"), ("last", "<u8"), ("received", "<u8"), ("packets", "<u8"), ("bytes", "<u8"),
         ("src_port", "<u2"), ("dst_port", "<u2"), ("protocol", "u1"), ("tcp_flags", "u1"), ("status", "u1"),
         ("tos", "u1")]
    ),
    IPV4: np.dtype([("src", "<u4"), ("dst", "<u4")]),
    IPV6: np.dtype([("src", "u1", 16), ("dst", "u1", 16)]),
    MISC: np.dtype(
        [("input", "<u4"), ("output", "<u4"), ("src_mask", "u1"), ("dst_mask", "u1"), ("direction", "u1"),
         ("dst_tos", "u1"), ("biflow", "u1"), ("end_reason", "u1"), ("reverse_flags", "u1"), ("fill", "u1")]
    ),
    COUNTERS: np.dtype([("flows", "<u8"), ("packets", "<u8"), ("bytes", "<u8")]),
    RECEIVED_V4: np.dtype([("address", "<u4")]),
    RECEIVED_V6: np.dtype([("address", "u1", 16)]),
    NSEL: np.dtype([("time", "<u8"), ("connection", "<u4"), ("extended", "<u2"), ("event", "u1"), ("fill", "u1")]),
    NAT: np.dtype([("time", "<u8"), ("pool", "<u4"), ("event", "u1"), ("fill", "u1", 3)]),
    PF: np.dtype([("action", "u1"), ("reason", "u1"), ("direction", "u1"), ("rewritten", "u1")]),
}  # fmt: skip
"""What follows the 4 bytes (number, length with these 4) of an extension."""
NAT_WITH_VRF_BYTES, NAT_EVENT_AFTER_VRF = 28, 20
"""The NAT extension of 1.7.0 had two VRF numbers before the pool; its length tells."""

COMMON = np.dtype(
    [("type", "<u2"), ("size", "<u2"), ("flags", "u1"), ("exporter_v0", "u1"), ("map", "<u2"), ("first_ms", "<u2"),
     ("last_ms", "<u2"), ("first", "<u4"), ("last", "<u4"), ("status", "u1"), ("tcp_flags", "u1"),
     ("protocol", "u1"), ("tos", "u1"), ("src_port", "<u2"), ("dst_port", "<u2")]
)  # fmt: skip
COMMON_V1_EXTRA = np.dtype([("exporter", "<u2"), ("biflow", "u1"), ("end_reason", "u1")])
COMMON_IPV6, COMMON_PACKETS_64, COMMON_BYTES_64, COMMON_SAMPLED = 1, 2, 4, 128

V1_EXTENSION_BYTES = {
    4: 4, 5: 8, 6: 4, 7: 8, 8: 4, 9: 4, 10: 16, 11: 4, 12: 16, 13: 4, 14: 4, 15: 8, 16: 4, 17: 8, 18: 4, 19: 8,
    20: 16, 21: 16, 22: 40, 23: 4, 24: 16, 25: 4, 26: 8, 27: 8, 37: 20, 38: 4, 39: 8, 40: 32, 41: 24, 42: 24,
    43: 72, 45: 24, 46: 12, 47: 8, 48: 8,
}  # fmt: skip
"""Extensions that a map may name, and their sizes; they follow each other in the map's order."""
V1_EXTENSIONS = {
    4: np.dtype([("input", "<u2"), ("output", "<u2")]),
    5: np.dtype([("input", "<u4"), ("output", "<u4")]),
    14: np.dtype("<u4"),
    15: np.dtype("<u8"),
    16: np.dtype("<u4"),
    17: np.dtype("<u8"),
    23: np.dtype("<u4"),
    24: np.dtype(("u1", 16)),
    37: np.dtype(
        [("time", "<u8"), ("connection", "<u4"), ("icmp", "<u2"), ("event", "u1"), ("fill", "u1", 5)]
    ),
    46: np.dtype([("event", "u1"), ("fill", "u1", 11)]),
}
"""Those of them that are read: interfaces, counters of the other direction, router, NSEL, NAT."""

CREATED, DELETED, DENIED, UPDATED = 1, 2, 3, 5
"""NSEL's NF_F_FW_EVENT (Cisco ASA NetFlow implementation guide)."""
NAT_CREATED = (1, 4, 6)
"""natEvent of a new session (RFC 8158, section 4.3: translation, NAT44, NAT64)."""
PF_PASS, PF_BLOCK = 0, 1
"""OpenBSD's pf actions (net/pfvar.h)."""
