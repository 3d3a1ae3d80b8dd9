"""Verdicts in a store: each run of the detector is kept, and a later one can say what is new."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from slowworm.errors import StoreError
from slowworm.flows.services import service_name
from slowworm.sources.base import Problem
from slowworm.store.files import Stored, Writing
from slowworm.store.layout import VERDICTS, FileName, Partition
from slowworm.store.snapshot import Snapshot, nanoseconds
from slowworm.store.spool import Spool, Spooled
from slowworm.store.tables import VERDICT_SCHEMA

ORDER = {"infected": 4, "scanner": 3, "suspect": 2, "victim": 1}
"""How bad a verdict is; any other is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One run of the detector: when, over how many flows, how many verdicts."""

    time: datetime.datetime
    flows: int
    verdicts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What the last run said: verdict by (address, activity, protocol, port); ``run`` is ``None`` before the first."""

    run: Run | None
    verdicts: Mapping[tuple[Any, ...], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """Verdicts of a ``slowworm.hunt`` document against what was known: new ones, those that got worse, keys gone."""

    new: tuple[dict[str, Any], ...]
    worse: tuple[dict[str, Any], ...]
    gone: tuple[tuple[Any, ...], ...]


def key(verdict: Mapping[str, Any]) -> tuple[Any, ...]:
    """What makes a verdict the same host and activity in another run."""
    return tuple(verdict[name] for name in ("address", "activity", "protocol", "port"))


def verdict_table(document: Mapping[str, Any], run_time: datetime.datetime) -> pa.Table:
    """The verdicts of a ``slowworm.hunt/1`` document as rows of the table of verdicts."""
    rows = [_row(verdict, run_time) for verdict in document["verdicts"]]
    return pa.Table.from_pylist(rows, VERDICT_SCHEMA)


def append(root: Path, document: Mapping[str, Any], run_time: datetime.datetime) -> Run:
    """Keep a run; one without verdicts is kept as well. Raises :class:`StoreError` where it cannot be written."""
    table = verdict_table(document, run_time)
    run = Run(time=run_time, flows=sum(i["flows"] for i in document["inputs"]), verdicts=table.num_rows)
    try:
        spooled = Spooled(Spool(root), Partition.at(VERDICTS, run_time), FileName(received=run_time))
        writing = Writing(spooled.file, VERDICT_SCHEMA)
        try:
            for batch in table.to_batches():
                writing.add(batch)
            writing.finish({"runs": [[nanoseconds(run.time), run.flows, run.verdicts]]})
            spooled.move()
        except BaseException:
            writing.abandon()
            spooled.discard()
            raise
    except OSError as error:
        raise StoreError(
            f"{root}: {run.verdicts:,} verdicts not stored: {error.strerror or error}"
        ) from error
    return run


def runs(snapshot: Snapshot) -> list[Run]:
    """The runs that are kept, the oldest first."""
    found = []
    for file in snapshot.needed(VERDICTS):
        with contextlib.closing(Stored(file.path)) as stored:
            try:
                found += [Run(time=_instant(t), flows=f, verdicts=v) for t, f, v in stored.extra["runs"]]
            except (TypeError, ValueError, KeyError, OverflowError, OSError):
                text = "a damaged file of the store: its footer does not tell its runs"
                snapshot.problems.append(Problem(where=str(file.path), text=text))
    return sorted(found, key=lambda run: run.time)


def read(snapshot: Snapshot, since: datetime.datetime | None = None) -> pa.Table:
    """Verdicts of the runs from ``since`` on."""
    batches = [b for f in snapshot.needed(VERDICTS, since) for b in snapshot.read(f, VERDICT_SCHEMA, since)]
    return pa.Table.from_batches(batches, VERDICT_SCHEMA)


def known(snapshot: Snapshot) -> Known:
    """What the last run said."""
    kept = runs(snapshot)
    if not kept:
        return Known(run=None, verdicts={})
    last = kept[-1]
    rows = read(snapshot, last.time).to_pylist()
    return Known(run=last, verdicts={key(row): row["verdict"] for row in rows})


def news(before: Known, document: Mapping[str, Any]) -> News:
    """What a run says that the one before did not."""
    now: Iterable[dict[str, Any]] = document["verdicts"]
    there = {key(verdict) for verdict in now}
    return News(
        new=tuple(v for v in now if key(v) not in before.verdicts),
        worse=tuple(
            v
            for v in now
            if key(v) in before.verdicts
            and ORDER.get(v["verdict"], 0) > ORDER.get(before.verdicts[key(v)], 0)
        ),
        gone=tuple(k for k in before.verdicts if k not in there),
    )


def _row(verdict: Mapping[str, Any], run_time: datetime.datetime) -> dict[str, Any]:
    by = verdict["infected_by"] or {}
    return {
        **{name: verdict[name] for name in VERDICT_SCHEMA.names if name in verdict},
        "run_time": run_time,
        "services": ", ".join(service_name(s["protocol"], s["port"]) for s in verdict["services"]),
        "profile": verdict["profile"]["name"],
        "worm_candidates": " ".join(c["name"] for c in verdict["worm_candidates"]),
        "first_seen": _time(verdict["first_seen"]),
        "last_seen": _time(verdict["last_seen"]),
        "infected_by": by.get("address"),
        "infected_at": _time(by.get("at")),
        "infected_probability": by.get("probability"),
    }


def _time(text: str | None) -> datetime.datetime | None:
    return None if text is None else datetime.datetime.fromisoformat(text)


def _instant(nanoseconds_since: int) -> datetime.datetime:
    seconds, rest = divmod(nanoseconds_since, 10**9)
    whole = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    return whole.replace(microsecond=rest // 1000)
