"""``slowworm.query``: SQL over inputs of any kind."""

from __future__ import annotations

import contextlib
import datetime
import os
import re
import sys
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from slowworm.api.readings import formats_with, is_text, read_all
from slowworm.errors import InputError, MissingExtraError, UsageError
from slowworm.sources.base import Reading, merged
from slowworm.sources.gathered import gathered
from slowworm.sources.inputs import STDIN
from slowworm.store.inputs import FORMAT, located
from slowworm.store.layout import FLOWS
from slowworm.store.snapshot import Snapshot
from slowworm.store.sql.relations import Contents
from slowworm.store.sql.session import Session
from slowworm.store.store import Store
from slowworm.store.tables import flow_version
from slowworm.store.verdicts import read, runs, verdict_table

OF_FLOWS = ("flows", "problems", "notes")
OF_VERDICTS = ("verdicts", "runs")
"""Relations that come of reading the inputs, and of what the detector said."""

PARQUET = b"PAR1"


def query(
    sql: str,
    *inputs: Any,
    as_format: str | None = None,
    mapping: str | os.PathLike[str] | None = None,
    memory: str | None = None,
    threads: int | None = None,
) -> pa.Table:
    """The answer to a SELECT over the flows and verdicts of the inputs; addresses are text.

    ``inputs``, ``as_format`` and ``mapping`` as for :func:`slowworm.hunt`, stores among them. ``memory``: as much as
    DuckDB may use, as ``"2GB"``; ``threads``: how many it may use. docs/reference/store.md has the relations, their
    columns and the functions.

    Raises :class:`slowworm.UsageError` for SQL that cannot be run, with DuckDB's message and the place;
    :class:`slowworm.InputError` where nothing could be read from any input; :class:`slowworm.MissingExtraError`
    without DuckDB.
    """
    with opened(sql, inputs, as_format=as_format, mapping=mapping, memory=memory, threads=threads) as (
        session,
        _,
    ):
        answer = session.run(sql)
        return _counted(pa.Table.from_batches(list(answer.batches), answer.schema))


@contextlib.contextmanager
def opened(
    sql: str,
    inputs: Sequence[Any],
    *,
    as_format: str | None = None,
    mapping: str | os.PathLike[str] | None = None,
    memory: str | None = None,
    threads: int | None = None,
) -> Iterator[tuple[Session, Contents]]:
    """A session with the relations that ``sql`` mentions, and what they hold."""
    if not inputs:
        raise UsageError(
            "nothing to query: name files, directories, a store, '-' for standard input, or pass tables"
        )
    if find_spec("duckdb") is None:  # before any input is read
        raise MissingExtraError(feature="query", extra="query")
    inputs = [_read_once(item) for item in inputs] if _mentions(sql, OF_VERDICTS) else inputs
    with contextlib.ExitStack() as stack:
        contents = Contents()
        if _mentions(sql, OF_FLOWS):
            _read_flows(contents, inputs, stack, as_format=as_format, mapping=mapping)
        if _mentions(sql, OF_VERDICTS):
            _read_verdicts(contents, inputs, stack, as_format=as_format, mapping=mapping)
        yield stack.enter_context(Session(contents, memory=memory, threads=threads)), contents


def _mentions(sql: str, names: Sequence[str]) -> bool:
    return re.search(rf"\b(?:{'|'.join(names)})\b", sql, re.IGNORECASE) is not None


def _read_once(item: Any) -> Any:
    """Standard input as bytes, as it is read for flows and for verdicts."""
    if item == STDIN and isinstance(item, str) and sys.stdin is not None:
        return sys.stdin.buffer.read()
    return item


def _read_flows(
    contents: Contents,
    inputs: Sequence[Any],
    stack: contextlib.ExitStack,
    *,
    as_format: str | None,
    mapping: str | os.PathLike[str] | None,
) -> None:
    others: list[Any] = []
    lazy: dict[int, list[os.PathLike[str]]] = {4: [], 6: []}
    snapshots: list[Snapshot] = []
    for item in inputs:
        stores, rest = _located(item) if as_format in (None, FORMAT) else ([], [item])
        snapshots += [stack.enter_context(store.snapshot()) for store in stores]
        for one in rest:
            version = _own_parquet(one) if mapping is None else None
            (lazy[version] if version else others).append(one)
    for snapshot in snapshots:
        for file in snapshot.needed(FLOWS):
            lazy[file.partition.ip or 4].append(file.path)
        contents.problems += snapshot.problems
    for version, paths in lazy.items():
        if paths:
            from slowworm.store.sql.scan import ParquetScan

            contents.flows.append((version, ParquetScan([str(path) for path in paths], version)))
    whole = gathered(read_all(others, formats_with(mapping), as_format=as_format)) if others else None
    if whole:
        _add(contents, whole.readings)
        contents.notes += merged([*(n for r in whole.readings for n in r.notes), *whole.notes])
        if not snapshots and not any(lazy.values()) and not any(r.formats or r.notes for r in whole.readings):
            raise InputError(
                "\n".join(f"{p.where}: {p.text}" for p in contents.problems) or "nothing to read"
            )


def _located(item: Any) -> tuple[list[Store], list[Any]]:
    """The stores that an input is or holds, and the rest of it: files one by one, text and tables as they are."""
    if isinstance(item, os.PathLike) or (isinstance(item, str) and not is_text(item)):
        stores, files = located(item)
        return stores, [file if file == STDIN else Path(file) for file in files]
    return [], [item]


def _own_parquet(item: Any) -> int | None:
    """The IP version of a Parquet file that is the flow table as it is, and need not be decoded first."""
    if not isinstance(item, os.PathLike) or not Path(item).is_file():
        return None  # what is read from a pipe is gone
    try:
        with Path(item).open("rb") as file:
            if file.read(len(PARQUET)) != PARQUET:
                return None
        import pyarrow.parquet as pq

        return flow_version(pq.read_schema(item))
    except (OSError, pa.ArrowException):
        return None  # reading it will say what is wrong


def _add(contents: Contents, readings: Sequence[Reading]) -> None:
    from slowworm.flows.schema import ip_version, schema

    by_version: dict[int, list[pa.RecordBatch]] = {4: [], 6: []}
    for reading in readings:
        contents.problems += reading.problems
        for batch in reading.batches:
            by_version[ip_version(batch)].append(batch)
    for version, batches in by_version.items():
        if batches:
            contents.flows.append((version, pa.Table.from_batches(batches, schema(version))))


def _read_verdicts(
    contents: Contents,
    inputs: Sequence[Any],
    stack: contextlib.ExitStack,
    *,
    as_format: str | None,
    mapping: str | os.PathLike[str] | None,
) -> None:
    located = [_located(item) for item in inputs]
    kept = [store for stores, _ in located for store in stores]
    snapshots = [stack.enter_context(store.snapshot()) for store in kept]
    contents.runs = sorted((run for s in snapshots for run in runs(s)), key=lambda run: run.time)
    if contents.runs and not any(rest for _, rest in located):
        contents.verdicts = pa.concat_tables([read(s) for s in snapshots])
        return
    from slowworm.api.hunt import hunt

    result = hunt(*inputs, as_format=as_format, mapping=mapping)
    now = datetime.datetime.now(datetime.UTC)
    contents.verdicts = verdict_table(result.to_dict(), now)


def _counted(table: pa.Table) -> pa.Table:
    """Sums, which DuckDB gives as 38 digits, as 64-bit integers where they fit."""
    for position, field in enumerate(table.schema):
        if pa.types.is_decimal(field.type) and field.type.precision == 38 and field.type.scale == 0:
            with contextlib.suppress(pa.ArrowInvalid):
                column = pc.cast(table.column(position), pa.int64())
                table = table.set_column(position, field.with_type(pa.int64()), column)
    return table
