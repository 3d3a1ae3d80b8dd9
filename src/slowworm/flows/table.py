"""Building flow batches from columns, and looking at batches as NumPy columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from slowworm.flows.schema import schema

Column: TypeAlias = Any
"""An Arrow or NumPy array, a sequence, or a single ``str`` that stands for that text in every row."""


def flow_batch(columns: Mapping[str, Column], *, rows: int, ip_version: int = 4) -> pa.RecordBatch:
    """A flow batch of ``rows`` rows; columns not given are null throughout.

    Raises ``KeyError`` for a column that the schema does not have, ``pyarrow.ArrowInvalid`` for values that
    do not fit their type.
    """
    target = schema(ip_version)
    unknown = set(columns) - set(target.names)
    if unknown:
        raise KeyError(f"not in the flow schema: {', '.join(sorted(unknown))}")
    arrays = []
    for field in target:
        values = columns.get(field.name)
        if values is None:
            arrays.append(pa.nulls(rows, field.type))
        elif isinstance(values, str):
            arrays.append(pa.DictionaryArray.from_arrays(np.zeros(rows, np.int32), [values]))
        elif isinstance(values, pa.Array):
            arrays.append(values if values.type == field.type else values.cast(field.type))
        else:
            arrays.append(pa.array(values, field.type))
    return pa.RecordBatch.from_arrays(arrays, schema=target)


def countable(column: pa.Array) -> pa.Array:
    """A column of counters with null for those above 2^63, which only damage brings: all work is done in int64."""
    if column.type != pa.uint64():
        return column
    fits = pc.less_equal(column, pa.scalar(np.iinfo(np.int64).max, pa.uint64()))
    return pc.if_else(fits, column, None) if pc.all(fits).as_py() is False else column


def integers(batch: pa.RecordBatch, name: str, *, missing: int = -1) -> npt.NDArray[np.int64]:
    """An integer column as ``int64`` with ``missing`` for null; zero-copy is not promised."""
    column = countable(batch.column(name))
    if column.null_count == len(column):
        return np.full(len(column), missing, np.int64)
    if column.null_count:
        column = column.cast(pa.int64()).fill_null(missing)
    values: npt.NDArray[np.int64] = column.to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
    return values


def combine(batches: Sequence[pa.RecordBatch]) -> pa.RecordBatch:
    """Batches of one schema as a single batch, dictionaries unified."""
    if len(batches) == 1:
        return batches[0]
    table = pa.Table.from_batches(batches).unify_dictionaries().combine_chunks()
    merged = table.to_batches()
    return merged[0] if merged else pa.RecordBatch.from_pylist([], schema=batches[0].schema)
