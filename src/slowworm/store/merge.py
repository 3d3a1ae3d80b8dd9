"""Merging files of one partition: which ones, and how."""

from __future__ import annotations

import contextlib
import datetime
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from slowworm.errors import StoreError
from slowworm.sources.base import Problem
from slowworm.store.files import BROKEN, Stored, Writing
from slowworm.store.layout import FileName, Partition
from slowworm.store.snapshot import DataFile
from slowworm.store.spool import Spool, Spooled
from slowworm.store.tables import joined_extra, schema_of
from slowworm.store.writer import ROWS_PER_FILE

FEWEST = 2
"""Files of a past hour from which they are merged."""

FEWEST_NOW = 16
"""Files of about one size from which those of the current hour are merged: a row is written again once for each
power of 16 of files in the hour, twice where one comes every ten seconds, and a reader never meets many more files."""

TIER_BITS = 4
"""Files of the current hour are of one size if their rows have the same power of 2 ** TIER_BITS."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """A file that was written from others: ``sources`` below the store, ``size`` in bytes."""

    sources: tuple[DataFile, ...]
    rows: int
    size: int


def groups(files: Sequence[DataFile], now: datetime.datetime) -> Iterator[list[DataFile]]:
    """Files to merge with each other: of one partition, in order of receipt, at most ROWS_PER_FILE rows together."""
    partitions: dict[Partition, list[DataFile]] = defaultdict(list)
    for file in files:
        partitions[file.partition].append(file)
    for partition, members in partitions.items():
        over = partition.end <= now
        if len(members) < (FEWEST if over else FEWEST_NOW):
            continue
        tiers: dict[int, list[tuple[DataFile, int]]] = defaultdict(list)
        for file in members:
            rows = _rows(file)
            if rows is not None and rows < ROWS_PER_FILE:
                tiers[0 if over else rows.bit_length() // TIER_BITS].append((file, rows))
        for tier in tiers.values():
            if len(tier) >= (FEWEST if over else FEWEST_NOW):
                yield from _filled(tier)


def _rows(file: DataFile) -> int | None:
    try:
        with contextlib.closing(Stored(file.path)) as stored:
            return stored.statistics.rows
    except BROKEN:
        return None  # stays as it is: whoever reads the store is told of it


def _filled(members: Sequence[tuple[DataFile, int]]) -> Iterator[list[DataFile]]:
    group: list[DataFile] = []
    total = 0
    for file, rows in members:
        if total + rows > ROWS_PER_FILE:
            if len(group) > 1:
                yield group
            group, total = [], 0
        group.append(file)
        total += rows
    if len(group) > 1:
        yield group


def merge(root: Path, group: Sequence[DataFile], epoch: int, problems: list[Problem]) -> Merged | None:
    """Write files as one, which counts from ``epoch`` on; ``None`` where fewer than two can be read.

    A file that cannot be read to its end is a problem, and not among the sources.
    """
    left = list(group)
    while len(left) > 1:
        try:
            return _merged(root, left, epoch)
        except _DamagedError as error:
            left.remove(error.file)
            problems.append(
                Problem(where=str(error.file.path), text=f"a damaged file of the store: {error.reason}")
            )
    return None


class _DamagedError(Exception):
    def __init__(self, file: DataFile, error: BaseException) -> None:
        super().__init__(file, error)
        self.file, self.reason = file, str(error).split("\n", 1)[0][:160]


def _merged(root: Path, sources: Sequence[DataFile], epoch: int) -> Merged:
    first = sources[0]
    target = schema_of(first.partition)
    name = FileName(received=first.file.received, epoch=epoch)
    spooled = Spooled(Spool(root), first.partition, name, merge=True)
    writing = Writing(spooled.file, target)
    try:
        extras: list[object] = []
        rows = 0
        for file in sources:
            try:
                stored = Stored(file.path)
            except BROKEN as error:
                raise _DamagedError(file, error) from error
            with contextlib.closing(stored):
                extras.append(stored.extra)
                rows += stored.statistics.rows
                batches = stored.batches(target)
                while True:
                    try:
                        batch = next(batches, None)
                    except BROKEN as error:
                        raise _DamagedError(file, error) from error
                    if batch is None:
                        break
                    writing.add(batch)
        if writing.rows != rows:
            raise StoreError(f"{root}: {rows} rows to merge, {writing.rows} read: nothing was changed")
        writing.finish({**joined_extra(extras), "replaces": [file.name for file in sources]})
        size = spooled.file.tell()
        spooled.move()
    except BaseException:
        writing.abandon()
        spooled.discard()
        raise
    return Merged(sources=tuple(sources), rows=rows, size=size)
