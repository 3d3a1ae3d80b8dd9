"""Syslog headers, RFC 3164 and RFC 5424 and what lies between: when, and from which host."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from slowworm.sources.tables.damage import Damage
from slowworm.sources.tables.slices import Bools, Ints, Slices, recoded
from slowworm.sources.tables.times import NO_TIME, SECOND, days, iso, zone_seconds

SLACK = 86_400 * SECOND
"""How far in the future a time without a year may lie: clocks are off, and zones unknown."""

LEAP_CYCLE = 9
"""Years tried for a date without a year: 29 February comes at least every eight."""

ZONES = {
    "UTC": 0, "GMT": 0, "Z": 0, "WET": 0, "WEST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3,
    "EST": -5, "EDT": -4, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7,
    "SGT": 8, "HKT": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12, "NZDT": 13,
}  # fmt: skip
"""Hours east of UTC of zone names that mean one thing; CST, IST and BST mean several, and are not here."""

AMBIGUOUS = ("CST", "IST", "BST", "AST")

_MONTHS = {
    m: i + 1
    for i, m in enumerate(
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    )
}
_STAMP = re.compile(
    rf"(?<![A-Za-z])(?P<mon>{'|'.join(_MONTHS)})\s{{1,2}}(?P<day>\d{{1,2}})\s(?:(?P<year>\d{{4}})\s)?"
    r"(?P<clock>\d\d:\d\d:\d\d)(?:\.(?P<frac>\d{1,9}))?(?:\s(?P<zone>"
    rf"{'|'.join([*ZONES, *AMBIGUOUS])})(?=[\s:]|$))?"
)
_ISO = re.compile(
    r"(?<!\d)(?P<iso>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)(?P<zone>Z|[+-]\d\d:?\d\d)?(?!\d)"
)
_HOST = re.compile(r"\s*:?\s*(?P<host>[^\s:%\[<,][^\s%,]{0,199})")
_NOT_HOSTS = ("kernel", "-", "ufw", "iptables")


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """Per line: when (NO_TIME if not said), which host, and what was assumed about the time."""

    time: Ints
    host: pa.Array
    no_year: Bools
    no_zone: Bools

    def tell(self, damage: Damage, rows: Bools) -> None:
        """Notes on what was assumed for the flows of ``rows``."""
        year_note(damage, int((self.no_year & rows).sum()))
        zone_note(damage, int((self.no_zone & rows).sum()))


def year_note(damage: Damage, count: int) -> None:
    """Say that ``count`` times had no year."""
    text = "times without a year were taken to be of the newest year that is not in the future"
    damage.note("year-assumed", text, count)


def zone_note(damage: Damage, count: int) -> None:
    """Say that ``count`` times had no zone."""
    damage.note("zone-assumed", "times without a time zone were taken to be UTC", count)


def headers(heads: Slices, now: datetime | None) -> Headers:
    """Read what stands before each message. ``now``: no year may put a time after it; default is the clock.

    Where a collector put its own header in front of the device's, the device's time and the first host count.
    """
    codes = heads.binary().dictionary_encode()
    moment = int((now or datetime.now(UTC)).timestamp()) * SECOND
    texts = [raw[-400:].decode("latin-1") for raw in codes.dictionary.to_pylist()]
    index = codes.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    if not texts:
        none = np.zeros(0, np.bool_)
        return Headers(time=np.zeros(0, np.int64), host=recoded(index, []), no_year=none, no_zone=none)
    stamps = [_last(text) for text in texts]
    time, no_year = _times(stamps, moment)
    zones = [_shift(stamp) for stamp in stamps]
    shift = np.array([z or 0 for z in zones], np.int64) * SECOND
    there = time != NO_TIME
    return Headers(
        time=np.where(there, time - shift, NO_TIME)[index],
        host=recoded(index, [_host(text) for text in texts]),
        no_year=no_year[index],
        no_zone=(np.array([z is None for z in zones]) & there)[index],
    )


def _last(text: str) -> re.Match[str] | None:
    """The timestamp nearest to the message: the device's own."""
    found = None
    for pattern in (_STAMP, _ISO):
        for match in pattern.finditer(text):
            if found is None or match.start() > found.start():
                found = match
    return found


def _shift(stamp: re.Match[str] | None) -> int | None:
    """Seconds east of UTC; ``None`` where the stamp does not say."""
    zone = stamp["zone"] if stamp else None
    if zone is None or zone in AMBIGUOUS:
        return None
    return ZONES[zone] * 3_600 if zone in ZONES else zone_seconds(zone)


def _times(stamps: list[re.Match[str] | None], now: int) -> tuple[Ints, Bools]:
    """Times as if in UTC, and which of them lacked a year."""
    time = np.full(len(stamps), NO_TIME, np.int64)
    written = [s["iso"] if s and "iso" in s.re.groupindex else "" for s in stamps]
    full, _ = iso(Slices.texts(written))
    time = np.where(full > 0, full, time)
    rows = np.array([i for i, s in enumerate(stamps) if s and "mon" in s.re.groupindex], np.int64)
    lacking = np.zeros(len(stamps), np.bool_)
    if not len(rows):
        return time, lacking
    found = [s for i in rows.tolist() if (s := stamps[i])]
    month = np.array([_MONTHS[s["mon"]] for s in found], np.int64)
    day = np.array([int(s["day"]) for s in found], np.int64)
    year = np.array([int(s["year"] or 0) for s in found], np.int64)
    clock = np.array([_clock(s) for s in found], np.int64)
    date, good = days(year, month, day)
    value = np.where(good & (clock >= 0), date * 86_400 * SECOND + clock, NO_TIME)
    lacking[rows] = year == 0
    newest = datetime.fromtimestamp(now // SECOND, UTC).year + 1
    for candidate in range(newest, newest - LEAP_CYCLE - 1, -1):
        date, good = days(np.full(len(rows), candidate), month, day)
        guess = date * 86_400 * SECOND + clock
        value = np.where(
            (year == 0) & (value == NO_TIME) & good & (clock >= 0) & (guess <= now + SLACK), guess, value
        )
    time[rows] = value
    return time, lacking & (time != NO_TIME)


def _clock(stamp: re.Match[str]) -> int:
    hour, minute, second = (int(part) for part in stamp["clock"].split(":"))
    if hour > 23 or minute > 59 or second > 60:
        return -1
    fraction = (stamp["frac"] or "").ljust(9, "0")
    return (hour * 3_600 + minute * 60 + second) * SECOND + int(fraction)


def message_start(text: str) -> int:
    """Where the header of ``text`` ends: behind the first timestamp and the host, 0 without a timestamp."""
    match = _host_word(text)
    first = _first(text)
    return match.end() if match else first.end() if first else 0


def _first(text: str) -> re.Match[str] | None:
    stamps = [m for p in (_STAMP, _ISO) if (m := p.search(text))]
    return min(stamps, key=lambda m: m.start()) if stamps else None


def _host_word(text: str) -> re.Match[str] | None:
    """The first word behind the first timestamp, unless it is a second timestamp."""
    first = _first(text)
    match = _HOST.match(text, first.end()) if first else None
    if not match or _STAMP.match(text, match.start("host")) or _ISO.match(text, match.start("host")):
        return None
    return match


def _host(text: str) -> str | None:
    """The host that a header names, if it is not a program's name."""
    match = _host_word(text)
    if not match:
        return None
    host = match["host"]
    host = host.removesuffix(":")
    # "ufw[800]:" and "kernel:" are programs: the header has no host.
    return None if not host or host.lower() in _NOT_HOSTS or "[" in host else host
