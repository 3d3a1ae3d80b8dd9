"""Columns of delimited lines: where each cell begins and ends, found for a whole piece of the input at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from slowworm.sources.logs.lines import Bools, Bytes, Chunk, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """One column: cell ``i`` is ``data[start[i]:end[i]]``; an empty cell is a missing value."""

    data: Bytes
    start: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.start)

    @property
    def size(self) -> Ints:
        """Bytes of each cell."""
        return self.end - self.start

    def byte(self, offset: int | Ints) -> Bytes:
        """The byte at ``offset`` of each cell; 0 beyond its end."""
        inside = (self.start + offset < self.end) & (offset >= np.int64(0))
        if not len(self.data):
            return np.zeros(len(self), np.uint8)
        at = np.where(inside, self.start + offset, 0)
        found: Bytes = np.where(inside, self.data[at], 0).astype(np.uint8)
        return found

    def take(self, rows: Ints | Bools) -> Cells:
        """The cells of ``rows``."""
        return replace(self, start=self.start[rows], end=self.end[rows])

    def where(self, keep: Bools) -> Cells:
        """The same column with the cells outside ``keep`` missing."""
        return replace(self, end=np.where(keep, self.end, self.start))

    def trimmed(self) -> Cells:
        """Without spaces and quotation marks around the values."""
        start, end = self.start.copy(), self.end.copy()
        for _ in range(64):  # ra pads its columns; more than this is no padding
            rows = np.flatnonzero(end > start)
            rows = rows[_PADDING[self.data[start[rows]]]]
            if not len(rows):
                break
            start[rows] += 1
        for _ in range(64):
            rows = np.flatnonzero(end > start)
            rows = rows[_PADDING[self.data[end[rows] - 1]]]
            if not len(rows):
                break
            end[rows] -= 1
        return replace(self, start=start, end=end)

    def without(self, *missing: str) -> Cells:
        """Cells that hold one of the words for a missing value become empty."""
        drop = np.zeros(len(self), np.bool_)
        for word in missing:
            same = self.size == len(word)
            for offset, byte in enumerate(word.encode()):
                rows = np.flatnonzero(same)
                same[rows] = self.data[self.start[rows] + offset] == byte
            drop |= same
        return self.where(~drop) if drop.any() else self

    def text(self) -> pa.Array:
        """As a string column, missing as null."""
        size = self.size
        offsets = np.concatenate(([0], np.cumsum(size)))
        source = np.arange(offsets[-1]) + np.repeat(self.start - offsets[:-1], size)
        gathered = np.ascontiguousarray(self.data[source])
        known = size > 0
        return pa.Array.from_buffers(
            pa.large_binary(),
            len(self),
            [
                None if known.all() else pa.array(known).buffers()[1],
                pa.py_buffer(offsets.astype(np.int64)),
                pa.py_buffer(gathered),
            ],
        )

    def names(self) -> pa.Array:
        """As a dictionary column of text, missing as null: for labels, interfaces, exporters."""
        codes = self.text().dictionary_encode()
        words = [word.decode("utf-8", "replace") for word in codes.dictionary.to_pylist()]
        plain = pa.DictionaryArray.from_arrays(codes.indices, pa.array(words, pa.string()))
        # Two damaged words may have become the same one; a dictionary must not hold it twice.
        return plain if len(set(words)) == len(words) else plain.dictionary_decode().dictionary_encode()

    def mapped(self, value: Callable[[str], int | None]) -> Numbers:
        """Each distinct text looked up once; ``None`` is unknown, and so is a missing cell."""
        codes = self.text().dictionary_encode()
        found = [value(word.decode("utf-8", "replace")) for word in codes.dictionary.to_pylist()]
        table = np.array([-1 if v is None else v for v in found] + [-1], np.int64)
        index = codes.indices.fill_null(len(found)).to_numpy(zero_copy_only=False)
        values = table[index]
        return Numbers(values=values, known=values >= 0)

    @staticmethod
    def of(column: pa.Array) -> Cells:
        """The cells of a string column, without a copy of the text."""
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        column = column.cast(pa.large_binary())
        n = len(column)
        _, offsets, data = column.buffers()
        if n == 0 or data is None:
            return Cells(data=np.zeros(0, np.uint8), start=np.zeros(n, np.int64), end=np.zeros(n, np.int64))
        edges = np.frombuffer(offsets, np.int64, n + 1, column.offset * 8)
        cells = Cells(data=np.frombuffer(data, np.uint8), start=edges[:-1], end=edges[1:])
        return cells.where(column.is_valid().to_numpy(zero_copy_only=False)) if column.null_count else cells


@dataclass(frozen=True, slots=True, kw_only=True)
class Numbers:
    """A column of integers: ``values`` mean nothing where they are not ``known``."""

    values: Ints
    known: Bools

    def take(self, rows: Ints | Bools) -> Numbers:
        """The values of ``rows``."""
        return Numbers(values=self.values[rows], known=self.known[rows])

    def where(self, keep: Bools) -> Numbers:
        """The same column with the values outside ``keep`` unknown."""
        return Numbers(values=self.values, known=self.known & keep)

    def within(self, low: int, high: int) -> Numbers:
        """The same column with values outside ``low``..``high`` unknown."""
        return self.where((self.values >= low) & (self.values <= high))

    def otherwise(self, other: Numbers) -> Numbers:
        """Values of ``other`` where these are unknown."""
        return Numbers(values=np.where(self.known, self.values, other.values), known=self.known | other.known)

    def fill(self, value: int) -> Ints:
        """The values, with ``value`` for what is unknown."""
        return np.where(self.known, self.values, value)

    def array(self, kind: pa.DataType) -> pa.Array:
        """As an Arrow column, unknown as null."""
        filled = pa.array(np.where(self.known, self.values, 0), mask=~self.known)
        return filled.cast(kind)

    @staticmethod
    def none(rows: int) -> Numbers:
        """Nothing known in any row."""
        return Numbers(values=np.zeros(rows, np.int64), known=np.zeros(rows, np.bool_))

    @staticmethod
    def of(column: pa.Array) -> Numbers:
        """An Arrow integer column."""
        if isinstance(column, pa.ChunkedArray):
            column = column.combine_chunks()
        known = column.is_valid().to_numpy(zero_copy_only=False)
        values = column.fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
        return Numbers(values=values, known=known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Lines cut at one delimiter: ``rows`` are lines of the chunk, ``count`` how many cells each has."""

    chunk: Chunk
    rows: Ints
    cut: Ints
    first: Ints
    count: Ints

    def cell(self, column: int) -> Cells:
        """The cells of a column, from the left; from the right where negative; empty where a row lacks it."""
        chunk, rows = self.chunk, self.rows
        index = np.full(len(rows), column) if column >= 0 else self.count + column
        has = (index >= 0) & (index < self.count)
        line_start, line_end = chunk.start[rows], chunk.end[rows]
        if not len(self.cut):
            return Cells(data=chunk.data, start=line_start, end=np.where(has, line_end, line_start))
        last = len(self.cut) - 1
        start = np.where(index > 0, self.cut[np.clip(self.first + index - 1, 0, last)] + 1, line_start)
        end = np.where(index < self.count - 1, self.cut[np.clip(self.first + index, 0, last)], line_end)
        return Cells(data=chunk.data, start=np.where(has, start, 0), end=np.where(has, end, 0))

    def take(self, rows: Ints | Bools) -> Table:
        """Some of the rows."""
        return replace(self, rows=self.rows[rows], first=self.first[rows], count=self.count[rows])

    @property
    def line(self) -> Ints:
        """Line number of each row in the input."""
        return self.rows + self.chunk.first_line


def split(chunk: Chunk, rows: Ints, delimiter: int) -> Table:
    """The lines ``rows`` of ``chunk`` cut at every ``delimiter`` byte."""
    cut = np.flatnonzero(chunk.data == delimiter)
    first = np.searchsorted(cut, chunk.start[rows])
    count = np.searchsorted(cut, chunk.end[rows]) - first + 1
    return Table(chunk=chunk, rows=rows, cut=cut, first=first, count=count)


_PADDING = np.zeros(256, np.bool_)
_PADDING[[ord(" "), ord("\t"), ord('"')]] = True
