"""pcap files: both byte orders, µs and ns, the header of Kuznetzov's patch, versions with swapped lengths."""

from __future__ import annotations

import numpy as np

from slowworm.kernels import pcap as kernels
from slowworm.sources.base import Problem
from slowworm.sources.packets.octets import Int
from slowworm.sources.packets.places import problems_at
from slowworm.sources.pcap.capture import (
    COMPILE_FROM_BYTES,
    Capture,
    Interface,
    gap_problems,
    no_packets,
)

FILE_HEADER = 24

MICROSECONDS, NANOSECONDS, MODIFIED = 0xA1B2C3D4, 0xA1B23C4D, 0xA1B2CD34

_RECORD_HEADER = {MICROSECONDS: 16, NANOSECONDS: 16, MODIFIED: 24}
"""Kuznetzov's patch of libpcap adds the interface, protocol and packet type to each record."""

LINK_TYPE_BITS = 0xFFFF
"""Above them stands the length of the frame check sequence."""


def _magic(head: bytes) -> tuple[int, bool] | None:
    for big in (True, False):
        value = int.from_bytes(head[:4], "big" if big else "little")
        if len(head) >= 4 and value in _RECORD_HEADER:
            return value, big
    return None


def is_pcap(head: bytes) -> bool:
    """Whether the magic number of a pcap file stands first."""
    return _magic(head) is not None


def read_pcap(path: str, data: bytes) -> Capture:
    """All packets of a pcap file; its snap length is not believed, nor is any other length."""
    found = _magic(data)
    if found is None or len(data) < FILE_HEADER:
        return no_packets("pcap", (Problem(where=f"{path}@0", text="the pcap file header is cut short"),))
    magic, big = found
    minor = int.from_bytes(data[6:8], "big" if big else "little")
    network = int.from_bytes(data[20:24], "big" if big else "little") & LINK_TYPE_BITS
    swapped = 1 if minor < 3 else 2 if minor == 3 else 0  # libpcap before 0.4 wrote the original length first
    limit = 1_000_000_000 if magic == NANOSECONDS else 1_000_000
    header, size = _RECORD_HEADER[magic], len(data)
    room = (size - FILE_HEADER) // header + 1
    offsets, captured, original, seconds, fraction = (np.empty(room, np.int64) for _ in range(5))
    gap_begin, gap_end = np.empty(room, np.int64), np.empty(room, np.int64)
    large = size >= COMPILE_FROM_BYTES
    run = kernels.records.compiled if large else kernels.records.python
    count, gaps, cut = run(
        np.frombuffer(data, np.uint8) if large else data,
        size,
        FILE_HEADER,
        int(big),
        header,
        swapped,
        limit,
        offsets,
        captured,
        original,
        seconds,
        fraction,
        gap_begin,
        gap_end,
    )
    offsets, captured, original = offsets[:count].copy(), captured[:count].copy(), original[:count]
    nanoseconds = fraction[:count] * (1 if magic == NANOSECONDS else 1000)
    problems = gap_problems(path, gap_begin[:gaps], gap_end[:gaps], "packet record")
    if cut:
        problems += problems_at(path, offsets[-1:], "the file ends within its last packet")
    problems += lengths_below(path, offsets, captured, original)
    return Capture(
        format="pcap",
        offsets=offsets,
        captured=captured,
        original=np.maximum(original, captured),
        times=seconds[:count] * 1_000_000_000 + nanoseconds,
        link_type=np.full(count, network, np.int64),
        interface=np.zeros(count, np.int32),
        interfaces=(Interface(link_type=network),),
        problems=problems,
    )


def lengths_below(path: str, offsets: Int, captured: Int, original: Int) -> tuple[Problem, ...]:
    """Packets of which more was captured than there was."""
    rows = np.flatnonzero(original < captured)
    return problems_at(path, offsets[rows], "packets whose original length is below the captured one")
