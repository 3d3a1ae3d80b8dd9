"""What holds whatever the bytes: no exception but our own, bounded time and memory, well-formed rows, one answer."""

from __future__ import annotations

import signal
import tracemalloc
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

import pyarrow as pa

from slowworm.flows.schema import ip_version, schema
from slowworm.sources.base import Note, Problem, Reading

T = TypeVar("T")

SECONDS = 2.0
"""Processor time for an input of up to 64 KiB, and for every further 64 KiB: ordinary ones take milliseconds."""

PIECE = 1 << 16

MEMORY_FREE = 8 << 20
"""Bytes that reading may take whatever the input: columns of one chunk, tables that are built once."""

MEMORY_PER_BYTE = 250
"""Peak of memory, in bytes per byte of the input. The worst that is known: 160, templates of NetFlow that are each used
for one record; a decoder that believes a length from its input needs thousands."""

FIRST_TIME, LAST_TIME = 0, 1 << 63


MOST_COUNTED = (1 << 63) - 1
"""Counters are worked with as int64."""


class WrongError(AssertionError):
    """An oracle was violated; the text says which."""


class TooLong(BaseException):
    """The time was up; no ``except Exception`` in between may swallow it."""


@contextmanager
def limited(size: int, factor: float = 1.0) -> Iterator[None]:
    """Raise :class:`WrongError` where what is inside takes more processor time than ``size`` bytes may."""

    def ring(_: int, __: FrameType | None) -> None:
        raise TooLong

    before = signal.signal(signal.SIGPROF, ring)
    seconds = factor * SECONDS * max(1.0, size / PIECE)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    except TooLong:
        raise WrongError(f"more than {seconds:.1f} s for {size} bytes") from None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def memory(run: Callable[[], T], size: int, *, free: int = MEMORY_FREE, per_byte: int = MEMORY_PER_BYTE) -> T:
    """What ``run`` returns; its peak of traced memory (Python's and NumPy's) and Arrow's must be within the bound."""
    arrow = pa.default_memory_pool().bytes_allocated()
    tracemalloc.start()
    try:
        result = run()
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    peak += max(0, pa.default_memory_pool().bytes_allocated() - arrow)
    if peak > free + per_byte * size:
        raise WrongError(f"{peak} bytes of memory for {size} bytes of input")
    return result


def check_batches(
    batches: Iterable[pa.RecordBatch], size: int, *, rows_per_byte: float = 0.5, times: bool = True
) -> int:
    """Batches of the flow schema, valid to the last value, with times that are ones; the number of rows."""
    rows = 0
    for batch in batches:
        batch.validate(full=True)
        if not batch.schema.equals(schema(ip_version(batch))):
            raise WrongError(f"another schema: {batch.schema}")
        if not batch.num_rows:
            raise WrongError("a batch without rows")
        for name in ("start_time", "end_time") if times else ():
            column = batch.column(name).cast(pa.int64())
            least = pa.compute.min(column).as_py()
            if least is not None and least < FIRST_TIME:
                raise WrongError(f"{name} before 1970: {least}")
        for name in ("packets", "bytes"):
            most = pa.compute.max(batch.column(name)).as_py()
            if most is not None and most > MOST_COUNTED:
                raise WrongError(f"{name} that no counter counts to: {most}")
        rows += batch.num_rows
    if rows > 64 + rows_per_byte * size:
        raise WrongError(f"{rows} rows of {size} bytes")
    return rows


def check_account(problems: Sequence[Problem], notes: Sequence[Note], path: str) -> None:
    """Problems with a place, a text that can be printed and a count; as notes."""
    for problem in problems:
        if not (problem.where.startswith(path) and problem.text.isprintable() and problem.text):
            raise WrongError(f"problem {problem!r}")
        if problem.count < 1:
            raise WrongError(f"problem {problem!r}")
    for note in notes:
        if note.count < 1 or not note.text.isprintable():
            raise WrongError(f"note {note!r}")


def check_reading(reading: Reading, size: int, *, rows_per_byte: float = 0.5, times: bool = True) -> int:
    """All that holds of a reading; the number of rows."""
    rows = check_batches(reading.batches, size, rows_per_byte=rows_per_byte, times=times)
    if rows != reading.flows:
        raise WrongError(f"{reading.flows} flows said, {rows} there")
    check_account(reading.problems, reading.notes, reading.path)
    return rows


def table_rows(
    batches: Iterable[pa.RecordBatch], *, without: Sequence[str] = ("input", "line")
) -> list[tuple[object, ...]]:
    """Rows as tuples in an order of their own, to compare decodings of the same messages in another order."""
    found: list[tuple[object, ...]] = []
    for batch in batches:
        columns = []
        for name in batch.schema.names:
            if name in without:
                continue
            column = batch.column(name)
            columns.append(
                column.cast(pa.int64()).to_pylist() if name.endswith("_time") else column.to_pylist()
            )
        found += zip(*columns, strict=True)
    return sorted(found, key=repr)
