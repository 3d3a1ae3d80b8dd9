"""CSV by its header: pieces of rows whose columns are found by name; fields may be quoted, lines may not break."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from slowworm.sources.tables.damage import Damage
from slowworm.sources.tables.lines import Chunk, Tokens, chunks
from slowworm.sources.tables.mapping import DELIMITERS
from slowworm.sources.tables.slices import Bools, Slices

MAX_HEADER = 65_536
"""Longest header line that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """The names of a CSV file's columns, what separates them, and the 1-based line that they stand in."""

    names: tuple[str, ...]
    delimiter: str
    line: int


def header(text: bytes, wanted: Collection[str], *, delimiter: str | None = None) -> Header | None:
    """The header if the first line that is not blank is one that has all ``wanted`` names."""
    line, at = 1, 0
    while at < len(text):
        end = text.find(b"\n", at, at + MAX_HEADER)
        raw = text[at : end if end >= 0 else at + MAX_HEADER].strip(b"\r\n")
        if raw.strip():
            break
        if end < 0:
            return None
        line, at = line + 1, end + 1
    else:
        return None
    for one in (delimiter,) if delimiter else DELIMITERS:
        names = _names(raw, one)
        if set(wanted) <= set(names):
            return Header(names=names, delimiter=one, line=line)
    return None


def first_names(text: bytes) -> tuple[str, ...]:
    """The names in the first line, for a message."""
    raw = text[:MAX_HEADER].split(b"\n", 1)[0]
    return max((_names(raw, one) for one in DELIMITERS), key=len)


def _names(raw: bytes, delimiter: str) -> tuple[str, ...]:
    line = Chunk.of(raw, 1)
    if not len(line):
        return ()
    tokens = line.tokens(ord(delimiter))
    bare = Slices(buffer=tokens.buffer, start=tokens.start, end=tokens.end).bare()
    return tuple(raw.decode("utf-8", "replace").strip() for raw in bare.binary().to_pylist())


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Some rows of a CSV file."""

    chunk: Chunk
    tokens: Tokens
    names: tuple[str, ...]

    def column(self, name: str) -> Slices:
        """A column by its name; of several with that name the first."""
        return self.tokens.field(self.names.index(name))

    @property
    def misshapen(self) -> Bools:
        """Rows that have not as many fields as the header, or are too long to be rows."""
        wrong: Bools = (self.tokens.count != len(self.names)) | self.chunk.too_long
        return wrong


def pieces(text: bytes, head: Header, damage: Damage) -> Iterator[Piece]:
    """The rows behind the header, those that are misshapen left out and told."""
    for chunk in chunks(text, skip_lines=head.line):
        piece = Piece(chunk=chunk, tokens=chunk.tokens(ord(head.delimiter)), names=head.names)
        wrong = piece.misshapen
        if wrong.any():
            damage.lines(
                "row of another number of fields than the header's", wrong, chunk.lines, chunk.number
            )
            chunk = chunk.take(~wrong)
            piece = Piece(chunk=chunk, tokens=chunk.tokens(ord(head.delimiter)), names=head.names)
        if len(chunk):
            yield piece
