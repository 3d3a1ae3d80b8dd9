"""Mapping files: which column of somebody's table is which of the flow table, in a few lines of TOML.

::

    [columns]
    src_addr = "Source IP"
    dst_addr = "Destination IP"
    start_time = "Timestamp"
    duration = "Flow Duration"
    packets = "Total Fwd Packets"
    answer_packets = "Total Backward Packets"

    [values]
    time_unit = "s"           # or ms, us, ns, for numbers; or time_format = "%d/%m/%Y %H:%M:%S"
    time_zone = "+02:00"      # of times that do not say it themselves
    duration_unit = "us"
    exporter = "core-1"       # the same for every flow
    delimiter = ";"           # of a CSV file, where it is not found by itself

    [values.action]           # their words, and ours
    Blocked = "deny"
    Forwarded = "allow"
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping as Table
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from slowworm.errors import UsageError
from slowworm.flows.schema import NAMES, TEXT, schema
from slowworm.sources.tables.draft import ANSWERS, LIMITS
from slowworm.sources.tables.times import UNITS, zone_seconds

MAX_FILE_BYTES = 65_536
"""A mapping has a few dozen lines."""

ADDRESSES = ("src_addr", "dst_addr")
TIMES = ("start_time", "end_time")
DELIMITERS = ",;\t|"
EXTRA = (*ANSWERS.values(), "duration")
"""Columns that a mapping may name beside those of the flow table: the other direction's, and a duration."""

SETTINGS = ("time_unit", "time_format", "time_zone", "duration_unit", "delimiter")

TEXTS = tuple(name for name in NAMES if schema(4).field(name).type == TEXT)
NUMBERS = tuple(n for n in (*NAMES, *ANSWERS.values()) if n not in (*TEXTS, *TIMES, *ADDRESSES))

_KNOWN = (*NAMES, *EXTRA)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapping:
    """``columns``: flow column → their column. ``words``: flow column → their word (lower case) → our value.

    ``constants``: flow column → the value of every flow. ``time_unit``: of numbers, ``None`` by their size.
    ``time_format``: as of ``strptime``. ``time_zone``: seconds east of UTC, ``None`` if not said.
    """

    origin: str
    columns: Table[str, str]
    words: Table[str, Table[str, str | int]] = field(default_factory=dict)
    constants: Table[str, str | int] = field(default_factory=dict)
    time_unit: str | None = None
    time_format: str | None = None
    time_zone: int | None = None
    duration_unit: str = "s"
    delimiter: str | None = None

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Mapping:
        """The mapping in a file. Raises :class:`UsageError` naming the file and the key."""
        shown = os.fspath(path)
        try:
            raw = Path(path).read_bytes()
        except OSError as error:
            raise UsageError(f"{shown}: cannot be read: {error.strerror}") from error
        if len(raw) > MAX_FILE_BYTES:
            raise UsageError(f"{shown}: larger than {MAX_FILE_BYTES} bytes; this is no mapping")
        try:
            return cls.parse(raw.decode("utf-8"), origin=shown)
        except UnicodeDecodeError as error:
            raise UsageError(f"{shown}: not UTF-8 text: {error.reason}") from error

    @classmethod
    def parse(cls, text: str, *, origin: str) -> Mapping:
        """A mapping from TOML. Raises :class:`UsageError` naming ``origin`` and the key."""
        try:
            data = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            raise UsageError(f"{origin}: not TOML: {error}") from error
        for key in data:
            if key not in ("columns", "values"):
                raise UsageError(f"{origin}: {key}: a mapping has [columns] and [values] only")
        columns = _table(data.get("columns"), origin, "columns")
        values = _table(data.get("values", {}), origin, "values")
        return cls(
            origin=origin,
            columns=_columns(columns, origin),
            **_settings(values, origin),
            **_values(values, columns, origin),
        )


def _table(value: Any, origin: str, key: str) -> dict[str, Any]:
    if value is None:
        raise UsageError(
            f"{origin}: {key} is missing: it says which of your columns is src_addr, dst_addr, …"
        )
    if not isinstance(value, dict):
        raise UsageError(f"{origin}: {key}: must be a table, [{key}]")
    return value


def _columns(columns: Table[str, Any], origin: str) -> dict[str, str]:
    for key, value in columns.items():
        if key not in _KNOWN:
            raise UsageError(f"{origin}: columns.{key}: no column of the flow table{_hint(key, _KNOWN)}")
        if not isinstance(value, str) or not value.strip():
            raise UsageError(f"{origin}: columns.{key}: must be the name of one of your columns, in quotes")
    for key in ADDRESSES:
        if key not in columns:
            raise UsageError(f"{origin}: columns.{key} is missing: a flow needs both addresses")
    if "duration" in columns and not any(t in columns for t in TIMES):
        raise UsageError(f"{origin}: columns.duration: of no use without columns.start_time or end_time")
    return {key: value.strip() for key, value in columns.items()}


def _settings(values: Table[str, Any], origin: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in SETTINGS:
        if key not in values:
            continue
        value = values[key]
        if not isinstance(value, str):
            raise UsageError(f"{origin}: values.{key}: must be text in quotes, not {value!r}")
        if key.endswith("_unit") and value not in UNITS:
            raise UsageError(f"{origin}: values.{key}: {value!r} is none of {', '.join(UNITS)}")
        if key == "delimiter" and (len(value) != 1 or not value.isascii() or value in '"\r\n'):
            raise UsageError(f"{origin}: values.{key}: must be one character, as ',' or '\\t'")
        if key == "time_zone":
            if (shift := zone_seconds(value)) is None:
                raise UsageError(f"{origin}: values.{key}: {value!r} is no zone such as 'UTC' or '+02:00'")
            found[key] = shift
        else:
            found[key] = value
    if "time_unit" in found and "time_format" in found:
        raise UsageError(f"{origin}: values.time_format: either a unit or a format, not both")
    return found


def _values(values: Table[str, Any], columns: Table[str, Any], origin: str) -> dict[str, Any]:
    words: dict[str, dict[str, str | int]] = {}
    constants: dict[str, str | int] = {}
    for key, value in values.items():
        if key in SETTINGS:
            continue
        if key not in (*TEXTS, *NUMBERS):
            known = (*SETTINGS, *TEXTS, *NUMBERS)
            raise UsageError(f"{origin}: values.{key}: nothing that can be set{_hint(key, known)}")
        if isinstance(value, dict):
            if key not in columns:
                raise UsageError(f"{origin}: values.{key}: words for a column that [columns] does not name")
            words[key] = {
                word.strip().lower(): _value(one, f"{origin}: values.{key}.{word}", key)
                for word, one in value.items()
            }
        elif key in columns:
            raise UsageError(f"{origin}: values.{key}: either a column or one value for all, not both")
        else:
            constants[key] = _value(value, f"{origin}: values.{key}", key)
    return {"words": words, "constants": constants}


def _value(value: Any, place: str, key: str) -> str | int:
    if key in TEXTS:
        if not isinstance(value, str):
            raise UsageError(f"{place}: must be text in quotes, not {value!r}")
        if key == "action" and value not in ("allow", "deny"):
            raise UsageError(f"{place}: {value!r} is neither 'allow' nor 'deny'")
        return value
    limit = LIMITS.get(key, 2**63 - 1)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= limit:
        raise UsageError(f"{place}: must be a number from 0 to {limit}, not {value!r}")
    return value


def _hint(key: str, known: tuple[str, ...]) -> str:
    near = get_close_matches(key, known, n=2)
    return f"; did you mean {' or '.join(near)}?" if near else "; docs/reference/flow-table.md lists them"
