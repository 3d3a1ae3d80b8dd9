"""What sequence numbers tell: datagrams lost between agent and collector, samples lost within the agent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from slowworm.sources.packets.octets import Int, Octet

LATE = 1_000
"""A sequence number at most this far behind the last one is of a late datagram; further, the agent restarted."""

MAX_LOST = 1_000_000
"""More datagrams are not lost at once: the agent restarted, with another number."""

_WRAP, _HALF = 2**32, 2**31


@dataclass(frozen=True, slots=True, kw_only=True)
class Losses:
    """Over all agents and sub-agents."""

    lost: int = 0
    late: int = 0
    duplicates: int = 0
    restarts: int = 0


def groups(*columns: Octet | Int) -> Int:
    """A number for each distinct row of some columns."""
    parts = [
        column if column.ndim == 2 else np.ascontiguousarray(column, np.int64).view(np.uint8).reshape(-1, 8)
        for column in columns
    ]
    rows: Any = np.ascontiguousarray(np.concatenate(parts, axis=1))
    keys = rows.view(np.dtype((np.void, rows.shape[1]))).reshape(-1)
    numbers: Int = np.unique(keys, return_inverse=True)[1].reshape(-1).astype(np.int64)
    return numbers


def steps(group: Int, number: Int) -> Int:
    """Steps of 32-bit numbers from one row of a group to the next, between -2^31 and 2^31, in order of arrival."""
    order = np.argsort(group, kind="stable")
    same = np.diff(group[order]) == 0
    step = np.diff(number[order])[same]
    signed: Int = (step + _HALF) % _WRAP - _HALF
    return signed


def losses(group: Int, sequence: Int) -> Losses:
    """Gaps in the sequence numbers of datagrams; a late datagram is one fewer lost."""
    step = steps(group, sequence)
    ahead, back = (step > 1) & (step <= MAX_LOST), (step < 0) & (step >= -LATE)
    # Behind a late datagram the next step leads forward again over what had arrived before it: the sum tells.
    return Losses(
        lost=max(0, int((step[ahead | back] - 1).sum())),
        late=int(back.sum()),
        duplicates=int((step == 0).sum()),
        restarts=int(((step < -LATE) | (step > MAX_LOST)).sum()),
    )


def dropped(group: Int, drops: Int) -> int:
    """Growth of the drop counters of data sources; a restart counts nothing."""
    known = drops >= 0
    step = steps(group[known], drops[known])
    return int(step[(step > 0) & (step <= MAX_LOST)].sum())
