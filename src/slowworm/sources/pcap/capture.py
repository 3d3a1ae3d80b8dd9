"""A packet capture as arrays, and how one is recognised and read."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slowworm.sources.base import Problem
from slowworm.sources.packets.octets import Int

NO_TIME = np.iinfo(np.int64).min
"""Time of a packet whose capture has none."""

COMPILE_FROM_BYTES = 2_000_000
"""Captures from this size on are walked by the compiled kernel; below, importing numba would take longer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interface:
    """Where packets of a pcapng file were captured."""

    link_type: int
    name: str | None = None
    snap_length: int = 0
    """Longest packet captured; 0 is unlimited."""
    resolution: int = 6
    """The octet of if_tsresol: a negative power of 10, or of 2 where its highest bit is set."""
    offset_seconds: int = 0
    """if_tsoffset."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Capture:
    """The packets of a capture in the order of the file, all arrays of one length, and what went wrong."""

    format: str
    """``pcap`` or ``pcapng``."""
    offsets: Int
    """Where in the file each packet begins."""
    captured: Int
    """Octets there are of it, always within the file."""
    original: Int
    """Octets it had on the wire, never less than ``captured``."""
    times: Int
    """ns since 1970 UTC, or :data:`NO_TIME`."""
    link_type: Int
    interface: npt.NDArray[np.int32]
    """Index into ``interfaces``."""
    interfaces: tuple[Interface, ...]
    skipped_blocks: int = 0
    """pcapng blocks that are not about packets."""
    problems: tuple[Problem, ...] = ()

    @property
    def count(self) -> int:
        """Packets."""
        return len(self.offsets)


def is_capture(head: bytes) -> bool:
    """Whether a file that begins with ``head`` is a pcap or pcapng file."""
    from slowworm.sources.pcap.classic import is_pcap
    from slowworm.sources.pcap.pcapng import is_pcapng

    return is_pcap(head) or is_pcapng(head)


def read_capture(path: str, data: bytes) -> Capture:
    """All packets of a capture; never raises, and anything that is no capture has no packets but a problem.

    Memory: at most eight times the size of ``data``, and only what holds packets is touched.
    """
    from slowworm.sources.pcap.classic import is_pcap, read_pcap
    from slowworm.sources.pcap.pcapng import is_pcapng, read_pcapng

    if is_pcapng(data):
        return read_pcapng(path, data)
    if is_pcap(data):
        return read_pcap(path, data)
    problem = Problem(where=f"{path}@0", text="not a packet capture: no pcap or pcapng header")
    return no_packets("pcap", (problem,))


def no_packets(form: str, problems: tuple[Problem, ...] = ()) -> Capture:
    """A capture without packets."""
    none = np.zeros(0, np.int64)
    return Capture(
        format=form,
        offsets=none,
        captured=none,
        original=none,
        times=none,
        link_type=none,
        interface=none.astype(np.int32),
        interfaces=(),
        problems=problems,
    )


def gap_problems(path: str, begin: Int, end: Int, what: str) -> tuple[Problem, ...]:
    """Parts of a file that were passed over, as one problem."""
    if not len(begin):
        return ()
    size = int((end - begin).sum())
    text = f"octets that are no {what}: {size} in {len(begin)} places, passed over"
    return (Problem(where=f"{path}@{int(begin[0])}", text=text, count=len(begin)),)
