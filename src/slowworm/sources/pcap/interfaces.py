"""Interface description blocks of pcapng: link type, snap length, clock, name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from slowworm.sources.packets.octets import Int
from slowworm.sources.pcap.capture import Interface

if TYPE_CHECKING:
    from slowworm.sources.pcap.pcapng import Blocks

INTERFACE = 1

IF_NAME, IF_TSRESOL, IF_TSOFFSET = 2, 9, 14

_OPTIONS_AT = 16

MAX_NAME = 256
"""Octets of an interface name that are kept."""


def read_interfaces(data: bytes, blocks: Blocks) -> tuple[tuple[Interface, ...], Int, Int]:
    """All interfaces; per section the index of its first one, and how many it has."""
    rows = np.flatnonzero(blocks.kind == INTERFACE)
    sections = int(blocks.section.max(initial=-1)) + 1
    # Every description counts, even one cut short: packets name interfaces by their place in the section.
    inside = rows[blocks.section[rows] >= 0]
    per_section = np.bincount(blocks.section[inside], minlength=sections + 1).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(per_section)[:-1]]).astype(np.int64)
    places = zip(
        blocks.at[inside].tolist(), blocks.length[inside].tolist(), blocks.big[inside].tolist(), strict=True
    )
    return (
        tuple(_interface(data[at : at + length - 4], big) for at, length, big in places),
        first,
        per_section,
    )


def _interface(block: bytes, big: bool) -> Interface:

    def number(at: int, size: int, *, signed: bool = False) -> int:
        return int.from_bytes(block[at : at + size], "big" if big else "little", signed=signed)

    name, resolution, offset = None, 6, 0
    at = _OPTIONS_AT
    while at + 4 <= len(block):
        code, size = number(at, 2), number(at + 2, 2)
        value = block[at + 4 : at + 4 + size]
        if code == 0 or len(value) < size:
            break
        if code == IF_NAME:
            name = value[:MAX_NAME].decode("utf-8", "replace")
        elif code == IF_TSRESOL and size == 1:
            resolution = value[0]
        elif code == IF_TSOFFSET and size == 8:
            offset = number(at + 4, 8, signed=True)
        at += 4 + (size + 3) // 4 * 4
    return Interface(
        link_type=number(8, 2),
        name=name,
        snap_length=number(12, 4),
        resolution=resolution,
        offset_seconds=offset,
    )
