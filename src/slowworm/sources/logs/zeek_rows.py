"""Rows of Zeek's logs as columns of one kind, whether they were written tab separated or as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow.compute as pc

from slowworm.sources.logs.cells import Cells, Numbers
from slowworm.sources.logs.jsonrows import BOOL, INT, NUMBER, TEXT, TEXTS, JsonRows, read_rows
from slowworm.sources.logs.lines import Account, Chunk, Ints
from slowworm.sources.logs.numbers import instants, seconds, unsigned
from slowworm.sources.logs.zeek_layout import Layouts

_TIMES, _SPANS = ("ts",), ("duration",)
_COUNTS = (
    "id.orig_p",
    "id.resp_p",
    "orig_pkts",
    "resp_pkts",
    "orig_ip_bytes",
    "resp_ip_bytes",
    "resp_bytes",
    "ip_proto",
)
_WORDS = (
    "id.orig_h",
    "id.resp_h",
    "proto",
    "conn_state",
    "history",
    "label",
    "detailed-label",
    "peer",
    "_path",
    "local_orig",
    "local_resp",
    "query",
)
_LISTS = ("answers",)
_WANTED = {
    **dict.fromkeys((*_TIMES, *_SPANS), NUMBER),
    **dict.fromkeys(_COUNTS, INT),
    **dict.fromkeys(_WORDS, TEXT),
    **dict.fromkeys(("local_orig", "local_resp"), BOOL),
    **dict.fromkeys(_LISTS, TEXTS),
    "detailedlabel": TEXT,
    "_system_name": TEXT,
}
MISSING = ("-", "(empty)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """One piece of a log. ``numbers`` and ``words`` have every column that is wanted; absent ones are empty.

    ``answers``: texts of answers of DNS, and the row of each.
    """

    line: Ints
    numbers: dict[str, Numbers]
    words: dict[str, Cells]
    answers: tuple[Cells, Ints]


def rows_of(chunk: Chunk, layouts: Layouts, account: Account) -> Iterator[Rows]:
    """The rows of ``chunk``, in a few pieces."""
    yield from _tabbed(chunk, layouts, account)
    yield from _json(chunk, account)


def _tabbed(chunk: Chunk, layouts: Layouts, account: Account) -> Iterator[Rows]:
    for table, names in layouts.tables(chunk, account):
        columns = {name: table.cell(column).trimmed().without(*MISSING) for column, name in enumerate(names)}
        absent = table.cell(len(names))
        words = {name: columns.get(name, absent) for name in (*_WORDS, *_COUNTS, "ts", "duration")}
        numbers = {name: unsigned(words[name]) for name in _COUNTS}
        numbers["ts"], numbers["duration"] = instants(words["ts"]), seconds(words["duration"])
        # A comma within an answer is written as \x2c.
        lists = pc.split_pattern(columns.get("answers", absent).text(), ",")
        row = pc.list_parent_indices(lists).to_numpy(zero_copy_only=False).astype(np.int64)
        answers = Cells.of(pc.list_flatten(lists)), row
        yield Rows(line=table.line, numbers=numbers, words=words, answers=answers)


def _json(chunk: Chunk, account: Account) -> Iterator[Rows]:
    objects = chunk.starts_with(b"{")
    if not objects.any():
        return
    only = Chunk(
        data=chunk.data,
        start=chunk.start,
        end=np.where(objects, chunk.end, chunk.start),
        first_line=chunk.first_line,
    )
    for rows in read_rows(only, _WANTED, account):
        numbers = {name: rows.numbers(name) for name in _COUNTS}
        numbers["ts"], numbers["duration"] = rows.times("ts"), rows.spans("duration")
        words = {name: rows.cells(name) for name in _WORDS}
        words["detailed-label"] = _first(rows, "detailed-label", "detailedlabel")
        words["peer"] = _first(rows, "peer", "_system_name")
        words = {name: cells.without(*MISSING, "") for name, cells in words.items()}
        yield Rows(line=rows.line, numbers=numbers, words=words, answers=rows.items("answers"))


def _first(rows: JsonRows, *names: str) -> Cells:
    return Cells.of(pc.coalesce(*(rows.columns[name] for name in names)))
