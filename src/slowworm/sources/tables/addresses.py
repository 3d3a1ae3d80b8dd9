"""A column of IPv4 and IPv6 addresses in the making, and what stands for values that are missing or damaged."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MISSING, DAMAGED = -1, -2
"""What a parsed number is where the text is empty, and where it is no number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """A column of addresses: ``version`` 4, 6, MISSING or DAMAGED; ``four`` values, ``six`` 16 bytes a row.

    ``six`` has no rows where there is no IPv6 address at all.
    """

    version: npt.NDArray[np.int8]
    four: npt.NDArray[np.uint32]
    six: npt.NDArray[np.uint8]

    def take(self, rows: npt.NDArray[np.generic]) -> Addresses:
        """The addresses at ``rows`` (indices or a mask)."""
        six = self.six[rows] if len(self.six) else self.six
        return Addresses(version=self.version[rows], four=self.four[rows], six=six)

    def where(self, mask: Bools, other: Addresses) -> Addresses:
        """``other`` where ``mask`` is set, else these."""
        six = self.six
        if len(self.six) or len(other.six):
            six = np.where(mask[:, None], other._wide(), self._wide())
        return Addresses(
            version=np.where(mask, other.version, self.version),
            four=np.where(mask, other.four, self.four),
            six=six,
        )

    def key(self) -> Ints:
        """A number per row, the same for the same address (for IPv6: as good as, a hash)."""
        if not len(self.six):
            return self.four.astype(np.int64)
        halves = np.ascontiguousarray(self._wide()).view(np.uint64)
        mixed = halves[:, 0] * np.uint64(0x9E3779B97F4A7C15) ^ halves[:, 1]
        key: Ints = np.where(self.version == 6, mixed.view(np.int64), self.four.astype(np.int64))
        return key

    def _wide(self) -> npt.NDArray[np.uint8]:
        return self.six if len(self.six) else np.zeros((len(self.version), 16), np.uint8)

    @classmethod
    def concat(cls, parts: Iterable[Addresses]) -> Addresses:
        """Several columns one after the other."""
        several = list(parts)
        wide = any(len(p.six) for p in several)
        return cls(
            version=np.concatenate([p.version for p in several]),
            four=np.concatenate([p.four for p in several]),
            six=np.concatenate([p._wide() for p in several]) if wide else np.zeros((0, 16), np.uint8),
        )
