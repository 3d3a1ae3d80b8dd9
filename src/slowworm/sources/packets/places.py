"""Problems of binary inputs: one entry for each kind, with the first place (``path@offset``) and a count."""

from __future__ import annotations

import numpy as np

from slowworm.sources.base import Problem
from slowworm.sources.packets.columns import PROBLEM_TEXTS, Packets
from slowworm.sources.packets.octets import Int


def problems_at(path: str, offsets: Int, text: str) -> tuple[Problem, ...]:
    """One problem met at each of ``offsets``, or none."""
    if not len(offsets):
        return ()
    return (Problem(where=f"{path}@{int(offsets.min())}", text=text, count=len(offsets)),)


def packet_problems(path: str, packets: Packets, offsets: Int) -> tuple[Problem, ...]:
    """What was wrong with packets that begin at ``offsets``; packets that are not IP are no problem."""
    found: list[Problem] = []
    for code, text in PROBLEM_TEXTS.items():
        found += problems_at(path, offsets[np.flatnonzero(packets.problem == code)], text)
    return tuple(found)
