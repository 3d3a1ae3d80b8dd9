"""From what the user named (files, directories, ``-``) to readings, one input at a time."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from slowworm.errors import InputError, UsageError
from slowworm.sources.base import Problem, Reading
from slowworm.sources.formats import Formats
from slowworm.sources.session import looks_binary

STDIN = "-"


def paths_of(inputs: Iterable[str | os.PathLike[str]]) -> list[str]:
    """Files to read: directories are walked (sorted, hidden entries left out), ``-`` stays.

    Raises :class:`UsageError` where a named input does not exist.
    """
    found: list[str] = []
    for item in inputs:
        name = os.fspath(item)
        path = Path(name)
        if name == STDIN:
            found.append(STDIN)
        elif path.is_dir():
            found += [
                str(p)
                for p in sorted(path.rglob("*"))
                if p.is_file() and not any(part.startswith(".") for part in p.relative_to(path).parts)
            ]
        elif path.exists():
            found.append(name)
        else:
            raise UsageError(f"{name}: no such file or directory")
    return found


def read_inputs(paths: Iterable[str], formats: Formats, *, only: str | None = None) -> Iterator[Reading]:
    """Read each path. An input of which nothing can be read gives a reading with its problem, no exception."""
    for path in paths:
        shown = "stdin" if path == STDIN else path
        try:
            data = sys.stdin.buffer.read() if path == STDIN else Path(path).read_bytes()
        except OSError as error:
            yield Reading(
                path=shown, problems=(Problem(where=shown, text=f"cannot be read: {error.strerror}"),)
            )
            continue
        try:
            yield read_bytes(shown, data, formats, only=only)
        except InputError as error:
            yield Reading(path=shown, problems=(Problem(where=shown, text=str(error)),))


def read_bytes(path: str, data: bytes, formats: Formats, *, only: str | None = None) -> Reading:
    """Read one input's bytes in whatever format they are.

    ``only``: the name of the one format to look for. Raises :class:`InputError` for bytes that are no text
    and no known binary format, and for nothing at all.
    """
    if not data or data.isspace():
        raise InputError("empty: nothing was captured (was the command's output redirected to another file?)")
    if looks_binary(data):
        raise InputError("binary data of no known format; slowworm formats lists what can be read")
    reading = formats.read_text(path, data, only=only)
    if reading.flows == 0 and not reading.formats and not reading.notes:
        first = next((p for p in reading.problems), None)
        quoted = f"; it begins: {first.text[:60]!r}" if first else ""
        raise InputError(
            f"no flow listing found in {data.count(10) + 1} lines of text{quoted}; "
            "slowworm formats lists what can be read"
        )
    return reading
