"""Where a message keeps what a decoder must not believe: lengths, counts, numbers of templates, sequence numbers.

One function a protocol: bytes → (offset, octets) of such fields, for any bytes. The mutator writes there more
often than elsewhere. Formats with little-endian fields give them with negative octets.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

Places = list[tuple[int, int]]

MOST = 400
"""Fields of one message that are told apart; the first ones matter most."""


def netflow(data: bytes) -> Places:
    """NetFlow of every version and IPFIX: headers, sets, templates field by field."""
    if len(data) < 4:
        return []
    version = int.from_bytes(data[:2], "big")
    if version not in (9, 10):
        return [(0, 2), (2, 2), (4, 4), (8, 4), (12, 4), (16, 4), (20, 2), (22, 1)]
    places: Places = [(0, 2), (2, 2), (4, 4), (8, 4), (12, 4)] + ([(16, 4)] if version == 9 else [])
    at = 20 if version == 9 else 16
    while at + 4 <= len(data) and len(places) < MOST:
        number, length = struct.unpack_from(">HH", data, at)
        places += [(at, 2), (at + 2, 2)]
        end = min(at + max(length, 4), len(data))
        if number < 4:
            places += _templates(data, at + 4, end, options=number in (1, 3), enterprises=version == 10)
        else:
            places += [(k, 1) for k in range(at + 4, min(end, at + 24))]
        at = end
    return places


def _templates(data: bytes, at: int, end: int, *, options: bool, enterprises: bool) -> Places:
    places: Places = []
    while at + 4 <= end and len(places) < MOST:
        count = int.from_bytes(data[at + 2 : at + 4], "big")
        places += [(at, 2), (at + 2, 2)]
        at += 4
        if options:
            places.append((at, 2))
            count = count if enterprises else (count + int.from_bytes(data[at : at + 2], "big")) // 4
            at += 2
        for _ in range(min(count, 64)):
            if at + 4 > end:
                break
            places += [(at, 2), (at + 2, 2)]
            at += 8 if enterprises and data[at] & 0x80 else 4
    return places


def sflow(data: bytes) -> Places:
    """sFlow: the header, every sample and record, the words in front of a sampled header, the header itself."""
    places: Places = [(0, 4), (4, 4)]
    at = {1: 12, 2: 24}.get(int.from_bytes(data[4:8], "big"), 8)
    places += [(at + 4 * k, 4) for k in range(4)]
    at += 16
    while at + 8 <= len(data) and len(places) < MOST:
        form, length = struct.unpack_from(">II", data, at)
        places += [(at, 4), (at + 4, 4)]
        end = min(at + 8 + length, len(data))
        inner = at + 8 + {1: 32, 3: 44, 5: 32}.get(form, 12)
        places += [(k, 4) for k in range(at + 8, min(inner, end), 4)]
        while inner + 8 <= end and len(places) < MOST:
            size = int.from_bytes(data[inner + 4 : inner + 8], "big")
            places += [(inner + k, 4) for k in range(0, 24, 4)]
            places += [(k, 1) for k in range(inner + 24, min(inner + 64, end))]
            inner += 8 + max(size, 4)
        at = max(end, at + 8)
    return places


def packet(data: bytes) -> Places:
    """A frame: where types, header lengths, total lengths and fragments are in the first octets."""
    places: Places = [(k, 1) for k in range(min(len(data), 96))]
    return places + [(k, 2) for k in range(0, min(len(data), 64), 2)]


def pcap(data: bytes) -> Places:
    """pcap: the file header, record headers, and a little of each packet."""
    width = 4 if data[:1] == b"\xa1" else -4
    places: Places = [(0, width), (4, width // 2), (6, width // 2), (16, width), (20, width)]
    at = 24
    while at + 16 <= len(data) and len(places) < MOST:
        places += [(at + k, width) for k in range(0, 16, 4)] + [(at + 8, width)]
        captured = int.from_bytes(data[at + 8 : at + 12], "big" if width > 0 else "little")
        places += [(at + 28, 2), (at + 30, 1), (at + 32, 2), (at + 39, 1), (at + 54, 2)]
        at += 16 + min(captured, 1 << 16)
    return places


def pcapng(data: bytes) -> Places:
    """pcapng: both lengths of every block, and the words behind its type."""
    big = data[8:12] == b"\x1a\x2b\x3c\x4d"
    width = 4 if big else -4
    places: Places = []
    at = 0
    while at + 12 <= len(data) and len(places) < MOST:
        length = int.from_bytes(data[at + 4 : at + 8], "big" if big else "little")
        places += [(at + k, width) for k in range(0, 28, 4)] + [(at + 4, width)]
        step = max(12, length) if length < 1 << 16 else 12
        places.append((at + step - 4, width))
        at += step
    return places


def nfcapd(data: bytes) -> Places:
    """nfdump's files: header, blocks, records and extensions where they are not compressed."""
    places: Places = [(k, -2) for k in range(0, 44, 2)]
    at = 40 if data[2:3] == b"\x02" else 276
    while at + 12 <= len(data) and len(places) < MOST:
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        places += [(at, -4), (at + 4, -4), (at + 8, -2), (at + 10, -2)]
        end = min(at + 12 + size, len(data))
        inner = at + 12
        while inner + 8 <= end and len(places) < MOST:
            kind, length = struct.unpack_from("<HH", data, inner)
            places += [(inner + k, -2) for k in range(0, 12, 2)]
            extension = inner + 12
            for _ in range(16 if kind == 11 else 0):
                if extension + 4 > min(inner + length, end):
                    break
                places += [(extension, -2), (extension + 2, -2)]
                extension += max(4, int.from_bytes(data[extension + 2 : extension + 4], "little"))
            inner += max(length, 4)
        at = max(end, at + 12)
    return places


def none(_: bytes) -> Places:
    """No structure is known: compressed data, text."""
    return []


Finder = Callable[[bytes], Places]
