"""Which rows may belong to one flow: those whose addresses, ports, protocol and treatment are the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Words = npt.NDArray[np.uint64]
Bools = npt.NDArray[np.bool_]

DROPPED = "Null"
"""Output interface of what the router dropped. What one router forwarded and another dropped stays two rows, as
does what a firewall allowed and another denied: the difference is what the detector looks for."""

ODD = (np.uint64(0x9E3779B97F4A7C15), np.uint64(0xC2B2AE3D27D4EB4F))
"""Odd constants with bits well spread (those of Fibonacci hashing and of xxHash), to multiply by."""

NUMBERS = (("protocol", 9), ("src_port", 17), ("dst_port", 17), ("icmp_type", 9), ("icmp_code", 9))
"""Columns of the key that share a word, with the bits that each takes with its null."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidates:
    """Rows that share their key with another: ``rows`` (numbers in the batch), key by key, in order of their
    start where they are ``timed``; ``first`` is true where the next key begins."""

    rows: Ints
    first: Bools
    timed: bool


def candidates(batch: pa.RecordBatch) -> Iterator[Candidates]:
    """Candidates among the rows with a start time, and among those without."""
    starts = batch.column("start_time")
    known = np.ones(batch.num_rows, np.bool_)
    for name in ("src_addr", "dst_addr"):
        if batch.column(name).null_count:
            known &= _valid(batch.column(name))
    has_time = _valid(starts) if starts.null_count else None
    # Rows without times are only told apart from a repetition where two routers are named: one listing, however
    # long, costs nothing here.
    without = has_time is not None and len(batch.column("exporter").dictionary) > 1
    wanted = known if has_time is None else known & has_time
    if not wanted.any() and not without:
        return
    words = _words(batch)
    if wanted.any():
        found = _repeated(words, wanted, start=_integers(starts))
        if found is not None:
            yield found
    if without and has_time is not None and (rest := known & ~has_time).any():
        found = _repeated(words, rest, start=None)
        if found is not None:
            yield found


def ranks(column: pa.Array) -> Ints:
    """A text column as numbers in the order of the alphabet, 0 for null."""
    names = column.dictionary.to_pylist()
    place = {name: i for i, name in enumerate(sorted({n for n in names if n is not None}), 1)}
    lookup = np.array([place.get(name, 0) for name in names] + [0], np.int64)
    codes = column.indices.fill_null(len(names)).to_numpy(zero_copy_only=False)
    result: Ints = lookup[codes]
    return result


def counter(column: pa.Array) -> Ints:
    """A counter, -1 for null; what no 64 bits with a sign can hold counts as the most they can."""
    values = column.fill_null(0).to_numpy(zero_copy_only=False)
    counted: Ints = np.minimum(values, np.uint64(np.iinfo(np.int64).max)).astype(np.int64)
    return np.where(_valid(column), counted, -1) if column.null_count else counted


def _valid(column: pa.Array) -> Bools:
    mask: Bools = pc.is_valid(column).to_numpy(zero_copy_only=False)
    return mask


def _integers(column: pa.Array) -> Ints:
    """A time column as ns, 0 for null."""
    values: Ints = column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    return values


def _words(batch: pa.RecordBatch) -> list[Words]:
    """The key of each row as words of 64 bits: equal in all of them means the same key."""
    service = np.zeros(batch.num_rows, np.uint64)
    for name, bits in NUMBERS:
        service = service << np.uint64(bits) | _number(batch.column(name))
    texts = [
        ranks(c).astype(np.uint64) for n in ("action", "label") if (c := batch.column(n)).null_count < len(c)
    ]
    other = _number(batch.column("ethertype")) << np.uint64(2) | _treatment(batch)
    return [*_addresses(batch), *(word for word in (service, other, *texts) if word.any())]


def _number(column: pa.Array) -> Words:
    """A number column plus 1, 0 for null."""
    if column.null_count == len(column):
        return np.zeros(len(column), np.uint64)
    values = column.fill_null(0) if column.null_count else column
    numbers: Words = values.to_numpy(zero_copy_only=False).astype(np.uint64) + np.uint64(1)
    return numbers * _valid(column) if column.null_count else numbers


def _addresses(batch: pa.RecordBatch) -> Iterator[Words]:
    if batch.schema.field("src_addr").type == pa.uint32():
        source, target = (
            (c.fill_null(0) if c.null_count else c).to_numpy(zero_copy_only=False).astype(np.uint64)
            for c in (batch.column("src_addr"), batch.column("dst_addr"))
        )
        yield source << np.uint64(32) | target
        return
    for name in ("src_addr", "dst_addr"):
        column = batch.column(name)
        _, values = column.buffers()
        both = np.frombuffer(values, np.uint64, count=2 * len(column), offset=16 * column.offset)
        yield both[::2]
        yield both[1::2]


def _treatment(batch: pa.RecordBatch) -> Words:
    """Two bits: dropped by the router, sampled."""
    word = np.zeros(batch.num_rows, np.uint64)
    rate, out = batch.column("sampling_rate"), batch.column("out_if")
    if rate.null_count < len(rate):
        word |= pc.fill_null(pc.greater(rate, 1), False).to_numpy(zero_copy_only=False)
    if out.null_count < len(out):
        dropped = [i for i, name in enumerate(out.dictionary.to_pylist()) if name == DROPPED]
        if dropped:
            codes = out.indices.fill_null(-1).to_numpy(zero_copy_only=False)
            word |= np.isin(codes, dropped).astype(np.uint64) << np.uint64(1)
    return word


def _repeated(words: list[Words], wanted: Bools, *, start: Ints | None) -> Candidates | None:
    """The rows ``wanted`` whose key is there more than once, key by key; ``None`` where all are single."""
    every = bool(wanted.all())
    rows = None if every else np.flatnonzero(wanted)
    mixed = np.zeros(len(wanted) if rows is None else len(rows), np.uint64)
    for word in words:
        mixed ^= word if rows is None else word[rows]
        mixed *= ODD[0]
        mixed ^= mixed >> np.uint64(29)
        mixed *= ODD[1]
        mixed ^= mixed >> np.uint64(32)
    order = np.argsort(mixed)
    mixed = mixed[order]
    same = mixed[1:] == mixed[:-1]
    if not same.any():
        return None
    twice = np.zeros(len(order), np.bool_)
    twice[1:] = same
    twice[:-1] |= same
    run = np.zeros(len(order), np.int64)
    run[1:] = np.cumsum(~same)
    order, run = order[twice], run[twice]
    found = order if rows is None else rows[order]
    if start is not None:
        # Into the order of time within each run: time first, then runs, each by one fast sort of plain numbers.
        by_time = np.argsort(start[found])
        key = np.sort(run[by_time] << 32 | np.arange(len(found)))
        found = found[by_time[key & 0xFFFFFFFF]]
        run = key >> 32
    first = _first(run, [])
    exact = _first(run, [word[found] for word in words])
    if (first != exact).any():  # two keys of one sum: only equal words make one key
        least = [] if start is None else [start[found]]
        found = found[np.lexsort((*least, *(word[found] for word in words)))]
        first = _first(np.zeros(len(found), np.int64), [word[found] for word in words])
    return Candidates(rows=found, first=first, timed=start is not None)


def _first(run: Ints, words: list[Words]) -> Bools:
    """Where the run or a word differs from the row before."""
    first = np.ones(len(run), np.bool_)
    first[1:] = run[1:] != run[:-1]
    for word in words:
        first[1:] |= word[1:] != word[:-1]
    return first
