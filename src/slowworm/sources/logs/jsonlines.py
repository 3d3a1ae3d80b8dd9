"""Which lines hold exactly one JSON object, by brackets and quotes alone, over a whole piece of the input at once.

pyarrow's JSON reader ends the whole process (a segmentation fault, seen with pyarrow 26) on a bare ``null`` between
objects. It is given only lines that are one object from their first byte to their last.
"""

from __future__ import annotations

import re

import numpy as np

from slowworm.sources.logs.lines import Bytes, Chunk, Ints

_ESCAPE = re.compile(rb"\\.", re.DOTALL)
_STEP = np.zeros(256, np.int8)
_STEP[[ord("{"), ord("[")]] = 1
_STEP[[ord("}"), ord("]")]] = -1
_SPACE = np.zeros(256, np.bool_)
_SPACE[[9, 10, 13, 32]] = True


def whole_objects(chunk: Chunk, rows: Ints) -> tuple[bytes, Ints]:
    """The bytes of ``chunk`` with all but the clean lines blanked, and which of ``rows`` are clean."""
    data = chunk.data
    if not len(rows):
        return b"", rows
    text = data
    if np.any(data == ord("\\")):
        # Length stays: an escaped quote neither begins nor ends a string.
        text = np.frombuffer(_ESCAPE.sub(b"__", data.tobytes()), np.uint8)
    start, end = _trimmed(text, chunk.start[rows], chunk.end[rows])
    good = end > start
    quotes = np.flatnonzero(text == ord('"'))
    first, last = np.searchsorted(quotes, start), np.searchsorted(quotes, end)
    good &= (last - first) % 2 == 0
    brackets = np.flatnonzero(_STEP[text])
    line = np.searchsorted(start, brackets, side="right") - 1
    mine = (line >= 0) & good[line] & (brackets < end[line])
    brackets, line = brackets[mine], line[mine]
    # Outside strings only: an even number of quotes stands before it in its line.
    plain = (np.searchsorted(quotes, brackets) - first[line]) % 2 == 0
    brackets, line = brackets[plain], line[plain]
    step = _STEP[text[brackets]].astype(np.int64)
    total = np.concatenate(([0], np.cumsum(step)))
    begin, stop = (
        np.searchsorted(line, np.arange(len(rows))),
        np.searchsorted(line, np.arange(len(rows)), side="right"),
    )
    good &= (stop > begin) & (total[stop] == total[begin])
    depth = total[1:] - total[begin[line]]
    closed = np.bincount(line[depth <= 0], minlength=len(rows))
    # One object: it opens at the line's first byte, closes at its last, and nowhere between.
    inner = np.clip(begin, 0, max(len(brackets) - 1, 0)), np.clip(stop - 1, 0, max(len(brackets) - 1, 0))
    if not len(brackets):
        return b"", rows[:0]
    good &= (closed == 1) & (brackets[inner[0]] == start) & (brackets[inner[1]] == end - 1)
    good &= (text[np.minimum(start, len(text) - 1)] == ord("{")) & (text[np.maximum(end - 1, 0)] == ord("}"))
    return _only(data, start[good], end[good], chunk), rows[good]


def _trimmed(text: Bytes, start: Ints, end: Ints) -> tuple[Ints, Ints]:
    """Without a few blanks around the lines; a line with more of them is left to Python."""
    start, end = start.copy(), end.copy()
    for _ in range(4):
        start += (start < end) & _SPACE[text[np.minimum(start, len(text) - 1)]]
        end -= (start < end) & _SPACE[text[np.maximum(end - 1, 0)]]
    return start, end


def _only(data: Bytes, start: Ints, end: Ints, chunk: Chunk) -> bytes:
    """``data`` with everything but these lines as blanks."""
    if len(start) == chunk.rows:
        return data.tobytes()
    edges = np.column_stack((start, end)).ravel()
    sizes = np.diff(np.concatenate(([0], edges, [len(data)])))
    keep = np.repeat(np.arange(len(sizes)) % 2 == 1, sizes)
    return np.where(keep | (data == 10), data, np.uint8(32)).tobytes()
