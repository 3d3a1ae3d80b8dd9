"""The walk of DNS messages: the addresses in their answers, whatever their counts and lengths claim.

Names are passed over, never put together, so that compression pointers are not followed and cannot loop: a pointer
ends a name. Every step goes forward, and none goes behind the end of its message.
"""

from __future__ import annotations

from typing import Any

from slowworm.kernels.run import kernel

HEADER = 12
"""Octets of a DNS header."""

SMALLEST_ANSWER = 15
"""Octets of an A record with the shortest name: how many answers a message has room for."""

A, AAAA, INTERNET = 1, 28, 1


@kernel
def behind_name(data: Any, at: int, end: int) -> int:
    """Where the name at ``at`` ends, or -1 where it goes on behind ``end``."""
    while at < end:
        size = int(data[at])
        if size == 0:
            return at + 1
        if size >= 192:
            return at + 2 if at + 2 <= end else -1
        if size >= 64:  # label types that were never used (RFC 6891, 5)
            return -1
        at += 1 + size
    return -1


@kernel
def answers(
    data: Any, begin: Any, size: Any, count: int, owner: Any, place: Any, kind: Any
) -> tuple[int, int]:
    """The A and AAAA records in the answers of ``count`` messages: (records, messages that end too early).

    ``begin``, ``size``: of each message, within ``data``. Filled for each record: ``owner``, the message;
    ``place``, where its address stands; ``kind``, 4 or 6. They need room for ``size / SMALLEST_ANSWER`` records of
    each message. Queries, and messages that are neither query nor answer, have no records.
    """
    found = 0
    short = 0
    for message in range(count):
        at = int(begin[message])
        end = at + int(size[message])
        if end - at < HEADER:
            short += 1
            continue
        # An answer (QR) to a standard query (opcode 0).
        if data[at + 2] & 248 != 128:
            continue
        questions = int(data[at + 4]) * 256 + int(data[at + 5])
        left = int(data[at + 6]) * 256 + int(data[at + 7])
        at += HEADER
        while questions > 0 and at >= 0:
            at = behind_name(data, at, end)
            at = at + 4 if 0 <= at <= end - 4 else -1
            questions -= 1
        while left > 0 and at >= 0:
            at = behind_name(data, at, end)
            if at < 0 or at + 10 > end:
                at = -1
                break
            form = int(data[at]) * 256 + int(data[at + 1])
            family = int(data[at + 2]) * 256 + int(data[at + 3])
            length = int(data[at + 8]) * 256 + int(data[at + 9])
            at += 10
            if at + length > end:
                at = -1
                break
            if family == INTERNET and ((form == A and length == 4) or (form == AAAA and length == 16)):
                owner[found] = message
                place[found] = at
                kind[found] = 4 if form == A else 6
                found += 1
            at += length
            left -= 1
        if at < 0:
            short += 1
    return found, short
