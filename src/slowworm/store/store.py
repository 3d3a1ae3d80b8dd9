"""A store of flows and verdicts: what callers use."""

from __future__ import annotations

import datetime
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from slowworm.errors import StoreError
from slowworm.sources.base import Reading
from slowworm.store import upkeep, verdicts
from slowworm.store.durable import sync_folder, write_whole
from slowworm.store.epochs import Epochs
from slowworm.store.inputs import FORMAT
from slowworm.store.layout import FLOWS, HIDDEN, MARKER, check, is_store, marker, root_of
from slowworm.store.snapshot import Snapshot, taken
from slowworm.store.spool import Recovered, Spool
from slowworm.store.tables import schema_of
from slowworm.store.upkeep import Compacted, Retained
from slowworm.store.verdicts import Known, Run
from slowworm.store.writer import Appended, FlowWriter


@dataclass(frozen=True, slots=True)
class Store:
    """A directory of Parquet partitions. Any number of processes may read and append at once.

    ``below``: the part of the store to look at, as a path below ``root``; all of it where empty.
    """

    root: Path
    below: str = ""

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Store:
        """The store at ``path``. Raises :class:`StoreError` for anything else, and for one of a newer version."""
        root = Path(path)
        check(root)
        return cls(root)

    @classmethod
    def create(cls, path: str | os.PathLike[str]) -> Store:
        """A new store at ``path``, which does not exist or is an empty directory."""
        root = Path(path)
        if is_store(root):
            raise StoreError(f"{root}: is a store already")
        try:
            if root.is_dir() and any(entry.name != HIDDEN for entry in root.iterdir()):
                raise StoreError(f"{root}: holds something else; name a new or an empty directory")
            root.mkdir(parents=True, exist_ok=True)
            spool = Spool(root)
            spool.folder.mkdir(parents=True, exist_ok=True)
            Epochs(root).begin(through=spool.scratch("epoch"))
            # Last, so that whatever bears the marker is complete.
            write_whole(root / MARKER, marker() + "\n", through=spool.scratch("marker"))
            sync_folder(root)
            sync_folder(root.resolve().parent)
        except OSError as error:
            raise StoreError(f"{root}: no store can be made there: {error.strerror or error}") from error
        return cls(root)

    @classmethod
    def ensure(cls, path: str | os.PathLike[str]) -> Store:
        """The store at ``path``, made if there is none."""
        return cls.open(path) if is_store(Path(path)) else cls.create(path)

    @classmethod
    def holding(cls, path: str | os.PathLike[str]) -> Store | None:
        """The store that ``path`` is or is a part of, which is then all that is looked at; ``None`` outside of stores.

        Raises :class:`StoreError` for a store of a newer version.
        """
        root = root_of(Path(path))
        if root is None:
            return None
        check(root)
        below = os.path.relpath(Path(path).resolve(), root)
        return cls(Path(path)) if below == "." else cls(root, below)

    def writer(self, *, received: datetime.datetime | None = None) -> FlowWriter:
        """A context manager that takes flow batches, many or few: see :class:`FlowWriter`. Leftovers are recovered."""
        self.recover()
        return FlowWriter(self.root, received)

    def append(
        self,
        batches: pa.RecordBatch | Iterable[pa.RecordBatch],
        *,
        received: datetime.datetime | None = None,
    ) -> Appended:
        """Store flow batches; when it returns they are on the disk. A file per IP version appears whole or not at all.

        ``received``: aware time of receipt, by default now. Raises :class:`StoreError` where they cannot be written.
        """
        with FlowWriter(self.root, received) as writer:
            writer.add(batches)
        return writer.done

    def recover(self) -> Recovered:
        """Move what writers that died had finished into its place, discard the rest; both are counted."""
        try:
            return Spool(self.root).recover()
        except OSError as error:
            raise StoreError(
                f"{self.root}: the spool cannot be cleared: {error.strerror or error}"
            ) from error

    def snapshot(self) -> AbstractContextManager[Snapshot]:
        """The store at this moment; until its ``with`` block ends no file of it goes away."""
        return taken(self.root, below=self.below)

    def batches(
        self, start: datetime.datetime | None = None, end: datetime.datetime | None = None
    ) -> Iterator[pa.RecordBatch]:
        """Flow batches, oldest hour of receipt first; with bounds only flows that lie in [start, end) in part.

        Flows without times are in no span. Files whose footers say that they hold none are not opened.
        """
        for reading in self.readings(start, end):
            yield from reading.batches

    def readings(
        self, start: datetime.datetime | None = None, end: datetime.datetime | None = None
    ) -> Iterator[Reading]:
        """The same as readings: one for the store, which those of its files continue, and the problems met."""
        path = str(self.root / self.below)
        with self.snapshot() as snapshot:
            yield Reading(path=path, formats=((FORMAT, 0),))
            for file in snapshot.needed(FLOWS, start, end):
                found = tuple(snapshot.read(file, schema_of(file.partition), start, end))
                rows = sum(batch.num_rows for batch in found)
                yield Reading(path=path, formats=((FORMAT, rows),), batches=found, continues=True)
            yield Reading(path=path, problems=tuple(snapshot.problems), continues=True)

    def append_verdicts(
        self, document: Mapping[str, Any], *, run_time: datetime.datetime | None = None
    ) -> Run:
        """Keep the verdicts of a ``slowworm.hunt/1`` document as a run of the detector, by default of now."""
        return verdicts.append(self.root, document, run_time or datetime.datetime.now(datetime.UTC))

    def runs(self) -> list[Run]:
        """The runs that are kept, the oldest first."""
        with self.snapshot() as snapshot:
            return verdicts.runs(snapshot)

    def verdicts(self, since: datetime.datetime | None = None) -> pa.Table:
        """The verdicts of all runs, or of those from ``since`` on."""
        with self.snapshot() as snapshot:
            return verdicts.read(snapshot, since)

    def known(self) -> Known:
        """What the last run said; :func:`slowworm.store.verdicts.news` compares another with it."""
        with self.snapshot() as snapshot:
            return verdicts.known(snapshot)

    def compact(self, *, now: datetime.datetime | None = None) -> Compacted:
        """Merge small files; readers see the old ones or the new one."""
        return upkeep.compact(self.root, now=now or datetime.datetime.now(datetime.UTC))

    def retain(
        self,
        *,
        age: datetime.timedelta | None = None,
        size: int | None = None,
        now: datetime.datetime | None = None,
    ) -> Retained:
        """Remove hours of receipt that ended longer than ``age`` ago, then the oldest files beyond ``size`` bytes."""
        return upkeep.retain(self.root, now=now or datetime.datetime.now(datetime.UTC), age=age, size=size)
