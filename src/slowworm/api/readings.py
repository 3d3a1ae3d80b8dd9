"""From what a caller passes (paths, text, tables) to readings, one at a time: what ``hunt`` and ``convert`` share."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

from slowworm.errors import InputError, UsageError
from slowworm.sources.base import Reading
from slowworm.sources.formats import Formats, standard_formats
from slowworm.sources.inputs import paths_of, read_bytes, read_inputs
from slowworm.store.inputs import FORMAT as STORED
from slowworm.store.inputs import located

MAX_PATH = 4096
MAX_PATH_WORDS = 8
"""A one-line listing has at least one row of eight words; paths with more are rare, and found if they exist."""


def formats_with(mapping: str | os.PathLike[str] | None) -> Formats:
    """The formats, with a table of any make if ``mapping`` names a mapping file.

    Raises :class:`slowworm.UsageError` naming the file and the key where that is no mapping.
    """
    if mapping is None:
        return standard_formats()
    from slowworm.sources.tables.mapping import Mapping

    return standard_formats(mapping=Mapping.load(mapping))


def read_all(inputs: Iterable[Any], formats: Formats, *, as_format: str | None = None) -> Iterator[Reading]:
    """Read each input; one of which nothing can be read gives a reading with its problem.

    Files that follow each other are read as one set: captures in order of time. Readings that ``continue`` an input
    come at the end, when another input brought what they waited for.

    Raises :class:`slowworm.UsageError` for what is no input, :class:`slowworm.InputError` for text and tables that
    cannot be read.
    """
    formats.check(as_format)
    files: list[str] = []
    for number, item in enumerate(inputs, 1):
        if isinstance(item, str) and not item.strip():
            raise UsageError(f"input {number} is an empty name: a variable that was never set?")
        if isinstance(item, os.PathLike) or (isinstance(item, str) and not is_text(item)):
            stores, found = located(item) if as_format in (None, STORED) else ([], paths_of([item]))
            for store in stores:
                yield from store.readings()
            files += found
            continue
        yield from read_inputs(files, formats, only=as_format)
        files = []
        if isinstance(item, bytes | bytearray | memoryview):
            yield _text(f"text {number}", bytes(item), formats, as_format)
        elif isinstance(item, str):
            yield _text(f"text {number}", item.encode(), formats, as_format)
        else:
            from slowworm.sources.arrow import is_arrow, read_arrow

            if not is_arrow(item):
                raise UsageError(
                    f"input {number} is a {type(item).__name__}: a path, text or Arrow table is needed"
                )
            yield read_arrow(item, name=f"table {number}")
    yield from read_inputs(files, formats, only=as_format)
    yield from formats.rest()


def is_text(item: str) -> bool:
    """A ``str`` is text rather than a path if it has several lines, or many words and names no file."""
    return (
        "\n" in item
        or len(item) > MAX_PATH
        or (len(item.split()) > MAX_PATH_WORDS and not os.path.exists(item))  # noqa: PTH110 - no error for too long a name
    )


def _text(name: str, data: bytes, formats: Formats, as_format: str | None) -> Reading:
    try:
        return read_bytes(name, data, formats, only=as_format)
    except InputError as error:
        raise InputError(f"{name}: {error}") from error
