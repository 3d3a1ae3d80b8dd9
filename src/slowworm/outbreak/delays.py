"""The delay from infection to onset, learnt as a histogram over its logarithm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

USUAL_DELAY = 10.0
"""Seconds from exploit to the first probe before anything is learnt: Code Red scans at once, Mirai's loader takes a
minute."""

DELAY_SPREAD = 2.3
"""Natural log of the spread of that delay: a factor of ten each way."""

DELAY_PRIOR = 5.0
"""How many observed delays that prior is worth."""

SHORTEST = 1e-3
"""Seconds: the resolution of most exporters. The first cell ends here."""

CELLS_PER_OCTAVE, CELLS = 2, 54
"""Cells of the histogram: up to a day and a half. Finer cells would follow the noise of a hundred hosts."""

EDGES: Floats = np.concatenate([[0.0], SHORTEST * 2.0 ** (np.arange(CELLS) / CELLS_PER_OCTAVE)])
MIDDLES: Floats = np.concatenate([[SHORTEST / 2], np.sqrt(EDGES[1:-1] * EDGES[2:])])


@dataclass(frozen=True, slots=True, kw_only=True)
class Delays:
    """Share of the delays in each cell of ``EDGES`` (seconds)."""

    shares: Floats

    @classmethod
    def usual(cls) -> Delays:
        """Before anything is learnt."""
        weight = np.exp(-(np.log(MIDDLES / USUAL_DELAY) ** 2) / (2 * DELAY_SPREAD**2))
        return cls(shares=weight / weight.sum())

    @classmethod
    def learnt(cls, seconds: Floats, weight: Floats) -> Delays:
        """From delays that each count ``weight``, beside the prior; noise between neighbouring cells smoothed."""
        cell = np.clip(np.searchsorted(EDGES, seconds, side="right") - 1, 0, CELLS - 1)
        counts = np.bincount(cell, weight, CELLS)
        padded = np.concatenate([counts[:1], counts, counts[-1:]])
        counts = (padded[:-2] + 2 * padded[1:-1] + padded[2:]) / 4
        counts += DELAY_PRIOR * cls.usual().shares
        return cls(shares=counts / counts.sum())

    def within(self, seconds: Floats) -> Floats:
        """Share of the delays that are at most so long."""
        result: Floats = np.interp(seconds, EDGES, np.concatenate([[0.0], np.cumsum(self.shares)]))
        return result

    @property
    def median(self) -> float:
        """Median in seconds."""
        return float(np.interp(0.5, np.concatenate([[0.0], np.cumsum(self.shares)]), EDGES))
