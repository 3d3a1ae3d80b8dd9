"""pcapng files: sections of either byte order, interfaces of their own link type and clock, packet blocks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slowworm.kernels import pcapng as kernels
from slowworm.sources.base import Problem
from slowworm.sources.packets.octets import Bool, Int, Octets
from slowworm.sources.packets.places import problems_at
from slowworm.sources.pcap.capture import (
    COMPILE_FROM_BYTES,
    NO_TIME,
    Capture,
    Interface,
    gap_problems,
)
from slowworm.sources.pcap.classic import lengths_below
from slowworm.sources.pcap.interfaces import read_interfaces
from slowworm.sources.pcap.times import nanoseconds

SECTION_HEADER, INTERFACE, PACKET, SIMPLE, ENHANCED = 0x0A0D0D0A, 1, 2, 3, 6

_MAGICS = (b"\x1a\x2b\x3c\x4d", b"\x4d\x3c\x2b\x1a")

TRAILER = 4
"""The second copy of a block's length."""

_FIXED = {PACKET: 28, SIMPLE: 12, ENHANCED: 28}
"""Octets of a packet block in front of the packet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Blocks:
    """The blocks of a file, one row each; see :func:`slowworm.kernels.pcapng.blocks`."""

    kind: Int
    at: Int
    length: Int
    big: Bool
    section: Int
    odd: npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Packets:
    """Packets of one kind of block."""

    block: Int
    interface: Int
    ticks: npt.NDArray[np.uint64]
    captured: Int
    original: Int
    offsets: Int


def is_pcapng(head: bytes) -> bool:
    """Whether a section header block stands first."""
    return head[:4] == b"\x0a\x0d\x0d\x0a" and head[8:12] in _MAGICS


def read_pcapng(path: str, data: bytes) -> Capture:
    """All packets of a pcapng file."""
    blocks, problems = _walk(path, data)
    octets = Octets(data)
    interfaces, first, per_section = read_interfaces(data, blocks)
    for kind, size in _FIXED.items():
        short = blocks.at[(blocks.kind == kind) & (blocks.length < size)]
        problems += problems_at(path, short, "packet blocks too short for a packet")
    parts = [_enhanced(octets, blocks, kind) for kind in (ENHANCED, PACKET)]
    parts.append(_simple(octets, blocks, interfaces, first, per_section))
    block, number, captured, original, offsets, ticks = (
        np.concatenate([getattr(part, name) for part in parts])
        for name in ("block", "interface", "captured", "original", "offsets", "ticks")
    )
    section = blocks.section[block]
    known = (section >= 0) & (number < per_section[section])
    problems += problems_at(path, blocks.at[block[~known]], "packets of an interface that is not described")
    rows = np.flatnonzero(known)
    rows = rows[np.argsort(block[rows], kind="stable")]
    block, captured, original, offsets = block[rows], captured[rows], original[rows], offsets[rows]
    interface = first[section[rows]] + number[rows]

    # The end of the block, less its trailer unless the file ends first.
    end = blocks.at[block] + blocks.length[block] - TRAILER * (blocks.odd[block] != 2)
    room = np.maximum(end - offsets, 0)
    cut = captured > room
    whole = blocks.odd[block] != 2
    problems += problems_at(path, offsets[cut & ~whole], "the file ends within its last packet")
    problems += problems_at(path, offsets[cut & whole], "packets longer than their block")
    captured = np.minimum(captured, room)
    problems += lengths_below(path, offsets, captured, original)
    times = _times(ticks[rows], interface, interfaces, blocks.kind[block])
    lost = (times == NO_TIME) & (blocks.kind[block] != SIMPLE)
    problems += problems_at(path, offsets[lost], "packets with a time before 1677 or after 2262")
    return Capture(
        format="pcapng",
        offsets=offsets,
        captured=captured,
        original=np.maximum(original, captured),
        times=times,
        link_type=np.array([i.link_type for i in interfaces], np.int64)[interface],
        interface=interface.astype(np.int32),
        interfaces=interfaces,
        skipped_blocks=int(
            (~np.isin(blocks.kind, (SECTION_HEADER, INTERFACE, PACKET, SIMPLE, ENHANCED))).sum()
        ),
        problems=problems,
    )


def _walk(path: str, data: bytes) -> tuple[Blocks, tuple[Problem, ...]]:
    size = len(data)
    room = size // kernels.MIN_BLOCK + 1
    kind, at, length = (np.empty(room, np.int64) for _ in range(3))
    section = np.empty(room, np.int32)
    big, odd = np.empty(room, np.uint8), np.empty(room, np.uint8)
    gap_begin, gap_end = np.empty(room, np.int64), np.empty(room, np.int64)
    large = size >= COMPILE_FROM_BYTES
    run = kernels.blocks.compiled if large else kernels.blocks.python
    source = np.frombuffer(data, np.uint8) if large else data
    count, gaps = run(source, size, kind, at, length, big, section, odd, gap_begin, gap_end)
    blocks = Blocks(
        kind=kind[:count].copy(),
        at=at[:count].copy(),
        length=length[:count].copy(),
        big=big[:count] > 0,
        section=section[:count].astype(np.int64),
        odd=odd[:count].copy(),
    )
    problems = gap_problems(path, gap_begin[:gaps], gap_end[:gaps], "pcapng block")
    problems += problems_at(
        path, blocks.at[blocks.odd == 1], "blocks whose length at their end differs from that at their begin"
    )
    return blocks, problems


def _of_kind(blocks: Blocks, kind: int) -> tuple[Int, Int, Bool]:
    rows = np.flatnonzero((blocks.kind == kind) & (blocks.length >= _FIXED[kind]))
    return rows, blocks.at[rows], blocks.big[rows]


def _enhanced(octets: Octets, blocks: Blocks, kind: int) -> _Packets:
    """Enhanced packet blocks, and the obsolete packet blocks that differ in their interface number only."""
    rows, at, big = _of_kind(blocks, kind)
    high, low = octets.number(at + 12, 4, big), octets.number(at + 16, 4, big)
    return _Packets(
        block=rows,
        interface=octets.number(at + 8, 4 if kind == ENHANCED else 2, big).astype(np.int64),
        ticks=high << np.uint64(32) | low,
        captured=octets.number(at + 20, 4, big).astype(np.int64),
        original=octets.number(at + 24, 4, big).astype(np.int64),
        offsets=at + _FIXED[kind],
    )


def _simple(
    octets: Octets, blocks: Blocks, interfaces: tuple[Interface, ...], first: Int, per_section: Int
) -> _Packets:
    """Simple packet blocks: of the first interface of their section, and without a time."""
    rows, at, big = _of_kind(blocks, SIMPLE)
    original = octets.number(at + 8, 4, big).astype(np.int64)
    section = blocks.section[rows]
    snap = np.array([i.snap_length for i in interfaces] + [0], np.int64)
    limit = snap[np.where(per_section[section] > 0, first[section], len(interfaces))]
    # Blocks are padded to four octets: what is captured is what there was, up to the snap length.
    captured = np.where(limit > 0, np.minimum(original, limit), original)
    return _Packets(
        block=rows,
        interface=np.zeros(len(rows), np.int64),
        ticks=np.zeros(len(rows), np.uint64),
        captured=captured,
        original=original,
        offsets=at + _FIXED[SIMPLE],
    )


def _times(
    ticks: npt.NDArray[np.uint64], interface: Int, interfaces: tuple[Interface, ...], kind: Int
) -> Int:
    resolution = np.array([i.resolution for i in interfaces], np.int64)[interface]
    offset = np.array([i.offset_seconds for i in interfaces], np.int64)[interface]
    return np.where(kind == SIMPLE, NO_TIME, nanoseconds(ticks, resolution, offset))
