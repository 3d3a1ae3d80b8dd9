"""From what the user named (files, directories, ``-``) to readings, one input at a time."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from slowworm.errors import InputError, UsageError
from slowworm.sources.base import Problem, Reading
from slowworm.sources.byteformat import HEAD_BYTES
from slowworm.sources.formats import Formats
from slowworm.sources.order import in_time_order
from slowworm.sources.packing import MAX_UNPACKED, unpacked
from slowworm.sources.session import decoded, looks_binary

STDIN = "-"

INVENTORY = "slowworm.toml"
"""What a case directory may hold beside its captures: no input, but what the operator knows of the network."""

MAX_INPUT = MAX_UNPACKED
"""Bytes of a file that are read at once: as many as may come out of a packed one."""

TOO_LARGE = "cut it into pieces (editcap -c, split -l), or give the files of a shorter time"

BLANK = b" \t\r\n\x0b\x0c\x00\xef\xbb\xbf\xff\xfe"
"""Bytes of white space, NULs and byte order marks."""


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
        elif _is_directory(path):
            # A directory without files stays in the list: reading it says so.
            found += _files_below(path) or [name]
        else:
            found.append(name)
    return found


def _is_directory(path: Path) -> bool:
    try:
        return stat.S_ISDIR(path.stat().st_mode)
    except (FileNotFoundError, NotADirectoryError):
        raise UsageError(f"{path}: no such file or directory") from None
    except PermissionError:
        return False  # reading it says so, and the others are read
    except (OSError, ValueError) as error:  # no name of a file: too long, a NUL in it
        raise UsageError(f"{path}: {getattr(error, 'strerror', None) or error}") from error


def _files_below(directory: Path) -> list[str]:
    """Files of a directory, sorted; a folder that cannot be looked into stands for itself."""
    found: list[Path] = []
    unreadable: list[Path] = []
    walk = os.walk(directory, onerror=lambda error: unreadable.append(Path(error.filename)))
    for folder, folders, names in walk:
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [Path(folder, name) for name in names if not name.startswith(".") and name != INVENTORY]
    return [str(path) for path in sorted(found + unreadable) if _is_file(path)]


def _is_file(path: Path) -> bool:
    """Not a pipe, socket or device, on which reading might wait; what cannot be told, reading will tell."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return True
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def read_inputs(paths: Iterable[str], formats: Formats, *, only: str | None = None) -> Iterator[Reading]:
    """Read each path. An input of which nothing can be read gives a reading with its problem, no exception.

    Captures are read in order of time. When these and all other inputs of a request are read, ``formats.rest``
    has what they said of each other too late.
    """
    for path in in_time_order(list(paths)):
        shown = "stdin" if path == STDIN else path
        try:
            data = bytes_of(path)
        except IsADirectoryError:
            text = "a directory without files (hidden ones are left out): name one that holds captures"
            yield Reading(path=shown, problems=(Problem(where=shown, text=text),))
            continue
        except OSError as error:
            text = f"cannot be read: {error.strerror or error}"
            yield Reading(path=shown, problems=(Problem(where=shown, text=text),))
            continue
        except MemoryError:
            yield Reading(
                path=shown,
                problems=(Problem(where=shown, text=f"needs more memory than there is: {TOO_LARGE}"),),
            )
            continue
        try:
            yield read_bytes(shown, data, formats, only=only)
        except InputError as error:
            yield Reading(path=shown, problems=(Problem(where=shown, text=str(error)),))
        except MemoryError:
            yield Reading(
                path=shown,
                problems=(Problem(where=shown, text=f"needs more memory than there is: {TOO_LARGE}"),),
            )


def read_bytes(path: str, data: bytes, formats: Formats, *, only: str | None = None) -> Reading:
    """Read one input's bytes in whatever format they are.

    ``only``: the name of the one format to look for. Raises :class:`InputError` for bytes that are no text
    and no known binary format, and for nothing at all.
    """
    data, damage = unpacked(path, data)
    if _is_blank(data):
        raise InputError("empty: nothing was captured (was the command's output redirected to another file?)")
    if only is not None or looks_binary(data) or not formats.is_listing(data):
        form = formats.of_bytes(data, only=only)
        if form is not None:
            reading = form.read(path, data)
            return replace(reading, problems=(*damage, *reading.problems)) if damage else reading
    if looks_binary(data):
        raise InputError("binary data of no known format; slowworm formats lists what can be read")
    reading = formats.read_text(path, data, only=only)
    if reading.flows == 0 and not reading.formats and (only or not reading.notes):
        wanted = f"{only} listing" if only else "flow listing"
        raise InputError(
            f"no {wanted} found in {_lines(data)} of text{_beginning(reading)}; "
            "slowworm formats lists what can be read"
        )
    return replace(reading, problems=(*damage, *reading.problems)) if damage else reading


def bytes_of(path: str) -> bytes:
    """What a file holds, or standard input for ``-``. Raises :class:`OSError`, also for what is too large."""
    return _standard_input() if path == STDIN else _content(Path(path))


def _content(path: Path) -> bytes:
    """What is in a file. Raises :class:`OSError`, also for more than MAX_INPUT bytes."""
    size = path.stat().st_size
    if size > MAX_INPUT:
        limit = MAX_INPUT >> 30
        raise OSError(f"{size / (1 << 30):,.1f} GiB, and at most {limit} are read at once: {TOO_LARGE}")
    return path.read_bytes()


def _standard_input() -> bytes:
    if sys.stdin is None:
        raise OSError("standard input is closed")
    return sys.stdin.buffer.read()


def _is_blank(data: bytes) -> bool:
    """Nothing, or nothing to be seen: white space, NULs, byte order marks."""
    return not data[:HEAD_BYTES].strip(BLANK) and not data.strip(BLANK)


def _lines(data: bytes) -> str:
    data = decoded(data)
    lines = data.count(b"\n") + (not data.endswith(b"\n"))
    return "1 line" if lines == 1 else f"{lines:,} lines"


def _beginning(reading: Reading) -> str:
    """Where the text begins that was not understood, and how."""
    first = next(iter(reading.problems), None)
    if first is None:
        return ""
    line = first.where.removeprefix(reading.path).lstrip(":")
    return f"; {f'line {line}' if line else 'it'} begins {first.text[:60]!r}"
