"""Putting flows into a store: a file per IP version, whole or not at all."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType

import pyarrow as pa

from slowworm.errors import StoreError
from slowworm.flows.schema import ip_version, schema
from slowworm.store.files import Writing
from slowworm.store.layout import FLOWS, FileName, Partition
from slowworm.store.spool import Spool, Spooled

ROWS_PER_FILE = 4_000_000
"""Rows from which a file is closed and the next begun: 50 to 80 MB, few files to list and open for a reader of months,
and little to write again or to lose where a writer dies in the middle."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Appended:
    """What was put into the store."""

    files: int = 0
    rows: int = 0
    size: int = 0


@dataclass(slots=True)
class _Open:
    """A file in the spool."""

    spooled: Spooled
    writing: Writing


@dataclass(slots=True)
class FlowWriter:
    """Takes flow batches for as long as its ``with`` block lasts and puts them into the store as files fill up.

    What it has not moved yet when the block ends with an exception is discarded. ``received`` is the time of
    receipt of all rows; without it, that of the moment at which each file is begun.
    """

    root: Path
    received: datetime.datetime | None = None
    done: Appended = Appended()
    _open: dict[int, _Open] = field(default_factory=dict)

    def __enter__(self) -> FlowWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._discard()
            return
        for version in list(self._open):
            self._finish(version)

    def add(self, batches: pa.RecordBatch | Iterable[pa.RecordBatch]) -> None:
        """Take flow batches. Raises :class:`StoreError` where they cannot be written; open files are then discarded."""
        for batch in [batches] if isinstance(batches, pa.RecordBatch) else batches:
            if not batch.num_rows:
                continue
            version = ip_version(batch)
            if not batch.schema.equals(schema(version)):
                raise ValueError(f"not the schema of flow batches: {batch.schema}")
            try:
                if version not in self._open:
                    self._open[version] = self._begin(version)
                self._open[version].writing.add(batch)
            except OSError as error:
                raise self._failed(error) from error
            if self._open[version].writing.rows >= ROWS_PER_FILE:
                self._finish(version)

    def _begin(self, version: int) -> _Open:
        received = self.received or datetime.datetime.now(datetime.UTC)
        partition = Partition.at(FLOWS, received, ip=version)
        spooled = Spooled(Spool(self.root), partition, FileName(received=received))
        return _Open(spooled, Writing(spooled.file, schema(version)))

    def _finish(self, version: int) -> None:
        current = self._open[version]
        try:
            rows = current.writing.finish().rows
            size = current.spooled.file.tell()
            current.spooled.move()
        except OSError as error:
            raise self._failed(error) from error
        del self._open[version]
        self.done = Appended(
            files=self.done.files + 1, rows=self.done.rows + rows, size=self.done.size + size
        )

    def _failed(self, error: OSError) -> StoreError:
        lost = sum(o.writing.rows for o in self._open.values())
        self._discard()
        return StoreError(f"{self.root}: {lost:,} flows not stored: {error.strerror or error}")

    def _discard(self) -> None:
        for current in self._open.values():
            current.writing.abandon()
            current.spooled.discard()
        self._open.clear()
