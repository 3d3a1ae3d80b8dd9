"""Flows that are Arrow already: tables of pyarrow, Polars, pandas, DuckDB, anything with the PyCapsule interface."""

from __future__ import annotations

import ipaddress
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from slowworm.errors import InputError
from slowworm.flows.schema import FIELDS, TEXT, Field, schema
from slowworm.flows.services import PROTOCOL_NAMES
from slowworm.flows.table import countable
from slowworm.sources.base import FormatInfo, Problem, Reading

INFO = FormatInfo(
    name="arrow",
    title="Arrow table in memory (Python API)",
    commands=(),
    carries="whatever columns of the flow table it has, under their names or those of IPFIX, nfdump, Zeek or ECS",
    lacks="what it does not have: absent columns are null",
)


_PROTOCOLS = {name: number for number, name in PROTOCOL_NAMES.items()}


_IPV6_NAMES = {"src_addr": "sourceIPv6Address", "dst_addr": "destinationIPv6Address"}


def is_arrow(value: object) -> bool:
    """Whether ``value`` can be read as a stream of record batches."""
    return (
        isinstance(value, pa.Table | pa.RecordBatch)
        or hasattr(value, "__arrow_c_stream__")
        or hasattr(value, "__arrow_c_array__")
    )


def read_arrow(value: Any, *, name: str = "arrow") -> Reading:
    """Flows of an Arrow table; addresses may be text, ``uint32`` (IPv4) or 16 bytes (IPv6).

    Raises :class:`InputError` where there are no source and destination address columns.
    """
    if isinstance(value, pa.RecordBatch):
        table = pa.Table.from_batches([value])
    elif isinstance(value, pa.Table):
        table = value
    else:
        table = pa.table(value)
    found = {field.name: column for field in FIELDS if (column := _column(table, field)) is not None}
    for wanted in ("src_addr", "dst_addr"):
        if wanted not in found:
            raise InputError(
                f"{name}: no column {wanted} (columns: {', '.join(table.column_names[:20])}); "
                "docs/reference/flow-table.md lists the names that are understood"
            )
    src, dst = _addresses(found["src_addr"]), _addresses(found["dst_addr"])
    batches, placed = [], np.zeros(table.num_rows, np.bool_)
    for version in (4, 6):
        # A missing source goes with its destination: a flow mask may have left it out.
        chosen = (dst[1] == version) & ((src[1] == version) | (src[1] == 0))
        placed |= chosen
        if chosen.any():
            batches.append(_batch(found, src[0], dst[0], np.flatnonzero(chosen), version))
    lost = int((~placed).sum())
    problems = (
        (
            Problem(
                where=name,
                text="rows without a destination, with what is no address, or of two IP versions",
                count=lost,
            ),
        )
        if lost
        else ()
    )
    return Reading(
        path=name, formats=(("arrow", int(placed.sum())),), batches=tuple(batches), problems=problems
    )


def _column(table: pa.Table, field: Field) -> pa.Array | None:
    for name in (field.name, field.ipfix, _IPV6_NAMES.get(field.name), field.nfdump, field.zeek, field.ecs):
        if not name or name not in table.column_names:
            continue
        if table.column_names.count(name) > 1:
            raise InputError(f"column {name} is there {table.column_names.count(name)} times")
        column = table.column(name).combine_chunks()
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if pa.types.is_string_view(column.type):  # of Polars; pyarrow computes little with it
            return column.cast(pa.large_string())
        return column.cast(pa.large_binary()) if pa.types.is_binary_view(column.type) else column
    return None


def _addresses(column: pa.Array) -> tuple[list[int | bytes | None], np.ndarray[Any, np.dtype[np.int64]]]:
    """Values (int for IPv4, bytes for IPv6) and their IP version, 0 for none, -1 for what is no address."""
    try:
        codes = column.dictionary_encode()
    except pa.ArrowException as error:
        raise InputError(f"addresses as {column.type}: text, uint32 or 16 bytes are understood") from error
    values: list[int | bytes | None] = []
    versions = []
    for item in codes.dictionary.to_pylist():
        value, version = _address(item)
        values.append(value)
        versions.append(version)
    values.append(None)
    versions.append(0)
    index = codes.indices.fill_null(len(values) - 1).to_numpy(zero_copy_only=False).astype(np.int64)
    return [values[i] for i in index.tolist()], np.array(versions, np.int64)[index]


def _address(item: object) -> tuple[int | bytes | None, int]:
    try:
        if isinstance(item, str):
            parsed = ipaddress.ip_address(item)
            return (int(parsed), 4) if parsed.version == 4 else (parsed.packed, 6)
        if isinstance(item, int) and not isinstance(item, bool) and 0 <= item < 2**32:
            return item, 4
        if isinstance(item, bytes) and len(item) == 16:
            return item, 6
    except ValueError:
        pass
    return None, 0 if item is None or item == "" else -1


def _batch(
    found: dict[str, pa.Array],
    src: list[int | bytes | None],
    dst: list[int | bytes | None],
    rows: np.ndarray[Any, np.dtype[np.int64]],
    version: int,
) -> pa.RecordBatch:
    target = schema(version)
    index = pa.array(rows)
    arrays = []
    for field in target:
        if field.name in ("src_addr", "dst_addr"):
            values = src if field.name == "src_addr" else dst
            arrays.append(pa.array([values[i] for i in rows.tolist()], field.type))
        elif field.name not in found:
            arrays.append(pa.nulls(len(rows), field.type))
        else:
            arrays.append(_cast(found[field.name].take(index), field.type, field.name))
    return pa.RecordBatch.from_arrays(arrays, schema=target)


def _since_1970(column: pa.Array) -> pa.Array:
    """Numbers as ns since 1970: seconds, or by their size milliseconds, microseconds or nanoseconds."""
    values = column.cast(pa.float64())
    largest = pc.max(pc.abs(values)).as_py() or 0.0
    scale = next((s for limit, s in ((1e11, 1e9), (1e14, 1e6), (1e17, 1e3)) if largest < limit), 1.0)
    if scale == 1.0 and pa.types.is_integer(column.type):
        return column.cast(pa.int64())
    return pc.multiply(values, scale).cast(pa.int64(), safe=False)


def _cast(column: pa.Array, kind: pa.DataType, name: str) -> pa.Array:
    try:
        if name == "protocol" and pa.types.is_string(column.type):
            return pa.array([_PROTOCOLS.get((p or "").lower()) for p in column.to_pylist()], kind)
        if kind == TEXT:
            return column.cast(pa.string()).dictionary_encode()
        if pa.types.is_timestamp(kind):
            if pa.types.is_timestamp(column.type):
                return (
                    column.cast(pa.timestamp("ns", tz=column.type.tz)).cast(kind)
                    if column.type.tz
                    else (column.cast(pa.timestamp("ns")).cast(pa.int64()).cast(kind))
                )
            return _since_1970(column).cast(kind)
        return countable(column.cast(kind))
    except pa.ArrowException as error:
        raise InputError(f"column {name}: {error}") from error
