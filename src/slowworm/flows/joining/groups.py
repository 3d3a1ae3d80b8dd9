"""Small tools for sorted groups: rows that lie side by side and begin where ``first`` is true."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MISSING = -1
"""Null among counters, flags and rates, none of which is ever negative."""

LARGEST = np.iinfo(np.int64).max


def changes(*columns: Ints) -> Bools:
    """Where any of the columns differs from the row before; the first row always does."""
    first = np.ones(len(columns[0]), np.bool_)
    first[1:] = False
    for column in columns:
        first[1:] |= column[1:] != column[:-1]
    return first


def numbers(first: Bools) -> Ints:
    """The number of each row's group, from 0."""
    group: Ints = np.cumsum(first) - 1
    return group


def sizes(begin: Ints, rows: int) -> Ints:
    """Rows of each group, from where the groups begin."""
    counts: Ints = np.diff(np.append(begin, rows))
    return counts


def running_max(values: Ints, first: Bools) -> Ints:
    """The largest value of the group so far, in each row."""
    result = values.copy()
    place = np.arange(len(values))
    begin = np.flatnonzero(first)
    place -= np.repeat(begin, sizes(begin, len(values)))
    step, rows = 1, np.flatnonzero(place >= 1)
    while len(rows):  # doubling: after k rounds every row has seen 2^k rows back
        result[rows] = np.maximum(result[rows], result[rows - step])
        step *= 2
        rows = rows[place[rows] >= step]
    return result


def total(values: Ints, begin: Ints) -> Ints:
    """Sum of each group; MISSING where any of it is missing, the largest number there is where it is more."""
    if len(begin) == len(values):
        return values
    known = np.maximum(values, 0)
    sums: Ints = np.add.reduceat(known, begin)
    if known.max() > LARGEST // len(values):
        sums = np.where(np.add.reduceat(known.astype(np.float64), begin) >= LARGEST, LARGEST, sums)
    return np.where(np.minimum.reduceat(values, begin) < 0, MISSING, sums)


def in_order(group: Ints, *keys: Ints) -> Ints:
    """Row numbers sorted by group, then by the keys, first key first; rows equal in all stay in their order."""
    if keys:
        return np.lexsort((*keys[::-1], group))
    if len(group) and int(group.max()) < LARGEST // len(group) - 1:
        # Numbers that are unique sort faster than numbers that are not, and without their places beside them.
        rows: Ints = np.sort(group * len(group) + np.arange(len(group))) % len(group)
        return rows
    return np.argsort(group, kind="stable")


def leaders(begin: Ints, *keys: Ints) -> Ints:
    """Of each group the row with the smallest keys, first key first; of rows equal in all, the first."""
    rows = len(keys[0])
    group = np.repeat(np.arange(len(begin)), sizes(begin, rows))
    chosen = np.ones(rows, np.bool_)
    for key in keys:
        among = np.where(chosen, key, LARGEST)
        chosen &= among == np.minimum.reduceat(among, begin)[group]
    found = np.flatnonzero(chosen)
    return found[changes(group[found])]


def places(group: Ints, order: Ints) -> Ints:
    """Each row's place within its group, from 0, where ``order`` sorts the rows by group."""
    begin = np.flatnonzero(changes(group[order]))
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order)) - np.repeat(begin, sizes(begin, len(order)))
    return place


def dense(*columns: Ints) -> Ints:
    """Rows as one number that grows with the columns, first column first; none of them is negative."""
    code = columns[0]
    for column in columns[1:]:
        width = int(column.max(initial=0)) + 1
        if int(code.max(initial=0)) >= LARGEST // width - 1:
            code = np.unique(code, return_inverse=True)[1].astype(np.int64)
        code = code * width + column
    return code
