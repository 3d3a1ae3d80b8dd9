"""Finding which records of an input speak of the same connection."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from slowworm.sources.tables.slices import Bools, Ints


def group(*columns: Ints | pa.Array) -> Ints:
    """A number per row, the same for rows that are equal in all ``columns``."""
    code: Ints | None = None
    for column in columns:
        values = _codes(column) if isinstance(column, pa.Array) else column
        _, values = np.unique(values, return_inverse=True)
        if code is not None:
            _, values = np.unique(code * (int(values.max(initial=0)) + 1) + values, return_inverse=True)
        code = values.astype(np.int64)
    assert code is not None
    return code


def _codes(column: pa.Array) -> Ints:
    codes: Ints = column.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes


def before(key: Ints, order: Ints | None = None) -> Ints:
    """For every row the row with the same key just before it (in ``order``, else as they stand), or -1."""
    rows = np.lexsort((np.arange(len(key)) if order is None else order, key))
    previous = np.full(len(key), -1, np.int64)
    same = key[rows[1:]] == key[rows[:-1]]
    previous[rows[1:][same]] = rows[:-1][same]
    return previous


def last(key: Ints) -> Bools:
    """Which rows are the last of their key."""
    found = np.ones(len(key), np.bool_)
    previous = before(key)
    found[previous[previous >= 0]] = False
    return found
