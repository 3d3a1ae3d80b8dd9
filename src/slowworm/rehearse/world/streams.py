"""Randomness with names: a counter-based generator per actor, and hashes that give each address its nature.

Every part of a world draws from a generator of its own, keyed by the seed and the part's name, so that adding one
part leaves the draws of all others as they were. What an address *is* (routed, alive, listening) is a hash of the
address and a salt, so that everybody who asks gets the same answer.
"""

from __future__ import annotations

import hashlib
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Hashes = npt.NDArray[np.uint64]

_MULTIPLIERS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
_INCREMENT = 0x9E3779B97F4A7C15
"""Constants of splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014)."""


def key(seed: int, *names: object) -> int:
    """128 bits from a seed and names, the same on every machine."""
    text = "\x1f".join([str(seed), *map(str, names)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "little")


def stream(seed: int, *names: object) -> np.random.Generator:
    """The generator (Philox) of the part of the world with these names."""
    return np.random.Generator(np.random.Philox(key=key(seed, *names)))


def mix(values: npt.NDArray[Any], salt: int) -> Hashes:
    """splitmix64 of each value under a salt: shape as ``values``, uniform over 64 bits."""
    with np.errstate(over="ignore"):
        z: Hashes = values.astype(np.uint64) + np.uint64((salt * 2 + 1) * _INCREMENT % 2**64)
        z ^= z >> np.uint64(30)
        z *= _MULTIPLIERS[0]
        z ^= z >> np.uint64(27)
        z *= _MULTIPLIERS[1]
        z ^= z >> np.uint64(31)
    return z


def unit(values: npt.NDArray[Any], salt: int) -> Floats:
    """A number in [0, 1) for each value, the same whenever asked with that salt."""
    result: Floats = (mix(values, salt) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return result


def salt(seed: int, *names: object) -> int:
    """62 bits for :func:`mix` and :func:`unit`."""
    return key(seed, *names) & (1 << 62) - 1
