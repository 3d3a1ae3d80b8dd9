"""What every source produces: flow batches, and an account of everything that was not understood."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something in an input that was not understood: where (``file:line``), what it says, how often."""

    where: str
    text: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something worth telling that is neither a verdict nor a problem; ``id`` is stable, for programs.

    ``about``: the exporter that it is about, where another input or option may settle it.
    """

    id: str
    text: str
    count: int = 1
    about: str | None = None


def merged(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Notes of one id and text once, with the sum of their counts."""
    found: dict[tuple[str, str], Note] = {}
    for note in notes:
        same = found.get((note.id, note.text))
        found[note.id, note.text] = replace(note, count=note.count + same.count) if same else note
    return tuple(found.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """A number that the source printed beside its flows: ``router`` may be unknown."""

    format: str
    name: str
    value: float
    unit: str
    router: str | None = None
    where: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookups:
    """DNS that was seen, one row each: who asked and which address the answer gave, all of one length.

    ``client``, ``answer``: address columns without nulls (``uint32``, or 16 bytes); without ``answer`` the rows
    say only that the client uses DNS where it is seen. ``time``: ns since 1970 UTC, null where unknown.
    """

    client: pa.Array
    time: pa.Array
    answer: pa.Array | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FormatInfo:
    """What ``slowworm formats`` says of a format."""

    name: str
    title: str
    commands: tuple[str, ...]
    carries: str
    lacks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One input, read."""

    path: str
    formats: tuple[tuple[str, int], ...] = ()
    """(format name, flows) in order of appearance."""
    batches: tuple[pa.RecordBatch, ...] = ()
    problems: tuple[Problem, ...] = ()
    notes: tuple[Note, ...] = ()
    context: tuple[Context, ...] = ()
    lookups: tuple[Lookups, ...] = ()
    continues: bool = False
    """More of an input that was read before, under the same path."""

    @property
    def flows(self) -> int:
        """Flows read."""
        return sum(n for _, n in self.formats)

    @property
    def format(self) -> str:
        """The formats met, joined for people: ``show-ip-cache-flow, show-ip-accounting``."""
        return ", ".join(name for name, _ in self.formats)
