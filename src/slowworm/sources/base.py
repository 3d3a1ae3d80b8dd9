"""What every source produces: flow batches, and an account of everything that was not understood."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow as pa


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Something in an input that was not understood: where (``file:line``), what it says, how often."""

    where: str
    text: str
    count: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something worth telling that is neither a verdict nor a problem; ``id`` is stable, for programs."""

    id: str
    text: str
    count: int = 1


def merged(notes: Iterable[Note]) -> tuple[Note, ...]:
    """Notes of one id and text once, with the sum of their counts."""
    counts: dict[tuple[str, str], int] = {}
    for note in notes:
        counts[note.id, note.text] = counts.get((note.id, note.text), 0) + note.count
    return tuple(Note(id=i, text=t, count=n) for (i, t), n in counts.items())


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

    @property
    def flows(self) -> int:
        """Flows read."""
        return sum(n for _, n in self.formats)

    @property
    def format(self) -> str:
        """The formats met, joined for people: ``show-ip-cache-flow, show-ip-accounting``."""
        return ", ".join(name for name, _ in self.formats)
