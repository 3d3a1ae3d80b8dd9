"""Address columns of logs: IPv4 digit by digit over the whole column, IPv6 once for each distinct text."""

from __future__ import annotations

import socket
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from slowworm.sources.logs.cells import Cells
from slowworm.sources.logs.lines import Bools, Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosts:
    """Addresses of mixed versions: ``version`` is 4, 6 or 0 for none; ``wide`` holds IPv6 and is (n, 16)."""

    version: Ints
    narrow: Ints
    wide: np.ndarray[tuple[int, int], np.dtype[np.uint8]]

    def column(self, rows: Ints, version: int) -> pa.Array:
        """The addresses of ``rows``, all of ``version``, as a column of the flow table."""
        if version == 4:
            return pa.array(self.narrow[rows].astype(np.uint32))
        packed = np.ascontiguousarray(self.wide[rows])
        return pa.Array.from_buffers(pa.binary(16), len(rows), [None, pa.py_buffer(packed)])


def hosts(cells: Cells) -> Hosts:
    """The addresses of a column; what is none gets version 0."""
    narrow, good = _dotted_quads(cells)
    version = np.where(good, 4, 0)
    rows = np.flatnonzero(~good & (cells.size >= 2) & (cells.size <= 80))
    wide = np.zeros((len(cells) if len(rows) else 0, 16), np.uint8)
    if len(rows):
        codes = cells.take(rows).text().dictionary_encode()
        packed = [_ipv6(word) for word in codes.dictionary.to_pylist()]
        table = np.frombuffer(b"".join(p or bytes(16) for p in packed), np.uint8).reshape(-1, 16)
        index = codes.indices.to_numpy(zero_copy_only=False)
        wide[rows] = table[index]
        version[rows] = np.array([6 if p else 0 for p in packed])[index]
    return Hosts(version=version, narrow=narrow, wide=wide)


def _dotted_quads(cells: Cells) -> tuple[Ints, Bools]:
    n, size = len(cells), cells.size
    value, octet = np.zeros(n, np.int64), np.zeros(n, np.int64)
    digits, dots = np.zeros(n, np.int64), np.zeros(n, np.int64)
    good = (size >= 7) & (size <= 15)
    for offset in range(min(int(size.max(initial=0)), 15)):
        byte = cells.byte(offset)
        inside = good & (offset < size)
        digit = byte.astype(np.int64) - 48
        number = inside & (digit >= 0) & (digit <= 9)
        dot = inside & (byte == 46) & (digits > 0)
        good &= ~inside | number | dot
        octet = np.where(number, octet * 10 + digit, octet)
        digits += number
        good &= (octet <= 255) & (digits <= 3)
        value = np.where(dot, value << 8 | octet, value)
        dots += dot
        octet, digits = np.where(dot, 0, octet), np.where(dot, 0, digits)
    good &= (dots == 3) & (digits > 0)
    return np.where(good, value << 8 | octet, 0), good


def _ipv6(word: bytes | None) -> bytes | None:
    """16 bytes, or ``None``; a zone (``fe80::1%eth0``) and brackets are passed over."""
    if not word or b":" not in word:
        return None
    try:
        return socket.inet_pton(socket.AF_INET6, word.strip(b"[]").partition(b"%")[0].decode("ascii"))
    except (OSError, ValueError):
        return None
