"""The spool: where a file is written before it is moved into its partition, and what is done with the leftovers.

A file in the spool is locked by the process that writes it, so that another process can tell a file in work from one
whose writer has died. The latter is moved into its partition if it is whole (only the move was missing), and
discarded if it is not; leftovers of compaction are always discarded, as their rows are in the files they came from.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from slowworm.store.durable import is_linked, locked, make_folder, opened, sync_folder
from slowworm.store.files import whole_rows
from slowworm.store.layout import HIDDEN, FileName, Partition

_NAME = re.compile(r"(?P<kind>append|merge),(?P<folder>[^,]+),(?P<name>[^,]+)\.part")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovered:
    """What became of the leftovers of writers that died: files moved into place, with their rows; files discarded."""

    files: int = 0
    rows: int = 0
    discarded: int = 0


class Spooled:
    """A file being written: :meth:`move` puts it into its partition, at once and to last."""

    def __init__(self, spool: Spool, partition: Partition, name: FileName, *, merge: bool = False) -> None:
        self._root, self._partition, self._name = spool.root, partition, name
        kind = "merge" if merge else "append"
        self._path = spool.folder / f"{kind},{partition.folder.replace('/', '+')},{name}.part"
        self.file: BinaryIO = self._created()

    @property
    def target(self) -> str:
        """Where it goes, below the store."""
        return f"{self._partition.folder}/{self._name}"

    def move(self) -> None:
        """Write everything to the disk, then rename it into the partition."""
        self.file.flush()
        os.fsync(self.file.fileno())
        folder = self._root / self._partition.folder
        while True:
            make_folder(folder, below=self._root)
            try:
                self._path.rename(folder / str(self._name))
                break
            except FileNotFoundError:
                # Retention has taken the empty folder away in between; where the file itself is gone, give up.
                self._path.lstat()
        sync_folder(folder)
        self.file.close()

    def discard(self) -> None:
        """Remove it."""
        self._path.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # what is buffered may no longer fit on the disk
            self.file.close()

    def _created(self) -> BinaryIO:
        while True:
            file = self._path.open("xb")
            # Between creation and lock another process may have taken the file for a leftover.
            if locked(file.fileno(), wait=True) and is_linked(file.fileno()):
                return file
            file.close()


class Spool:
    """The spool of a store."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / HIDDEN / "spool"

    def scratch(self, name: str) -> Path:
        """A path for a small file that is renamed from here."""
        return self.folder / f"{name}.{os.getpid()}.tmp"

    def clear_scratch(self) -> None:
        """Remove small files whose writer has died. For the holder of the store's lock, who alone writes any."""
        for path in self.folder.glob("*.tmp"):
            path.unlink(missing_ok=True)

    def recover(self) -> Recovered:
        """Deal with the leftovers of writers that have died; files that are being written are left alone."""
        files = rows = discarded = 0
        for path in self._leftovers():
            found = _NAME.fullmatch(path.name)
            count = whole_rows(path) if found and found["kind"] == "append" else None
            if (
                found
                and count is not None
                and self._move(path, found["folder"].replace("+", "/"), found["name"])
            ):
                files, rows = files + 1, rows + count
            else:
                path.unlink(missing_ok=True)
                discarded += 1
        return Recovered(files=files, rows=rows, discarded=discarded)

    def _leftovers(self) -> Iterator[Path]:
        for path in sorted(self.folder.glob("*.part")):
            with contextlib.suppress(FileNotFoundError), opened(path, os.O_RDWR) as number:
                if locked(number) and is_linked(number):
                    yield path  # the lock is held until the caller has dealt with it

    def _move(self, path: Path, folder: str, name: str) -> bool:
        partition, file = Partition.parse(folder), FileName.parse(name)
        if partition is None or file is None or file.epoch is not None:
            return False
        make_folder(self.root / folder, below=self.root)
        path.rename(self.root / folder / name)
        sync_folder(self.root / folder)
        return True
