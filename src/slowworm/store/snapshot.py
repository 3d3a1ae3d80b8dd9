"""A store as it is at one moment: its files, those that a span of time needs, their rows."""

from __future__ import annotations

import contextlib
import datetime
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from slowworm.sources.base import Problem
from slowworm.store.epochs import Epochs, View
from slowworm.store.files import BROKEN, Statistics, Stored
from slowworm.store.layout import FLOWS, SUFFIX, VERDICTS, FileName, Partition

FIRST_COLUMN = {FLOWS: "start_time", VERDICTS: "run_time"}
LAST_COLUMN = {FLOWS: "end_time", VERDICTS: "run_time"}
"""Between which columns a row of a table lasts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """A file that counts: ``name`` below the store, ``size`` in bytes."""

    root: Path
    partition: Partition
    file: FileName
    size: int

    @property
    def name(self) -> str:
        """``flows/ip=4/hour=…/….parquet``."""
        return f"{self.partition.folder}/{self.file}"

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.root / self.name


@dataclass(slots=True, kw_only=True)
class Snapshot:
    """Files of a store that count at one moment, oldest hour first, and what was met while they were read.

    ``problems``: files that no writer of a store makes, or that are damaged; ``opened``: files of which more than
    the footer was read; ``passed``: files that a span of time made unnecessary; ``undated``: rows without times that
    were left out of a span.
    """

    files: tuple[DataFile, ...]
    problems: list[Problem] = field(default_factory=list)
    opened: int = 0
    passed: int = 0
    undated: int = 0

    def statistics(self, file: DataFile) -> Statistics | None:
        """What the footer says; ``None`` and a problem for a damaged file."""
        try:
            with contextlib.closing(Stored(file.path)) as stored:
                return stored.statistics
        except BROKEN as error:
            self._damaged(file, error)
            return None

    def needed(
        self, table: str, start: datetime.datetime | None = None, end: datetime.datetime | None = None
    ) -> list[DataFile]:
        """Files of a table that are whole as far as their footers tell, and may hold rows of [start, end)."""
        low, high = nanoseconds(start), nanoseconds(end)
        found = []
        for file in self.files:
            if file.partition.table != table:
                continue
            known = self.statistics(file)
            if known is None:
                continue
            if known.overlaps(low, high, first=FIRST_COLUMN[table], last=LAST_COLUMN[table]):
                found.append(file)
            else:
                self.passed += 1
        return found

    def read(
        self,
        file: DataFile,
        target: pa.Schema,
        start: datetime.datetime | None = None,
        end: datetime.datetime | None = None,
    ) -> Iterator[pa.RecordBatch]:
        """Rows of a file that lie in [start, end) at least in part; all of them without bounds."""
        low, high = nanoseconds(start), nanoseconds(end)
        self.opened += 1
        try:
            with contextlib.closing(Stored(file.path)) as stored:
                for batch in stored.batches(target):
                    yield batch if low is None and high is None else self._within(file, batch, low, high)
        except BROKEN as error:
            self._damaged(file, error)

    def _within(
        self, file: DataFile, batch: pa.RecordBatch, low: int | None, high: int | None
    ) -> pa.RecordBatch:
        first = batch.column(FIRST_COLUMN[file.partition.table])
        last = batch.column(LAST_COLUMN[file.partition.table])
        begins = pc.coalesce(first, last).cast(pa.int64())
        ends = pc.coalesce(last, first).cast(pa.int64())
        self.undated += begins.null_count
        inside = pc.is_valid(begins)
        if low is not None:
            inside = pc.and_kleene(inside, pc.greater_equal(ends, low))
        if high is not None:
            inside = pc.and_kleene(inside, pc.less(begins, high))
        return batch.filter(inside)

    def _damaged(self, file: DataFile, error: BaseException) -> None:
        reason = getattr(error, "strerror", None) or str(error).split("\n", 1)[0][:160]
        self.problems.append(Problem(where=str(file.path), text=f"a damaged file of the store: {reason}"))


@contextlib.contextmanager
def taken(root: Path, *, below: str = "") -> Iterator[Snapshot]:
    """The store now; its files stay where they are until the end. ``below``: only what is in this part of it."""
    with Epochs(root).held() as view:
        problems: list[Problem] = []
        files = sorted(
            (file for file in listed(root, problems) if _counts(file, view) and _within(file.name, below)),
            key=lambda file: (file.partition.hour, file.name),
        )
        yield Snapshot(files=tuple(files), problems=problems)


def listed(root: Path, problems: list[Problem] | None = None) -> Iterator[DataFile]:
    """All files in the partitions, whether they count or not."""
    for parent in (f"{FLOWS}/ip=4", f"{FLOWS}/ip=6", VERDICTS):
        for folder in _entries(root / parent):
            partition = Partition.parse(f"{parent}/{folder.name}")
            if partition is None:
                _foreign(folder, problems)
                continue
            for entry in _entries(Path(folder.path)):
                name = FileName.parse(entry.name)
                if name is None:
                    _foreign(entry, problems)
                    continue
                with contextlib.suppress(FileNotFoundError):  # swept away while it was listed
                    yield DataFile(root=root, partition=partition, file=name, size=entry.stat().st_size)


def nanoseconds(when: datetime.datetime | None) -> int | None:
    """An aware time as ns since 1970 UTC. Raises ``ValueError`` for a naive one."""
    if when is None:
        return None
    if when.tzinfo is None:
        raise ValueError(f"{when}: a time with its zone is needed")
    passed = when - datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)
    return (passed.days * 86_400 + passed.seconds) * 10**9 + passed.microseconds * 1000


def _entries(folder: Path) -> Sequence[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return [e for e in entries if not e.name.startswith(".")]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _foreign(entry: os.DirEntry[str], problems: list[Problem] | None) -> None:
    if problems is not None:
        kind = "file" if entry.name.endswith(SUFFIX) else "entry"
        problems.append(Problem(where=entry.path, text=f"no {kind} that the store has made: left out"))


def _counts(file: DataFile, view: View) -> bool:
    return file.name not in view.removed and (file.file.epoch is None or file.file.epoch <= view.number)


def _within(name: str, below: str) -> bool:
    return not below or name == below or name.startswith(below + "/")
