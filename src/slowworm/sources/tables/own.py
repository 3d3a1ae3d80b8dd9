"""Flows in tables of our own columns: Parquet as written from flow batches, CSV with addresses as text."""

from __future__ import annotations

import pyarrow as pa

from slowworm.flows.schema import NAMES, schema
from slowworm.flows.table import countable
from slowworm.sources.base import FormatInfo, Reading
from slowworm.sources.tables.damage import Damage
from slowworm.sources.tables.delimited import header
from slowworm.sources.tables.lines import as_utf8
from slowworm.sources.tables.mapped import read_csv, read_parquet, reading
from slowworm.sources.tables.mapping import ADDRESSES, Mapping
from slowworm.sources.tables.parquet import MAGIC, Parquet

_ACTIONS: dict[str, str | int] = {"allow": "allow", "deny": "deny"}


def identity(names: tuple[str, ...]) -> Mapping:
    """A mapping of every column to its own name."""
    columns = {n: n for n in NAMES if n in names}
    return Mapping(origin="the flow table", columns=columns, words={"action": _ACTIONS})


class SlowwormCsv:
    """CSV whose header names columns of the flow table, both addresses among them."""

    info = FormatInfo(
        name="slowworm-csv",
        title="flow table as CSV",
        commands=(),
        carries="every column of the flow table that the header names",
        lacks="columns that it does not name",
    )

    def recognises(self, head: bytes) -> bool:
        """By a first line with src_addr and dst_addr."""
        return header(as_utf8(head), ADDRESSES, delimiter=",") is not None

    def read(self, path: str, data: bytes) -> Reading:
        """One flow per row; columns that are none of ours are told in a note."""
        damage = Damage(path)
        text = as_utf8(data)
        head = header(text, ADDRESSES, delimiter=",")
        names = head.names if head else ADDRESSES
        _tell_others(names, damage)
        return reading(self.info, path, read_csv(path, text, identity(names), damage), damage)


class SlowwormParquet:
    """Parquet written from flow batches: its columns are taken as they are, its schema's metadata says so."""

    info = FormatInfo(
        name="slowworm-parquet",
        title="flow table as Parquet",
        commands=(),
        carries="every column of the flow table",
        lacks="nothing; other Parquet needs a mapping file",
    )

    def recognises(self, head: bytes) -> bool:
        """By Parquet's magic: what its columns are stands at the end of the file."""
        return head.startswith(MAGIC)

    def read(self, path: str, data: bytes) -> Reading:
        """Flow batches of at most 65,536 rows."""
        damage = Damage(path)
        table = Parquet(data, damage)
        if table.schema is None:
            return reading(self.info, path, [], damage)
        names = tuple(table.schema.names)
        if not set(ADDRESSES) <= set(names):
            shown = ", ".join(n[:60] for n in names[:20])
            damage.whole(f"Parquet, but no flow table: it has {shown}; a mapping file can say what they are")
            return reading(self.info, path, [], damage)
        version = _version(table.schema)
        if version is None or len(set(names)) < len(names):
            made = read_parquet(path, data, identity(names), damage)
        else:
            made = _as_is(path, table, version)
        _tell_others(names, damage)
        return reading(self.info, path, made, damage)


def _version(found: pa.Schema) -> int | None:
    """4 or 6 where every column has the type that it has in flow batches, else ``None``."""
    for version in (4, 6):
        target = schema(version)
        if all(found.field(n).type == target.field(n).type for n in target.names if n in found.names):
            return version
    return None


def _as_is(path: str, table: Parquet, version: int) -> list[pa.RecordBatch]:
    assert table.schema is not None
    target = schema(version)
    there = [n for n in target.names if n in table.schema.names]
    made = []
    for rows in table.rows(there):
        arrays = []
        for field in target:
            if field.name in there:
                arrays.append(countable(rows.batch.column(field.name)))
            elif field.name == "input":
                arrays.append(pa.array([path] * rows.batch.num_rows, pa.string()).dictionary_encode())
            else:
                arrays.append(pa.nulls(rows.batch.num_rows, field.type))
        made.append(pa.RecordBatch.from_arrays(arrays, schema=target))
    return made


def _tell_others(names: tuple[str, ...], damage: Damage) -> None:
    extra = [n for n in names if n not in NAMES]
    damage.note(
        "other-columns",
        f"columns that the flow table does not have: {', '.join(extra[:10])[:200]}",
        len(extra),
    )
