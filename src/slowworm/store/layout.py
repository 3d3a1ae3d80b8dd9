"""Where things are in a store: the marker, partitions by table and hour of receipt, names of their files.

    DIR/.slowworm/store.json                                   marker with the version of this layout
    DIR/.slowworm/lock, epochs/, spool/                        what the writers keep: see epochs.py and spool.py
    DIR/flows/ip=4/hour=2026-11-22T18/NAME.parquet             flows received in that hour, IPv4 and IPv6 apart
    DIR/verdicts/hour=2026-11-22T18/NAME.parquet               verdicts of the runs of that hour

A file is named for the time of its first row's receipt and a random number, so that several writers need no
agreement. One that was merged from others carries the epoch from which on it counts.
"""

from __future__ import annotations

import datetime
import json
import os
import re
from dataclasses import dataclass, field
from pathlib import Path

from slowworm.errors import StoreError

VERSION = 1
"""Version of the layout. A store of a higher one is refused, never guessed at."""

HIDDEN = ".slowworm"
MARKER = f"{HIDDEN}/store.json"
FLOWS, VERDICTS = "flows", "verdicts"

SUFFIX = ".parquet"

DEEPEST = 4
"""Folders between a store and one of its files: table, IP version, hour, name."""

_HOUR = "%Y-%m-%dT%H"
_TIME = "%Y%m%dT%H%M%S.%f"
_NAME = re.compile(
    r"(?P<time>\d{8}T\d{6}\.\d{6})Z-(?P<unique>[0-9a-f]{16})(?:-e(?P<epoch>\d{1,18}))?\.parquet"
)
_PARTITION = re.compile(
    r"(?:(?P<flows>flows)/ip=(?P<ip>[46])|(?P<verdicts>verdicts))/hour=(?P<hour>\d{4}-\d\d-\d\dT\d\d)"
)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Partition:
    """One hour of one table; ``ip`` is 4 or 6 for flows, ``None`` for verdicts."""

    hour: datetime.datetime
    table: str
    ip: int | None = None

    @property
    def folder(self) -> str:
        """``flows/ip=4/hour=2026-11-22T18``, below the store."""
        table = self.table if self.ip is None else f"{self.table}/ip={self.ip}"
        return f"{table}/hour={self.hour.strftime(_HOUR)}"

    @property
    def end(self) -> datetime.datetime:
        """When the hour is over."""
        return self.hour + datetime.timedelta(hours=1)

    @classmethod
    def at(cls, table: str, received: datetime.datetime, *, ip: int | None = None) -> Partition:
        """The partition of what was received at an aware ``received``."""
        hour = received.astimezone(datetime.UTC).replace(minute=0, second=0, microsecond=0)
        return cls(table=table, ip=ip, hour=hour)

    @classmethod
    def parse(cls, folder: str) -> Partition | None:
        """The partition of a folder below the store; ``None`` for any other folder."""
        found = _PARTITION.fullmatch(folder)
        if found is None:
            return None
        try:
            hour = datetime.datetime.strptime(found["hour"], _HOUR).replace(tzinfo=datetime.UTC)
        except ValueError:
            return None
        ip = int(found["ip"]) if found["ip"] else None
        return cls(table=found["flows"] or found["verdicts"], ip=ip, hour=hour)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileName:
    """Name of a file: when its first row was received, a random number, and the epoch from which it counts."""

    received: datetime.datetime
    unique: str = field(default_factory=lambda: os.urandom(8).hex())
    epoch: int | None = None

    def __str__(self) -> str:
        epoch = "" if self.epoch is None else f"-e{self.epoch}"
        return f"{self.received.astimezone(datetime.UTC).strftime(_TIME)}Z-{self.unique}{epoch}{SUFFIX}"

    @classmethod
    def parse(cls, name: str) -> FileName | None:
        """``None`` for a name that no writer of a store gives."""
        found = _NAME.fullmatch(name)
        if found is None:
            return None
        try:
            received = datetime.datetime.strptime(found["time"], _TIME).replace(tzinfo=datetime.UTC)
        except ValueError:
            return None
        return cls(
            received=received, unique=found["unique"], epoch=int(found["epoch"]) if found["epoch"] else None
        )


def is_file_of_store(name: str) -> bool:
    """Whether a path below the store is that of one of its files."""
    folder, _, last = name.rpartition("/")
    return Partition.parse(folder) is not None and FileName.parse(last) is not None


def is_store(path: Path) -> bool:
    """Whether a directory bears the marker of a store, of whatever version."""
    try:
        return (path / MARKER).is_file()
    except (OSError, ValueError):
        return False


def root_of(path: Path) -> Path | None:
    """The store that ``path`` is, or is a part of."""
    try:
        whole = path.resolve()
    except (OSError, ValueError, RuntimeError):  # RuntimeError: a loop of links
        return None
    return next((p for p in (whole, *whole.parents[:DEEPEST]) if is_store(p)), None)


def check(root: Path) -> None:
    """Raise :class:`StoreError` unless ``root`` is a store of this version."""
    try:
        said = json.loads((root / MARKER).read_text("utf-8"))
        version = said["slowworm.store"]
    except FileNotFoundError:
        problem = "a directory, but no store" if root.is_dir() else "no such directory"
        raise StoreError(f"{root}: {problem}; slowworm convert INPUT… --to store -o DIR makes one") from None
    except NotADirectoryError:
        raise StoreError(f"{root}: a file; a store is a directory") from None
    except OSError as error:
        raise StoreError(f"{root}: the store cannot be opened: {error.strerror or error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{root}: {MARKER} is damaged; it should hold {marker()!r}") from error
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise StoreError(f"{root}: {MARKER} says version {version!r}; versions are 1, 2, …")
    if version > VERSION:
        raise StoreError(
            f"{root}: a store of version {version}, made by a newer Slowworm; this one reads version {VERSION}: "
            "update Slowworm"
        )


def marker() -> str:
    """What the marker of a new store holds."""
    return json.dumps({"slowworm.store": VERSION})
