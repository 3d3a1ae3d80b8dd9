"""Where benign traffic goes: how likely targets are for people and programs here, against a scan's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LEVELS = ((8, 0.25), (16, 0.35), (24, 0.35))
"""Prefix lengths at which answered contacts are counted, with their shares of the measure; the rest is spread
evenly over IPv4. Assumption: most new targets of benign hosts lie near targets of others or of their own."""

SCAN_LEVELS = ((0, 0.5), (8, 0.2), (16, 0.2), (24, 0.1))
"""What a scan of an unknown kind draws from: all of IPv4, or the source's own /8, /16, /24."""

ENOUGH_PAIRS = 200
"""Answered pairs of host and /24 from which the measure says anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """Counts of answered pairs (host, /24) by prefix: sorted prefixes and their pairs, per level of LEVELS."""

    prefixes: tuple[Ints, ...]
    counts: tuple[Ints, ...]
    pairs: int

    @property
    def known(self) -> bool:
        """Whether there is enough to speak of."""
        return self.pairs >= ENOUGH_PAIRS

    def log_density(self, targets: Ints) -> Floats:
        """Natural log of the probability of each target for a benign host."""
        total = np.full(len(targets), (1 - sum(share for _, share in LEVELS)) / 2.0**32)
        for (length, share), prefixes, counts in zip(LEVELS, self.prefixes, self.counts, strict=True):
            block = targets >> (32 - length)
            at = np.minimum(np.searchsorted(prefixes, block), len(prefixes) - 1)
            hits = np.where(prefixes[at] == block, counts[at], 0)
            total = total + share * hits / self.pairs / 2.0 ** (32 - length)
        result: Floats = np.log(total)
        return result


def whereabouts(client: Ints, server: Ints, answered: Bools) -> Whereabouts:
    """The measure from IPv4 contacts; each host counts a /24 once."""
    pairs = np.unique(client[answered] << 24 | server[answered] >> 8)
    blocks = pairs & 0xFFFFFF
    counted = [np.unique(blocks >> (24 - length), return_counts=True) for length, _ in LEVELS]
    return Whereabouts(
        prefixes=tuple(values for values, _ in counted),
        counts=tuple(counts for _, counts in counted),
        pairs=len(pairs),
    )


def scan_log_density(client: Ints, targets: Ints) -> Floats:
    """Natural log of the probability of each target for a scan of an unknown kind."""
    total = np.zeros(len(targets))
    for length, share in SCAN_LEVELS:
        near = (client ^ targets) >> (32 - length) == 0 if length else np.ones(len(targets), np.bool_)
        total = total + np.where(near, share / 2.0 ** (32 - length), 0.0)
    result: Floats = np.log(total)
    return result
