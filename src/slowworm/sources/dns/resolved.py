"""Joining flows with DNS: whether a client had got the address it called from a name, or just called it.

A client is known by its address only. Where a host asks over IPv4 for the IPv6 addresses it then calls, its two
addresses cannot be told to be one; so what anybody got over the other version is never said to be unresolved.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from slowworm.flows.schema import ip_version
from slowworm.sources.base import Lookups

Ints = npt.NDArray[np.int64]
Keys = npt.NDArray[Any]

MAX_KEYS = 4_000_000
"""Pairs of client and address that are kept, some 160 MB of IPv6 at most. A campus of 20,000 hosts makes a million in
a day; beyond it nothing is called unresolved any more."""

MERGE_FROM = 1 << 16
"""New rows that wait for the next sort."""

NEVER, ALWAYS = np.iinfo(np.int64).max, np.iinfo(np.int64).min


class Earliest:
    """The earliest time of each key, of at most MAX_KEYS keys."""

    def __init__(self) -> None:
        self._full = False
        self._keys: Keys | None = None
        self._times: Ints = np.zeros(0, np.int64)
        self._new: list[tuple[Keys, Ints]] = []
        self._waiting = 0

    def add(self, keys: Keys, times: Ints) -> None:
        """Take in keys of one type, each with a time."""
        self._new.append((keys, times))
        self._waiting += len(keys)
        if self._waiting > max(MERGE_FROM, len(self._times)):
            self._merge()

    def __len__(self) -> int:
        self._merge()
        return len(self._times)

    @property
    def full(self) -> bool:
        """Whether there were more keys than are kept; of those the earliest are."""
        self._merge()
        return self._full

    def first(self, wanted: Keys) -> Ints:
        """The earliest time of each of ``wanted``, NEVER where it was not added."""
        self._merge()
        if self._keys is None:
            return np.full(len(wanted), NEVER, np.int64)
        place = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        return np.where(self._keys[place] == wanted, self._times[place], NEVER)

    def _merge(self) -> None:
        if not self._new:
            return
        parts = [*self._new, *([] if self._keys is None else [(self._keys, self._times)])]
        keys, times = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
        self._new, self._waiting = [], 0
        order = np.argsort(times, kind="stable")
        keys, first = np.unique(keys[order], return_index=True)
        times = times[order][first]
        if len(keys) > MAX_KEYS:
            self._full = True
            kept = np.sort(np.argsort(times, kind="stable")[:MAX_KEYS])
            keys, times = keys[kept], times[kept]
        self._keys, self._times = keys, times


class Resolutions:
    """All DNS of a hunt, and the ``resolved`` column of its flows.

    Flows may be marked batch by batch once all lookups are in, whatever input came first.
    """

    def __init__(self) -> None:
        self._pairs = {4: Earliest(), 6: Earliest()}
        self._clients = {4: Earliest(), 6: Earliest()}
        self._elsewhere = {4: Earliest(), 6: Earliest()}
        """Addresses that clients of the other IP version got."""

    def learn(self, found: Lookups) -> None:
        """Take in lookups."""
        times = found.time.fill_null(ALWAYS).to_numpy(zero_copy_only=False).astype(np.int64)
        client = _keys(found.client)
        version = _version(found.client)
        self._clients[version].add(client, times)
        if found.answer is None:
            return
        answer = _keys(found.answer)
        if version == _version(found.answer):
            self._pairs[version].add(_paired(client, answer), times)
        else:
            self._elsewhere[_version(found.answer)].add(answer, times)

    @property
    def clients(self) -> int:
        """Hosts whose DNS was seen."""
        return sum(len(clients) for clients in self._clients.values())

    @property
    def full(self) -> bool:
        """Whether there was more than is kept."""
        return any(table.full for kind in (self._pairs, self._clients) for table in kind.values())

    def marked(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The flows with ``resolved``: true where the source had got the destination from DNS before the flow began.

        False where only other DNS of that source was seen by then; else as it was. Times that are not known count
        as early enough.
        """
        if not self.clients:
            return batch
        version = ip_version(batch)
        src, dst = batch.column("src_addr"), batch.column("dst_addr")
        start = (
            batch.column("start_time").cast(pa.int64()).fill_null(NEVER - 1).to_numpy(zero_copy_only=False)
        )
        source, target = _keys(src), _keys(dst)
        known = self._pairs[version].first(_paired(source, target)) <= start
        visible = self._clients[version].first(source) <= start
        other = self._elsewhere[version].first(target) <= start
        said = known | (visible & ~other & (not self.full))
        whole = pc.and_(pc.and_(src.is_valid(), dst.is_valid()), batch.column("ethertype").is_null())
        said &= whole.to_numpy(zero_copy_only=False)
        at = batch.schema.get_field_index("resolved")
        column = pc.coalesce(pa.array(known, mask=~said), batch.column(at))
        return batch.set_column(at, batch.schema.field(at), column)


def _version(column: pa.Array) -> int:
    return 4 if column.type == pa.uint32() else 6


def _keys(column: pa.Array) -> Keys:
    """Addresses as NumPy values that sort; what stands for null means nothing.

    IPv6 as byte strings, of which NumPy ignores trailing zeros: among strings of one length that changes no order.
    """
    if column.type == pa.uint32():
        return column.fill_null(0).to_numpy(zero_copy_only=False)  # type: ignore[no-any-return]
    data = column.buffers()[1]
    if data is None:
        return np.zeros(len(column), "S16")
    return np.frombuffer(data, "S16", len(column), column.offset * 16)


def _paired(one: Keys, two: Keys) -> Keys:
    if one.dtype == np.uint32:
        return one.astype(np.uint64) << np.uint64(32) | two.astype(np.uint64)
    both = np.empty((len(one), 32), np.uint8)
    both[:, :16] = np.ascontiguousarray(one).view(np.uint8).reshape(-1, 16)
    both[:, 16:] = np.ascontiguousarray(two).view(np.uint8).reshape(-1, 16)
    return both.view("S32").reshape(-1)
