"""Reading big- and little-endian numbers at many places of a buffer at once."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Int: TypeAlias = npt.NDArray[np.int64]
Octet: TypeAlias = npt.NDArray[np.uint8]
Bool: TypeAlias = npt.NDArray[np.bool_]


class Octets:
    """A buffer read at arrays of positions.

    A position outside reads the nearest octet inside: never an error, never a value to be trusted. Callers
    compare positions with the end of their packet and drop what lies behind it.
    """

    __slots__ = ("_data", "size")

    def __init__(self, data: Any) -> None:
        """``data``: anything with the buffer interface; it is not copied."""
        octets = np.frombuffer(data, np.uint8) if len(data) else np.zeros(0, np.uint8)
        self.size = len(octets)
        self._data: Octet = octets if self.size else np.zeros(1, np.uint8)

    def u8(self, at: Int) -> Int:
        """Octets as int64."""
        return self._data.take(at, mode="clip").astype(np.int64)

    def u16(self, at: Int) -> Int:
        """Two octets, first one highest."""
        return self.u8(at) << 8 | self.u8(at + 1)

    def u32(self, at: Int) -> Int:
        """Four octets, first one highest."""
        return self.u16(at) << 16 | self.u16(at + 2)

    def number(self, at: Int, octets: int, big: Bool) -> npt.NDArray[np.uint64]:
        """``octets`` (at most 8) octets as a number, first one highest where ``big`` is true, else last."""
        value = np.zeros(len(at), np.uint64)
        for place in range(octets):
            step = np.where(big, octets - 1 - place, place)
            value |= self.u8(at + step).astype(np.uint64) << np.uint64(8 * place)
        return value

    def block(self, at: Int, octets: int) -> Octet:
        """The octets at each position, of shape (len(at), octets)."""
        places = at[:, np.newaxis] + np.arange(octets, dtype=np.int64)
        return self._data.take(places, mode="clip")
