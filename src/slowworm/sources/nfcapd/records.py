"""The records of blocks: walked one by one for their sizes only, decoded together once enough have come."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass, field

import numpy as np

from slowworm.sources.nfcapd import layout, v1, v3
from slowworm.sources.nfcapd.account import Account
from slowworm.sources.nfcapd.blocks import Block, appendix_record
from slowworm.sources.nfcapd.rows import Ints, Rows

POOL_BYTES = 4 << 20
"""Records decoded together: large enough for NumPy, small enough for the cache and for memory."""
PADDING = bytes(256)
"""Behind the pool, so that reading a structure at the last record stays within it."""

_FLOW_TYPES = {
    kind: re.compile(bytes((kind, 0))) for kind in (layout.RECORD_V0, layout.RECORD_V1, layout.RECORD_V3)
}
_CHAIN = 3
"""Records that must follow each other for a place behind damage to be believed."""


@dataclass(slots=True, kw_only=True)
class Pool:
    """Blocks' records as one buffer, with the positions of the flow records in it."""

    account: Account
    found: dict[int, list[Rows]] = field(default_factory=lambda: {4: [], 6: []})
    maps: v1.Maps = field(default_factory=v1.Maps)
    _data: bytearray = field(default_factory=bytearray)
    _v3: list[int] = field(default_factory=list)
    _v1: list[int] = field(default_factory=list)
    _v1_map: list[int] = field(default_factory=list)
    _begins: list[int] = field(default_factory=list)
    _blocks: list[tuple[int, bool]] = field(default_factory=list)

    def add(self, block: Block) -> None:
        """Take in the records of a block."""
        base = len(self._data)
        self._begins.append(base)
        self._blocks.append((block.offset, block.plain))
        walked = self._walk(block, base)
        self._data += block.data if block.damaged_at is None else block.data[: block.damaged_at]
        if block.whole and block.announced not in (None, walked) and block.damaged_at is None:
            self.account.problem(
                f"a block announces {block.announced} records and holds {walked}", block.offset
            )
        if len(self._data) >= POOL_BYTES:
            self.decode()

    def _walk(self, block: Block, base: int) -> int:
        """Records walked. Stops at the first damage; in what is left behind damage it goes on where it can."""
        data, end, walked = block.data, len(block.data), 0
        left = block.announced is None
        at = _search(data, 0, block.kind) if left else 0
        unpack, maps = layout.RECORD.unpack_from, self.maps
        while at < end:
            # 8 bytes are read at once; the last record may be shorter.
            kind, size, _, map_number = (
                unpack(data, at) if at + 8 <= end else unpack(bytes(data[at:]) + PADDING)
            )
            if size < 4 or at + size > end or (kind > layout.MAX_RECORD_TYPE and kind not in _APPENDIX):
                self._damage(block, at, cut=not block.whole and size >= 4 and kind <= layout.MAX_RECORD_TYPE)
                if not left:
                    block.damaged_at = at
                    break
                at = end if self.account.hopeless else _search(data, at + 1, block.kind)
                continue
            if kind == layout.RECORD_V3:
                self._v3.append(base + at)
            elif kind == layout.RECORD_V1 or kind == layout.RECORD_V0:
                block.kind = kind
                self._v1.append(base + at)
                self._v1_map.append(maps.current.get(map_number, v1.NO_MAP))
            else:
                self._other(kind, bytes(data[at : at + size]), block.offset + (at if block.plain else 0))
            walked += 1
            at += size
        return walked

    def _damage(self, block: Block, at: int, *, cut: bool) -> None:
        text = "the file ends within a record" if cut else "damage: no record begins here"
        self.account.damage(text, block.offset + (at if block.plain else 0))

    def _other(self, kind: int, record: bytes, offset: int) -> None:
        if kind == layout.EXTENSION_MAP:
            self.maps.add(record, offset, self.account)
        elif kind == layout.EXPORTER:
            self.account.exporter(record, offset)
        elif kind in (layout.SAMPLER, layout.SAMPLER_V0):
            self.account.sampler(record, offset)
        elif kind in _APPENDIX:
            appendix_record(kind, record, self.account)
        elif kind not in layout.WITHOUT_FLOWS:
            self.account.problem(f"a record of type {kind}, which is not known", offset)

    def decode(self) -> None:
        """Decode what has come together, and begin anew."""
        data = np.frombuffer(bytes(self._data) + PADDING, np.uint8)
        if self._v3:
            at = np.array(self._v3, np.int64)
            at = at[self._kept(at, v3.sound_size(data, at))]
            found, sound = v3.locate(data, at)
            kept = self._kept(at, sound)
            rows, without = v3.decode(data, at[kept], found[:, kept], self.account)
            self._add(rows)
            self.account.records += len(kept)
            if len(without):
                place = self._place(int(without[0]))
                self.account.problem("records without IP addresses or without counters", place, len(without))
        if self._v1:
            at, which = np.array(self._v1, np.int64), np.array(self._v1_map, np.int64)
            good = self._kept(at, v1.sound(data, at, which, self.maps))
            at, which = at[good], which[good]
            missing = np.flatnonzero(which == v1.NO_MAP)
            if len(missing):
                self.account.problem(
                    "records whose extension map is missing: read without interfaces and exporter",
                    self._place(int(at[missing[0]])),
                    len(missing),
                )
            self._add(v1.decode(data, at, which, self.maps, self.account))
            self.account.records += len(at)
        self._data = bytearray()
        for places in (self._v3, self._v1, self._v1_map, self._begins):
            places.clear()
        self._blocks.clear()

    def _add(self, rows: dict[int, Rows]) -> None:
        for version, found in rows.items():
            self.found[version].append(found)

    def _kept(self, at: Ints, sound: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Ints:
        bad = np.flatnonzero(~sound)
        if len(bad):
            self.account.problem("records that contradict themselves", self._place(int(at[bad[0]])), len(bad))
        return np.flatnonzero(sound)

    def _place(self, at: int) -> int:
        """Offset in the file of a position in the pool; of the block where it is compressed."""
        k = bisect_right(self._begins, at) - 1
        offset, plain = self._blocks[k]
        return offset + at - self._begins[k] if plain else offset


_APPENDIX = (layout.IDENT, layout.STAT)
_FOLLOWING = {layout.EXTENSION_MAP, layout.EXPORTER, layout.EXPORTER_STAT, layout.SAMPLER_V0, layout.SAMPLER}


def _search(data: bytes | memoryview, at: int, kind: int) -> int:
    """Where, from ``at`` on, records of type ``kind`` go on: several in a row, or up to the end."""
    end = len(data)
    for match in _FLOW_TYPES[kind].finditer(data, at):
        begin = here = match.start()
        for k in range(_CHAIN):
            if here == end and k:
                return begin
            if here + 4 > end:
                break
            found, size, *_ = layout.RECORD.unpack_from(bytes(data[here : here + 4]) + PADDING[:4])
            if size < 12 or here + size > end or not (found == kind or (k and found in _FOLLOWING)):
                break
            here += size
        else:
            return begin
    return end
