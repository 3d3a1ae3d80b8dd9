"""Lines cut at blanks and tabs: the words of a whole piece of the input at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from slowworm.sources.logs.cells import Cells
from slowworm.sources.logs.lines import Bools, Chunk, Ints

_BLANK = np.zeros(256, np.bool_)
_BLANK[[9, 10, 11, 12, 13, 32]] = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """All words of a chunk; row ``i`` (a line) has those from ``first[i]`` to ``first[i + 1]``."""

    chunk: Chunk
    start: Ints
    end: Ints
    first: Ints

    @property
    def count(self) -> Ints:
        """Words of each line."""
        return np.diff(self.first)

    def word(self, rows: Ints, index: Ints) -> Cells:
        """Word number ``index`` of each of ``rows``; empty where there is none."""
        has = (index >= 0) & (index < self.first[rows + 1] - self.first[rows])
        if not len(self.start):
            return Cells(
                data=self.chunk.data, start=np.zeros(len(rows), np.int64), end=np.zeros(len(rows), np.int64)
            )
        at = np.where(has, self.first[rows] + index, 0)
        return Cells(
            data=self.chunk.data,
            start=np.where(has, self.start[at], 0),
            end=np.where(has, self.end[at], 0),
        )

    def first_word(self, matches: Bools) -> Ints:
        """For each line, which of its words is the first that ``matches`` (one flag a word); -1 for none."""
        found = np.flatnonzero(matches)
        at = np.searchsorted(found, self.first[:-1])
        inside = np.concatenate((found, [len(self.start)]))[at]
        return np.where(inside < self.first[1:], inside - self.first[:-1], -1)

    def equal(self, text: bytes) -> Bools:
        """Which of all words are ``text``."""
        same: Bools = self.end - self.start == len(text)
        for offset, byte in enumerate(text):
            rows = np.flatnonzero(same)
            same[rows] = self.chunk.data[self.start[rows] + offset] == byte
        return same


def words(chunk: Chunk) -> Words:
    """Cut the lines of ``chunk``. Lines that were emptied (too long) have no words."""
    blank = _BLANK[chunk.data]
    room = np.diff(np.append(chunk.start, len(chunk.data)))
    emptied = (chunk.end == chunk.start) & (room > 2)
    if emptied.any():
        blank |= np.repeat(emptied, room)
    edge = np.diff(np.concatenate(([True], blank, [True])).astype(np.int8))
    start, end = np.flatnonzero(edge == -1), np.flatnonzero(edge == 1)
    first = np.searchsorted(start, np.append(chunk.start, len(chunk.data)))
    return Words(chunk=chunk, start=start, end=end, first=first)
