"""Upkeep of a store: small files merged, old ones removed, what no longer counts swept away. One process at a time."""

from __future__ import annotations

import contextlib
import datetime
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slowworm.errors import StoreError
from slowworm.sources.base import Problem
from slowworm.store.durable import locked, opened
from slowworm.store.epochs import Epochs
from slowworm.store.files import BROKEN, Stored
from slowworm.store.layout import HIDDEN
from slowworm.store.merge import groups, merge
from slowworm.store.snapshot import DataFile, listed, taken
from slowworm.store.spool import Spool


@dataclass(frozen=True, slots=True, kw_only=True)
class Compacted:
    """What compaction did: files and bytes that went into merges, and that came out of them.

    ``swept``: files deleted because they no longer count; ``discarded``: leftovers of merges that were cut off.
    ``busy``: nothing was done, as another process was at the store's upkeep.
    """

    before: int = 0
    after: int = 0
    rows: int = 0
    bytes_before: int = 0
    bytes_after: int = 0
    swept: int = 0
    discarded: int = 0
    busy: bool = False
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Retained:
    """What retention did: files and bytes that no longer count; ``swept`` and ``busy`` as in :class:`Compacted`."""

    files: int = 0
    size: int = 0
    swept: int = 0
    busy: bool = False


def compact(root: Path, *, now: datetime.datetime) -> Compacted:
    """Merge small files of one hour, IP version and table; readers see the old files or the new one, never both."""
    with _alone(root) as alone:
        if not alone:
            return Compacted(busy=True)
        epochs, spool = Epochs(root), Spool(root)
        spool.clear_scratch()
        discarded = _discard_unfinished(root, epochs)
        problems: list[Problem] = []
        done = []
        swept = epochs.sweep()
        for group in groups(_files(root), now):
            merged = merge(root, group, epochs.current() + 1, problems)
            if merged is not None:
                epochs.commit([file.name for file in merged.sources], through=spool.scratch("epoch"))
                # At once, so that the disk holds no more than one group twice where nobody is reading.
                swept += epochs.sweep()
                done.append(merged)
        return Compacted(
            before=sum(len(m.sources) for m in done),
            after=len(done),
            rows=sum(m.rows for m in done),
            bytes_before=sum(f.size for m in done for f in m.sources),
            bytes_after=sum(m.size for m in done),
            swept=swept,
            discarded=discarded,
            problems=tuple(problems),
        )


def retain(
    root: Path,
    *,
    now: datetime.datetime,
    age: datetime.timedelta | None = None,
    size: int | None = None,
) -> Retained:
    """Remove hours that ended ``age`` ago or earlier, then the oldest files until at most ``size`` bytes are left."""
    with _alone(root) as alone:
        if not alone:
            return Retained(busy=True)
        epochs, spool = Epochs(root), Spool(root)
        spool.clear_scratch()
        _discard_unfinished(root, epochs)
        files = _files(root)
        gone = [] if age is None else [f for f in files if f.partition.end <= now - age]
        if size is not None:
            left = sum(f.size for f in files[len(gone) :])
            for file in files[len(gone) :]:
                if left <= size:
                    break
                gone.append(file)
                left -= file.size
        if gone:
            epochs.commit([f.name for f in gone], through=spool.scratch("epoch"))
        return Retained(files=len(gone), size=sum(f.size for f in gone), swept=epochs.sweep())


def _files(root: Path) -> tuple[DataFile, ...]:
    """Files that count. They stay without a snapshot: nobody else removes any while the lock is held."""
    with taken(root) as snapshot:
        return snapshot.files


@contextlib.contextmanager
def _alone(root: Path) -> Iterator[bool]:
    """The store's lock, if nobody else holds it."""
    try:
        with opened(root / HIDDEN / "lock", os.O_RDWR | os.O_CREAT) as descriptor:
            yield locked(descriptor)
    except OSError as error:
        raise StoreError(f"{root}: upkeep of the store failed: {error.strerror or error}") from error


def _discard_unfinished(root: Path, epochs: Epochs) -> int:
    """Delete merged files whose epoch never began, as a process that died leaves them; what they replace is there.

    Before any other change: the next epoch would make them count.
    """
    discarded = 0
    current = epochs.current()
    for file in list(listed(root)):
        if file.file.epoch is None or file.file.epoch <= current:
            continue
        try:
            with contextlib.closing(Stored(file.path)) as stored:
                replaces = stored.extra["replaces"]
        except (*BROKEN, TypeError) as error:
            raise StoreError(
                f"{file.path}: from a merge that was cut off, and damaged: look into it"
            ) from error
        if not all((root / name).is_file() for name in replaces):
            raise StoreError(
                f"{file.path}: merged in epoch {file.file.epoch}, but the store is at {current}: "
                f"was {HIDDEN} restored from an older copy?"
            )
        file.path.unlink()
        discarded += 1
    return discarded
