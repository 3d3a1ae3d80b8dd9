"""Times in texts as int64 nanoseconds UTC: ISO 8601 and its relatives, and seconds since 1970."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from slowworm.sources.tables.slices import DAMAGED, MISSING, Bools, Ints, Slices

NO_TIME: int = np.iinfo(np.int64).min
"""What a time is where the text is empty."""

BAD_TIME: int = NO_TIME + 1
"""What a time is where the text is no time."""

SECOND = 1_000_000_000
UNITS = {"s": SECOND, "ms": 1_000_000, "us": 1_000, "ns": 1}

FIRST_YEAR, LAST_YEAR = 1970, 2261
"""Years that int64 nanoseconds can hold."""

MAX_DURATION = 100 * 366 * 86_400
"""Seconds that no flow lasts: a longer duration is damage."""

_MAX_SECONDS = 9_223_372_036


def days(year: Ints, month: Ints, day: Ints) -> tuple[Ints, Bools]:
    """Days since 1970, and which of the dates exist."""
    good = (
        (year >= FIRST_YEAR) & (year <= LAST_YEAR) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    )
    months = np.where(good, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    date = months.astype("datetime64[D]") + (np.where(good, day, 1) - 1)
    good &= date.astype("datetime64[M]") == months
    return date.astype(np.int64), good


def iso(texts: Slices) -> tuple[Ints, Bools]:
    """``2024-05-31T23:59:58.123456789+02:00`` and ``2024/05/31 23:59:58`` as nanoseconds, and which had a zone.

    Without a zone, UTC is assumed. NO_TIME where empty, BAD_TIME where it is no time.
    """
    length = texts.length
    time = np.where((length == 0) | texts.equals(b"-"), NO_TIME, BAD_TIME)
    zoned = np.zeros(len(texts), np.bool_)
    rows = np.flatnonzero((length >= 19) & (length <= 40))
    if not len(rows):
        return time, zoned
    char = texts.buffer[texts.start[rows, None] + np.arange(19)]
    digit = (char - np.uint8(48)).astype(np.int64)

    def number(*places: int) -> Ints:
        value = np.zeros(len(rows), np.int64)
        for place in places:
            value = value * 10 + digit[:, place]
        return value

    good = (digit[:, (0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, 17, 18)] <= 9).all(axis=1)
    good &= ((char[:, 4] == 45) | (char[:, 4] == 47)) & (char[:, 7] == char[:, 4])
    good &= ((char[:, 10] == 84) | (char[:, 10] == 32)) & (char[:, 13] == 58) & (char[:, 16] == 58)
    date, real = days(number(0, 1, 2, 3), number(5, 6), number(8, 9))
    hour, minute, second = number(11, 12), number(14, 15), number(17, 18)
    good &= real & (hour < 24) & (minute < 60) & (second <= 60)
    fraction, at = _fraction(texts, rows)
    shift, has_zone, whole = _zone(texts, rows, at)
    good &= whole
    value = (date * 86_400 + hour * 3_600 + minute * 60 + second - shift) * SECOND + fraction
    time[rows[good]] = value[good]
    zoned[rows[good]] = has_zone[good]
    return time, zoned


def _fraction(texts: Slices, rows: Ints) -> tuple[Ints, Ints]:
    """Nanoseconds behind the point, and the offset in each text behind the last digit."""
    end = texts.end[rows]
    at = texts.start[rows] + 19
    fraction, scale = np.zeros(len(rows), np.int64), np.full(len(rows), SECOND, np.int64)
    byte = texts.buffer[np.minimum(at, len(texts.buffer) - 1)]
    open_ = (at < end) & ((byte == 46) | (byte == 44))
    at = at + open_
    for _ in range(9):
        digit = texts.buffer[np.minimum(at, len(texts.buffer) - 1)] - np.uint8(48)
        open_ &= (at < end) & (digit <= 9)
        fraction = np.where(open_, fraction * 10 + digit, fraction)
        scale = np.where(open_, scale // 10, scale)
        at = at + open_
    return fraction * scale, at


def _zone(texts: Slices, rows: Ints, at: Ints) -> tuple[Ints, Bools, Bools]:
    """Seconds east of UTC, whether a zone was given, and whether nothing else follows."""
    tail = Slices(buffer=texts.buffer, start=at, end=np.maximum(texts.end[rows], at))
    codes = tail.binary().dictionary_encode()
    shift, given, whole = [0], [False], [True]
    for raw in codes.dictionary.to_pylist():
        seconds = zone_seconds(raw.decode("latin-1"))
        shift.append(seconds or 0)
        given.append(bool(raw.strip()))
        whole.append(seconds is not None)
    index = codes.indices.to_numpy(zero_copy_only=False) + 1
    return np.array(shift, np.int64)[index], np.array(given)[index], np.array(whole)[index]


def zone_seconds(text: str) -> int | None:
    """``Z``, ``UTC``, ``+02:00``, ``-0700``, ``+01`` or nothing, in seconds east of UTC; ``None`` if neither."""
    text = text.strip()
    if text.upper() in ("", "Z", "UTC", "GMT"):
        return 0
    digits = text[1:].replace(":", "", 1)
    if text[0] not in "+-" or not (digits.isascii() and digits.isdigit()) or len(digits) not in (2, 4):
        return None
    seconds = int(digits[:2]) * 3_600 + int(digits[2:] or 0) * 60
    return (-seconds if text[0] == "-" else seconds) if seconds <= 86_400 else None


def moved(time: Ints, seconds: Ints, sign: int) -> Ints:
    """``time`` later (``sign`` 1) or earlier (-1) by a duration; as it is where either is missing."""
    known = (time > BAD_TIME) & (seconds >= 0) & (seconds <= MAX_DURATION)
    result = np.where(known, time + sign * np.where(known, seconds, 0) * SECOND, time)
    damaged = (seconds == DAMAGED) | (seconds > MAX_DURATION)
    return np.where((time > BAD_TIME) & damaged, BAD_TIME, result)


def epoch(values: Ints, unit: npt.NDArray[np.int64] | int) -> Ints:
    """Counts since 1970 in units of ``unit`` nanoseconds as nanoseconds; MISSING and DAMAGED as times."""
    limit = np.iinfo(np.int64).max // unit
    good = (values >= 0) & (values <= limit)
    time = np.where(good, np.where(good, values, 0) * unit, BAD_TIME)
    time[values == MISSING] = NO_TIME
    return time


def epoch_by_size(values: Ints) -> Ints:
    """Seconds, milliseconds, microseconds or nanoseconds since 1970, told apart by their size."""
    unit = np.full(len(values), SECOND, np.int64)
    for limit, nanoseconds in ((_MAX_SECONDS, 1_000_000), (10**14, 1_000), (10**17, 1)):
        unit = np.where(values > limit, nanoseconds, unit)
    return epoch(values, unit)


def epoch_texts(texts: Slices, unit: int) -> Ints:
    """``1700000000`` or ``1700000000.123456`` in units of ``unit`` nanoseconds."""
    length = texts.length
    point = texts.end.copy()
    for j in range(20):
        rows = np.flatnonzero((length > j) & (point == texts.end))
        dots = rows[texts.buffer[texts.start[rows] + j] == 46]
        point[dots] = texts.start[dots] + j
    whole = Slices(buffer=texts.buffer, start=texts.start, end=point).integers()
    time = epoch(whole, unit)
    rows = np.flatnonzero((point < texts.end) & (time >= 0))
    if len(rows):
        digits = Slices(
            buffer=texts.buffer, start=point[rows] + 1, end=np.minimum(texts.end[rows], point[rows] + 10)
        )
        part = digits.integers()
        scaled = np.maximum(part, 0) * unit // 10 ** np.clip(digits.length, 0, 9)
        time[rows] = np.where(part == DAMAGED, BAD_TIME, time[rows] + scaled)
    return time
