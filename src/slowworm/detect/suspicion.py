"""A suspicion: one host's contacts on a service, weighed, before a verdict is made of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from slowworm.detect.activities import Weighed

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspicion:
    """One client's contacts ``rows`` on a service, in the order of time if ``timed``; it calls ``services``.

    ``begin``, ``end``: the part of ``rows`` that looks most like a scan.
    """

    rows: Ints
    timed: bool
    begin: int
    end: int
    services: int
    weighed: Weighed
    surroundings: tuple[int, ...]

    @property
    def by_run(self) -> bool:
        """Whether the scan is a run of the contacts rather than a share of all."""
        return bool(self.weighed.by_run[0])

    @property
    def scope(self) -> Ints:
        """The contacts that the verdict is about."""
        return self.rows[self.begin : self.end] if self.by_run else self.rows
