"""Delimited tables whose columns a header line names: one header or several, other tables in between, or none."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from slowworm.sources.logs.cells import Cells, Table, split
from slowworm.sources.logs.lines import Account, Chunk

MAX_HEADER = 10_000
"""Longest line that may be a header."""

UNSEEN, TOO_MANY = -2, -1

MAX_LAYOUTS = 100
"""Different headers that are followed in one input. Each costs a pass over the piece it stands in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """The delimiter and the columns' names; no names for rows that are passed over (a summary)."""

    delimiter: int
    names: tuple[str, ...] = ()
    ragged: bool = False
    """Whether a column of free text may hold the delimiter: then rows may have more cells than names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Rows under one header."""

    table: Table
    layout: Layout

    def __contains__(self, name: str) -> bool:
        return name in self.layout.names

    def cells(self, name: str, *missing: str) -> Cells:
        """A column without padding; empty cells where there is no such column."""
        names = self.layout.names
        if name not in names:
            return self.table.cell(len(names)).where(np.zeros(len(self.table.rows), np.bool_))
        # Behind free text, columns are counted from the end.
        behind = self.layout.ragged and name == names[-1]
        return self.table.cell(-1 if behind else names.index(name)).trimmed().without(*missing)


class Headers:
    """The layout in force, from the begin of an input to its end.

    ``marker`` is in every header line; ``understood`` turns a header line into a layout (``None``: it is a row);
    ``guessed`` does so for the first row where no header came before it.
    """

    def __init__(
        self,
        marker: re.Pattern[bytes],
        understood: Callable[[bytes], Layout | None],
        guessed: Callable[[bytes], Layout | None],
    ) -> None:
        self._marker, self._understood, self._guessed = marker, understood, guessed
        self._known: dict[bytes, int] = {}
        self._layouts: list[Layout] = []
        self._current = UNSEEN

    def tables(self, chunk: Chunk, account: Account) -> Iterator[Named]:
        """The rows of ``chunk`` under each header; rows of another width are counted."""
        changes, layouts = [-1], [self._current]
        marks = np.array([m.start() for m in self._marker.finditer(chunk.data.tobytes())], np.int64)
        marked = np.unique(np.searchsorted(chunk.start, marks, side="right") - 1)
        for row in marked[(chunk.end - chunk.start)[marked] <= MAX_HEADER].tolist():
            index = self._layout(chunk.line(row), self._understood)
            if index is not None:
                self._current = index
                changes.append(row)
                layouts.append(index)
        filled = chunk.end > chunk.start
        filled[[row for row in changes if row >= 0]] = False
        rows = np.flatnonzero(filled)
        if not len(rows):
            return
        of_row = np.array(layouts)[np.searchsorted(np.array(changes), rows, side="right") - 1]
        if of_row[0] == UNSEEN:
            guess = self._layout(chunk.line(int(rows[0])), self._guessed)
            if guess is not None:
                self._current = guess if self._current == UNSEEN else self._current
                of_row = np.where(of_row == UNSEEN, guess, of_row)
        for index in np.unique(of_row).tolist():
            mine = rows[of_row == index]
            layout = self._layouts[index] if index >= 0 else None
            if layout is None:
                account.add(
                    "a row without a header above it that is understood", mine + chunk.first_line, chunk
                )
            elif layout.names:
                yield from self._cut(chunk, split(chunk, mine, layout.delimiter), layout, account)

    def _cut(self, chunk: Chunk, table: Table, layout: Layout, account: Account) -> Iterator[Named]:
        # A row cut short may end in the middle of a number, a longer one may be two: neither is trusted.
        columns = len(layout.names)
        whole = table.count >= columns if layout.ragged else table.count == columns
        account.add(
            f"a row of another number of columns than its header's {columns}", table.line[~whole], chunk
        )
        if whole.any():
            yield Named(table=table.take(whole), layout=layout)

    def _layout(self, line: bytes, read: Callable[[bytes], Layout | None]) -> int | None:
        """Number of the layout that ``line`` stands for; ``None`` where it stands for none."""
        found = self._known.get(line)
        if found is None:
            layout = read(line)
            if layout is None:
                return None
            if len(self._layouts) >= MAX_LAYOUTS:
                return TOO_MANY
            found = self._known[line] = len(self._layouts)
            self._layouts.append(layout)
        return found
