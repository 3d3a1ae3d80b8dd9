"""What makes a change to a directory last and appear at once: fsync, rename, locks of the operating system."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path


def make_folder(folder: Path, *, below: Path) -> None:
    """Create a folder and those between it and ``below``; their entries outlive a power cut."""
    missing = []
    while folder != below and not folder.is_dir():
        missing.append(folder)
        folder = folder.parent
    for path in reversed(missing):
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the entries of a folder outlive a power cut."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def locked(number: int, *, shared: bool = False, wait: bool = False) -> bool:
    """Lock an open file until it is closed or its process ends; ``False`` where another holds it."""
    kind = fcntl.LOCK_SH if shared else fcntl.LOCK_EX
    try:
        fcntl.flock(number, kind if wait else kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_linked(number: int) -> bool:
    """Whether an open file still has a name."""
    return os.fstat(number).st_nlink > 0


def write_whole(path: Path, text: str, *, through: Path) -> None:
    """Put a small file in its place at once, with its content; ``through`` is written first and then renamed."""
    with through.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    through.replace(path)
    sync_folder(path.parent)


@contextlib.contextmanager
def opened(path: Path, flags: int) -> Iterator[int]:
    """A file descriptor, closed at the end."""
    number = os.open(path, flags | os.O_CLOEXEC, 0o644)
    try:
        yield number
    finally:
        os.close(number)
