"""Records of nfdump 1.6: a common part, and extensions in the order of an extension map."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from slowworm.sources.nfcapd import layout
from slowworm.sources.nfcapd.account import Account
from slowworm.sources.nfcapd.layout import COMMON, COMMON_V1_EXTRA, V1_EXTENSION_BYTES, V1_EXTENSIONS
from slowworm.sources.nfcapd.routers import routers
from slowworm.sources.nfcapd.rows import ABSENT, Array, Bools, Ints, Rows, gather, network_order, optional

NO_MAP = 0
"""The map of records whose map is not known: it names no extension."""

_WANTED = {number: row for row, number in enumerate(V1_EXTENSIONS)}
_NOT_THERE = -1


@dataclass(slots=True)
class Maps:
    """Extension maps met so far. A number may be used again with another content: what counts is the order."""

    current: dict[int, int] = field(default_factory=dict)
    """Number in the file → index of the map."""
    places: list[tuple[int, ...]] = field(default_factory=lambda: [(_NOT_THERE,) * len(_WANTED)])
    """Per map: where each extension that is read begins, from the end of the required fields."""
    sizes: list[int] = field(default_factory=lambda: [0])
    _known: dict[bytes, int] = field(default_factory=dict)

    def add(self, record: bytes, offset: int, account: Account) -> None:
        """Take in an extension map record."""
        if len(record) < 8:
            account.problem("an extension map is too short", offset)
            return
        number, announced = int.from_bytes(record[4:6], "little"), int.from_bytes(record[6:8], "little")
        content = record[6:]
        if content not in self._known:
            self._known[content] = self._parse(content[2:], announced, offset, account)
        self.current[number] = self._known[content]

    def _parse(self, content: bytes, announced: int, offset: int, account: Account) -> int:
        places, at = [_NOT_THERE] * len(_WANTED), 0
        for k in range(0, len(content) - 1, 2):
            number = int.from_bytes(content[k : k + 2], "little")
            if not number:
                break
            if number in (
                1,
                2,
                3,
            ):  # the required ones, which no map should name: nfdump passes over them too
                continue
            if number not in V1_EXTENSION_BYTES:
                account.problem(f"extension {number} of nfdump 1.6 is not known", offset)
                return NO_MAP
            if number in _WANTED:
                places[_WANTED[number]] = at
            at += V1_EXTENSION_BYTES[number]
        if at != announced:
            account.problem("an extension map contradicts itself", offset)
            return NO_MAP
        self.places.append(tuple(places))
        self.sizes.append(at)
        return len(self.sizes) - 1


def _head(data: npt.NDArray[np.uint8], at: Ints) -> tuple[Array, Ints, Ints]:
    """The common part, its flags, and where the addresses begin."""
    head = gather(data, at, COMMON)
    old = head["type"] == layout.RECORD_V0
    begin = at + COMMON.itemsize + np.where(old, 0, COMMON_V1_EXTRA.itemsize)
    return head, head["flags"].astype(np.int64), begin


def _extensions_at(flags: Ints, begin: Ints) -> tuple[Ints, Ints, Ints]:
    """Where the packets, the bytes and the extensions begin."""
    packets = begin + np.where(flags & layout.COMMON_IPV6, 32, 8)
    octets = packets + np.where(flags & layout.COMMON_PACKETS_64, 8, 4)
    return packets, octets, octets + np.where(flags & layout.COMMON_BYTES_64, 8, 4)


def sound(data: npt.NDArray[np.uint8], at: Ints, which: Ints, maps: Maps) -> Bools:
    """Which records at ``at`` (with maps ``which``) are as long as their flags and their map say."""
    head, flags, begin = _head(data, at)
    *_, end = _extensions_at(flags, begin)
    over = at + head["size"] - end - np.array(maps.sizes, np.int64)[which]
    # Where the map is missing only the required fields have to be there.
    fits: Bools = (over >= 0) & ((which == NO_MAP) | (over < 8))
    return fits


def decode(
    data: npt.NDArray[np.uint8], at: Ints, which: Ints, maps: Maps, account: Account
) -> dict[int, Rows]:
    """Rows by IP version. ``at``: of sound records, ``which``: the map of each."""
    ipv6 = (data[at + 4] & layout.COMMON_IPV6) > 0
    return {
        version: _rows(data, at[chosen], which[chosen], maps, version, account)
        for version, chosen in ((4, ~ipv6), (6, ipv6))
        if chosen.any()
    }


def _rows(
    data: npt.NDArray[np.uint8], at: Ints, which: Ints, maps: Maps, version: int, account: Account
) -> Rows:
    head, flags, begin = _head(data, at)
    packets_at, bytes_at, extensions_at = _extensions_at(flags, begin)
    places = np.array(maps.places, np.int64)[which]

    def place(number: int) -> Ints:
        begins = places[:, _WANTED[number]]
        return np.where(begins == _NOT_THERE, ABSENT, extensions_at + begins)

    def extension(number: int) -> Any:
        return optional(data, place(number), V1_EXTENSIONS[number])

    kind = np.dtype(("<u4" if version == 4 else "u1", 2 if version == 4 else 32))
    address = gather(data, begin, kind)
    narrow, wide, nsel, nat = extension(4), extension(5), extension(37), extension(46)
    old = head["type"] == layout.RECORD_V0
    extra = optional(data, np.where(old, ABSENT, at + COMMON.itemsize), COMMON_V1_EXTRA)
    # NSEL keeps an ICMP type in its own extension; nfdump 1.7 puts it into the port of every protocol.
    icmp = np.isin(head["protocol"], (1, 58)) & (nsel["event"] > 0) & (head["dst_port"] == 0)
    return Rows(
        src=address[:, 0] if version == 4 else network_order(address[:, :16]),
        dst=address[:, 1] if version == 4 else network_order(address[:, 16:]),
        first=_milliseconds(head["first"], head["first_ms"]),
        last=_milliseconds(head["last"], head["last_ms"]),
        event_time=nsel["time"],
        packets=_counter(data, packets_at, flags & layout.COMMON_PACKETS_64),
        bytes=_counter(data, bytes_at, flags & layout.COMMON_BYTES_64),
        answer_packets=np.maximum(extension(14), extension(15)),
        answer_bytes=np.maximum(extension(16), extension(17)),
        src_port=head["src_port"],
        dst_port=np.where(icmp, nsel["icmp"], head["dst_port"]),
        protocol=head["protocol"],
        tcp_flags=head["tcp_flags"],
        answer_flags=np.zeros(len(at), np.uint8),
        status=head["status"],
        in_if=np.maximum(wide["input"], narrow["input"]),
        out_if=np.maximum(wide["output"], narrow["output"]),
        exporter=np.where(old, head["exporter_v0"], extra["exporter"]),
        router=routers(data, place(23), place(24), account),
        sampled=(flags & layout.COMMON_SAMPLED) > 0,
        event=nsel["event"],
        nat_event=nat["event"],
        connection=nsel["connection"],
        pf_action=np.full(len(at), -1, np.int64),
    )


def _milliseconds(seconds: Array, fraction: Array) -> Array:
    return seconds.astype(np.uint64) * np.uint64(1000) + fraction


def _counter(data: npt.NDArray[np.uint8], at: Ints, wide: Ints) -> Array:
    narrow = gather(data, at, np.dtype("<u4")).astype(np.uint64)
    return np.where(wide > 0, gather(data, at, np.dtype("<u8")), narrow)
