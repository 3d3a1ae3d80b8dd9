"""Bytes of a log as clean UTF-8 lines, a few megabytes at a time, and the account of what was not understood."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.sources.base import FormatInfo, Lookups, Note, Problem, Reading

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

CHUNK_BYTES = 2_000_000
"""Lines are taken in pieces of about this size. The columns of a piece need some 30 times its size; 250 times
where every line is as short as a line can be."""

MAX_LINE = 1_000_000
"""Longest line that may be a record. Suricata writes events of some 100 KB; beyond this it is no log."""

MAX_KINDS = 50
"""Distinct problems that are shown for one input; a number in a problem's text may not fill the memory."""

QUOTED = 80
"""Characters of a line that a problem quotes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Some whole lines: their bytes, where each begins and ends (without its line end), the number of the first.

    Lines longer than MAX_LINE are empty here.
    """

    data: Bytes
    start: Ints
    end: Ints
    first_line: int
    numbers: Ints | None = None
    """Line number of each row, where rows are not the input's lines."""

    @property
    def rows(self) -> int:
        """How many lines there are, blank ones included."""
        return len(self.start)

    def line(self, row: int) -> bytes:
        """One line's bytes."""
        return self.data[self.start[row] : self.end[row]].tobytes()

    def number(self, rows: Ints) -> Ints:
        """Line number of ``rows`` in the input."""
        return rows + self.first_line if self.numbers is None else self.numbers[rows]

    def row_of(self, number: int) -> int:
        """The row that has this line number; -1 where it is not here."""
        row = number - self.first_line
        if self.numbers is not None:
            row = int(np.searchsorted(self.numbers, number))
        return row if 0 <= row < self.rows else -1

    def starts_with(self, text: bytes) -> Bools:
        """Which lines begin with ``text``."""
        found = self.end - self.start >= len(text)
        for offset, byte in enumerate(text):
            rows = np.flatnonzero(found)
            found[rows] = self.data[self.start[rows] + offset] == byte
        return found


class Account:
    """What was not understood in one input: kinds of problems with their first place and how often."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._found: dict[str, tuple[int, str, int]] = {}

    def add(self, kind: str, lines: Ints | list[int], chunk: Chunk | None = None) -> None:
        """Count ``lines`` (numbers of lines in the input) as a problem of ``kind``; no lines, no problem."""
        if len(lines) == 0:
            return
        if kind not in self._found and len(self._found) >= MAX_KINDS:
            kind = "other lines that were not understood"
        first = int(lines[0])
        at, quote, count = self._found.get(kind, (first, "", 0))
        if not count and chunk is not None and (row := chunk.row_of(first)) >= 0:
            begin = int(chunk.start[row])
            shown = chunk.data[begin : min(int(chunk.end[row]), begin + 4 * QUOTED)].tobytes()
            quote = shown.decode("utf-8", "replace")[:QUOTED]
        self._found[kind] = (at, quote, count + len(lines))

    def problems(self) -> tuple[Problem, ...]:
        """One problem of each kind."""
        return tuple(
            Problem(where=f"{self.path}:{at}", text=f"{kind}: {quote!r}" if quote else kind, count=count)
            for kind, (at, quote, count) in self._found.items()
        )

    def reading(
        self,
        info: FormatInfo,
        batches: list[pa.RecordBatch],
        notes: list[Note] | tuple[Note, ...] = (),
        lookups: Sequence[Lookups] = (),
    ) -> Reading:
        """The reading of the whole input."""
        flows = sum(batch.num_rows for batch in batches)
        return Reading(
            path=self.path,
            formats=((info.name, flows),),
            batches=tuple(batches),
            problems=self.problems(),
            notes=tuple(note for note in notes if note.count),
            lookups=tuple(lookups),
        )


def clean(data: bytes, account: Account | None = None) -> bytes:
    """``data`` as UTF-8 without byte-order mark: UTF-16 (a PowerShell redirect) decoded, damage replaced."""
    if data[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        data = data.decode("utf-16", "replace").encode("utf-8", "replace")
    if data.startswith(codecs.BOM_UTF8):
        data = data[3:]
    if data.isascii():
        return data
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        if account:
            account.add("bytes that are not UTF-8 (replaced)", [data.count(b"\n", 0, error.start) + 1])
        return data.decode("utf-8", "replace").encode("utf-8")
    return data


def chunks(data: bytes, account: Account) -> Iterator[Chunk]:
    """The lines of ``data`` in order, in pieces of about CHUNK_BYTES."""
    begin, line, whole = 0, 1, np.frombuffer(data, np.uint8)
    while begin < len(data):
        stop = len(data)
        if stop - begin > CHUNK_BYTES:
            cut = data.rfind(b"\n", begin, begin + CHUNK_BYTES)
            cut = cut if cut >= 0 else data.find(b"\n", begin + CHUNK_BYTES)
            stop = cut + 1 if cut >= 0 else stop
        piece = whole[begin:stop]
        end = np.flatnonzero(piece == 10)
        start = np.concatenate(([0], end + 1))
        if start[-1] == len(piece):
            start = start[:-1]
        else:
            end = np.append(end, len(piece))
        rows = np.flatnonzero(end > start)
        returns = rows[piece[end[rows] - 1] == 13]
        end[returns] -= 1
        chunk = Chunk(data=piece, start=start, end=end, first_line=line)
        long = np.flatnonzero(end - start > MAX_LINE)
        if len(long):
            account.add(f"a line longer than {MAX_LINE} bytes", long + line, chunk)
            end[long] = start[long]
        yield chunk
        begin, line = stop, line + len(start)


def head_lines(head: bytes, count: int = 20) -> list[str]:
    """The first lines that are not blank, for recognising a format; the last may be cut."""
    text = clean(head).decode("utf-8", "replace")
    return [line.strip("\r") for line in text.split("\n", 4 * count) if line.strip()][:count]
