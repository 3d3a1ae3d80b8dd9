"""The relations that SQL has, and their columns."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from slowworm.flows.schema import ADDRESS, FIELDS, TIME, schema
from slowworm.sources.base import Note, Problem
from slowworm.store.sql.functions import IPV4_MAPPED
from slowworm.store.tables import VERDICT_COLUMNS, VERDICT_SCHEMA
from slowworm.store.verdicts import Run

FLOWS, VERDICTS, RUNS, PROBLEMS, NOTES = "flows", "verdicts", "runs", "problems", "notes"

ADDRESS_TYPE, TIME_TYPE = "ADDRESS", "TIMESTAMPTZ"
"""Types as they are documented and shown; in DuckDB an address is a UHUGEINT."""

_TYPES = {
    pa.string(): "VARCHAR",
    pa.uint8(): "UTINYINT",
    pa.uint16(): "USMALLINT",
    pa.uint32(): "UINTEGER",
    pa.uint64(): "UBIGINT",
    pa.int64(): "BIGINT",
    pa.float64(): "DOUBLE",
    pa.bool_(): "BOOLEAN",
    TIME: TIME_TYPE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column as documented."""

    name: str
    type: str
    doc: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A relation as documented."""

    name: str
    doc: str
    columns: tuple[Column, ...]


def _type(kind: Any, *, address: bool = False) -> str:
    if address or kind is ADDRESS:
        return ADDRESS_TYPE
    return _TYPES.get(kind, "VARCHAR")


_RUN = (("run_time", TIME, "When it judged."), ("flows", pa.int64(), "Flows that it looked at."),
        ("verdicts", pa.int64(), "Verdicts that it gave."))  # fmt: skip
_PROBLEM = (("place", pa.string(), "File, and line where there is one."), ("text", pa.string(), "What it says."),
            ("count", pa.int64(), "How often."))  # fmt: skip
_NOTE = (("id", pa.string(), "Stable, for programs."), ("text", pa.string(), "For people."),
         ("count", pa.int64(), "How often."))  # fmt: skip


def _plain(columns: Sequence[tuple[str, pa.DataType, str]]) -> tuple[Column, ...]:
    return tuple(Column(name=name, type=_type(kind), doc=doc) for name, kind, doc in columns)


RELATIONS = (
    Relation(
        name=FLOWS,
        doc="The flow table, IPv4 and IPv6 together.",
        columns=tuple(Column(name=f.name, type=_type(f.type), doc=f.doc) for f in FIELDS),
    ),
    Relation(
        name=VERDICTS,
        doc="Verdicts kept in the store, or of a hunt in the inputs now.",
        columns=tuple(
            Column(name=c.name, type=_type(c.type, address=c.address), doc=c.doc) for c in VERDICT_COLUMNS
        ),
    ),
    Relation(name=RUNS, doc="Runs of the detector that the store keeps.", columns=_plain(_RUN)),
    Relation(name=PROBLEMS, doc="What was not understood of the inputs.", columns=_plain(_PROBLEM)),
    Relation(name=NOTES, doc="What else the inputs told.", columns=_plain(_NOTE)),
)
"""All of them."""


@dataclass(slots=True, kw_only=True)
class Contents:
    """What the relations hold. ``flows``: (IP version, Arrow table or dataset of flow batches)."""

    flows: list[tuple[int, Any]] = field(default_factory=list)
    verdicts: pa.Table = field(default_factory=VERDICT_SCHEMA.empty_table)
    runs: list[Run] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def install(connection: Any, contents: Contents) -> None:
    """Create the relations as views; rows are read when SQL asks for them."""
    parts = contents.flows or [(4, schema(4).empty_table())]
    selects = []
    for number, (version, data) in enumerate(parts):
        connection.register(f"_flows_{number}", data)
        selects.append(f"SELECT {_flow_columns(version)} FROM _flows_{number}")
    connection.execute(f"CREATE VIEW {FLOWS} AS {' UNION ALL '.join(selects)}")
    connection.register("_verdicts", contents.verdicts)
    connection.execute(f"CREATE VIEW {VERDICTS} AS SELECT {_verdict_columns()} FROM _verdicts")
    runs = [(run.time, run.flows, run.verdicts) for run in contents.runs]
    _small(connection, RUNS, _RUN, runs)
    _small(connection, PROBLEMS, _PROBLEM, [(p.where, p.text, p.count) for p in contents.problems])
    _small(connection, NOTES, _NOTE, [(n.id, n.text, n.count) for n in contents.notes])


def _flow_columns(version: int) -> str:
    # The sum is of two of one type: with a signed number in it, DuckDB would go over to floating point.
    address = f"({IPV4_MAPPED}::UHUGEINT + {{0}}::UHUGEINT)" if version == 4 else "{0}::UUID::UHUGEINT"
    shown = {"ADDRESS": address, TIME_TYPE: "{0}::TIMESTAMPTZ"}
    return ", ".join(
        f"{shown.get(_type(f.type), '{0}').format(_quoted(f.name))} AS {_quoted(f.name)}" for f in FIELDS
    )


def _verdict_columns() -> str:
    shown = {ADDRESS_TYPE: "ip({0})", TIME_TYPE: "{0}::TIMESTAMPTZ"}
    return ", ".join(
        f"{shown.get(_type(c.type, address=c.address), '{0}').format(_quoted(c.name))} AS {_quoted(c.name)}"
        for c in VERDICT_COLUMNS
    )


def _small(
    connection: Any,
    name: str,
    columns: Sequence[tuple[str, pa.DataType, str]],
    rows: Iterable[tuple[Any, ...]],
) -> None:
    target = pa.schema([pa.field(column, kind) for column, kind, _ in columns])
    table = pa.Table.from_pylist([dict(zip(target.names, row, strict=True)) for row in rows], target)
    connection.register(f"_{name}", table)
    shown = ", ".join(
        f"{_quoted(column)}{'::TIMESTAMPTZ' if kind == TIME else ''} AS {_quoted(column)}"
        for column, kind, _ in columns
    )
    connection.execute(f"CREATE VIEW {name} AS SELECT {shown} FROM _{name}")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
