"""Lines of a text in chunks, and their fields: by a separator, or by key; quotes are respected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from slowworm.sources.tables.slices import Bools, Ints, Slices

CHUNK_BYTES = 4_000_000
"""Bytes of text parsed at a time: index arrays take about ten times as much."""

MAX_LINE = 16_384
"""Longest line that is looked into: the longest documented log line is a quarter of it."""

NEWLINE, SPACE, TAB, QUOTE, EQUALS, RETURN = 10, 32, 9, 34, 61, 13


def as_utf8(data: bytes) -> bytes:
    """The text without its byte order mark, and from UTF-16 where it has one of that."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        order = "utf-16-le" if data[:1] == b"\xff" else "utf-16-be"
        return data[2:].decode(order, "replace").encode("utf-8", "replace")
    return data[3:] if data[:3] == b"\xef\xbb\xbf" else data


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """Tokens of a chunk in order: where each begins and ends, and the line it is of.

    ``first``: the first token of every line, one more entry than lines.
    """

    buffer: npt.NDArray[np.uint8]
    start: Ints
    end: Ints
    first: Ints

    @property
    def count(self) -> Ints:
        """Tokens of every line."""
        return np.diff(self.first)

    def field(self, number: int) -> Slices:
        """Without quotes around it, the token ``number`` (from 0) of every line, empty where a line has fewer."""
        there = self.count > number
        if not there.any():
            return Slices.nothing(len(there))
        at = np.where(there, self.first[:-1] + number, 0)
        start = self.start[at]
        return Slices(buffer=self.buffer, start=start, end=np.where(there, self.end[at], start)).bare()

    def keyed(self, key: bytes) -> Slices:
        """Without quotes, the value of the first ``key=value`` of every line, empty where there is none."""
        at, lines = self._beginning(key + b"=")
        start, end = np.zeros(len(self.count), np.int64), np.zeros(len(self.count), np.int64)
        start[lines], end[lines] = self.start[at] + len(key) + 1, self.end[at]
        return Slices(buffer=self.buffer, start=start, end=end).bare()

    def present(self, word: bytes) -> Bools:
        """Which lines have a token that is exactly ``word``."""
        found = np.zeros(len(self.count), np.bool_)
        found[self._beginning(word, whole=True)[1]] = True
        return found

    def _beginning(self, prefix: bytes, *, whole: bool = False) -> tuple[Ints, Ints]:
        """First token of each line that begins with (or is) ``prefix``, and these lines."""
        length = self.end - self.start
        at = np.flatnonzero(length == len(prefix) if whole else length >= len(prefix))
        for j, byte in enumerate(prefix):
            at = at[self.buffer[self.start[at] + j] == byte]
        lines = np.searchsorted(self.first, at, side="right") - 1
        new = np.ones(len(at), np.bool_)
        new[1:] = lines[1:] != lines[:-1]
        return at[new], lines[new].astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some lines, without those that are blank; ``number``: their 1-based lines in the file."""

    lines: Slices
    number: Ints

    @classmethod
    def of(cls, text: bytes, first_line: int) -> Chunk:
        """The lines of a text whose first one is ``first_line`` of the file."""
        buffer = np.frombuffer(text or b"\n", np.uint8)
        ends = np.flatnonzero(buffer == NEWLINE)
        if not text.endswith(b"\n"):
            ends = np.append(ends, len(buffer))
        start = np.zeros(len(ends), np.int64)
        start[1:] = ends[:-1] + 1
        end = ends.astype(np.int64)
        back = (end > start) & (buffer[np.maximum(end - 1, 0)] == RETURN)
        end = end - back
        filled = np.flatnonzero(end > start)
        lines = Slices(buffer=buffer, start=start[filled], end=end[filled])
        return cls(lines=lines, number=filled + first_line)

    def __len__(self) -> int:
        return len(self.number)

    def take(self, rows: npt.NDArray[np.generic]) -> Chunk:
        """Only the lines at ``rows`` (indices or a mask), in their order."""
        return Chunk(lines=self.lines.take(rows), number=self.number[rows])

    def find(self, pattern: str) -> Ints:
        """Offset in the buffer of the first match of a regular expression (RE2) in every line, or -1."""
        at = pc.find_substring_regex(self.lines.binary(), pattern).to_numpy(zero_copy_only=False)
        return np.where(at >= 0, at + self.lines.start, -1).astype(np.int64)

    @property
    def buffer(self) -> npt.NDArray[np.uint8]:
        """The bytes that the lines are slices of."""
        return self.lines.buffer

    @property
    def too_long(self) -> Bools:
        """Lines longer than any log line."""
        return self.lines.length > MAX_LINE

    def tokens(self, separator: int, *, begin: Ints | None = None, runs: bool = False) -> Tokens:
        """The lines (from offset ``begin`` of each on) cut at ``separator`` outside double quotes.

        ``runs``: several separators are one, and those around a line are none.
        """
        start = self.lines.start if begin is None else begin
        end = self.lines.end
        if not len(start):
            none = np.zeros(0, np.int64)
            return Tokens(buffer=self.buffer, start=none, end=none, first=np.zeros(1, np.int64))
        cut = np.flatnonzero(self.buffer == separator)
        line = np.searchsorted(start, cut, side="right") - 1
        inside = (line >= 0) & (cut < end[np.maximum(line, 0)])
        cut, line = cut[inside], line[inside]
        quotes = np.flatnonzero(self.buffer == QUOTE)
        if len(quotes) and len(cut):
            before = np.searchsorted(quotes, cut) - np.searchsorted(quotes, start)[line]
            cut, line = cut[before % 2 == 0], line[before % 2 == 0]
        # A line has one token more than cuts: its begin, and behind every cut.
        of = np.concatenate([np.arange(len(start)), line])
        order = np.argsort(of, kind="stable")
        of = of[order]
        begins = np.concatenate([start, cut + 1])[order]
        # The end of a token is the next cut of the line, or the line's end.
        ends = np.append(begins[1:] - 1, 0)
        last = np.ones(len(of), np.bool_)
        last[:-1] = of[1:] != of[:-1]
        ends[last] = end[of[last]]
        if runs:
            some = ends > begins
            begins, ends, of = begins[some], ends[some], of[some]
        first = np.searchsorted(of, np.arange(len(start) + 1))
        return Tokens(buffer=self.buffer, start=begins, end=ends, first=first.astype(np.int64))


def chunks(data: bytes, *, skip_lines: int = 0) -> Iterator[Chunk]:
    """The lines of ``data`` in chunks of about CHUNK_BYTES, the first ``skip_lines`` left out."""
    at, line = 0, 1
    for _ in range(skip_lines):
        at = data.find(b"\n", at) + 1
        line += 1
        if not at:
            return
    while at < len(data):
        stop = len(data)
        if stop - at > CHUNK_BYTES:
            stop = data.find(b"\n", at + CHUNK_BYTES) + 1 or len(data)
        text = data[at:stop]
        if len(text) > 2 * CHUNK_BYTES:  # one line of megabytes: enough of it to be told as too long
            begin = data.rfind(b"\n", at, at + CHUNK_BYTES) + 1 or at
            text = data[at:begin] + data[begin : begin + MAX_LINE + 1] + b"\n"
        chunk = Chunk.of(text, line)
        if len(chunk):
            yield chunk
        line += text.count(b"\n")
        at = stop
