"""The byte kernel of `show ip cache flow`: text to columns in one pass, indifferent to white space.

A row is eight tokens: SrcIf SrcIPaddress DstIf DstIPaddress Pr SrcP DstP Pkts, the protocol as two and the
ports as four hexadecimal digits. White space of any kind and length separates them, so that wrapped lines
and captures collapsed to one line are the normal case. What is not part of a row is reported as gaps.
"""

from __future__ import annotations

from typing import Any

from slowworm.kernels.run import kernel

MIN_ROW_BYTES = 35
"""Shortest possible row with the space behind it, ``V 1.1.1.1 N 1.1.1.1 06 0050 0050 1 ``: bounds the rows of an
input, and so the room that its columns need."""

MAX_NAME_BYTES = 40
"""Longest interface name accepted; IOS truncates long names far earlier."""

MAX_NAMES = 65536
"""Distinct interface names kept; past it the name of a row is reported as missing."""

SLOTS_PER_NAME = 4
"""Size of the look-up of names, in slots for each name there is room for: a quarter full at most. The look-up's
size is a power of two."""

MAX_PROBES = 256
"""Names made to collide may not turn the look-up into a search: past this many steps a name is missing too."""


@kernel
def blanks(data: Any, size: int, at: int) -> tuple[int, int]:
    """Skip white space from ``at``: the next index and the newlines passed."""
    lines = 0
    while at < size and data[at] <= 32:
        if data[at] == 10:
            lines += 1
        at += 1
    return at, lines


@kernel
def ipv4(data: Any, size: int, at: int) -> tuple[int, int]:
    """A dotted quad followed by white space or the end: the index after it (-1: none here) and its value."""
    value = 0
    for part in range(4):
        digits = 0
        octet = 0
        while at < size and digits < 4 and 48 <= data[at] <= 57:
            octet = octet * 10 + (data[at] - 48)
            digits += 1
            at += 1
        if digits == 0 or digits > 3 or octet > 255:
            return -1, 0
        value = value * 256 + octet
        if part < 3:
            if at >= size or data[at] != 46:
                return -1, 0
            at += 1
    if at < size and data[at] > 32:
        return -1, 0
    return at, value


@kernel
def hexadecimal(data: Any, size: int, at: int, digits: int) -> tuple[int, int]:
    """Exactly ``digits`` hexadecimal digits followed by white space: index after (-1: none) and value."""
    if at + digits >= size:
        return -1, 0
    value = 0
    for k in range(at, at + digits):
        c = data[k]
        if 48 <= c <= 57:
            value = value * 16 + (c - 48)
        elif 65 <= c <= 70:
            value = value * 16 + (c - 55)
        elif 97 <= c <= 102:
            value = value * 16 + (c - 87)
        else:
            return -1, 0
    if data[at + digits] > 32:
        return -1, 0
    return at + digits, value


@kernel
def count(data: Any, size: int, at: int) -> tuple[int, int]:
    """A packet count such as ``414``, ``12K`` or ``3M``: index after (-1: none) and value."""
    value = 0
    digits = 0
    while at < size and digits < 16 and 48 <= data[at] <= 57:
        value = value * 10 + (data[at] - 48)
        digits += 1
        at += 1
    if digits == 0 or digits > 15:
        return -1, 0
    if at < size and data[at] > 32:
        c = data[at]
        if c == 75:
            value *= 1000
        elif c == 77 and digits <= 12:
            value *= 1000000
        elif c == 71 and digits <= 9:
            value *= 1000000000
        else:
            return -1, 0
        at += 1
        if at < size and data[at] > 32:
            return -1, 0
    return at, value


@kernel
def intern(
    data: Any, begin: int, end: int, mixed: int, name_at: Any, name_size: Any, slots: Any, names: int
) -> int:
    """The code of the name ``data[begin:end]``, ``names`` if it is new (then stored), -1 if there is no room.

    ``mixed``: a number that its bytes make, as the caller mixed them on the way.
    """
    slot = mixed & (len(slots) - 1)
    length = end - begin
    probes = 0
    while slots[slot] >= 0:
        known = slots[slot]
        if name_size[known] == length:
            same = True
            first = name_at[known]
            for k in range(length):
                if data[first + k] != data[begin + k]:
                    same = False
                    break
            if same:
                return int(known)
        slot += 1
        if slot == len(slots):
            slot = 0
        probes += 1
        if probes == MAX_PROBES:
            return -1
    if names >= len(name_at):
        return -1
    slots[slot] = names
    name_at[names] = begin
    name_size[names] = length
    return names


@kernel
def rows_of(
    data: Any,
    size: int,
    src: Any,
    dst: Any,
    protocol: Any,
    src_port: Any,
    dst_port: Any,
    packets: Any,
    in_if: Any,
    out_if: Any,
    line_of: Any,
    gap_begin: Any,
    gap_end: Any,
    gap_line: Any,
    gap_row: Any,
    name_at: Any,
    name_size: Any,
    slots: Any,
) -> tuple[int, int, int]:
    """Fill the columns with the rows found in ``data[:size]``; returns (rows, gaps, names).

    ``data``: bytes or uint8 array. Columns: one place per possible row (``size // MIN_ROW_BYTES + 1``), gaps
    one more. ``name_at``, ``name_size``: one place for each name that is kept; ``slots``: SLOTS_PER_NAME
    times as many int32, all -1. Ports are raw (for ICMP the destination port is type × 256 + code). Lines are
    0-based within ``data``: of a row, the one on which its source address stands. ``gap_row``: the rows before
    the gap.
    """
    rows = 0
    gaps = 0
    names = 0
    gap_open = False
    at, line = blanks(data, size, 0)
    while at < size:
        begin = at
        begin_line = line
        mixed = 0
        while at < size and data[at] > 32:
            mixed = (mixed * 31 + data[at]) & 0xFFFFFFF
            at += 1
        name_end = at
        first = data[begin]
        found = False
        if name_end - begin <= MAX_NAME_BYTES and (65 <= first <= 90 or 97 <= first <= 122):
            # A row needs every token in place; any miss leaves `at` behind the first token.
            i, lines = blanks(data, size, name_end)
            new_lines = lines
            source_line = line + lines
            i, a = ipv4(data, size, i)
            if i >= 0:
                out_begin, lines = blanks(data, size, i)
                new_lines += lines
                i = out_begin
                out_mixed = 0
                while i < size and data[i] > 32 and i - out_begin <= MAX_NAME_BYTES:
                    out_mixed = (out_mixed * 31 + data[i]) & 0xFFFFFFF
                    i += 1
                out_end = i
                first = data[out_begin] if out_begin < size else 0
                if out_end - out_begin <= MAX_NAME_BYTES and (65 <= first <= 90 or 97 <= first <= 122):
                    i, lines = blanks(data, size, i)
                    new_lines += lines
                    i, b = ipv4(data, size, i)
                    if i >= 0:
                        i, lines = blanks(data, size, i)
                        new_lines += lines
                        i, proto = hexadecimal(data, size, i, 2)
                        if i >= 0:
                            i, lines = blanks(data, size, i)
                            new_lines += lines
                            i, sp = hexadecimal(data, size, i, 4)
                            if i >= 0:
                                i, lines = blanks(data, size, i)
                                new_lines += lines
                                i, dp = hexadecimal(data, size, i, 4)
                                if i >= 0:
                                    i, lines = blanks(data, size, i)
                                    new_lines += lines
                                    i, pk = count(data, size, i)
                                    if i >= 0:
                                        found = True
                                        src[rows] = a
                                        dst[rows] = b
                                        protocol[rows] = proto
                                        src_port[rows] = sp
                                        dst_port[rows] = dp
                                        packets[rows] = pk
                                        line_of[rows] = source_line
                                        code = intern(
                                            data, begin, name_end, mixed, name_at, name_size, slots, names
                                        )
                                        names += code == names
                                        in_if[rows] = code
                                        code = intern(
                                            data,
                                            out_begin,
                                            out_end,
                                            out_mixed,
                                            name_at,
                                            name_size,
                                            slots,
                                            names,
                                        )
                                        names += code == names
                                        out_if[rows] = code
                                        rows += 1
                                        at = i
                                        line += new_lines
        if found:
            gap_open = False
        elif gap_open:
            gap_end[gaps - 1] = name_end
        else:
            gap_begin[gaps] = begin
            gap_end[gaps] = name_end
            gap_line[gaps] = begin_line
            gap_row[gaps] = rows
            gaps += 1
            gap_open = True
        at, lines = blanks(data, size, at)
        line += lines
    return rows, gaps, names
