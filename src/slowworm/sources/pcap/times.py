"""Time stamps of pcapng: 64-bit ticks of any resolution to nanoseconds, without overflow."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from slowworm.sources.packets.octets import Int
from slowworm.sources.pcap.capture import NO_TIME

POWER_OF_TWO = 0x80
"""Bit of if_tsresol that makes it a power of two."""

MAX_NS = np.iinfo(np.int64).max

_MULTIPLY = np.array([10 ** max(9 - e, 0) for e in range(128)], np.uint64)
_DIVIDE = np.array([10 ** min(max(e - 9, 0), 19) for e in range(128)], np.uint64)


def nanoseconds(ticks: npt.NDArray[np.uint64], resolution: Int, offset_seconds: Int) -> Int:
    """ns since 1970 of time stamps in units of ``resolution`` (if_tsresol); what has no room is NO_TIME."""
    exponent = resolution & 0x7F
    multiply, divide = _MULTIPLY[exponent], _DIVIDE[exponent]
    fits = (divide > 1) | (ticks <= np.uint64(MAX_NS) // multiply)
    value = np.where(fits, ticks, 0) * multiply // divide
    binary = np.flatnonzero(resolution & POWER_OF_TWO)
    if binary.size:
        value[binary], fits[binary] = _binary(ticks[binary], exponent[binary].astype(np.uint64))
    # The offset is any 64-bit number of seconds.
    fits &= np.abs(offset_seconds.astype(np.float64)) <= MAX_NS // 1_000_000_000
    shift = np.where(fits, offset_seconds, 0) * 1_000_000_000
    result = np.where(fits, value, 0).astype(np.int64)
    fits &= (shift <= 0) | (result <= MAX_NS - np.maximum(shift, 0))
    return np.where(fits, np.where(fits, result, 0) + np.where(fits, shift, 0), NO_TIME)


def _binary(
    ticks: npt.NDArray[np.uint64], exponent: npt.NDArray[np.uint64]
) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.bool_]]:
    small = np.minimum(exponent, np.uint64(63))
    seconds = np.where(exponent > 63, np.uint64(0), ticks >> small)
    fraction = np.where(exponent > 63, ticks, ticks & ((np.uint64(1) << small) - np.uint64(1)))
    # Thirty-two bits of the fraction are kept: below a nanosecond, and their product with 10^9 has room.
    excess = np.where(exponent > 32, exponent - np.minimum(exponent, np.uint64(32)), np.uint64(0))
    fraction = np.where(excess > 63, np.uint64(0), fraction >> np.minimum(excess, np.uint64(63)))
    below = fraction * np.uint64(1_000_000_000) >> np.minimum(exponent, np.uint64(32))
    fits = seconds < np.uint64(MAX_NS // 1_000_000_000)
    return np.where(fits, seconds, np.uint64(0)) * np.uint64(1_000_000_000) + below, fits
