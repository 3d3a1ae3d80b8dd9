"""The block walk of pcapng files: types, places and lengths of blocks, whatever lengths they claim.

As that of pcap files: what cannot be is not followed, the next good block is looked for, the walk is linear.
"""

from __future__ import annotations

from typing import Any

from slowworm.kernels.pcap import MAX_CAPTURED, u32
from slowworm.kernels.run import kernel

MIN_BLOCK = 12
"""Octets of the smallest pcapng block: type, length, length again."""

SECTION = 0x0A0D0D0A
"""Type of the block that begins a section; the same in both byte orders."""

LAST_STANDARD_BLOCK = 10
"""Block types up to this one (decryption secrets) are recognised when the walk looks for where blocks go on."""


@kernel
def order(data: Any, size: int, at: int, big: int) -> int:
    """Byte order of the block at ``at`` (1: big-endian): a section says its own; -1 if it says none."""
    if u32(data, at, 1) != SECTION:
        return big
    if at + 12 > size:
        return -1
    magic = u32(data, at + 8, 1)
    if magic == 0x1A2B3C4D:
        return 1
    if magic == 0x4D3C2B1A:
        return 0
    return -1


@kernel
def block_length(data: Any, size: int, at: int, big: int) -> int:
    """Length of the block at ``at`` if it fits and both its copies agree, else -1."""
    if at + MIN_BLOCK > size:
        return -1
    length = u32(data, at + 4, big)
    if length < MIN_BLOCK or length % 4 != 0 or at + length > size:
        return -1
    if u32(data, at + length - 4, big) != length:
        return -1
    return length


@kernel
def standard_block(data: Any, size: int, at: int, big: int) -> bool:
    """Whether a block of a standard type with a good length stands at ``at``."""
    if at + MIN_BLOCK > size:
        return False
    kind = u32(data, at, big)
    if kind != SECTION and (kind < 1 or kind > LAST_STANDARD_BLOCK):
        return False
    own = order(data, size, at, big)
    return own >= 0 and block_length(data, size, at, own) >= 0


@kernel
def blocks(
    data: Any,
    size: int,
    type_of: Any,
    at_of: Any,
    length_of: Any,
    big_of: Any,
    section_of: Any,
    odd_of: Any,
    gap_begin: Any,
    gap_end: Any,
) -> tuple[int, int]:
    """Walk the blocks of a pcapng file; returns (blocks, gaps).

    Columns: one place for each ``MIN_BLOCK`` octets of input and one more. ``odd``: 1 where the second copy of
    the length differs, 2 where the file ends within the block.
    """
    found = 0
    gaps = 0
    section = -1
    at = 0
    big = 0
    while at + MIN_BLOCK <= size:
        own = order(data, size, at, big)
        odd = 0
        length = -1
        if own >= 0:
            length = block_length(data, size, at, own)
            if length < 0:
                said = u32(data, at + 4, own)
                behind = at + said
                fits = said >= MIN_BLOCK and said % 4 == 0 and behind <= size
                if fits and (behind == size or standard_block(data, size, behind, own)):
                    length = said
                    odd = 1
        if length < 0:
            place = at + 1
            while place + MIN_BLOCK <= size and not standard_block(data, size, place, big):
                place += 1
            if place + MIN_BLOCK > size:
                kind = u32(data, at, big)
                said = u32(data, at + 4, big)
                packet = kind == 2 or kind == 3 or kind == 6
                if own < 0 or not packet or said > MAX_CAPTURED or at + said <= size:
                    break
                length = size - at
                odd = 2
            else:
                gap_begin[gaps] = at
                gap_end[gaps] = place
                gaps += 1
                at = place
                continue
        big = own
        kind = u32(data, at, big)
        if kind == SECTION:
            section += 1
        type_of[found] = kind
        at_of[found] = at
        length_of[found] = length
        big_of[found] = big
        section_of[found] = section
        odd_of[found] = odd
        found += 1
        at += length
    if at < size:
        gap_begin[gaps] = at
        gap_end[gaps] = size
        gaps += 1
    return found, gaps
