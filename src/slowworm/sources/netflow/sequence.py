"""Loss by sequence numbers: v5, v7 and v8 count flows, v9 datagrams, IPFIX data records."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from slowworm.sources.datagrams import Ints

WRAP = 1 << 32
MAX_GAP = 1 << 24
"""Larger gaps are an exporter's restart or another exporter behind the same address, not loss."""


def lost(
    *, exporter: Ints, domain: Ints, sequence: Ints, step: Ints, offset: Ints
) -> Iterator[tuple[int, int, int, int]]:
    """(exporter, domain, lost, offset of the first gap) of streams that have gaps, in order of arrival.

    ``step``: by how much each message advances the number of the next. Duplicates and messages that overtook
    each other are no loss.
    """
    _, stream = np.unique(exporter << 32 | (domain & 0xFFFFFFFF), return_inverse=True)
    order = np.argsort(stream, kind="stable")
    stream, numbers, steps, places = stream[order], sequence[order], step[order], offset[order]
    new = np.append(True, stream[1:] != stream[:-1])
    # A number counts what was sent before its message; some exporters include the message itself, so that the step
    # to the next number is the next message's own.
    behind = np.append(steps[1:], 0)
    last = np.flatnonzero(np.append(new[1:], True))
    behind[last] = np.where(new[last], 0, steps[last - 1])
    gaps = [_gaps(numbers, one, new) for one in (steps, behind)]
    begin = np.flatnonzero(new)
    totals = [np.add.reduceat(gap, begin) for gap in gaps]
    for k in np.flatnonzero(np.minimum(*totals) > 0).tolist():
        first, stop = begin[k], last[k] + 1
        which = int(totals[1][k] < totals[0][k])
        place = first + int(np.argmax(gaps[which][first:stop] > 0))
        source = order[place]
        yield (
            int(exporter[source]),
            int(domain[source]) & 0xFFFFFFFF,
            int(totals[which][k]),
            int(places[place]),
        )


def _gaps(numbers: Ints, steps: Ints, new: npt.NDArray[np.bool_]) -> Ints:
    """What is missing in front of each message; ``new``: where another stream begins."""
    moves = np.diff(numbers, prepend=numbers[:1]) % WRAP
    moves = np.where(moves >= WRAP // 2, moves - WRAP, moves)
    restart = new | (np.abs(moves) > MAX_GAP)
    run = np.cumsum(restart) - 1
    place = np.cumsum(np.where(restart, 0, moves))
    order = np.lexsort((place, run))  # messages that overtook each other fall into place
    place, ends = place[order], (place + steps)[order]
    begin = np.flatnonzero(np.append(True, np.diff(run[order]) > 0))
    # Runs are laid one behind the other, so that one maximum over all of them stays within each.
    low, high = place[begin], np.maximum.reduceat(ends, begin)
    width = np.maximum(high, np.append(place[begin[1:] - 1], place[-1:])) - low + 1
    shift = np.repeat(np.cumsum(width) - width - low, np.diff(np.append(begin, len(place))))
    reached = np.maximum.accumulate(ends + shift)
    holes = np.maximum(place + shift - np.append(0, reached[:-1]), 0)
    holes[begin] = 0
    found = np.zeros(len(numbers), np.int64)
    found[order] = holes
    return found
