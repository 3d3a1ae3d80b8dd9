"""JSON lines as typed columns: pyarrow reads what is clean, Python reads line by line what is not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.json

from slowworm.sources.logs.cells import Cells, Numbers
from slowworm.sources.logs.jsonlines import whole_objects
from slowworm.sources.logs.lines import Account, Chunk, Ints
from slowworm.sources.logs.numbers import instants, seconds

INT, TEXT, NUMBER, BOOL, TEXTS, EACH = "int", "text", "number", "bool", "texts", "each"
"""Kinds of columns; a NUMBER is a time or a duration: a JSON number, or text. TEXTS is a list of texts, EACH a text
of every object in a list of objects: also a list of texts."""

_LIST = pa.list_(pa.string())
_ARROW = {
    INT: pa.int64(),
    TEXT: pa.string(),
    NUMBER: pa.float64(),
    BOOL: pa.bool_(),
    TEXTS: _LIST,
    EACH: _LIST,
}
_BOUND = 2**63

Wanted = dict[str, str]
"""Column → kind; a dot-less path of names is joined by ``/`` (``flow/pkts_toserver``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonRows:
    """Objects read: the wanted columns (null where absent) and the line of each."""

    columns: dict[str, pa.Array]
    line: Ints

    def cells(self, name: str) -> Cells:
        """A TEXT column; a BOOL column as ``true`` and ``false``."""
        return Cells.of(self.columns[name].cast(pa.string()))

    def numbers(self, name: str) -> Numbers:
        """An INT column; negative values are unknown."""
        found = Numbers.of(self.columns[name])
        return found.where(found.values >= 0)

    def times(self, name: str) -> Numbers:
        """A NUMBER column as nanoseconds since 1970 UTC."""
        column = self.columns[name]
        return _rounded(column) if pa.types.is_floating(column.type) else instants(Cells.of(column))

    def spans(self, name: str) -> Numbers:
        """A NUMBER column as nanoseconds of duration."""
        column = self.columns[name]
        return _rounded(column) if pa.types.is_floating(column.type) else seconds(Cells.of(column))

    def items(self, name: str) -> tuple[Cells, Ints]:
        """The texts of a TEXTS or EACH column one after the other, and the row of each."""
        column = self.columns[name]
        row = pc.list_parent_indices(column).to_numpy(zero_copy_only=False).astype(np.int64)
        return Cells.of(pc.list_flatten(column)), row

    def names(self, name: str) -> pa.Array:
        """A TEXT column as a dictionary column, empty as null."""
        return self.cells(name).names()


def read_rows(chunk: Chunk, wanted: Wanted, account: Account) -> list[JsonRows]:
    """The JSON objects of ``chunk``, one a line; lines that are none are counted.

    Two tables where some lines were clean and others were not.
    """
    filled = np.flatnonzero(chunk.end > chunk.start)
    data, clean = whole_objects(chunk, filled)
    if len(clean):
        table = _by_arrow(data, wanted, len(clean))
        if table is not None:
            found = JsonRows(columns=table, line=chunk.number(clean))
            rest = np.setdiff1d(filled, clean, assume_unique=True)
            return [found, _by_python(chunk, rest, wanted, account)] if len(rest) else [found]
    return [_by_python(chunk, filled, wanted, account)] if len(filled) else []


def _rounded(column: pa.Array) -> Numbers:
    """Floats of seconds as nanoseconds, to the microsecond: more a double does not hold of a date."""
    known = column.is_valid().to_numpy(zero_copy_only=False)
    values = column.fill_null(0.0).to_numpy(zero_copy_only=False)
    known = known & np.isfinite(values) & (np.abs(values) < 9.2e9)
    micro = np.rint(np.where(known, values, 0.0) * 1e6).astype(np.int64)
    return Numbers(values=micro * 1000, known=known)


def _schema(wanted: Wanted, times: pa.DataType) -> pa.Schema:
    tree: dict[str, Any] = {}
    for path, kind in wanted.items():
        *outer, inner = path.split("/")
        here = tree
        for name in outer[:-1] if kind == EACH else outer:
            here = here.setdefault(name, {})
        if kind == EACH:
            here[outer[-1]] = pa.list_(pa.struct([(inner, pa.string())]))
        else:
            here[inner] = times if kind == NUMBER else _ARROW[kind]

    def fields(node: dict[str, Any]) -> list[tuple[str, pa.DataType]]:
        return [(n, pa.struct(fields(k)) if isinstance(k, dict) else k) for n, k in node.items()]

    return pa.schema(fields(tree))


def _by_arrow(data: bytes, wanted: Wanted, rows: int) -> dict[str, pa.Array] | None:
    """``None`` where pyarrow does not understand every line: it says neither which nor why."""
    texts = any(
        kind == NUMBER and f'"{path.rpartition("/")[2]}"'.encode() in data for path, kind in wanted.items()
    )
    for times in (pa.float64(), pa.string()) if texts else (pa.float64(),):
        try:
            table = pyarrow.json.read_json(
                pa.BufferReader(data),
                read_options=pyarrow.json.ReadOptions(use_threads=False, block_size=len(data) + 1),
                parse_options=pyarrow.json.ParseOptions(
                    explicit_schema=_schema(wanted, times), unexpected_field_behavior="ignore"
                ),
            )
        except (pa.ArrowException, ValueError, OSError):
            continue
        if table.num_rows != rows:
            return None
        return {path: _reach(table, path, kind) for path, kind in wanted.items()}
    return None


def _reach(table: pa.Table, path: str, kind: str) -> pa.Array:
    first, *steps = path.split("/")
    column = table.column(first).combine_chunks()
    for step in steps[:-1] if kind == EACH else steps:
        column = pc.struct_field(column, step)
    if kind != EACH:
        return column
    inner = pc.struct_field(column.values, steps[-1])
    return pa.ListArray.from_arrays(
        column.offsets, inner, mask=column.is_null() if column.null_count else None
    )


def _by_python(chunk: Chunk, rows: Ints, wanted: Wanted, account: Account) -> JsonRows:
    values: dict[str, list[Any]] = {path: [] for path in wanted}
    paths = [(path, path.split("/"), kind, values[path]) for path, kind in wanted.items()]
    lines, bad, odd = [], [], []
    for row, number in zip(rows.tolist(), chunk.number(rows).tolist(), strict=True):
        for item in _objects(chunk.line(row)):
            if not isinstance(item, dict):
                bad.append(number)
                continue
            lines.append(number)
            for _, steps, kind, column in paths:
                found: Any = item
                for step in steps[:-1] if kind == EACH else steps:
                    found = found.get(step) if isinstance(found, dict) else None
                if kind == EACH and isinstance(found, list):
                    found = [one.get(steps[-1]) for one in found if isinstance(one, dict)]
                value, good = _coerced(found, kind)
                column.append(value)
                if not good:
                    odd.append(number)
    account.add("a line that is no JSON object", bad, chunk)
    account.add("a JSON value of another type than the format has there", odd, chunk)
    kinds = {**_ARROW, NUMBER: pa.string()}
    return JsonRows(
        columns={path: pa.array(values[path], kinds[kind]) for path, kind in wanted.items()},
        line=np.array(lines, np.int64),
    )


def _objects(line: bytes) -> Iterator[object]:
    """The JSON values of a line, usually one; ``None`` for what is none."""
    text = line.decode("utf-8", "replace").strip().rstrip(",")
    try:
        while text:
            value, end = _DECODER.raw_decode(text)
            yield value
            text = text[end:].lstrip(" ,\t")
    except (ValueError, RecursionError):
        yield None


def _coerced(value: object, kind: str) -> tuple[object, bool]:
    if value is None:
        return None, True
    if kind in (TEXTS, EACH):
        if not isinstance(value, list):
            return None, False
        return [_coerced(one, TEXT)[0] for one in value if isinstance(one, str)], True
    if kind == BOOL:
        return (value, True) if isinstance(value, bool) else (None, False)
    if kind == INT:
        if isinstance(value, bool):
            return int(value), True
        if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 18:
            return int(value), True
        if isinstance(value, float) and value.is_integer() and abs(value) < _BOUND:
            return int(value), True
        return (value, True) if isinstance(value, int) and -_BOUND <= value < _BOUND else (None, False)
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8"), True
    if isinstance(value, bool | int | float):
        try:
            return str(value).lower() if isinstance(value, bool) else str(value), True
        except ValueError:  # an integer of thousands of digits
            return None, False
    return None, False


_DECODER = json.JSONDecoder()
