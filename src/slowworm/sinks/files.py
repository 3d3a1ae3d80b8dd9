"""Output files: they appear when they are complete, packed as their name says."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import lzma
import sys
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any, BinaryIO, cast

from slowworm.errors import UsageError

STDOUT = "-"
PACKINGS = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz", ".zst": "zstd"}
"""Suffixes of packed files."""

GZIP_LEVEL = 6
XZ_PRESET = 3
"""Beyond these levels flows get some percent smaller in several times the time."""


def packing_of(path: str | None) -> str | None:
    """How a file of this name is packed."""
    return None if path is None else PACKINGS.get(PurePath(path).suffix.lower())


@contextlib.contextmanager
def replaced(path: str) -> Iterator[BinaryIO]:
    """A file to write bytes to, beside ``path`` first and moved into its place when complete.

    Devices and pipes are written to as they are. Raises :class:`UsageError` where it cannot be written.
    """
    try:
        target = Path(path).resolve()  # a link stays a link: what it points to is replaced
        special = target.exists() and not target.is_file()
    except (OSError, ValueError) as error:  # no name of a file: too long, a NUL in it
        raise UsageError(f"{path}: cannot be written: {getattr(error, 'strerror', None) or error}") from error
    try:
        if special:  # a device, a pipe: written to, never replaced
            with target.open("wb") as file:
                yield file
            return
        part = target.with_name(f".{target.name}.part")
        try:
            with part.open("wb") as file:
                yield file
            if target.exists():
                part.chmod(target.stat().st_mode & 0o7777)
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror or error}") from error


@contextlib.contextmanager
def destination(path: str | None) -> Iterator[BinaryIO]:
    """Where bytes go: a file, packed as its name says, or stdout for ``-`` and ``None``."""
    if path is None or path == STDOUT:
        if sys.stdout is None:
            raise UsageError("standard output is closed: name a file to write to")
        stdout = sys.stdout.buffer
        yield stdout
        stdout.flush()
        return
    with replaced(path) as file:
        packing = packing_of(path)
        if packing is None:
            yield file
            return
        packer = _packer(packing, file)
        try:
            yield cast(BinaryIO, packer)
        finally:
            packer.close()


def _packer(packing: str, file: BinaryIO) -> Any:
    if packing == "gzip":
        # No name and no time within: equal flows give equal files.
        return gzip.GzipFile(filename="", mode="wb", fileobj=file, compresslevel=GZIP_LEVEL, mtime=0)
    if packing == "bzip2":
        return bz2.BZ2File(file, "wb")
    if packing == "xz":
        return lzma.LZMAFile(file, "wb", preset=XZ_PRESET)
    import pyarrow as pa

    return pa.CompressedOutputStream(file, "zstd")
