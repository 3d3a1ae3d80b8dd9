"""What every sink is and gives: bytes, and an account of everything that its format could not carry."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import BinaryIO, Protocol

import pyarrow as pa

from slowworm.flows.schema import NAMES

PLACES = ("input", "line")
"""Columns that say where a flow was read: whoever reads the output says where it stands there instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SinkInfo:
    """What there is to say of an output format.

    ``suffixes``: of file names; those of ``claims`` mean this format where none is asked for. ``binary``: no text for
    a terminal. ``columns``: columns of the flow table that it carries. ``packs``: packed already, so that packing the
    file again is of no use.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    claims: tuple[str, ...]
    binary: bool
    packs: bool = False
    columns: tuple[str, ...] = NAMES
    lacks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Something that a format could not carry: of ``count`` flows, which are left out whole if ``flows`` is set.

    ``id`` is stable, for programs.
    """

    id: str
    text: str
    count: int
    flows: bool = False


@dataclass(slots=True)
class Losses:
    """Counts losses while flows are written."""

    _found: dict[str, Loss] = field(default_factory=dict)

    def add(self, name: str, text: str, count: int, *, flows: bool = False) -> None:
        """Count ``count`` flows more; nothing where it is 0."""
        if count:
            before = self._found[name].count if name in self._found else 0
            self._found[name] = Loss(id=name, text=text, count=before + int(count), flows=flows)

    def columns(self, batch: pa.RecordBatch, carried: Iterable[str]) -> None:
        """Count the values of columns that a format does not carry."""
        for name in NAMES:
            if name not in carried and name not in PLACES:
                column = batch.column(name)
                self.add(f"no-{name}", f"{name} is left out: the format has no place for it",
                         len(column) - column.null_count)  # fmt: skip

    def all(self) -> tuple[Loss, ...]:
        """What was counted: flows left out first, then by count."""
        return tuple(sorted(self._found.values(), key=lambda loss: (not loss.flows, -loss.count, loss.id)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What became of the flows: ``flows`` are in the output. ``notes`` are for people."""

    flows: int
    losses: tuple[Loss, ...] = ()
    notes: tuple[str, ...] = ()


class Sink(Protocol):
    """One output format. Stateless: what lasts from one batch to the next lives in :meth:`write`."""

    @property
    def info(self) -> SinkInfo:
        """Name and description."""

    def write(self, batches: Iterable[pa.RecordBatch], file: BinaryIO) -> Written:
        """Write flow batches, of both IP versions in any order; memory is bounded by the largest batch.

        ``file`` need not be seekable. Raises what writing to it raises.
        """
