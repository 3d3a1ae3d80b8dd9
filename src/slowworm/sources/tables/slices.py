"""Texts as slices of a buffer, and the numbers and addresses in them, parsed column-wise with NumPy."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from slowworm.sources.tables.addresses import DAMAGED, MISSING, Addresses, Bools, Ints

__all__ = ["DAMAGED", "MISSING", "Addresses", "Bools", "Ints", "Slices", "recoded"]

MAX_DIGITS = 19
"""Longest decimal number that always fits uint64; counters and nanoseconds since 1970 have no more."""

MAX_NAME = 200
"""Longest name (interface, exporter) kept: real ones have fewer than 64 characters."""

_MAX_INT64 = np.uint64(2**63 - 1)
_ZONE_INDEX = re.compile(rb"%[\w.\-]{1,40}\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slices:
    """``buffer[start:end]`` for every row; an empty slice is a missing value. ``buffer`` is never empty."""

    buffer: npt.NDArray[np.uint8]
    start: Ints
    end: Ints

    def __len__(self) -> int:
        return len(self.start)

    @classmethod
    def of(cls, column: pa.Array) -> Slices:
        """An Arrow column of text or bytes, null as empty; no bytes are copied unless its type is small."""
        column = column.cast(pa.large_binary())
        offsets = np.frombuffer(column.buffers()[1] or bytes(8), np.int64)
        offsets = offsets[column.offset : column.offset + len(column) + 1]
        data = column.buffers()[2]
        buffer = np.frombuffer(data, np.uint8) if data is not None and data.size else np.zeros(1, np.uint8)
        if not len(column):
            return cls(buffer=buffer, start=np.zeros(0, np.int64), end=np.zeros(0, np.int64))
        start, end = offsets[:-1].astype(np.int64), offsets[1:].astype(np.int64)
        if column.null_count:
            end = np.where(column.is_null().to_numpy(zero_copy_only=False), start, end)
        return cls(buffer=buffer, start=start, end=end)

    @classmethod
    def texts(cls, values: Iterable[str]) -> Slices:
        """A column of Python texts."""
        return cls.of(pa.array([v.encode("utf-8", "replace") for v in values], pa.large_binary()))

    @classmethod
    def nothing(cls, rows: int) -> Slices:
        """A column that is missing throughout."""
        zero = np.zeros(rows, np.int64)
        return cls(buffer=np.zeros(1, np.uint8), start=zero, end=zero)

    @property
    def length(self) -> Ints:
        """Bytes of every slice."""
        return self.end - self.start

    def take(self, rows: npt.NDArray[np.generic]) -> Slices:
        """The slices at ``rows`` (indices or a mask)."""
        return Slices(buffer=self.buffer, start=self.start[rows], end=self.end[rows])

    def bare(self) -> Slices:
        """Without double quotes around a slice."""
        last = np.maximum(self.end - 1, 0)
        first = np.minimum(self.start, len(self.buffer) - 1)
        quoted = (self.length > 1) & (self.buffer[first] == 34) & (self.buffer[last] == 34)
        if not quoted.any():
            return self
        return Slices(buffer=self.buffer, start=self.start + quoted, end=self.end - quoted)

    def trimmed(self) -> Slices:
        """Without blanks around a slice."""
        start, end = self.start.copy(), self.end.copy()
        for edge, step in ((start, 1), (end, -1)):
            rows = np.flatnonzero(start < end)
            while len(rows):
                at = edge[rows] - (step < 0)
                rows = rows[(self.buffer[at] == 32) | (self.buffer[at] == 9)]
                edge[rows] += step
                rows = rows[start[rows] < end[rows]]
        return Slices(buffer=self.buffer, start=start, end=end)

    def equals(self, text: bytes) -> Bools:
        """Which slices are exactly ``text``."""
        found: Bools = self.length == len(text)
        for j, byte in enumerate(text):
            rows = np.flatnonzero(found)
            found[rows] = self.buffer[self.start[rows] + j] == byte
        return found

    def integers(self) -> Ints:
        """Decimal numbers; ``-`` and nothing are MISSING, anything else and what exceeds int64 is DAMAGED."""
        length = self.length
        value = np.zeros(len(self), np.uint64)
        damaged = length > MAX_DIGITS
        for j in range(min(int(length.max(initial=0)), MAX_DIGITS)):
            rows = np.flatnonzero((length > j) & ~damaged)
            digit = self.buffer[self.start[rows] + j] - np.uint8(48)
            value[rows] = value[rows] * np.uint64(10) + digit
            damaged[rows[digit > 9]] = True
        damaged |= value > _MAX_INT64
        result = value.astype(np.int64)
        result[damaged] = DAMAGED
        result[(length == 0) | self.equals(b"-")] = MISSING
        return result

    def binary(self) -> pa.Array:
        """The slices as Arrow ``large_binary``."""
        length = self.length
        offsets = np.zeros(len(self) + 1, np.int64)
        np.cumsum(length, out=offsets[1:])
        index = np.arange(offsets[-1]) + np.repeat(self.start - offsets[:-1], length)
        data = pa.py_buffer(self.buffer[index])
        return pa.LargeBinaryArray.from_buffers(
            pa.large_binary(), len(self), [None, pa.py_buffer(offsets), data]
        )

    def names(self, *, known: Mapping[str, str | None] | None = None) -> pa.Array:
        """Names as a dictionary column; nothing, ``-`` and what ``known`` maps to ``None`` are null."""
        short = Slices(buffer=self.buffer, start=self.start, end=np.minimum(self.end, self.start + MAX_NAME))
        codes = short.binary().dictionary_encode()
        shown: list[str | None] = []
        for raw in codes.dictionary.to_pylist():
            plain = raw.replace(b'""', b'"').decode("utf-8", "replace").strip()
            text = known.get(plain, plain) if known else plain
            shown.append(text if text and text != "-" else None)
        return recoded(codes.indices.to_numpy(zero_copy_only=False), shown)

    def translated(self, words: Mapping[bytes, int], *, otherwise: int = DAMAGED) -> Ints:
        """Numbers for words in lower case; digits are themselves, nothing is MISSING, others ``otherwise``."""
        result = self.integers()
        rows = np.flatnonzero(result == DAMAGED)
        codes = self.take(rows).binary().dictionary_encode()
        values = np.array(
            [words.get(w.strip().lower(), otherwise) for w in codes.dictionary.to_pylist()], np.int64
        )
        if len(rows):
            result[rows] = values[codes.indices.to_numpy(zero_copy_only=False)]
        return result

    def addresses(self) -> Addresses:
        """Dotted quads (read as decimal) and IPv6 texts, a ``%zone`` dropped."""
        length = self.length
        possible = (length >= 7) & (length <= 15)
        four, octet = np.zeros(len(self), np.int64), np.zeros(len(self), np.int64)
        digits, dots = np.zeros(len(self), np.int8), np.zeros(len(self), np.int8)
        for j in range(15):
            rows = np.flatnonzero(possible & (length > j))
            if not len(rows):
                break
            byte = self.buffer[self.start[rows] + j]
            dot, digit = byte == 46, byte - np.uint8(48)
            at = rows[dot]
            possible[at] &= digits[at] > 0
            four[at] = four[at] << 8 | octet[at]
            dots[at] += 1
            octet[at] = digits[at] = 0
            at = rows[digit <= 9]
            octet[at] = octet[at] * 10 + digit[digit <= 9]
            digits[at] += 1
            possible[at] &= (octet[at] < 256) & (digits[at] < 4)
            possible[rows[~dot & (digit > 9)]] = False
        possible &= (dots == 3) & (digits > 0)
        four = np.where(possible, four << 8 | octet, 0)
        version = np.where(possible, 4, DAMAGED).astype(np.int8)
        version[(length == 0) | self.equals(b"-")] = MISSING
        others = np.flatnonzero(version == DAMAGED)
        six = np.zeros((0, 16), np.uint8)
        if len(others):
            version[others], wide = _ipv6(self.take(others))
            if (version[others] == 6).any():
                six = np.zeros((len(self), 16), np.uint8)
                six[others] = wide
        return Addresses(version=version, four=four.astype(np.uint32), six=six)


def recoded(codes: npt.NDArray[np.generic], values: list[str | None]) -> pa.Array:
    """A dictionary column from codes into ``values``, where ``None`` is null and equal texts are one."""
    distinct = sorted({v for v in values if v is not None})
    place = {v: i for i, v in enumerate(distinct)}
    mapped = np.array([-1 if v is None else place[v] for v in values] or [-1], np.int32)
    index = mapped[codes.astype(np.int64)] if len(codes) else np.zeros(0, np.int32)
    return pa.DictionaryArray.from_arrays(
        pa.array(np.maximum(index, 0), mask=index < 0), pa.array(distinct, pa.string())
    )


def _ipv6(texts: Slices) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.uint8]]:
    short = Slices(buffer=texts.buffer, start=texts.start, end=np.minimum(texts.end, texts.start + 100))
    codes = short.binary().dictionary_encode()
    packed = np.zeros((max(len(codes.dictionary), 1), 16), np.uint8)
    good = np.full(max(len(codes.dictionary), 1), DAMAGED, np.int8)
    for i, raw in enumerate(codes.dictionary.to_pylist()):
        try:
            address = socket.inet_pton(socket.AF_INET6, _ZONE_INDEX.sub(b"", raw).decode("ascii"))
        except (OSError, ValueError):
            continue
        packed[i], good[i] = np.frombuffer(address, np.uint8), 6
    index = codes.indices.to_numpy(zero_copy_only=False)
    return good[index], packed[index]
