"""Columns of somebody's table (texts, or Arrow columns) as columns of a draft, by a mapping."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slowworm.sources.tables.damage import Damage
from slowworm.sources.tables.draft import ANSWERS, Draft
from slowworm.sources.tables.mapping import ADDRESSES, NUMBERS, TEXTS, TIMES, Mapping
from slowworm.sources.tables.protocols import PROTOCOL_WORDS
from slowworm.sources.tables.slices import DAMAGED, MISSING, Addresses, Bools, Ints, Slices, recoded
from slowworm.sources.tables.times import BAD_TIME, NO_TIME, SECOND, UNITS, epoch_by_size, epoch_texts, iso

ACTIONS = {
    **dict.fromkeys(("allow", "allowed", "accept", "accepted", "permit", "permitted", "pass"), "allow"),
    **dict.fromkeys(("deny", "denied", "drop", "dropped", "block", "blocked", "reject", "rejected"), "deny"),
}
"""Words for actions that need no mapping."""

MISSING_WORDS = (b"", b"-", b"nan", b"null", b"none", b"n/a", b"na", b"\\n")
"""Texts that other tools write for a missing value."""


Column: TypeAlias = Any
"""Slices, or an Arrow array."""


def draft_of(
    mapping: Mapping, get: Callable[[str], Column], line: Ints, damage: Damage
) -> tuple[Draft, Bools]:
    """A draft of the rows, and which of them are damaged. ``get``: their column by its name."""
    n = len(line)
    columns = {key: get(name) for key, name in mapping.columns.items()}
    numbers: dict[str, Ints] = {}
    texts: dict[str, pa.Array] = {}
    for key in NUMBERS:
        if key in mapping.constants:
            numbers[key] = np.full(n, mapping.constants[key], np.int64)
        elif key in columns:
            numbers[key] = _numbers(mapping, key, columns[key])
    for key in TEXTS:
        if key in mapping.constants:
            texts[key] = recoded(np.zeros(n, np.int64), [str(mapping.constants[key])])
        elif key in columns:
            texts[key] = _words(mapping, key, _texts(columns[key]), damage)
    times, bare = _times(mapping, columns)
    src, dst = (_addresses(columns[key]) for key in ADDRESSES)
    draft = Draft(line=line, src=src, dst=dst, numbers=numbers, times=times, texts=texts)
    other, octets = draft.number(ANSWERS["packets"]), draft.number(ANSWERS["bytes"])
    draft.answered = (other > 0) | ((other == MISSING) & (octets > 0))
    bad = draft.damaged()
    damage.note("zone-assumed", "times without a time zone were taken to be UTC", int((bare & ~bad).sum()))
    return draft, bad


def _texts(column: Column) -> Slices:
    """A column as texts, what other tools write for nothing as nothing."""
    if isinstance(column, Slices):
        texts = column
    else:
        if pa.types.is_floating(column.type):
            # Tools that know no missing integers write 80.0.
            whole = pc.fill_null(pc.equal(column, pc.floor(column)), False)
            bound = pc.fill_null(pc.less(pc.abs(column), 2.0**63), False)
            fits = pc.and_(whole, bound)
            as_int = pc.if_else(fits, column, pa.scalar(0.0, column.type)).cast(pa.int64())
            nothing = pc.fill_null(pc.is_null(column, nan_is_null=True), True)
            shown = pc.if_else(fits, as_int.cast(pa.string()), column.cast(pa.string()))
            column = pc.if_else(nothing, pa.scalar(None, pa.string()), shown)
        elif not (pa.types.is_binary(column.type) or pa.types.is_large_binary(column.type)):
            column = column.cast(pa.large_string())
        texts = Slices.of(column)
    trimmed = texts.trimmed()
    empty = np.zeros(len(texts), np.bool_)
    for word in MISSING_WORDS:
        empty |= trimmed.equals(word) | trimmed.equals(word.upper())
    empty |= trimmed.equals(b"NaN") | trimmed.equals(b"None")
    return Slices(buffer=trimmed.buffer, start=trimmed.start, end=np.where(empty, trimmed.start, trimmed.end))


def _numbers(mapping: Mapping, key: str, column: Column) -> Ints:
    texts = _texts(column)
    if key in mapping.words:
        words = {w.encode(): int(v) for w, v in mapping.words[key].items()}
        return texts.translated(words)
    if key == "protocol":
        return texts.translated(PROTOCOL_WORDS)
    if key == "resolved":
        return texts.translated({b"true": 1, b"false": 0})
    values = texts.integers()
    rows = np.flatnonzero(values == DAMAGED)
    if len(rows):
        # "80.0" is a whole number; nothing else with a point is.
        part = texts.take(rows)
        stripped = Slices(buffer=part.buffer, start=part.start, end=np.maximum(part.end - 2, part.start))
        tail = Slices(buffer=part.buffer, start=np.maximum(part.end - 2, part.start), end=part.end)
        values[rows] = np.where(tail.equals(b".0"), stripped.integers(), DAMAGED)
    return values


def _words(mapping: Mapping, key: str, texts: Slices, damage: Damage) -> pa.Array:
    """Names, translated where the mapping (or, for actions, custom) has words for them."""
    words = mapping.words.get(key, ACTIONS if key == "action" else None)
    if words is None:
        return texts.names()
    codes = texts.binary().dictionary_encode()
    index = codes.indices.to_numpy(zero_copy_only=False)
    shown, unknown = [], []
    for raw in codes.dictionary.to_pylist():
        value = words.get(raw.decode("utf-8", "replace").strip().lower())
        shown.append(None if value is None else str(value))
        unknown.append(value is None and bool(raw))
    count = int(np.array(unknown or [False])[index].sum()) if len(index) else 0
    damage.note(f"unknown-words-{key}", f"values of {key} that no word stands for were left out", count)
    return recoded(index, shown)


def _times(mapping: Mapping, columns: dict[str, Column]) -> tuple[dict[str, Ints], Bools]:
    """Start and end, one from the other by a duration; and which rows had a time without a zone."""
    times: dict[str, Ints] = {}
    n = len(next(iter(columns.values())))
    bare = np.zeros(n, np.bool_)
    for key in TIMES:
        if key in columns:
            times[key], zoned = _moments(mapping, columns[key])
            bare |= ~zoned & (times[key] > BAD_TIME)
    if "duration" in columns and len(times) == 1:
        length = _duration(mapping, columns["duration"])
        key, other, sign = (
            ("start_time", "end_time", 1) if "start_time" in times else ("end_time", "start_time", -1)
        )
        known = (times[key] > BAD_TIME) & (length >= 0)
        room = np.iinfo(np.int64).max - np.maximum(times[key], 0)
        known &= length <= room
        times[other] = np.where(known, times[key] + sign * np.where(known, length, 0), NO_TIME)
        times[other] = np.where((length == DAMAGED) & (times[key] > BAD_TIME), BAD_TIME, times[other])
    if mapping.time_zone is not None:
        bare[:] = False
    return times, bare


def _duration(mapping: Mapping, column: Column) -> Ints:
    """Nanoseconds; MISSING where empty, DAMAGED where no number."""
    if isinstance(column, pa.Array) and pa.types.is_duration(column.type):
        nanoseconds = column.cast(pa.duration("ns")).cast(pa.int64()).fill_null(MISSING)
        plain: Ints = nanoseconds.to_numpy(zero_copy_only=False)
        return plain
    value = epoch_texts(_texts(column), UNITS[mapping.duration_unit])
    return np.where(value == NO_TIME, MISSING, np.where(value == BAD_TIME, DAMAGED, value))


def _moments(mapping: Mapping, column: Column) -> tuple[Ints, Bools]:
    """Times in UTC, and which of them said their zone (numbers always do)."""
    shift = (mapping.time_zone or 0) * SECOND
    if isinstance(column, pa.Array) and pa.types.is_timestamp(column.type):
        zone = column.type.tz
        # What does not fit into nanoseconds is no time that a flow can have.
        ticks = column.cast(pa.int64())
        unit = UNITS[column.type.unit]
        raw = ticks.fill_null(0).to_numpy(zero_copy_only=False)
        fits = np.abs(raw) <= np.iinfo(np.int64).max // unit - 86_400 * SECOND // unit
        value = np.where(fits, np.where(fits, raw, 0) * unit - (0 if zone else shift), BAD_TIME)
        missing = ticks.is_null().to_numpy(zero_copy_only=False)
        return np.where(missing, NO_TIME, value), np.full(len(column), zone is not None)
    texts = _texts(column)
    if mapping.time_unit:
        return epoch_texts(texts, UNITS[mapping.time_unit]), np.ones(len(texts), np.bool_)
    if mapping.time_format:
        return _formatted(texts, mapping.time_format, shift)
    value, zoned = iso(texts)
    value = np.where(~zoned & (value > BAD_TIME), value - shift, value)
    rows = np.flatnonzero(value == BAD_TIME)
    if len(rows):
        part = texts.take(rows)
        whole = part.integers()
        value[rows] = np.where(whole == DAMAGED, epoch_texts(part, SECOND), epoch_by_size(whole))
        zoned[rows] = True
    return value, zoned


def _formatted(texts: Slices, form: str, shift: int) -> tuple[Ints, Bools]:
    codes = texts.binary().dictionary_encode()
    found, said = [NO_TIME], [True]
    for raw in codes.dictionary.to_pylist():
        if not raw:
            found.append(NO_TIME)
            said.append(True)
            continue
        try:
            moment = datetime.strptime(raw[:100].decode("utf-8"), form)
        except (ValueError, OverflowError):
            found.append(BAD_TIME)
            said.append(True)
            continue
        zone = moment.tzinfo is not None
        since = (moment if zone else moment.replace(tzinfo=UTC)) - datetime(1970, 1, 1, tzinfo=UTC)
        value = ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 1_000
        value -= 0 if zone else shift
        found.append(value if 0 <= value < 2**63 else BAD_TIME)
        said.append(zone)
    index = codes.indices.to_numpy(zero_copy_only=False) + 1
    return np.array(found, np.int64)[index], np.array(said)[index]


def _addresses(column: Column) -> Addresses:
    """Addresses as text, as IPv4 numbers, or as 4 or 16 bytes."""
    if isinstance(column, pa.Array):
        n = len(column)
        missing = column.is_null().to_numpy(zero_copy_only=False)
        if pa.types.is_integer(column.type):
            raw = column.cast(pa.int64(), safe=False).fill_null(0).to_numpy(zero_copy_only=False)
            good = (raw >= 0) & (raw < 2**32)
            version = np.where(missing, MISSING, np.where(good, 4, DAMAGED)).astype(np.int8)
            four = np.where(good, raw, 0).astype(np.uint32)
            return Addresses(version=version, four=four, six=np.zeros((0, 16), np.uint8))
        if pa.types.is_fixed_size_binary(column.type) and column.type.byte_width in (4, 16):
            width = column.type.byte_width
            slices = Slices.of(column.cast(pa.binary()))
            table = np.zeros((n, width), np.uint8)
            rows = np.flatnonzero(~missing)
            table[rows] = slices.buffer[slices.start[rows, None] + np.arange(width)]
            version = np.where(missing, MISSING, 4 if width == 4 else 6).astype(np.int8)
            if width == 16:
                return Addresses(version=version, four=np.zeros(n, np.uint32), six=table)
            four = table.view(">u4")[:, 0].astype(np.uint32)
            return Addresses(version=version, four=four, six=np.zeros((0, 16), np.uint8))
    return _texts(column).addresses()
