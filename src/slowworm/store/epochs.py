"""Epochs: how compaction and retention take files away under readers, who see all of a change or nothing of it.

An epoch is a small file, ``epochs/NUMBER.json``, that lists the files which no longer count from it on. Renaming it
into place is the moment at which a change takes effect. Files that were merged carry the number of their epoch in
their name and count from it on; everything else counts from the moment it is there.

A reader holds a shared lock on the newest epoch while it reads. What an epoch lists is deleted once nobody holds an
older one: readers of that epoch and of later ones do not look at it. The operating system drops the lock of a process
that dies, so that nobody waits for the dead, and new readers are on the newest epoch, so that nobody waits for ever.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from slowworm.errors import StoreError
from slowworm.store.durable import is_linked, locked, opened, write_whole
from slowworm.store.layout import HIDDEN, is_file_of_store

FIRST = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What a reader may look at: ``number`` of its epoch, files below the store that no longer count.

    ``locked`` is ``False`` on a file system without locks: there, files may vanish while they are read.
    """

    number: int
    removed: frozenset[str]
    locked: bool


class Epochs:
    """The epochs of a store."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._folder = root / HIDDEN / "epochs"

    def begin(self, *, through: Path) -> None:
        """Write the first epoch of a new store."""
        self._folder.mkdir(exist_ok=True)
        if not self.numbers():
            write_whole(self._path(FIRST), _content([]), through=through)

    def numbers(self) -> list[int]:
        """Epochs that are there, the oldest first."""
        with os.scandir(self._folder) as entries:
            stems = [e.name.removesuffix(".json") for e in entries if e.name.endswith(".json")]
        return sorted(int(s) for s in stems if s.isdecimal())

    def current(self) -> int:
        """The newest epoch. Raises :class:`StoreError` where there is none: then it is not known what counts."""
        try:
            return self.numbers()[-1]
        except (IndexError, OSError) as error:
            raise StoreError(
                f"{self._folder}: the store's list of removed files is gone or unreadable; "
                "without it merged flows would count twice: restore it from a copy of the store"
            ) from error

    @contextlib.contextmanager
    def held(self) -> Iterator[View]:
        """The newest epoch, kept until the end."""
        while True:
            number = self.current()
            try:
                with opened(self._path(number), os.O_RDONLY) as descriptor:
                    safe = _shared(descriptor)
                    if not is_linked(descriptor):
                        continue  # swept away between listing and locking
                    yield View(number=number, removed=self._removed(number), locked=safe)
                    return
            except FileNotFoundError:
                continue
            except PermissionError as error:
                raise StoreError(
                    f"{self._path(number)}: {error.strerror}: who reads a store reads this too"
                ) from error

    def commit(self, removed: Sequence[str], *, through: Path) -> int:
        """Begin the next epoch, in which ``removed`` does not count. The caller holds the store's lock."""
        number = self.current() + 1
        write_whole(self._path(number), _content(removed), through=through)
        return number

    def sweep(self) -> int:
        """Delete what nobody can be reading any more. The caller holds the store's lock. Returns how many files."""
        deleted = 0
        with contextlib.ExitStack() as stack:
            past: list[int] = []
            for number in self.numbers():
                descriptor = stack.enter_context(opened(self._path(number), os.O_RDWR))
                deleted += sum(self._delete(name) for name in self._listed(number))
                if not locked(descriptor):
                    break
                past.append(number)
            for number in past:
                if number != self.current():
                    self._path(number).unlink()
        return deleted

    def _delete(self, name: str) -> bool:
        path = self._root / name
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        with contextlib.suppress(OSError):  # not empty yet, or a writer has put something there
            path.parent.rmdir()
        return True

    def _removed(self, number: int) -> frozenset[str]:
        found: set[str] = set()
        for earlier in self.numbers():
            if earlier <= number:
                with contextlib.suppress(FileNotFoundError):  # swept away meanwhile, and its files before it
                    found.update(self._listed(earlier))
        return frozenset(found)

    def _listed(self, number: int) -> list[str]:
        path = self._path(number)
        try:
            names = json.loads(path.read_text("utf-8"))["removed"]
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{path}: damaged; restore it from a copy of the store") from error
        if not isinstance(names, list) or not all(isinstance(n, str) and is_file_of_store(n) for n in names):
            raise StoreError(f"{path}: damaged; restore it from a copy of the store")
        return names

    def _path(self, number: int) -> Path:
        return self._folder / f"{number}.json"


def _content(removed: Sequence[str]) -> str:
    return json.dumps({"removed": list(removed)}) + "\n"


def _shared(descriptor: int) -> bool:
    try:
        return locked(descriptor, shared=True, wait=True)
    except OSError:  # a file system without locks
        return False
