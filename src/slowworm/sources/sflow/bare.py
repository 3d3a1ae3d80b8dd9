"""Files of sFlow datagrams and nothing else: UDP payloads as a collector or a test has written them."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from slowworm.sources.base import FormatInfo, Problem, Reading
from slowworm.sources.packets.octets import Int
from slowworm.sources.sflow.decode import decode
from slowworm.sources.sflow.headers import MAX_DATAGRAM, MIN_HEADER, likely_sflow

_BEGIN = re.compile(rb"\x00\x00\x00\x05\x00\x00\x00[\x01\x02]")
"""Version 5, and an agent with an IPv4 or IPv6 address."""

_AGENT_END = {1: 12, 2: 24}

MAX_GAPS = 100
"""Places with octets that are no datagram told one by one; further ones are counted together."""


class SflowDatagrams:
    """Bare sFlow v5 datagrams, one after the other."""

    @property
    def info(self) -> FormatInfo:
        """Name and description."""
        return FormatInfo(
            name="sflow",
            title="sFlow version 5 datagrams",
            commands=(),
            carries="sampled packets: addresses, ports, TCP flags, ICMP type, interfaces, sampling rate",
            lacks="times (a file of bare datagrams has none), packets that were not sampled, duration of flows",
        )

    def recognises(self, head: bytes) -> bool:
        """Whether ``head`` begins with an sFlow datagram whose first sample is one."""
        if not _BEGIN.match(head):
            return False
        return bool(likely_sflow(head, np.zeros(1, np.int64), np.array([len(head)], np.int64))[0])

    def read(self, path: str, data: bytes) -> Reading:
        """All flows; what is no datagram is passed over and counted."""
        offsets, sizes, problems = split(path, data)
        unknown = np.full(len(offsets), -1, np.int64)
        decoded = decode(data, offsets, sizes, unknown, path=path)
        name = self.info.name
        return Reading(
            path=path,
            formats=((name, decoded.flows),) if len(offsets) else (),
            batches=decoded.batches,
            problems=problems + decoded.problems,
            notes=decoded.notes,
        )


def split(path: str, data: bytes) -> tuple[Int, Int, tuple[Problem, ...]]:
    """Places and sizes of the datagrams of a file: they do not say how long they are, their samples do."""
    offsets: list[int] = []
    sizes: list[int] = []
    problems: list[Problem] = []
    at, size = 0, len(data)
    while at < size:
        behind = _end(data, at)
        if behind is not None:
            offsets.append(at)
            sizes.append(behind - at)
            at = behind
            continue
        begin = _next(data, at + 1, size)
        text = f"octets that are no sFlow datagram: {begin - at}, passed over"
        if len(problems) < MAX_GAPS:
            problems.append(Problem(where=f"{path}@{at}", text=text))
        else:
            last = problems[-1]
            more = "octets that are no sFlow datagram, in more places"
            problems[-1] = replace(last, text=more, count=last.count + 1)
        at = begin
    return np.array(offsets, np.int64), np.array(sizes, np.int64), tuple(problems)


def _next(data: bytes, at: int, limit: int) -> int:
    found = _BEGIN.search(data, at, limit)
    return found.start() if found else limit


def _end(data: bytes, at: int) -> int | None:
    """Where the datagram at ``at`` ends, or ``None`` if none begins there; the file's end ends it too."""
    if not _BEGIN.match(data, at) or at + MIN_HEADER > len(data):
        return None
    limit = min(at + MAX_DATAGRAM, len(data))
    place = at + _AGENT_END[data[at + 7]] + 16
    if place > limit:
        return None
    samples = int.from_bytes(data[place - 4 : place], "big")
    for _ in range(samples):
        # Fewer samples than claimed: what begins a datagram is no sample, none is of one or two octets.
        if place + 8 > limit or _BEGIN.match(data, place):
            return min(place, limit)
        length = int.from_bytes(data[place + 4 : place + 8], "big")
        behind = place + 8 + (length + 3) // 4 * 4
        if behind > limit:
            # The length lies, or the file is cut off: the datagram goes on to the next one. The search never
            # goes back over samples, so that a file is read in one pass.
            return _next(data, place + 8, limit)
        place = behind
    return place
