"""The record walk of pcap files: places, lengths and times of packets, whatever lengths they claim.

A length that cannot be is not followed: the walk looks for the next place at which records go on and
reports what it passed over as a gap. The search never goes back, so that the walk is linear in its input.
"""

from __future__ import annotations

from typing import Any

from slowworm.kernels.run import kernel

RECORD_HEADER = 16
"""Octets of a pcap record header: seconds, fraction, captured and original length."""

MAX_CAPTURED = 262144
"""Longest packet that is believed on its own (the limit of libpcap and Wireshark); a longer one, one of no octets,
one longer than it was on the wire, or one of another time is believed where a further record follows it."""

NEAR_SECONDS = 864000
"""A record found by searching is within ten days of the last good one: tells headers from packet contents."""

FIRST_DATE = 315532800
"""Times before 1980 are of clocks that were not set: small numbers like any other, which tell no header."""


@kernel
def u32(data: Any, at: int, big: int) -> int:
    """Four octets as a number."""
    if big:
        return data[at] * 16777216 + data[at + 1] * 65536 + data[at + 2] * 256 + data[at + 3]  # type: ignore[no-any-return]
    return data[at + 3] * 16777216 + data[at + 2] * 65536 + data[at + 1] * 256 + data[at]  # type: ignore[no-any-return]


@kernel
def plausible(data: Any, size: int, at: int, big: int, header: int, swapped: int, limit: int) -> int:
    """The captured length if a whole record with believable numbers stands at ``at``, else -1.

    The original length is not among them: some programs leave it 0.
    """
    if at + header > size:
        return -1
    captured = u32(data, at + 8, big)
    original = u32(data, at + 12, big)
    if swapped == 1 or (swapped == 2 and captured > original):
        captured = original
    if captured < 1 or captured > MAX_CAPTURED or at + header + captured > size:
        return -1
    if u32(data, at + 4, big) >= limit:
        return -1
    return captured


@kernel
def goes_on(data: Any, size: int, at: int, big: int, header: int, swapped: int, limit: int) -> bool:
    """Whether records go on at ``at``, or end there."""
    return at == size or plausible(data, size, at, big, header, swapped, limit) >= 0


@kernel
def next_record(
    data: Any, size: int, at: int, stop: int, big: int, header: int, swapped: int, limit: int, seconds: int
) -> int:
    """The first place from ``at`` to ``stop`` with a record near ``seconds`` (-1: any) and another behind it, or -1."""
    zero = 8 if big else 11
    while at < stop and at + header <= size:
        if data[at + zero] == 0:  # captured lengths are below 2^24: most places are passed by one look
            captured = plausible(data, size, at, big, header, swapped, limit)
            lengths = u32(data, at + 8, big) <= u32(data, at + 12, big) or swapped > 0
            if captured >= 0 and lengths:
                when = u32(data, at, big)
                if seconds < 0 or (seconds - NEAR_SECONDS <= when <= seconds + NEAR_SECONDS):
                    behind = at + header + captured
                    if goes_on(data, size, behind, big, header, swapped, limit):
                        return at
        at += 1
    return -1


@kernel
def records(
    data: Any,
    size: int,
    at: int,
    big: int,
    header: int,
    swapped: int,
    limit: int,
    offset: Any,
    captured_of: Any,
    original_of: Any,
    seconds_of: Any,
    fraction_of: Any,
    gap_begin: Any,
    gap_end: Any,
) -> tuple[int, int, int]:
    """Walk the records of a pcap file from ``at`` on; returns (records, gaps, the last one is cut short).

    ``header``: octets of a record header. ``swapped``: the two lengths change places (1: always, 2: where the
    captured one is larger). ``limit``: fractions in a second. Columns: one place for each ``RECORD_HEADER``
    octets of input and one more. ``offset`` is that of the packet, behind its header.
    """
    found = 0
    gaps = 0
    seconds = -1
    while at + header <= size:
        captured = u32(data, at + 8, big)
        original = u32(data, at + 12, big)
        if swapped == 1 or (swapped == 2 and captured > original):
            captured, original = original, captured
        when = u32(data, at, big)
        behind = at + header + captured
        cut = 0
        place = -1
        good = behind <= size
        if good:
            odd = captured < 1 or captured > MAX_CAPTURED or captured > original
            odd = odd or (seconds >= 0 and (when < seconds - NEAR_SECONDS or when > seconds + NEAR_SECONDS))
            if odd:
                good = goes_on(data, size, behind, big, header, swapped, limit)
                # Where octets are missing, a walk that is out of step may stay so; a better place is inside.
                if seconds >= FIRST_DATE:
                    place = next_record(data, size, at + 1, behind, big, header, swapped, limit, seconds)
                good = good and place < 0
        if not good:
            if place < 0:
                place = next_record(data, size, at + 1, size, big, header, swapped, limit, seconds)
            if place >= 0:
                gap_begin[gaps] = at
                gap_end[gaps] = place
                gaps += 1
                at = place
                continue
            believed = captured <= original and u32(data, at + 4, big) < limit
            if behind <= size or captured > MAX_CAPTURED or not believed:
                break
            cut = 1
            captured = size - at - header
            behind = size
        offset[found] = at + header
        captured_of[found] = captured
        original_of[found] = original
        seconds_of[found] = when
        fraction_of[found] = u32(data, at + 4, big)
        found += 1
        at = behind
        seconds = when
        if cut:
            return found, gaps, 1
    if at < size:
        gap_begin[gaps] = at
        gap_end[gaps] = size
        gaps += 1
    return found, gaps, 0
