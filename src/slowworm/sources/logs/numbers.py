"""Numbers and times of text columns, digit by digit over the whole column: exact, without a Python object a cell."""

from __future__ import annotations

import math

import numpy as np

from slowworm.sources.logs.cells import Cells, Numbers
from slowworm.sources.logs.lines import Bools, Ints

SECOND = 1_000_000_000
DIGITS = 18
"""Digits that surely fit 64 bits; a counter with more is no counter."""

LAST_SECOND = 9_223_372_035
"""Last second since 1970 whose nanoseconds fit 64 bits (2262)."""


def unsigned(cells: Cells) -> Numbers:
    """Cells of decimal digits and nothing else; leading zeros are decimal."""
    size = cells.size
    value, good = np.zeros(len(cells), np.int64), (size > 0) & (size <= DIGITS)
    for offset in range(min(int(size.max(initial=0)), DIGITS)):
        digit = cells.byte(offset).astype(np.int64) - 48
        inside = good & (offset < size)
        good &= ~inside | ((digit >= 0) & (digit <= 9))
        value = np.where(inside & good, value * 10 + digit, value)
    return Numbers(values=value, known=good)


def hexadecimal(cells: Cells) -> Numbers:
    """Cells like ``0x0303``."""
    rows = np.flatnonzero((cells.byte(0) == 48) & np.isin(cells.byte(1), (120, 88)))
    none = Numbers.none(len(cells))
    if not len(rows):
        return none

    def value(text: str) -> int | None:
        try:
            return int(text, 16) if 2 < len(text) <= 10 and "_" not in text else None
        except ValueError:
            return None

    found = cells.take(rows).mapped(value)
    none.values[rows], none.known[rows] = found.values, found.known
    return none


def seconds(cells: Cells) -> Numbers:
    """Decimal seconds (``0.028``, ``-1.5``, ``9.5e-05``) as nanoseconds, rounded."""
    whole, fraction, good = _decimal(cells)
    good &= whole <= LAST_SECOND
    value = np.where(good, np.where(good, whole, 0) * SECOND + fraction, 0)
    value = np.where(cells.byte(0) == 45, -value, value)
    return _with_exponents(cells, Numbers(values=value, known=good))


def instants(cells: Cells) -> Numbers:
    """Times as nanoseconds since 1970 UTC: dates (a missing zone is UTC), seconds, milli- or microseconds."""
    mark = cells.byte(4)
    dated = np.isin(mark, (45, 47)) & (cells.byte(7) == mark)
    whole, fraction, good = _decimal(cells)
    good &= cells.byte(0) != 45
    # Zeek can write milliseconds, other tools microseconds: seconds of that size are beyond the year 5000.
    milli, micro = whole >= 100_000_000_000, whole >= 100_000_000_000_000
    unit = np.where(micro, 1_000, np.where(milli, 1_000_000, SECOND))
    good &= whole <= np.where(micro | milli, LAST_SECOND * (SECOND // unit), LAST_SECOND)
    value = np.where(good, whole, 0) * unit + np.where(micro | milli, fraction * unit // SECOND, fraction)
    numbers = _with_exponents(cells, Numbers(values=value, known=good))
    if not dated.any():
        return numbers
    rows = np.flatnonzero(dated)
    found = _dates(cells.take(rows))
    numbers.values[rows], numbers.known[rows] = found.values, found.known
    return numbers


def clock(cells: Cells) -> Numbers:
    """Durations as ``00:35:55.052``, as nfdump prints them; plain seconds too."""
    plain = seconds(cells)
    rows = np.flatnonzero((cells.byte(2) == 58) & (cells.byte(5) == 58))
    if len(rows):
        some = cells.take(rows)
        hour, minute = (_two(some, at) for at in (0, 3))
        rest = seconds(Cells(data=some.data, start=np.minimum(some.start + 6, some.end), end=some.end))
        value = (hour * 3600 + minute * 60) * SECOND + rest.values
        plain.values[rows] = value
        plain.known[rows] = rest.known & (hour >= 0) & (minute >= 0)
    return plain


def _decimal(cells: Cells) -> tuple[Ints, Ints, Bools]:
    """Whole part, nanoseconds of the fraction, and which cells are ``[-]digits[.digits]``."""
    n, size = len(cells), cells.size
    signed = cells.byte(0) == 45
    whole, fraction = np.zeros(n, np.int64), np.zeros(n, np.int64)
    decimals, digits = np.zeros(n, np.int64), np.zeros(n, np.int64)
    good = (size > signed) & (size <= 40)
    dotted, rounded = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    for offset in range(min(int(size.max(initial=0)), 40)):
        byte = cells.byte(offset)
        inside = good & (offset < size) & ~(signed & (offset == 0))
        digit = byte.astype(np.int64) - 48
        number = inside & (digit >= 0) & (digit <= 9)
        dot = inside & (byte == 46) & ~dotted
        good &= ~inside | number | dot
        before = number & ~dotted
        whole = np.where(before, whole * 10 + digit, whole)
        digits += before
        good &= digits <= DIGITS
        # Doubles that a tool printed in full (0.09628199999999865) are rounded at the tenth decimal.
        tenth = number & dotted & (decimals == 9) & ~rounded
        fraction += tenth & (digit >= 5)
        rounded |= tenth
        after = number & dotted & (decimals < 9)
        fraction = np.where(after, fraction * 10 + digit, fraction)
        decimals += after
        dotted |= dot
    good &= (digits > 0) | (decimals > 0)
    return whole, fraction * 10 ** (9 - decimals), good


def _with_exponents(cells: Cells, found: Numbers) -> Numbers:
    """Cells like ``9.5e-05``, which JSON writers print for very short durations, one by one: they are rare."""
    rows = np.flatnonzero(~found.known & (cells.size >= 3) & (cells.size <= 40))
    for row in rows.tolist():
        text = cells.data[cells.start[row] : cells.end[row]].tobytes()
        if b"e" in text.lower() and b"_" not in text and not text.isalpha():
            try:
                value = float(text)
            except ValueError:
                continue
            if math.isfinite(value) and abs(value) < LAST_SECOND:
                found.values[row], found.known[row] = round(value * SECOND), True
    return found


def _two(cells: Cells, offset: int) -> Ints:
    """Two digits at ``offset``, -1 where they are none."""
    tens, ones = (cells.byte(offset + i).astype(np.int64) - 48 for i in (0, 1))
    good = (tens >= 0) & (tens <= 9) & (ones >= 0) & (ones <= 9)
    return np.where(good, tens * 10 + ones, -1)


def _dates(cells: Cells) -> Numbers:
    """``2013-10-21 13:22:59.340835``, with / or T, with a fraction, with Z or +0200 or +02:00."""
    century, year, month, day = (_two(cells, at) for at in (0, 2, 5, 8))
    hour, minute, second = (_two(cells, at) for at in (11, 14, 17))
    good = (century >= 17) & (century <= 22) & (year >= 0) & (month >= 1) & (month <= 12) & (day >= 1)
    good &= np.isin(cells.byte(10), (9, 32, 84, 116)) & (cells.byte(13) == 58) & (cells.byte(16) == 58)
    good &= (hour >= 0) & (hour < 24) & (minute >= 0) & (minute < 60) & (second >= 0) & (second <= 60)
    full_year = np.where(good, century * 100 + year, 1970)
    good &= (full_year > 1700) & (full_year < 2262)
    months = (np.where(good, full_year, 1970) - 1970) * 12 + np.where(good, month, 1) - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
    length = (months + 1).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) - first
    good &= day <= length
    value = ((first + day - 1) * 86_400 + hour * 3_600 + minute * 60 + second) * SECOND
    at, scale = np.full(len(cells), 19), np.full(len(cells), SECOND // 10)
    running = np.isin(cells.byte(19), (44, 46))
    at += running
    for _ in range(12):  # nine digits count, a few more are passed over
        digit = cells.byte(at).astype(np.int64) - 48
        running &= (digit >= 0) & (digit <= 9)
        if not running.any():
            break
        value += np.where(running, digit * scale, 0)
        scale = np.where(running, scale // 10, scale)
        at += running
    left = cells.size - at
    sign = cells.byte(at)
    zoned = np.isin(sign, (43, 45)) & np.isin(left, (3, 5, 6))
    if zoned.any():
        rest = Cells(data=cells.data, start=np.minimum(cells.start + at + 1, cells.end), end=cells.end)
        hours = _two(rest, 0)
        minutes = np.where(left == 3, 0, np.where(left == 5, _two(rest, 2), _two(rest, 3)))
        good &= ~zoned | ((hours >= 0) & (hours < 24) & (minutes >= 0) & (minutes < 60))
        shift = (hours * 3_600 + minutes * 60) * SECOND
        value -= np.where(zoned, np.where(sign == 43, shift, -shift), 0)
    good &= (left == 0) | zoned | ((left == 1) & np.isin(sign, (90, 122)))
    return Numbers(values=np.where(good, value, 0), known=good)
