"""Rows of any columns as table, CSV, JSON, JSON lines or Parquet."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, BinaryIO, TextIO

import pyarrow as pa
import pyarrow.compute as pc
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from slowworm.report.cells import cell
from slowworm.report.text import safe

MISSING = "-"
"""What a table shows for null."""

GAP = "  "

DECIMALS = 6
"""Digits behind the point that a table shows of a floating-point number; all other formats have them all."""


def write_table(
    names: Sequence[str], schema: pa.Schema, batches: Iterable[pa.RecordBatch], out: Console
) -> int:
    """Aligned columns; each row as a block of its own where that is too wide for a terminal. Returns how many rows."""
    columns: list[list[str]] = [[] for _ in names]
    for batch in batches:
        for shown, column in zip(columns, batch.columns, strict=True):
            shown += _texts(column, missing=MISSING, rounded=True)
    titles = [safe(name) for name in names]
    widths = [
        max(map(cell_len, (title, *shown)), default=0) for title, shown in zip(titles, columns, strict=True)
    ]
    rows = len(columns[0])
    if out.is_terminal and sum(widths) + len(GAP) * (len(widths) - 1) > out.width:
        _write_blocks(titles, columns, out)
        return rows
    right = [_is_number(field.type) for field in schema]
    _print(out, Text(_line(titles, widths, right), "bold"))
    for row in zip(*columns, strict=True):
        _print(out, Text(_line(row, widths, right)))
    return rows


def write_csv(names: Sequence[str], batches: Iterable[pa.RecordBatch], file: TextIO) -> int:
    """A header and a row each; text that a spreadsheet would run as a formula gets an apostrophe in front."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([cell(name) for name in names])
    rows = 0
    for batch in batches:
        rows += batch.num_rows
        columns = [_texts(column, missing="", guarded=True) for column in batch.columns]
        writer.writerows(zip(*columns, strict=True))
    return rows


def write_jsonl(names: Sequence[str], batches: Iterable[pa.RecordBatch], file: TextIO) -> int:
    """An object a line, ASCII only; null is kept."""
    rows = 0
    for batch in batches:
        rows += batch.num_rows
        file.writelines(json.dumps(row) + "\n" for row in _objects(names, batch))
    return rows


def write_json(
    names: Sequence[str], batches: Iterable[pa.RecordBatch], file: TextIO, *, before: dict[str, Any]
) -> int:
    """One document: the members ``before``, then ``rows``. Returns how many; the caller closes the brace."""
    head = json.dumps(before, indent=2)
    file.write(head.removesuffix("\n}") + ',\n  "rows": [')
    rows = 0
    for batch in batches:
        for row in _objects(names, batch):
            file.write(f"{',' if rows else ''}\n    {json.dumps(row)}")
            rows += 1
    file.write("\n  ]" if rows else "]")
    return rows


def write_parquet(
    names: Sequence[str], schema: pa.Schema, batches: Iterable[pa.RecordBatch], file: BinaryIO
) -> int:
    """Columns as they are."""
    import pyarrow.parquet as pq

    rows = 0
    target = pa.schema([field.with_name(name) for field, name in zip(schema, names, strict=True)])
    with pq.ParquetWriter(file, target, compression="zstd") as writer:
        for batch in batches:
            rows += batch.num_rows
            writer.write_batch(pa.RecordBatch.from_arrays(batch.columns, schema=target))
    return rows


def _write_blocks(titles: Sequence[str], columns: Sequence[Sequence[str]], out: Console) -> None:
    width = max(map(cell_len, titles))
    for number, row in enumerate(zip(*columns, strict=True), 1):
        _print(out, Text(f"row {number}", "bold"))
        for title, shown in zip(titles, row, strict=True):
            if shown != MISSING:
                _print(out, Text(f"{GAP}{title}{' ' * (width - cell_len(title))}{GAP}{shown}"))


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    cells = []
    for shown, width, flush in zip(row, widths, right, strict=True):
        blanks = " " * (width - cell_len(shown))
        cells.append(blanks + shown if flush else shown + blanks)
    return GAP.join(cells).rstrip()


def _print(out: Console, line: Text) -> None:
    if out.is_terminal:
        out.print(line, soft_wrap=True)
    else:
        out.file.write(line.plain + "\n")


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _texts(column: pa.Array, *, missing: str, rounded: bool = False, guarded: bool = False) -> list[str]:
    """A column as text, ready to be shown; ``guarded``: safe for a spreadsheet, times as ISO 8601."""
    kind = column.type
    if pa.types.is_timestamp(kind):
        shown = (
            _times(column) if guarded else pc.replace_substring(_times(column), "T", " ", max_replacements=1)
        )
        texts = [
            None if text is None else text.removesuffix("Z") if rounded else text
            for text in shown.to_pylist()
        ]
    elif pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_dictionary(kind):
        codes = column if pa.types.is_dictionary(kind) else column.dictionary_encode()
        distinct = [
            None if t is None else str(cell(t)) if guarded else safe(t) for t in codes.dictionary.to_pylist()
        ]
        texts = [None if code is None else distinct[code] for code in codes.indices.to_pylist()]
    elif rounded and pa.types.is_floating(kind):
        texts = [None if value is None else _rounded(value) for value in column.to_pylist()]
    elif pa.types.is_boolean(kind):
        texts = [None if value is None else str(value).lower() for value in column.to_pylist()]
    else:
        texts = [None if value is None else str(value) for value in column.to_pylist()]
    return [missing if text is None else text for text in texts]


def _rounded(value: float) -> str:
    if not math.isfinite(value) or (value and not 1e-4 <= abs(value) < 1e15):
        return str(value)
    return f"{value:.{DECIMALS}f}".rstrip("0").rstrip(".")


def _times(column: pa.Array) -> pa.Array:
    """Times as ISO 8601 UTC, without zeros at the end."""
    # Without their zone, for which some systems lack the data base.
    text = column.cast(pa.int64()).cast(pa.timestamp(column.type.unit)).cast(pa.string())
    text = pc.replace_substring_regex(text, pattern=r"(\.\d*?)0+$", replacement=r"\1")
    text = pc.replace_substring_regex(text, pattern=r"\.$", replacement="")
    return pc.binary_join_element_wise(pc.binary_replace_slice(text, 10, 11, "T"), "Z", "")


def _objects(names: Sequence[str], batch: pa.RecordBatch) -> Iterator[dict[str, Any]]:
    columns = [_values(column) for column in batch.columns]
    for row in zip(*columns, strict=True):
        yield dict(zip(names, row, strict=True))


def _values(column: pa.Array) -> list[Any]:
    kind = column.type
    if pa.types.is_timestamp(kind):
        found: list[Any] = _times(column).to_pylist()
        return found
    values: list[Any] = column.to_pylist()
    if _is_number(kind) or pa.types.is_nested(kind) or pa.types.is_date(kind):
        return [_plain(value) for value in values]
    return values


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dict):
        return {str(name): _plain(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(member) for member in value]
    if value is None or isinstance(value, bool | int | str):
        return value
    if hasattr(value, "isoformat"):
        text = str(value.isoformat())
        return text.replace("+00:00", "Z")
    return str(value)
