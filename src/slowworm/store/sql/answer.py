"""Results as Arrow: addresses as text wherever they are, in lists, structs and maps too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

ADDRESS = "uhugeint"
"""DuckDB's type that only addresses have."""

ROWS_AT_A_TIME = 65_536

_PLAIN = {
    "boolean", "tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger", "ubigint",
    "float", "double", "decimal", "varchar", "date", "timestamp", "timestamp_s", "timestamp_ms", "timestamp_ns",
    "timestamp with time zone", "timestamptz_ns", "sqlnull", '"null"', "null",
}  # fmt: skip
"""Types that text formats have a way to write; others are written as DuckDB writes them."""

_NESTED = {"list", "array", "struct", "map"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Rows of a result. ``types``: DuckDB's names, ADDRESS for an address. ``batches`` can be read once."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    schema: pa.Schema
    batches: Iterator[pa.RecordBatch]


def projection(sql: str, names: Sequence[str], types: Sequence[Any], *, printable: bool, nested: bool) -> str:
    """SQL for the same rows with every address as text.

    ``printable``: types without a common way to be written are text as well; ``nested``: but not lists, structs and
    maps. The text of ``sql`` begins on the second line.
    """
    if len(names) >= 2 and tuple(names[:2]) == ("column_name", "column_type"):
        shown = [_of_description(position, name) for position, name in enumerate(names)]
    else:
        shown = [
            _printable(kind, f"c{position}", nested=nested) if printable else _shown(kind, f"c{position}")
            for position, kind in enumerate(types)
        ]
    columns = ", ".join(
        f"{expression} AS {_quoted(name)}" for expression, name in zip(shown, names, strict=True)
    )
    aliases = ", ".join(f"c{position}" for position in range(len(names)))
    return f"SELECT {columns} FROM (\n{sql}\n) AS _answer({aliases})"


def type_name(kind: Any) -> str:
    """A type as it is shown."""
    return str(kind).replace("UHUGEINT", "ADDRESS")


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """Names with a number behind those that were there before."""
    found: dict[str, None] = {}
    for name in names:
        shown, number = name, 1
        while shown in found:
            number += 1
            shown = f"{name}_{number}"
        found[shown] = None
    return tuple(found)


def _shown(kind: Any, expression: str, depth: int = 0) -> str:
    """An expression with the addresses in it as text; the expression itself where there are none."""
    if kind.id == ADDRESS:
        return f"text({expression})"
    if kind.id not in _NESTED or "UHUGEINT" not in str(kind):
        return expression
    item = f"_{depth}"
    if kind.id in ("list", "array"):
        child = dict(kind.children)["child"]
        return f"list_transform({expression}::{child}[], lambda {item}: {_shown(child, item, depth + 1)})"
    if kind.id == "map":
        key, value = dict(kind.children)["key"], dict(kind.children)["value"]
        entry = (
            f"struct_pack(key := {_shown(key, f'{item}.key', depth + 1)}, "
            f"value := {_shown(value, f'{item}.value', depth + 1)})"
        )
        return f"map_from_entries(list_transform(map_entries({expression}), lambda {item}: {entry}))"
    fields = ", ".join(
        f"{_quoted(name)} := {_shown(child, f'{expression}.{_quoted(name)}', depth + 1)}"
        for name, child in kind.children
    )
    return f"CASE WHEN {expression} IS NULL THEN NULL ELSE struct_pack({fields}) END"


def _printable(kind: Any, expression: str, *, nested: bool) -> str:
    shown = _shown(kind, expression)
    if kind.id == ADDRESS or kind.id in _PLAIN or (nested and kind.id in _NESTED):
        return shown
    return f"({shown})::VARCHAR"


def _of_description(position: int, name: str) -> str:
    """A column of DESCRIBE or SUMMARIZE, which say of an address what they say of its number."""
    if name == "column_type":
        return f"replace(c{position}, 'UHUGEINT', 'ADDRESS')"
    if name in ("min", "max", "q25", "q50", "q75"):
        number = f"TRY_CAST(split_part(c{position}, '.', 1) AS UHUGEINT)"
        return f"CASE c1 WHEN 'UHUGEINT' THEN text({number}) ELSE c{position} END"
    if name in ("avg", "std"):
        return f"CASE c1 WHEN 'UHUGEINT' THEN NULL ELSE c{position} END"
    return f"c{position}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
