"""What a vantage point sees of a source's targets: all, all but its own neighbourhood, or only some prefixes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SPACE = float(2**32)


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """``hidden``: length of the prefix around the source within which nothing is seen; ``unseen``: prefixes
    (network, length) of which nothing is seen; ``only``: prefixes to which targets must belong to be seen, empty for
    no such limit."""

    hidden: int | None = None
    unseen: tuple[tuple[int, int], ...] = ()
    only: tuple[tuple[int, int], ...] = ()

    @property
    def space(self) -> float:
        """How many addresses can be seen as targets."""
        if self.only:
            return float(sum(2 ** (32 - length) for _, length in self.only))
        without = sum(2.0 ** (32 - length) for _, length in self.unseen)
        return SPACE - without - (0.0 if self.hidden is None else 2.0 ** (32 - self.hidden))

    def sees(self, source: int, targets: npt.NDArray[np.uint32]) -> npt.NDArray[np.bool_]:
        """Which targets of ``source`` can be seen."""
        seen = np.ones(len(targets), np.bool_)
        if self.only:
            seen[:] = False
            for network, length in self.only:
                shift = np.uint32(32 - length)
                seen |= targets >> shift == network >> (32 - length) if length else True
        for network, length in self.unseen:
            seen &= targets >> np.uint32(32 - length) != network >> (32 - length)
        if self.hidden is not None:
            shift = np.uint32(32 - self.hidden)
            seen &= targets >> shift != np.uint32(source) >> shift
        return seen


EVERYTHING = View()

UNKNOWN_VIEWS: tuple[tuple[View, float], ...] = (
    (EVERYTHING, 0.8),
    (View(hidden=24), 0.1),
    (View(hidden=16), 0.1),
)
"""Where it is not known what the vantage point sees: mostly all, perhaps not the source's own subnet or site.
Assumption; a single target in the own /16 or /24 settles it."""
