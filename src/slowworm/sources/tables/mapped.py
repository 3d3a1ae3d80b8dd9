"""Anybody's CSV or Parquet by a mapping file."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from slowworm.sources.base import FormatInfo, Reading
from slowworm.sources.tables.convert import Column, draft_of
from slowworm.sources.tables.damage import Damage
from slowworm.sources.tables.delimited import first_names, header, pieces
from slowworm.sources.tables.draft import batches
from slowworm.sources.tables.lines import as_utf8
from slowworm.sources.tables.mapping import Mapping
from slowworm.sources.tables.parquet import MAGIC, Parquet, Rows

MAX_NAMED = 20
"""Columns of a table that a message names."""


class MappedTable:
    """A table whose columns a :class:`Mapping` names."""

    info = FormatInfo(
        name="mapped-table",
        title="CSV or Parquet of any make, by a mapping file",
        commands=(),
        carries="the columns that the mapping names",
        lacks="all others",
    )

    def __init__(self, mapping: Mapping, *, any_table: bool = False) -> None:
        """``any_table``: take whatever begins with a line of names, to tell which of the mapped ones it lacks."""
        self._mapping = mapping
        self._any_table = any_table

    def recognises(self, head: bytes) -> bool:
        """By Parquet's magic, or by a first line with all the mapped names."""
        if head.startswith(MAGIC):
            return True
        if self._any_table:
            return len(first_names(as_utf8(head))) > 1
        return (
            header(as_utf8(head), set(self._mapping.columns.values()), delimiter=self._mapping.delimiter)
            is not None
        )

    def read(self, path: str, data: bytes) -> Reading:
        """One flow per row, two where the row has the other direction's packets."""
        damage = Damage(path)
        if data.startswith(MAGIC):
            made = read_parquet(path, data, self._mapping, damage)
        else:
            made = read_csv(path, as_utf8(data), self._mapping, damage)
        return reading(self.info, path, made, damage)


def reading(info: FormatInfo, path: str, made: list[pa.RecordBatch], damage: Damage) -> Reading:
    """A reading of flow batches."""
    return Reading(
        path=path,
        formats=((info.name, sum(batch.num_rows for batch in made)),),
        batches=tuple(made),
        problems=damage.problems,
        notes=damage.notes,
    )


def read_csv(path: str, text: bytes, mapping: Mapping, damage: Damage) -> list[pa.RecordBatch]:
    """Flow batches of a CSV file."""
    wanted = set(mapping.columns.values())
    head = header(text, wanted, delimiter=mapping.delimiter)
    if head is None:
        found = first_names(text)
        _tell_missing(mapping, found, damage)
        return []
    made: list[pa.RecordBatch] = []
    for piece in pieces(text, head, damage):
        draft, bad = draft_of(mapping, piece.column, piece.chunk.number, damage)
        damage.lines("damaged row", bad, piece.chunk.lines, piece.chunk.number)
        made += batches(draft.take(~bad) if bad.any() else draft, path)
    return made


def read_parquet(path: str, data: bytes, mapping: Mapping, damage: Damage) -> list[pa.RecordBatch]:
    """Flow batches of a Parquet file; the row (from 1) is the line of a flow."""
    table = Parquet(data, damage)
    if table.schema is None:
        return []
    wanted = list(dict.fromkeys(mapping.columns.values()))
    if not set(wanted) <= set(table.schema.names):
        _tell_missing(mapping, tuple(table.schema.names), damage)
        return []
    made: list[pa.RecordBatch] = []
    for rows in table.rows(wanted):
        try:
            made += _parquet_rows(path, rows, mapping, damage)
        except (pa.ArrowException, ValueError, OverflowError) as error:
            damage.at(
                rows.first + 1, "rows of a type that cannot be used", str(error).split("\n", 1)[0].encode()
            )
    return made


def _parquet_rows(path: str, rows: Rows, mapping: Mapping, damage: Damage) -> list[pa.RecordBatch]:
    def column(name: str) -> Column:
        found = rows.batch.column(name)
        return found.dictionary_decode() if pa.types.is_dictionary(found.type) else found

    line = np.arange(rows.first + 1, rows.first + 1 + rows.batch.num_rows, dtype=np.int64)
    draft, bad = draft_of(mapping, column, line, damage)
    for number in line[bad].tolist():
        damage.at(number, "damaged row")
    return batches(draft.take(~bad) if bad.any() else draft, path)


def _tell_missing(mapping: Mapping, names: tuple[str, ...], damage: Damage) -> None:
    lacking = [n for n in dict.fromkeys(mapping.columns.values()) if n not in names]
    shown = ", ".join(n[:60] for n in names[:MAX_NAMED])
    damage.whole(
        f"no column {', '.join(lacking) or '(see the delimiter)'} as {mapping.origin} says; it has: {shown}"
    )
