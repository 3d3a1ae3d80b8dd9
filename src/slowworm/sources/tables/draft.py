"""Records on their way to flow batches: columns of parsed values, checked, paired, split by IP version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from slowworm.flows.schema import TEXT
from slowworm.flows.services import ICMP, ICMP6
from slowworm.flows.table import Column, flow_batch
from slowworm.sources.tables.slices import DAMAGED, MISSING, Addresses, Bools, Ints
from slowworm.sources.tables.times import BAD_TIME, NO_TIME
from slowworm.sources.text.cisco_names import WITH_PORTS

LIMITS = {
    "protocol": 255,
    "src_port": 65_535,
    "dst_port": 65_535,
    "icmp_type": 255,
    "icmp_code": 255,
    "tcp_flags": 65_535,
    "tcp_sequence_number": 2**32 - 1,
    "ethertype": 65_535,
    "resolved": 1,
    "sampling_rate": 2**32 - 1,
    "line": 2**32 - 1,
}
"""Largest value of the narrow number columns; a larger one is damage."""

ANSWERS = {"packets": "answer_packets", "bytes": "answer_bytes", "tcp_flags": "answer_flags"}
"""Columns of the opener, and what they are called for the side that was called."""

MAX_BATCH = 1_000_000
"""Records made into one pair of batches at most."""

_REPLY_TYPE = np.full(256, MISSING, np.int64)
_REPLY_TYPE[[8, 13, 15, 17, 128]] = [0, 14, 16, 18, 129]


@dataclass(slots=True, kw_only=True)
class Draft:
    """``line``: 1-based line of every record. ``numbers``: MISSING is null. ``times``: NO_TIME is null.

    ``texts``: dictionary columns. Columns named in ``ANSWERS`` (``answer_packets``, …) are the other
    direction's; ``answered`` says which records have one. Columns that the flow table does not have serve
    pairing only, and are not put out.
    """

    line: Ints
    src: Addresses
    dst: Addresses
    numbers: dict[str, Ints] = field(default_factory=dict)
    times: dict[str, Ints] = field(default_factory=dict)
    texts: dict[str, pa.Array] = field(default_factory=dict)
    answered: Bools | None = None

    def __len__(self) -> int:
        return len(self.line)

    def take(self, rows: npt.NDArray[np.generic]) -> Draft:
        """The records at ``rows`` (indices or a mask)."""
        index = pa.array(np.flatnonzero(rows) if rows.dtype == np.bool_ else rows)
        return Draft(
            line=self.line[rows],
            src=self.src.take(rows),
            dst=self.dst.take(rows),
            numbers={k: v[rows] for k, v in self.numbers.items()},
            times={k: v[rows] for k, v in self.times.items()},
            texts={k: v.take(index) for k, v in self.texts.items()},
            answered=None if self.answered is None else self.answered[rows],
        )

    def number(self, name: str) -> Ints:
        """A number column, MISSING throughout where there is none."""
        found = self.numbers.get(name)
        return np.full(len(self), MISSING, np.int64) if found is None else found

    def time(self, name: str) -> Ints:
        """A time column, NO_TIME throughout where there is none."""
        found = self.times.get(name)
        return np.full(len(self), NO_TIME, np.int64) if found is None else found

    def damaged(self) -> Bools:
        """Records with a value that cannot be, or without any address, or with two IP versions."""
        bad = np.zeros(len(self), np.bool_)
        for name, values in self.numbers.items():
            bad |= (values == DAMAGED) | (values > LIMITS.get(name, np.iinfo(np.int64).max))
        for values in self.times.values():
            bad |= values == BAD_TIME
        src, dst = self.src.version, self.dst.version
        bad |= (src == DAMAGED) | (dst == DAMAGED) | ((src == MISSING) & (dst == MISSING))
        bad |= (src != dst) & (src > 0) & (dst > 0)
        return bad


def concat(drafts: Sequence[Draft]) -> Draft:
    """Drafts of one kind, one after the other."""
    if len(drafts) == 1:
        return drafts[0]
    return Draft(
        line=np.concatenate([d.line for d in drafts]),
        src=Addresses.concat(d.src for d in drafts),
        dst=Addresses.concat(d.dst for d in drafts),
        numbers={
            k: np.concatenate([d.number(k) for d in drafts])
            for k in dict.fromkeys(name for d in drafts for name in d.numbers)
        },
        times={
            k: np.concatenate([d.time(k) for d in drafts])
            for k in dict.fromkeys(name for d in drafts for name in d.times)
        },
        texts={
            k: _text_column([d.texts.get(k, pa.nulls(len(d), TEXT)) for d in drafts])
            for k in dict.fromkeys(name for d in drafts for name in d.texts)
        },
        answered=None
        if all(d.answered is None for d in drafts)
        else np.concatenate(
            [np.zeros(len(d), np.bool_) if d.answered is None else d.answered for d in drafts]
        ),
    )


def _text_column(parts: list[pa.Array]) -> pa.Array:
    whole = pa.chunked_array([p.cast(TEXT) for p in parts], TEXT).unify_dictionaries().combine_chunks()
    return whole.chunk(0) if isinstance(whole, pa.ChunkedArray) else whole


def batches(draft: Draft, path: str) -> list[pa.RecordBatch]:
    """Flow batches of sound records: an IPv4 and an IPv6 one per MAX_BATCH records; opener, then answer."""
    made: list[pa.RecordBatch] = []
    for begin in range(0, len(draft), MAX_BATCH):
        part = (
            draft
            if len(draft) <= MAX_BATCH
            else draft.take(np.arange(begin, min(begin + MAX_BATCH, len(draft))))
        )
        version = np.maximum(part.src.version, part.dst.version)
        for wanted in (4, 6):
            rows = np.flatnonzero(version == wanted)
            if len(rows):
                made.append(_batch(part.take(rows) if len(rows) < len(part) else part, path, wanted))
    return made


def _batch(draft: Draft, path: str, version: int) -> pa.RecordBatch:
    answered = np.zeros(len(draft), np.bool_) if draft.answered is None else draft.answered
    of = np.repeat(np.arange(len(draft)), 1 + answered)
    back = np.zeros(len(of), np.bool_)
    back[1:] = of[1:] == of[:-1]
    src, dst = draft.src.take(of), draft.dst.take(of)
    columns: dict[str, Column] = {
        "src_addr": _address_column(src.where(back, dst), version),
        "dst_addr": _address_column(dst.where(back, src), version),
        "line": _places(draft, of),
        "input": _inputs(draft, of, path),
    }
    for name, values in _directed(draft, of, back, version).items():
        columns[name] = pa.array(np.maximum(values, 0), mask=values < 0)
    for name, values in draft.times.items():
        if name in ("start_time", "end_time"):
            column = pa.array(values[of], pa.int64(), mask=(values == NO_TIME)[of])
            columns[name] = column.cast(pa.timestamp("ns", tz="UTC"))
    index = pa.array(of)
    for name in ("exporter", "action", "label"):
        if name in draft.texts:
            columns[name] = draft.texts[name].take(index).cast(TEXT)
    columns |= _interfaces(draft.texts, of, back)
    return flow_batch(columns, rows=len(of), ip_version=version)


def _places(draft: Draft, of: Ints) -> pa.Array:
    """The line of every flow: what a table kept from the flow's first input, else the record's own."""
    kept = draft.numbers.get("line")
    line = draft.line if kept is None else np.where(kept >= 0, kept, draft.line)
    good = (line >= 0) & (line <= LIMITS["line"])
    return pa.array(np.where(good, line, 0)[of], pa.uint32(), mask=~good[of])


def _inputs(draft: Draft, of: Ints, path: str) -> Column:
    """The input of every flow: what a table kept, else this one."""
    kept = draft.texts.get("input")
    if kept is None or kept.null_count == len(kept):
        return path
    whole = kept.take(pa.array(of)).cast(pa.string())
    return pc.fill_null(whole, path).dictionary_encode()


def _directed(draft: Draft, of: Ints, back: Bools, version: int) -> Mapping[str, Ints]:
    """The number columns of openers and answers; ports and ICMP types only where the protocol has them."""
    protocol = draft.number("protocol")[of]
    protocol = np.where((protocol == ICMP) & (version == 6), ICMP6, protocol)
    has_ports = np.isin(protocol, (MISSING, *WITH_PORTS))
    icmp = (protocol == ICMP) | (protocol == ICMP6)
    src, dst = draft.number("src_port")[of], draft.number("dst_port")[of]
    kind, code = draft.number("icmp_type")[of], draft.number("icmp_code")[of]
    answer = _REPLY_TYPE[np.clip(kind, 0, 255)]
    kind = np.where(back, np.where(kind >= 0, answer, MISSING), kind)
    columns = {
        "protocol": protocol,
        "src_port": np.where(has_ports, np.where(back, dst, src), MISSING),
        "dst_port": np.where(has_ports, np.where(back, src, dst), MISSING),
        "icmp_type": np.where(icmp, kind, MISSING),
        "icmp_code": np.where(icmp & ~(back & (kind < 0)), code, MISSING),
        "sampling_rate": draft.number("sampling_rate")[of],
        "ethertype": draft.number("ethertype")[of],
    }
    for name in ("tcp_sequence_number", "resolved"):  # of the opener
        columns[name] = np.where(back, MISSING, draft.number(name)[of])
    for forth, other in ANSWERS.items():
        columns[forth] = np.where(back, draft.number(other)[of], draft.number(forth)[of])
    return columns


def _interfaces(texts: Mapping[str, pa.Array], of: Ints, back: Bools) -> dict[str, Column]:
    """Interfaces of openers, exchanged for answers."""
    columns: dict[str, Column] = {}
    n = len(of)
    given = [texts.get("in_if"), texts.get("out_if")]
    if given == [None, None]:
        return columns
    length = next(len(t) for t in given if t is not None)
    both = _text_column([pa.nulls(length, TEXT) if t is None else t for t in given])
    for name, forth, other in (("in_if", 0, length), ("out_if", length, 0)):
        columns[name] = both.take(pa.array(of + np.where(back, np.full(n, other), forth)))
    return columns


def _address_column(addresses: Addresses, version: int) -> pa.Array:
    known = addresses.version == version
    if version == 4:
        return pa.array(addresses.four, pa.uint32(), mask=~known)
    wide = np.ascontiguousarray(addresses.six)
    validity = pa.py_buffer(np.packbits(known, bitorder="little"))
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(known), [validity, pa.py_buffer(wide)])
